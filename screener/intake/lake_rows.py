"""Rows of a table that lies typed in a lake: kept, or set aside with a reason, as from a file.

A column is text (then it is read exactly as the text of an export) or already of its own kind.
Both meet the same predicates, and a cell that cannot be right raises the same flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from screener.errors import InputRefused
from screener.findings import DATA_FLAGS, SET_ASIDE
from screener.intake.buckets import Buckets
from screener.intake.directions import with_directions
from screener.intake.parse import FIRST_YEAR, LAST_YEAR, cell_flags, typed
from screener.intake.people import one_row_each, with_measured
from screener.intake.predicates import broken, set_aside_rows
from screener.intake.schemas import self_test, validate
from screener.intake.tests_seen import tests_seen
from screener.tables import LINEAGE, TABLES, Column, Tables, empty_table

MOST, MOST_WHOLE = 1e15, 999_999_999  # as many digits as `parse` reads
BY_RECORD = ("source_file", "source_row")


@dataclass(frozen=True, slots=True)
class Settled:
    """Rows read = kept - added + set aside; the frames are those of `screener.tables` and
    `screener.findings`."""

    kept: pl.DataFrame
    set_aside: pl.DataFrame
    cell_flags: pl.DataFrame
    read: int
    added: int  # rows that records gave beyond their first (phases of a taper)


def settled(table: str, rows: pl.DataFrame) -> Settled:
    """Type and judge rows. rows: canonical columns, any that is not required missing, with
    source_file and source_row, which must be there. Raises InputRefused when they are not."""
    _validation_works()
    if rows.select(pl.any_horizontal(pl.col(*BY_RECORD).is_null().any())).item():
        raise InputRefused(
            "Some rows have no source_file or no source_row.",
            where=table,
            fix="Give every row both: they are how a finding is walked back to its order.",
        )
    texts, natives = _apart(table, rows)
    frame = typed(table, texts, "").with_columns(texts["source_file"], *natives)
    if table == "prescriptions":
        frame = _with_ids(texts, frame)
    raw = texts.with_columns(_lost(rows[cell.name], cell) for cell in natives)
    fault = broken(table, frame)["fault"]
    aside = pl.DataFrame(schema=SET_ASIDE)
    if fault.null_count() != fault.len():
        faulty = fault.is_not_null()
        aside = _reasons_by_file(table, raw.filter(faulty), fault.filter(faulty))
        raw, frame = raw.filter(~faulty), frame.filter(~faulty)
    flags = cell_flags(table, raw, frame)
    judged = frame.height
    if table == "prescriptions":
        frame = with_directions(frame)
    return Settled(
        kept=frame,
        set_aside=aside,
        cell_flags=flags if flags.height else pl.DataFrame(schema=DATA_FLAGS),
        read=rows.height,
        added=frame.height - judged,
    )


@cache
def _validation_works() -> None:
    self_test()


def _apart(table: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.Series]]:
    """Columns to be read as text (with lineage), and those that are of their kind already."""
    texts, natives = [rows[name].cast(dtype) for name, dtype in LINEAGE.items()], []
    for column in TABLES[table]:
        if column.name not in rows.columns:
            continue
        cells = rows[column.name]
        if column.kind in ("id", "text") or cells.dtype in (pl.String, pl.Null):
            texts.append(cells.cast(pl.String))
        else:
            natives.append(_native(column, cells))
    return pl.DataFrame(texts), natives


def _native(column: Column, cells: pl.Series) -> pl.Series:
    """Cells in the column's dtype; null where `parse` would take no such text."""
    cell = pl.col(column.name)
    kept: pl.Expr
    if column.kind == "date":
        day = cell.cast(pl.Date)
        kept = pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)
    elif column.kind == "yes_no":
        kept = cell.cast(pl.Boolean)
    elif column.kind == "whole":
        number = cell.cast(pl.Float64)
        fine = number.is_between(0, MOST_WHOLE) & (number == number.floor())
        kept = pl.when(fine).then(number).cast(pl.Int32)
    else:
        number = cell.cast(pl.Float64)
        kept = pl.when(number.is_between(0, MOST, closed="left")).then(number)
    return cells.to_frame().select(kept.alias(column.name)).to_series()


def _lost(given: pl.Series, kept: pl.Series) -> pl.Series:
    """The text of those cells that were given and not kept."""
    if given.null_count() == kept.null_count():
        return pl.Series(given.name, [None], dtype=pl.String).new_from_index(0, given.len())
    lost = given.is_not_null() & kept.is_null()
    return given.to_frame().select(pl.when(lost).then(pl.col(given.name).cast(pl.String)))[
        given.name
    ]


def _with_ids(texts: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """An order without an id gets one of its file and row, as in `parse`."""
    made = pl.concat_str("source_file", pl.lit(":"), pl.col("source_row").cast(pl.String))
    if "prescription_id" not in texts.columns:
        return frame.with_columns(prescription_id=made)
    blank = texts["prescription_id"].fill_null("").str.strip_chars() == ""
    return frame.with_columns(
        prescription_id=pl.when(blank).then(made).otherwise("prescription_id")
    )


def _reasons_by_file(table: str, raw: pl.DataFrame, fault: pl.Series) -> pl.DataFrame:
    parts = raw.with_columns(fault).partition_by("source_file", as_dict=True)
    return pl.concat(
        set_aside_rows(table, str(file), part, part["fault"]) for (file,), part in parts.items()
    )


def in_record_order(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """All rows of a table in the order of their files' names and records, however they came."""
    return pl.concat(frames).sort(*BY_RECORD, maintain_order=True)


def one_bucket(
    held: dict[str, pl.DataFrame],
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, frozenset[tuple[str, str]]]:
    """(tables with one row a patient, flags of patients whose rows contradict each other, the
    tests seen at each site) of one bucket's whole tables in record order."""
    flags = pl.DataFrame(schema=DATA_FLAGS)
    if "patients" in held:
        patients, flags, _, _ = one_row_each(held["patients"])
        held = held | {"patients": patients}
    seen: frozenset[tuple[str, str]] = frozenset()
    if "labs" in held:
        frames = {table: [frame] for table, frame in held.items()}
        seen = tests_seen(Buckets(1, Path(), held=frames))
    return held, flags, seen


def tables_of(
    held: dict[str, pl.DataFrame],
    supplied: dict[str, frozenset[str]],
    seen: frozenset[tuple[str, str]],
) -> Tables:
    """One bucket as the core takes it; a table that was supplied and has no row here is empty.

    Raises RunBroke when pandera finds a row that should have been set aside.
    """
    _validation_works()
    have = {table: held.get(table, empty_table(table)) for table in TABLES if table in supplied}
    for table, frame in have.items():
        validate(table, frame)
    if "patients" in have:
        have["patients"] = with_measured(have["patients"], have.get("labs"))
    return Tables(
        prescriptions=have["prescriptions"],
        patients=have.get("patients"),
        labs=have.get("labs"),
        conditions=have.get("conditions"),
        admissions=have.get("admissions"),
        supplied=supplied,
        tests_seen=seen,
    )
