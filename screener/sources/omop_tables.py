"""The tables of an OMOP CDM export: files told by name, each read as text columns.

The common data model fixes names of tables and columns, in either letter case; their version
(5.3 or 5.4) makes no difference to the columns that are read. Ids are integers by definition.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from screener.errors import InputRefused, UsageError
from screener.sources.csv_records import no_set_aside, read_records
from screener.sources.header import read_header
from screener.sources.text import utf8_slices
from screener.sources.unpack import Reading, pieces, sample
from screener.tables import RawBatch, RawEnd

# What is read, and whether an export can do without it.
CDM_TABLES = (
    "drug_exposure", "person", "observation_period", "death", "measurement",
    "condition_occurrence", "visit_occurrence", "provider", "concept", "concept_ancestor",
    "drug_strength",
)  # fmt: skip
REQUIRED = ("drug_exposure",)
PACKED = (".gz", ".zst")
ENDINGS = (".csv", ".tsv", ".parquet")
PARQUET_ROWS = 200_000
# Columns in which "NA" may be a word and not R's sign for a missing value.
WORDS = ("concept_name", "concept_code", "sig", "stop_reason")


@dataclass(frozen=True, slots=True)
class CdmTable:
    """One file or database table. `read` gives batches whose rows are source_row i64 and the
    table's columns as String under lower-case names; `distinct` the different rows of some
    columns. `empty`: it has no record, as far as its beginning tells."""

    name: str
    path_as_given: str
    table: str
    rows_about: int
    read: Callable[[], Iterator[RawBatch]]
    distinct: Callable[[tuple[str, ...]], pl.DataFrame]
    empty: bool = False


def file_tables(given: str, encoding: str, notices: list[str]) -> list[CdmTable]:
    """The CDM tables of a folder or file, by name. Raises UsageError, InputRefused."""
    path = Path(given)
    if not path.exists():
        raise InputRefused("there is no such file.", where=given, fix="Check the path.")
    if not path.is_dir():
        table = table_named(path.name)
        if table is None:
            raise UsageError(
                "the file's name is not that of an OMOP CDM table that is read.",
                where=given,
                fix=f"The tables are {', '.join(CDM_TABLES)}, as .csv, .tsv or .parquet.",
            )
        return [_file_table(path, given, table, encoding)]
    found, ignored = [], []
    for entry in sorted(path.iterdir(), key=lambda p: p.name):
        table = table_named(entry.name)
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and entry.name.lower() in CDM_TABLES:
            parts = [p for p in sorted(entry.iterdir()) if _ending(p.name) is not None]
            shown = os.path.join(given, entry.name)
            found += [
                _file_table(p, os.path.join(shown, p.name), entry.name.lower(), encoding)
                for p in parts
            ]
        elif table is None or not entry.is_file():
            ignored.append(entry.name)
        else:
            found.append(_file_table(entry, os.path.join(given, entry.name), table, encoding))
    if ignored:
        count = "1 entry is" if len(ignored) == 1 else f"{len(ignored)} entries are"
        shown = ", ".join(ignored[:8]) + (", ..." if len(ignored) > 8 else "")
        notices.append(f"{given}: {count} not read: {shown}")
    return found


def table_named(name: str) -> str | None:
    """The CDM table that a file's name stands for: DRUG_EXPOSURE.csv.gz, person_001.parquet."""
    ending = _ending(name)
    if ending is None:
        return None
    bare = _unpacked_name(name).removesuffix(ending)
    return next(
        (t for t in CDM_TABLES if re.fullmatch(rf"{t}(?:[-_. ]?\d+)?", bare)),
        None,
    )


def with_unique_names(tables: Iterable[CdmTable]) -> list[CdmTable]:
    """Names numbered where two tables share one, so that 'table:row' stays unambiguous.

    Raises InputRefused for a path that is given twice.
    """
    taken: dict[str, int] = {}
    seen: set[str] = set()
    named = []
    for one in tables:
        real = os.path.realpath(one.path_as_given) + one.table
        if real in seen:
            raise InputRefused(
                "the same table is given twice.",
                where=one.path_as_given,
                fix="Give every part of the export once.",
            )
        seen.add(real)
        taken[one.name] = taken.get(one.name, 0) + 1
        number = taken[one.name]
        named.append(replace(one, name=f"{one.name} ({number})") if number > 1 else one)
    return named


def distinct_of(batches: Iterator[RawBatch], columns: tuple[str, ...]) -> pl.DataFrame:
    """The different rows of some columns over all batches; columns that are not there are null."""
    seen = pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
    for batch in batches:
        part = with_columns(batch.rows, columns).select(columns).unique()
        seen = pl.concat([seen, part]).unique()
    return seen


