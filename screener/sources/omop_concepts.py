"""The vocabulary tables of an OMOP export, reduced to the concepts that its records use.

The ids of types, sexes, visits and operators are those of the OHDSI standardized vocabularies,
which keep an id for ever; all other concepts are looked up in the export's own CONCEPT table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from screener.errors import RunBroke
from screener.sources.loinc import LOINC, analytes_named
from screener.sources.omop_tables import CdmTable, with_columns
from screener.tables import RawBatch, RawFile

# drug_type_concept_id -> how the record came about. The first ids are of the vocabulary Drug Type
# (until 2020), those from 32800 on of Type Concept.
DRUG_TYPES = {
    **dict.fromkeys(("38000177", "32833", "32838", "32839"), "prescribed"),
    **dict.fromkeys(("38000175", "38000176", "581452", "32825", "32857", "32869"), "dispensed"),
    **dict.fromkeys(
        ("38000179", "38000180", "581373", "43542356", "43542357", "43542358", "32818"),
        "administered",
    ),
    **dict.fromkeys(("38000178", "32830", "44787730", "32862", "32865"), "listed"),
    **dict.fromkeys(("38000181", "38000182"), "era"),
}
SEXES = {"8507": "M", "8532": "F"}
# Inpatient Visit, Emergency Room and Inpatient Visit, Intensive Care, Inpatient Hospital,
# Inpatient Psychiatric Facility; CONCEPT_ANCESTOR adds what stands below the first.
INPATIENT = ("9201", "262", "32037", "8717", "8971")
COMPARATORS = {"4171756": "<", "4171754": "<=", "4172704": ">", "4171755": ">="}
# UCUM codes of the vocabulary that are written otherwise elsewhere.
UNITS = {
    "mL/min/1.73.m2": "mL/min/1.73m2",
    "mL/min/{1.73_m2}": "mL/min/1.73m2",
    "mL/min/(173.10*-2.m2)": "mL/min/1.73m2",
    "10*-3.eq": "mEq",
    "10*-3.eq/L": "mEq/L",
    "{ratio}": "ratio",
}
# Units of strengths and tests by id, for an export that brings no CONCEPT rows of units.
UNIT_IDS = {
    "8504": "g", "8505": "h", "8510": "[U]", "8519": "L", "8576": "mg", "8582": "cm",
    "8587": "mL", "8718": "[iU]", "8749": "umol/L", "8753": "mmol/L", "8795": "mL/min",
    "8840": "mg/dL", "8842": "ng/mL", "9117": "mL/min/1.73m2", "9529": "kg", "9551": "mEq",
    "9557": "mEq/L", "9573": "mmol", "9600": "ng", "9655": "ug", "45744809": "{actuat}",
    "720870": "mL/min/1.73m2",
}  # fmt: skip

CONCEPT = ("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id",
           "concept_code")  # fmt: skip
ANCESTOR = ("ancestor_concept_id", "descendant_concept_id")
STRENGTH = (
    "drug_concept_id", "ingredient_concept_id", "amount_value", "amount_unit_concept_id",
    "numerator_value", "numerator_unit_concept_id", "denominator_value",
    "denominator_unit_concept_id", "invalid_reason",
)  # fmt: skip
COLUMNS = {
    "drug_strength": STRENGTH,
    "concept_ancestor": ANCESTOR,
    "concept": CONCEPT,
    "provider": ("provider_id", "care_site_id"),
    "observation_period": (
        "person_id", "observation_period_start_date", "observation_period_end_date",
    ),
    "death": ("person_id", "death_date"),
}  # fmt: skip
# Tables that are only looked up in, in the order in which they are read: each may need those
# before it. No canonical table comes from them.
LOOKED_UP = tuple(COLUMNS)
USED = {
    "drug_exposure": (
        "drug_concept_id", "drug_source_concept_id", "route_concept_id", "drug_type_concept_id",
    ),
    "condition_occurrence": ("condition_concept_id",),
}  # fmt: skip


@dataclass(slots=True)
class Cdm:
    """An export's tables, and what was kept of those that are looked up in."""

    tables: dict[str, list[CdmTable]]
    kept: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    used: dict[str, pl.DataFrame] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)


def used(cdm: Cdm, table: str) -> pl.DataFrame:
    """The different rows of the concept columns (USED) of a table: one more pass over it, once."""
    if table not in cdm.used:
        rows = [one.distinct(USED[table]) for one in cdm.tables.get(table, [])]
        empty = pl.DataFrame(schema=dict.fromkeys(USED[table], pl.String()))
        cdm.used[table] = pl.concat([empty, *rows]).unique()
    return cdm.used[table]


