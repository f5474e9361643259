"""several_of: several drugs of one list on the same day."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import polars as pl

from screener.checks.histories import BY_DRUG
from screener.checks.pieces import result, watched
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.timeline.runs import stretches, sweep, within


@dataclass(frozen=True, slots=True)
class SeveralOf:
    """Parameters of `several_of`."""

    from_: DrugSet = param("drugs", "the list", key="from")
    at_least: int = param("count", "how many different ingredients")
    for_at_least: int = param("days", "only runs of at least this many days", default=1)
    scheduled_only: bool = param("yes", "as-needed orders do not count", default=False)


def find(timeline: Timeline, params: SeveralOf) -> CheckResult:
    """Days on which at least so many different ingredients stand; value = how many."""
    known = dataclasses.replace(params.from_, tracks=params.from_.tracks - {"unknown"})
    lines = timeline.lines_of(known)
    every = stretches(lines, BY_DRUG).with_columns(regular=pl.lit(0, pl.Int64))
    regular = stretches(lines.filter(~pl.col("as_needed")), BY_DRUG)
    one, zero = pl.lit(1, pl.Int64), pl.lit(0, pl.Int64)
    marks = [regular.select("patient", "from_day", "to_day", regular=one, any=zero)]
    if not params.scheduled_only:
        marks.append(every.select("patient", "from_day", "to_day", regular=zero, any=one))
    days = sweep(pl.concat(marks), ["regular", "any"], ["patient"])
    number = pl.col("regular") if params.scheduled_only else pl.col("any")
    broken = watched(timeline, days.filter(number >= params.at_least))
    runs = stretches(broken, ["patient"]).filter(
        pl.col("to_day") - pl.col("from_day") + 1 >= params.for_at_least
    )
    pieces = within(broken, runs).with_columns(
        subject=pl.lit(params.from_.text), definite=pl.lit(value=True),
        steps_down=(pl.col("regular") < params.at_least).cast(pl.Int64),
        value=number.cast(pl.Float64), badness=number.cast(pl.Float64),
        limit=pl.lit(float(params.at_least)), unit=pl.lit("drugs"),
    )  # fmt: skip
    return result(timeline, params.from_, [pieces])


CHECK = Check("several_of", SeveralOf, find, lambda p: p.from_, "several drugs of one kind")
