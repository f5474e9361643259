"""doses_per_week: a drug that belongs into one day of the week is given more often."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import result
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.timeline.runs import outside, stretches
from screener.units import divided


@dataclass(frozen=True, slots=True)
class DosesPerWeek:
    """Parameters of `doses_per_week`."""

    of: DrugSet = param("drugs", "the drug whose doses are counted")
    at_least: int = param("count", "flag from so many doses in 7 days on")
    may_be_split_up_to: int | None = param(
        "count", "so many doses may be one, split over a day: possible only", default=None
    )


def find(timeline: Timeline, params: DosesPerWeek) -> CheckResult:
    """Days on which one order has at least so many doses in 7 days; value = doses a week.

    The largest of a day's orders counts: strengths that make up one dose are orders of their own.
    """
    lines = timeline.lines_of(params.of)
    # Whole millionths, so that 7 x 1/7 is exactly one dose.
    weekly = (pl.col("doses_per_day") * 7_000_000).round().cast(pl.Int64)
    scheduled = lines.filter(~pl.col("as_needed")).with_columns(times=weekly)
    often = scheduled.filter(pl.col("times") >= params.at_least * 1_000_000)
    sure = pl.lit(value=True)
    if params.may_be_split_up_to is not None:
        sure = pl.col("times") > params.may_be_split_up_to * 1_000_000
    pieces = often.select(
        "patient", "from_day", "to_day",
        definite=sure, steps_down=pl.when(sure).then(0).otherwise(1),
        value=divided(pl.col("times"), 1_000_000), badness=divided(pl.col("times"), 1_000_000),
        limit=pl.lit(float(params.at_least)), unit=pl.lit("doses a week"),
    )  # fmt: skip
    broken = stretches(pieces, ["patient"])
    untimed = stretches(scheduled.filter(pl.col("times").is_null()), ["patient"])
    known = stretches(scheduled, ["patient"])
    as_needed = outside(stretches(lines.filter("as_needed"), ["patient"]), known)
    unknown = outside(pl.concat([untimed, as_needed]), broken)
    return result(
        timeline, params.of, [pieces], [unknown.with_columns(reason=pl.lit("dose-unknown"))]
    )


CHECK = Check(
    "doses_per_week", DosesPerWeek, find, lambda p: p.of, "a weekly drug given more often"
)