def used_ids(cdm: Cdm, table: str) -> list[str]:
    """The concept ids that occur in a table, in order."""
    if table not in cdm.ids:
        columns = used(cdm, table).get_columns()
        found = pl.concat(columns).drop_nulls().unique().sort()
        cdm.ids[table] = found.filter(found != "0").to_list()
    return cdm.ids[table]


def lookup_file(cdm: Cdm, one: CdmTable) -> RawFile:
    """A table that is looked up in: every record is counted, what is needed is kept."""
    cdm.unread[one.table] = cdm.unread.get(one.table, 0) + 1

    def batches() -> Iterator[RawBatch]:
        for table in USED:  # before reading: a connection may not answer two questions at once
            used_ids(cdm, table)
        for batch in one.read():
            rows = with_columns(batch.rows, COLUMNS[one.table]).select(COLUMNS[one.table])
            cdm.kept.setdefault(one.table, []).append(_needed(cdm, one.table, rows))
            if batch.end is not None:
                cdm.unread[one.table] -= 1
            yield replace(batch, rows=batch.rows.select("source_row"))

    return RawFile(one.name, one.path_as_given, one.table, one.rows_about, batches)


def looked_up(cdm: Cdm, table: str) -> pl.DataFrame:
    """What was kept of a table; no rows if the export does not have it.

    Raises RunBroke when it is asked for before the table was read.
    """
    if cdm.unread.get(table, 0):
        raise RunBroke(f"the table {table} is needed before it was read.")
    if len(cdm.kept.get(table, [])) > 1:
        cdm.kept[table] = [pl.concat(cdm.kept[table])]
    empty = pl.DataFrame(schema=dict.fromkeys(COLUMNS[table], pl.String()))
    return cdm.kept[table][0] if cdm.kept.get(table) else empty


def _needed(cdm: Cdm, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a vocabulary table that the export's records lead to; others as they are."""
    if table == "drug_strength":
        return _among(rows, "drug_concept_id", used_ids(cdm, "drug_exposure"))
    if table == "concept_ancestor":
        drugs = _among(rows, "descendant_concept_id", used_ids(cdm, "drug_exposure"))
        return pl.concat([drugs, _among(rows, "ancestor_concept_id", INPATIENT)])
    if table == "concept":
        # Ingredients stand in the strengths and above the drugs, not in the records.
        more = looked_up(cdm, "drug_strength")["ingredient_concept_id"]
        above = looked_up(cdm, "concept_ancestor")["ancestor_concept_id"]
        wanted = {
            *used_ids(cdm, "drug_exposure"),
            *used_ids(cdm, "condition_occurrence"),
            *more.drop_nulls(),
            *above.drop_nulls(),
        }
        return rows.filter(
            (pl.col("vocabulary_id") == "UCUM").fill_null(value=False)
            | analyte_of_concept().is_not_null()
            | pl.col("concept_id").is_in(sorted(wanted)).fill_null(value=False)
        )
    return rows


def _among(rows: pl.DataFrame, column: str, ids: Collection[str]) -> pl.DataFrame:
    return rows.filter(pl.col(column).is_in(ids).fill_null(value=False))


def analyte_of_concept() -> pl.Expr:
    """The analyte of a CONCEPT row, by its LOINC code or else its name; null: not one of ours."""
    code = pl.col("concept_code").replace_strict(LOINC, default=None, return_dtype=pl.String)
    by_code = pl.when(pl.col("vocabulary_id") == "LOINC").then(code)
    measured = pl.col("domain_id") == "Measurement"
    return pl.coalesce(by_code, pl.when(measured).then(analytes_named(pl.col("concept_name"))))


def concepts(cdm: Cdm) -> pl.DataFrame:
    """The concepts kept, one row an id (a doubled id counts once)."""
    return looked_up(cdm, "concept").unique("concept_id", keep="first", maintain_order=True)


def names_of(cdm: Cdm) -> dict[str, str]:
    """Concept id -> name."""
    rows = concepts(cdm).drop_nulls("concept_name")
    return dict(rows.select("concept_id", "concept_name").iter_rows())


def units_of(cdm: Cdm) -> dict[str, str]:
    """Concept id of a unit -> the unit's text as the rest of the screener knows it."""
    rows = concepts(cdm).filter(pl.col("vocabulary_id") == "UCUM").drop_nulls("concept_code")
    own = dict(rows.select("concept_id", "concept_code").iter_rows())
    return {key: UNITS.get(code, code) for key, code in (UNIT_IDS | own).items()}


def inpatient_ids(cdm: Cdm) -> frozenset[str]:
    """The visit concepts that mean a stay in hospital."""
    rows = looked_up(cdm, "concept_ancestor")
    below = rows.filter(pl.col("ancestor_concept_id").is_in(INPATIENT))["descendant_concept_id"]
    return frozenset(INPATIENT) | frozenset(below.drop_nulls())
