"""What every row must satisfy, in one table: the intake splits by it, pandera proves it.

A predicate with a reason sets a row aside; one without is a promise of `parse` that is checked
after it (a row that breaks it is a fault of the program, not of the export).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from screener.intake.parse import FIRST_YEAR, LAST_YEAR
from screener.tables import TABLES

DAMAGED = ("\ufffd", "\0")
# The columns that name a person, an order or a drug: a lost letter there changes who or what.
NAMING = ("patient_id", "prescription_id", "drug", "drug_code", "analyte", "condition")


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition on one row of a typed table; it holds or it does not, never null."""

    code: str
    column: str
    holds: pl.Expr
    reason: str | None = None


def predicates(table: str) -> tuple[Predicate, ...]:
    """Every predicate of a table, those that set rows aside first."""
    required = [
        Predicate(
            f"{c.name} is there",
            c.name,
            pl.col(c.name).is_not_null(),
            "unreadable-date" if c.kind == "date" else "missing",
        )
        for c in TABLES[table]
        if c.required
    ]
    intact = [
        Predicate(
            f"{c.name} is intact",
            c.name,
            ~pl.any_horizontal(
                [pl.col(c.name).str.contains(sign, literal=True) for sign in DAMAGED]
            ).fill_null(False),
            "damaged-text",
        )
        for c in TABLES[table]
        if c.name in NAMING
    ]
    return (*required, *intact, *_promises(table))


def _promises(table: str) -> list[Predicate]:
    first, last = dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31)
    promised = [Predicate("source_row is counted from 1", "source_row", pl.col("source_row") >= 1)]
    for column in TABLES[table]:
        cell = pl.col(column.name)
        if column.kind == "number":
            fine = cell.is_finite() & (cell >= 0)
            promised.append(Predicate(f"{column.name} is a number", column.name, _or_null(fine)))
        elif column.kind == "whole":
            promised.append(
                Predicate(f"{column.name} is not negative", column.name, _or_null(cell >= 0))
            )
        elif column.kind == "date":
            fine = cell.is_between(first, last)
            promised.append(Predicate(f"{column.name} is possible", column.name, _or_null(fine)))
        elif column.kind == "id":
            promised.append(
                Predicate(f"{column.name} is not blank", column.name, _or_null(cell != ""))
            )
    return promised


def _or_null(fine: pl.Expr) -> pl.Expr:
    return fine.fill_null(True)


def broken(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """One i16 column `fault`: the place in `predicates(table)` of the first reason that a row is
    to be set aside for, null for a good row."""
    reasons = [p for p in predicates(table) if p.reason is not None]
    fault = pl.coalesce(
        [pl.when(~p.holds).then(pl.lit(number, dtype=pl.Int16)) for number, p in enumerate(reasons)]
    )
    return frame.select(fault.alias("fault"))
