"""Day numbers, birthdays, and steps: runs of whole days with unchanged values.

A *run table* has columns patient, from_day, to_day (closed) and values. All arithmetic is on
integers, so the sums of a global running total return to exactly zero at every patient's edge.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def sweep(intervals: pl.DataFrame, values: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    """Add up integer `values` of overlapping closed intervals into disjoint runs of days.

    intervals: by..., from_day, to_day, values... (no nulls). Gives by..., from_day, to_day,
    values..., sorted; runs with all sums zero stay out only if no interval covers them
    (`covers` counts the intervals of a run).
    """
    keys = list(by)
    sums = [*values, "covers"]
    open_ = intervals.select(
        *keys, pl.col("from_day").alias("day"), *values, pl.lit(1, pl.Int64).alias("covers")
    )
    shut = intervals.select(
        *keys,
        (pl.col("to_day") + 1).alias("day"),
        *(-pl.col(v) for v in values),
        pl.lit(-1, pl.Int64).alias("covers"),
    )
    events = (
        pl.concat([open_, shut])
        .group_by(*keys, "day")
        .agg(pl.col(sums).sum())
        .sort(*keys, "day")
        .with_columns(pl.col(sums).cum_sum())
    )
    return (
        events.with_columns(from_day=pl.col("day"), to_day=pl.col("day").shift(-1) - 1)
        .filter(pl.col("covers") > 0)
        .select(*keys, "from_day", "to_day", *sums)
    )


def stretches(intervals: pl.DataFrame, by: Sequence[str], *, bridge: int = 0) -> pl.DataFrame:
    """Merge closed intervals into maximal runs; gaps of up to `bridge` days are closed.

    Gives by..., from_day, to_day, sorted.
    """
    keys = list(by)
    ordered = intervals.select(*keys, "from_day", "to_day").sort(*keys, "from_day")
    grouped = ordered.with_columns(_group=group_number(*keys)).with_columns(
        _reach=running_max(pl.col("to_day"), pl.col("_group"))
    )
    fresh = starts_group("_group") | (pl.col("from_day") > pl.col("_reach").shift(1) + 1 + bridge)
    return (
        grouped.with_columns(_run=fresh.fill_null(value=True).cast(pl.Int64).cum_sum())
        .group_by("_run", maintain_order=True)
        .agg(*(pl.col(k).first() for k in keys), pl.col("from_day").min(), pl.col("to_day").max())
        .drop("_run")
    )


def at_start(runs: pl.DataFrame, steps: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """`runs` with the `values` of the step that holds on each run's first day (null if none).

    steps: patient, from_day, to_day, values..., disjoint per patient.
    """
    right = steps.select(
        "patient", pl.col("from_day").alias("_from"), pl.col("to_day").alias("_until"), *values
    ).sort("patient", "_from")
    joined = runs.sort("patient", "from_day").join_asof(
        right,
        left_on="from_day",
        right_on="_from",
        by="patient",
        strategy="backward",
        check_sortedness=False,
    )
    inside = pl.col("_until") >= pl.col("from_day")
    return joined.with_columns(*(pl.when(inside).then(pl.col(v)).alias(v) for v in values)).drop(
        "_from", "_until"
    )


def overlapping(runs: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Every pair of a run and a step of a patient that share a day, cut to those days.

    steps: disjoint per patient. Columns of `steps` that `runs` has too get the suffix "_b";
    from_day and to_day are the shared days. Work grows with the pairs found, not with runs x steps.
    """
    right = steps.sort("patient", "from_day").with_row_index("_at")
    ends = right.select("patient", _end="to_day", _first="_at")
    begins = right.select("patient", _begin="from_day", _last="_at")
    asked = (
        runs.sort("patient", "from_day")
        .join_asof(
            ends,
            left_on="from_day",
            right_on="_end",
            by="patient",
            strategy="forward",
            check_sortedness=False,
            coalesce=False,
        )
        .sort("patient", "to_day")
        .join_asof(
            begins,
            left_on="to_day",
            right_on="_begin",
            by="patient",
            strategy="backward",
            check_sortedness=False,
            coalesce=False,
        )
    )
    met = (
        asked.filter(pl.col("_first") <= pl.col("_last"))
        .with_columns(_at=pl.int_ranges("_first", pl.col("_last") + 1, dtype=pl.UInt32))
        .drop("_first", "_last", "_end", "_begin")
    )
    pairs = met.explode("_at").join(
        right.drop("patient").rename({"from_day": "_from", "to_day": "_to"}),
        on="_at",
        how="left",
        suffix="_b",
        maintain_order="left",
    )
    return pairs.with_columns(
        from_day=pl.max_horizontal("from_day", "_from"), to_day=pl.min_horizontal("to_day", "_to")
    ).drop("_at", "_from", "_to")


def within(runs: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The parts of `runs` that lie inside `steps` (disjoint per patient); columns of `runs`."""
    return overlapping(runs, steps.select("patient", "from_day", "to_day")).select(runs.columns)


def outside(runs: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The parts of `runs` that lie on no day of `steps` (disjoint per patient)."""
    parts = cut_at(runs, edges_of(steps))
    marked = at_start(
        parts,
        steps.select("patient", "from_day", "to_day").with_columns(_inside=pl.lit(value=True)),
        ["_inside"],
    )
    return marked.filter(pl.col("_inside").is_null()).select(runs.columns)


def edges_of(steps: pl.DataFrame) -> pl.DataFrame:
    """The days on which steps begin, and the days after their ends: patient, day."""
    return pl.concat(
        [
            steps.select("patient", day="from_day"),
            steps.select("patient", day=pl.col("to_day") + 1),
        ]
    )


def cut_at(runs: pl.DataFrame, cuts: pl.DataFrame) -> pl.DataFrame:
    """Split runs so that a new one begins on every cut day (patient, day) that falls inside.

    Other columns of `runs` are copied to each part.
    """
    numbered = runs.with_row_index("_run")
    days = cuts.select("patient", from_day="day", to_day="day").unique()
    inner = (
        overlapping(numbered.select("_run", "patient", "from_day", "to_day"), days)
        .join(numbered.select("_run", _begins="from_day"), on="_run")
        .filter(pl.col("from_day") > pl.col("_begins"))
        .select("_run", "from_day")
    )
    starts = pl.concat([numbered.select("_run", "from_day"), inner]).sort("_run", "from_day")
    last = pl.col("_run") != pl.col("_run").shift(-1)
    parts = starts.with_columns(
        _next=pl.when(last.fill_null(value=True))
        .then(None)
        .otherwise(pl.col("from_day").shift(-1) - 1)
    )
    return (
        parts.join(numbered.drop("from_day"), on="_run", how="left", maintain_order="left")
        .with_columns(to_day=pl.coalesce("_next", "to_day"))
        .drop("_run", "_next")
        .select(runs.columns)
    )
