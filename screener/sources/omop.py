"""OMOP CDM exports, versions 5.3 and 5.4: folders of CSV, TSV or Parquet, and databases.

What each column becomes stands in docs/mappings.md. Tables are read in batches; before them
DRUG_EXPOSURE and CONDITION_OCCURRENCE are asked which concepts they use, so that of the vocabulary
only those are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from screener.errors import InputRefused, UsageError
from screener.sources.database import database_kind, database_tables
from screener.sources.omop_concepts import LOOKED_UP, Cdm, lookup_file
from screener.sources.omop_events import admissions, conditions, labs
from screener.sources.omop_people import patients
from screener.sources.omop_prescriptions import CAUTIONS, prescriptions
from screener.sources.omop_tables import (
    REQUIRED,
    CdmTable,
    file_tables,
    with_unique_names,
)
from screener.sources.text import check_encoding
from screener.tables import Export, RawBatch, RawFile

Make = Callable[[Cdm, CdmTable], Iterator[RawBatch]]
# CDM table -> canonical table, and who makes it. The rest is only looked up in.
MADE: dict[str, tuple[str, Make]] = {
    "drug_exposure": ("prescriptions", prescriptions),
    "person": ("patients", patients),
    "measurement": ("labs", labs),
    "condition_occurrence": ("conditions", conditions),
    "visit_occurrence": ("admissions", admissions),
}


def read_omop(
    exports: list[str],
    *,
    tables: dict[str, list[str]] | None = None,
    encoding: str = "utf-8",
    allow_empty: bool = False,
) -> Export:
    """The tables of an OMOP export; records are read when `batches` is called.

    Files of the vocabulary come first: the others look up in them. Raises UsageError for a table
    named by itself or an address that cannot be read, InputRefused for a missing file or table.
    """
    if tables:
        raise UsageError(
            "an OMOP export is read as a whole, not by single tables.",
            fix="Give its folder, files or database as EXPORT.",
        )
    codec = check_encoding(encoding)
    notices = list(CAUTIONS)
    found: list[CdmTable] = []
    for given in exports:
        kind = database_kind(given)
        if kind is not None:
            found += database_tables(given, kind)
        elif "://" in given:
            raise UsageError(
                "this address is of no database that can be read.",
                where=given.split("://", 1)[0] + "://",
                fix="Give a folder, a DuckDB or SQLite file, or postgresql://HOST/DATABASE.",
            )
        else:
            found += file_tables(given, codec, notices)
    found = with_unique_names(found)
    _refuse_without(found, allow_empty)
    blank = [one for one in found if one.empty and one.table not in REQUIRED]
    notices += [f"{one.name}: the table has no record and counts as absent" for one in blank]
    cdm = Cdm({})
    for one in found:
        if one not in blank:
            cdm.tables.setdefault(one.table, []).append(one)
    if "concept" not in cdm.tables:
        notices.append(
            "omop: there is no CONCEPT table; drugs, tests and conditions are known by their "
            "source values alone"
        )
    looked_up = [lookup_file(cdm, one) for t in LOOKED_UP for one in cdm.tables.get(t, [])]
    made = [
        RawFile(one.name, one.path_as_given, canonical, one.rows_about, partial(make, cdm, one))
        for table, (canonical, make) in MADE.items()
        for one in cdm.tables.get(table, [])
    ]
    return Export((*looked_up, *made), tuple(notices))


def _refuse_without(found: list[CdmTable], allow_empty: bool) -> None:
    for table in REQUIRED:
        own = [one for one in found if one.table == table]
        if not own:
            raise InputRefused(
                f"the export has no table {table}.",
                fix="Give the folder or database that holds it, or name the file "
                f"{table.upper()}.csv.",
            )
        if all(one.empty for one in own) and not allow_empty:
            raise InputRefused(
                f"the table {table} has no record.",
                where=own[0].name,
                fix="Export it again, or pass --allow-empty if nothing is right.",
            )
