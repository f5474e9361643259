"""What every row must satisfy, in one table: the intake splits by it, pandera proves it.

A predicate with a reason sets a row aside; one without is a promise of `parse` (for findings: of
the checks) that is checked after it (a row that breaks it is a fault of the program, not of the
export).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from screener.findings import FINDINGS
from screener.intake.parse import FIRST_YEAR, LAST_YEAR
from screener.tables import TABLES, typed_schema

DAMAGED = ("\ufffd", "\0")
# The columns that name a person, an order or a drug: a lost letter there changes who or what.
NAMING = ("patient_id", "prescription_id", "drug", "drug_code", "analyte", "condition")
FINDING_NEEDS = frozenset(
    ("finding_id", "rule_id", "rule_version", "patient_id", "date", "end_date", "message")
)
CERTAINTIES = ("definite", "possible")


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition on one row of a typed table; it holds or it does not, never null.

    holds_everywhere is the same of the whole column as one cell, for the many columns without a
    fault: quicker than asking every row.
    """

    code: str
    column: str
    holds: pl.Expr
    reason: str | None = None
    holds_everywhere: pl.Expr | None = None


def schema_and_required(table: str) -> tuple[dict[str, pl.DataType], frozenset[str]]:
    """Columns with their dtypes, and those that are never null, of a table or of `findings`."""
    if table == "findings":
        return FINDINGS, FINDING_NEEDS
    required = frozenset(c.name for c in TABLES[table] if c.required)
    return typed_schema(table), required | {"source_file", "source_row"}


def predicates(table: str) -> tuple[Predicate, ...]:
    """Every predicate of a canonical table, those that set rows aside first, or of `findings`."""
    if table == "findings":
        return _of_findings()
    required = [
        Predicate(
            f"{c.name} is there",
            c.name,
            pl.col(c.name).is_not_null(),
            "unreadable-date" if c.kind == "date" else "missing",
            pl.col(c.name).null_count() == 0,
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
            ~pl.any_horizontal(
                [pl.col(c.name).str.join("").str.contains(sign, literal=True) for sign in DAMAGED]
            ),
        )
        for c in TABLES[table]
        if c.name in NAMING
    ]
    return (*required, *intact, *_promises(table))


def _promises(table: str) -> list[Predicate]:
    first, last = dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31)
    counted = (pl.col("source_row") >= 1).fill_null(False)
    promised = [Predicate("source_row is counted from 1", "source_row", counted)]
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


def _of_findings() -> tuple[Predicate, ...]:
    from screener.rule.model import SEVERITIES  # not needed to read an export

    def is_true(condition: pl.Expr) -> pl.Expr:
        return condition.fill_null(False)

    cell = pl.col
    there = [Predicate(f"{name} is there", name, cell(name).is_not_null()) for name in FINDINGS
             if name in FINDING_NEEDS]  # fmt: skip
    return (
        *there,
        Predicate(
            "finding_id is 16 hex digits",
            "finding_id",
            is_true(cell("finding_id").str.contains("^[0-9a-f]{16}$")),
        ),
        Predicate("date is not after end_date", "date", is_true(cell("date") <= cell("end_date"))),
        Predicate("severity is known", "severity", is_true(cell("severity").is_in(SEVERITIES))),
        Predicate("certainty is known", "certainty", is_true(cell("certainty").is_in(CERTAINTIES))),
        *(
            Predicate(f"{name} is a number", name, _or_null(cell(name).is_finite()))
            for name in ("value", "limit")
        ),
    )


def _or_null(fine: pl.Expr) -> pl.Expr:
    return fine.fill_null(True)


def broken(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """One i16 column `fault`: the place in `predicates(table)` of the first reason that a row is
    to be set aside for, null for a good row."""
    reasons = [p for p in predicates(table) if p.reason is not None]
    everywhere = [
        p.holds.all() if p.holds_everywhere is None else p.holds_everywhere for p in reasons
    ]
    if all(frame.select(pl.all_horizontal(True, *everywhere)).to_series()):
        return pl.select(fault=pl.repeat(None, frame.height, dtype=pl.Int16))
    fault = pl.coalesce(
        [pl.when(~p.holds).then(pl.lit(number, dtype=pl.Int16)) for number, p in enumerate(reasons)]
    )
    return frame.select(fault.alias("fault"))


def set_aside_rows(table: str, file: str, raw: pl.DataFrame, fault: pl.Series) -> pl.DataFrame:
    """`findings.SET_ASIDE` of rows as exported and the `fault` of each (see `broken`): the first
    broken predicate, with the cell as exported."""
    reasons = [p for p in predicates(table) if p.reason is not None]
    parts = []
    for number, predicate in enumerate(reasons):
        rows = raw.filter(fault == number)
        if rows.is_empty():
            continue
        cell = (
            pl.col(predicate.column).fill_null("")
            if predicate.column in raw.columns
            else pl.lit("")
        )
        blank = cell.str.strip_chars() == ""
        parts.append(
            rows.select(
                file=pl.lit(file),
                row="source_row",
                column=pl.lit(predicate.column),
                value=cell,
                reason=pl.when(blank).then(pl.lit("missing")).otherwise(pl.lit(predicate.reason)),
            )
        )
    return pl.concat(parts)
