"""Reads one delimited file: its records as canonical text columns, batch by batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

import polars as pl

from screener.errors import InputRefused
from screener.sources.csv_records import read_records
from screener.sources.derive import Derivation, derivation, with_looked_up
from screener.sources.find import Found
from screener.sources.header import Header, other_separator, read_header
from screener.sources.mapping import Mapping
from screener.sources.text import utf8_slices
from screener.sources.unpack import Reading, pieces
from screener.tables import TABLES, RawBatch, RawEnd

LIKE_A_CELL = re.compile(r"[\d.,:/ +-]*\d[\d.,:/ T+-]*Z?")  # a number, a date or a time


def read_delimited(
    file: Found, mapping: Mapping, encoding: str, allow_empty: bool
) -> Iterator[RawBatch]:
    """Every record of a .csv, .tsv or mapped .txt file. Raises InputRefused."""
    reading, notices = Reading(), list[str]()
    slices = utf8_slices(pieces(file.path, file.name, reading), encoding, file.name, notices)
    header, rest = read_header(
        next(slices), _separator(file, mapping), file.name, exact=not mapping.is_native
    )
    if mapping.is_native:
        _refuse_missing(header, file)
    plan = derivation(header.names, file.table, mapping, file.name)
    notices += column_notices(header, plan, file, mapping)

    def texts() -> Iterator[bytes]:
        yield rest
        yield from slices

    total = 0
    for found, last in read_records(texts(), header, file.name):
        total += found.records
        rows, left_out = derived(found.rows, plan)
        batch = RawBatch(rows, found.set_aside, found.records, found.blank, left_out, reading.bytes)
        if not last:
            yield batch
            continue
        if total == 0 and not allow_empty:
            raise no_records(file)
        if total == 0:
            notices.append(f"{file.name}: the file has column names but no record")
        if file.name.lower().endswith((".gz", ".zst")) != bool(reading.packed_as):
            notices.append(
                f"{file.name}: read as {reading.packed_as or 'plain text'}, whatever the name says"
            )
        yield with_end(batch, reading, frozenset(plan.columns), notices)


def derived(rows: pl.DataFrame, plan: Derivation) -> tuple[pl.DataFrame, int]:
    """Canonical columns from a file's own, and how many rows the mapping leaves out."""
    before = rows.height
    rows = with_looked_up(rows, plan)
    if plan.prepare:
        rows = rows.with_columns(*plan.prepare)
    if plan.keep is not None:
        rows = rows.filter(plan.keep)
    made = [expression.alias(name) for name, expression in plan.columns.items()]
    return rows.select(pl.col("source_row"), *made), before - rows.height


def with_end(
    batch: RawBatch, reading: Reading, columns: frozenset[str], notices: list[str]
) -> RawBatch:
    """The last batch of a file, with what is known now that all of it was read."""
    end = RawEnd(reading.digest.hexdigest(), reading.bytes, columns, tuple(notices))
    return replace(batch, bytes_read=reading.bytes, end=end)


def no_records(file: Found) -> InputRefused:
    return InputRefused(
        "the file has column names but no record.",
        where=file.name,
        fix="Export it again, or pass --allow-empty if nothing is right.",
    )


def _separator(file: Found, mapping: Mapping) -> str:
    if not mapping.is_native and mapping.tables[file.table].separator is not None:
        return mapping.tables[file.table].separator or ","
    return "\t" if file.format == ".tsv" else ","


def _required(table: str) -> list[str]:
    return [c.name for c in TABLES[table] if c.required]


def missing_columns(names: set[str], table: str) -> list[str]:
    """The required columns that are not there; a drug's code may stand for its name."""
    missing = [name for name in _required(table) if name not in names]
    if "drug" in missing and "drug_code" in names:
        missing.remove("drug")
    return missing


def _refuse_missing(header: Header, file: Found) -> None:
    """Names the columns that are needed, never those found: the first line may be a patient."""
    missing = missing_columns(set(header.names), file.table)
    if not missing:
        return
    other = other_separator(header, set(_required(file.table)))
    folded = {name.strip().casefold().replace(" ", "_") for name in header.names}
    fix = "The first line must name the columns; see the native format, or use --format."
    if other is not None:
        fix = f"The columns seem to be separated by a {other}; export with commas."
    elif all(name in folded for name in missing):
        fix = "They are there in other letters: write the names in lower case with underscores."
    raise refuse_columns(missing, file, fix)


def refuse_columns(missing: list[str], file: Found, fix: str) -> InputRefused:
    """The refusal of a file without a required column."""
    needed = ", ".join(_required(file.table))
    return InputRefused(
        f"a required column is missing: {', '.join(missing)} ({file.table} needs {needed}).",
        where=file.name,
        fix=fix,
    )


def column_notices(
    header: Header, plan: Derivation, file: Found, mapping: Mapping
) -> Iterator[str]:
    ignored = [n for n in header.names if n not in plan.read and not n.startswith("\0")]
    blank = len([n for n in header.names if n.startswith("\0")])
    if blank:
        yield f"{file.name}: {blank} columns without a name are not read"
    if header.surplus:
        yield f"{file.name}: every row ends in one empty field too many; it is not read"
    if not mapping.is_native and ignored:
        yield f"{file.name}: the mapping {mapping.name} does not read: {', '.join(ignored)}"
    elif ignored:
        yield from unknown_columns(ignored, plan.read, file)


def unknown_columns(ignored: list[str], found: frozenset[str], file: Found) -> Iterator[str]:
    """One notice a column, with a suggestion when it looks like a typing error.

    Names among which one is a number or a date may be cells of a first record: none is shown.
    """
    if any(LIKE_A_CELL.fullmatch(name.strip()) for name in ignored):
        yield (
            f"{file.name}: {len(ignored)} unknown columns are not read; among their names are "
            "numbers or dates, so the first line may hold a record"
        )
        return
    open_names = [c.name for c in TABLES[file.table] if c.name not in found]
    for name in ignored:
        shown = name if len(name) <= 60 else f"{name[:60]}..."
        close = get_close_matches(name.strip().casefold().replace(" ", "_"), open_names, 1, 0.75)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        yield f"{file.name}: the column '{shown}' is unknown and is not read{hint}"
