"""supplied_twice: the same strength, form and directions supplied again far before the end.

An overlap within the refill window is an early refill and is carried forward by the timeline;
what is beyond it stands here. The doses are not summed.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import result
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet
from screener.timeline import Timeline


@dataclass(frozen=True, slots=True)
class SuppliedTwice:
    """Parameters of `supplied_twice`."""

    of: DrugSet = param("drugs", "the drug that is supplied twice")


def find(timeline: Timeline, params: SuppliedTwice) -> CheckResult:
    """The shared days of two supplies; value = how many."""
    twice = timeline.twice.filter(
        pl.col("ingredient").is_in(sorted(params.of.ingredients))
        & pl.col("track").is_in(sorted(params.of.tracks))
    )
    last = timeline.people.select("patient", "last_day")
    twice = twice.join(last, on="patient", how="left", maintain_order="left").with_columns(
        to_day=pl.min_horizontal("to_day", "last_day")
    )
    days = (pl.col("to_day") - pl.col("from_day") + 1).cast(pl.Float64)
    pieces = twice.filter(pl.col("from_day") <= pl.col("to_day")).with_columns(
        definite=True,
        steps_down=pl.lit(0),
        value=days,
        badness=days,
        unit=pl.lit("days supplied twice"),
        how=pl.lit("two supplies of one strength and one direction overlap"),
    )
    return result(timeline, params.of, [pieces])


CHECK = Check("supplied_twice", SuppliedTwice, find, lambda p: p.of, "a supply given twice")
