"""Day numbers, birthdays, and what compares a row with the one before it."""

from __future__ import annotations

import polars as pl

EDGE = 1 << 24  # more than any day number: keeps the running maxima of two groups apart


def day(column: str | pl.Expr) -> pl.Expr:
    """A date column as a day number (days since 1970-01-01, Int64)."""
    expr = pl.col(column) if isinstance(column, str) else column
    return expr.cast(pl.Int32).cast(pl.Int64)


def birthday(column: str, years: int) -> pl.Expr:
    """The date of the n-th birthday; 29 February becomes 1 March in other years."""
    born = pl.col(column)
    year = born.dt.year() + years
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    moved = (born.dt.month() == 2) & (born.dt.day() == 29) & ~leap
    return pl.date(
        year,
        pl.when(moved).then(3).otherwise(born.dt.month()),
        pl.when(moved).then(1).otherwise(born.dt.day()),
    )


def running_max(value: pl.Expr, group: pl.Expr) -> pl.Expr:
    """Running maximum of `value` within consecutive rows of one ascending `group` number."""
    lift = group.cast(pl.Int64) * EDGE
    return (value + lift).cum_max() - lift


def starts_group(*keys: str) -> pl.Expr:
    """True on the first row of each run of equal keys (rows are sorted by them)."""
    return pl.any_horizontal(
        *(pl.col(k).ne_missing(pl.col(k).shift(1)) for k in keys), pl.int_range(pl.len()) == 0
    )


def group_number(*keys: str) -> pl.Expr:
    """0, 1, 2, ... for each run of equal keys (rows are sorted by them)."""
    return starts_group(*keys).cast(pl.Int64).cum_sum() - 1