def with_columns(rows: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """The rows with null text in the place of the named columns that they lack."""
    lacking = [name for name in names if name not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking)


def made_of(
    batch: RawBatch,
    rows: pl.DataFrame,
    lacking: frozenset[str] = frozenset(),
    notices: Iterable[str] = (),
) -> RawBatch:
    """The batch with canonical rows in the place of its own; records without one are left out.

    On the last batch: notices to add, and the columns of the rows but for those named lacking.
    """
    made = replace(batch, rows=rows, left_out=batch.rows.height - rows.height)
    if batch.end is None:
        return made
    columns = frozenset(rows.columns) - {"source_row"} - lacking
    end = replace(batch.end, columns=columns, notices=(*batch.end.notices, *notices))
    return replace(made, end=end)


def clean(rows: pl.DataFrame) -> pl.DataFrame:
    """Lower-case column names; the signs for "missing" are null; "12.0" in an id column is 12."""
    rows = rows.rename({name: name.strip().lower() for name in rows.columns})
    made = []
    for name in rows.columns:
        if name == "source_row":
            continue
        cell = pl.col(name).str.strip_chars()
        missing = ["", "NULL", "\\N"]
        if name not in WORDS and not name.endswith("source_value"):
            missing += ["NA", "NaN", "null"]
        if name.endswith("_id"):
            cell = cell.str.replace(r"^(\d+)\.0+$", "${1}")
        made.append(pl.when(~cell.is_in(missing)).then(cell).alias(name))
    return rows.with_columns(made)


def _ending(name: str) -> str | None:
    bare = _unpacked_name(name)
    return next((e for e in ENDINGS if bare.endswith(e)), None)


def _unpacked_name(name: str) -> str:
    bare = name.lower()
    for packed in PACKED:
        bare = bare.removesuffix(packed)
    return bare


def _file_table(path: Path, given: str, table: str, encoding: str) -> CdmTable:
    if not path.is_file() or not os.access(path, os.R_OK):
        raise InputRefused(
            "the file cannot be read, or is no regular file.",
            where=given,
            fix="Check what it is, and its permissions.",
        )
    if path.name.lower().endswith(".parquet"):
        rows = _parquet_rows(path, path.name)
        read: Callable[[], Iterator[RawBatch]] = partial(_read_parquet, path, path.name)
        return CdmTable(
            path.name, given, table, rows, read, partial(_distinct_parquet, path), rows == 0
        )
    text, expansion = sample(path)
    lines = [line for line in text.split(b"\n") if line.strip()]
    mean = max(len(text) / max(text.count(b"\n"), 1), 1.0)
    about = round(path.stat().st_size * expansion / mean)
    read = partial(_read_delimited, path, path.name, encoding)
    return CdmTable(
        path.name,
        given,
        table,
        about,
        read,
        lambda columns: distinct_of(read(), columns),
        empty=len(lines) == 1 and bool(text),
    )


def _read_delimited(path: Path, name: str, encoding: str) -> Iterator[RawBatch]:
    """Every record; the separator is a tab where the first line has one (as Athena's files)."""
    reading, notices = Reading(), list[str]()
    slices = utf8_slices(pieces(path, name, reading), encoding, name, notices)
    first = next(slices)
    separator = "\t" if b"\t" in first.partition(b"\n")[0] else ","
    header, rest = read_header(first, separator, name)

    def texts() -> Iterator[bytes]:
        yield rest
        yield from slices

    ahead: RawBatch | None = None
    for found, _ in read_records(texts(), header, name):
        if ahead is not None:
            yield ahead
        ahead = RawBatch(
            clean(found.rows), found.set_aside, found.records, found.blank, 0, reading.bytes
        )
    if ahead is None:
        raise InputRefused("the file is empty.", where=name, fix="Export it again.")
    yield _with_end(ahead, reading, notices)


def _read_parquet(path: Path, name: str) -> Iterator[RawBatch]:
    reading = Reading()
    for _ in pieces(path, name, reading):
        pass
    records = _parquet_rows(path, name)
    done = 0
    while True:
        try:
            scan = pl.scan_parquet(path, glob=False).slice(done, PARQUET_ROWS)
            frame = scan.select(_texts(scan)).collect()
        except (pl.exceptions.PolarsError, OSError):
            raise _damaged(name) from None
        rows = frame.with_row_index("source_row", offset=done + 1).cast({"source_row": pl.Int64})
        done += frame.height
        read = reading.bytes * done // max(records, 1)
        batch = RawBatch(clean(rows), no_set_aside(), frame.height, bytes_read=read)
        if done >= records or frame.height == 0:
            break
        yield batch
    if done != records:
        raise InputRefused("the file changed while it was read.", where=name)
    yield _with_end(batch, reading, [])


def _texts(scan: pl.LazyFrame) -> list[pl.Expr]:
    return [
        pl.col(name).dt.to_string("%Y-%m-%dT%H:%M:%S")
        if isinstance(dtype, pl.Datetime)
        else pl.col(name).cast(pl.String)
        for name, dtype in scan.collect_schema().items()
        if not dtype.is_nested() and dtype != pl.Binary
    ]


def _distinct_parquet(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """The different rows of some columns, read without the others."""
    try:
        scan = pl.scan_parquet(path, glob=False)
        names = {name.strip().lower(): name for name in scan.collect_schema().names()}
        there = [pl.col(names[c]).cast(pl.String) for c in columns if c in names]
        rows = scan.select(there).unique().collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError):
        raise _damaged(path.name) from None
    return with_columns(clean(rows), columns).select(columns).unique()


def _parquet_rows(path: Path, name: str) -> int:
    try:
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        raise _damaged(name) from None


def _damaged(name: str) -> InputRefused:
    return InputRefused(
        "the Parquet file is damaged or is something else.",
        where=name,
        fix="Export or copy it again.",
    )


def _with_end(batch: RawBatch, reading: Reading, notices: list[str]) -> RawBatch:
    end = RawEnd(reading.digest.hexdigest(), reading.bytes, frozenset(), tuple(notices))
    return replace(batch, bytes_read=reading.bytes, end=end)
