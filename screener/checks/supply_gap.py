"""supply_gap: days without supply inside a course that goes on."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import result
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.timeline.episodes import episode_steps, uncovered_between


@dataclass(frozen=True, slots=True)
class SupplyGap:
    """Parameters of `supply_gap`."""

    of: DrugSet = param("drugs", "the drug")
    at_least: int = param("days", "shortest gap that counts")
    at_most: int = param("days", "longest gap that counts")
    grace: int = param("days", "uncovered days that do not end an episode", default=14)


def find(timeline: Timeline, params: SupplyGap) -> CheckResult:
    """Each gap of so many uncovered days inside an episode; value = how many."""
    steps = episode_steps(timeline, params.of, params.grace)
    follows = pl.col("episode") == pl.col("episode").shift(-1)
    gaps = steps.with_columns(_next=pl.when(follows).then(pl.col("from_day").shift(-1))).filter(
        pl.col("_next") > pl.col("covered_to") + 1
    )
    days = uncovered_between(gaps, timeline, "covered_to", "_next")
    pieces = (
        gaps.select(
            "patient", from_day=pl.col("covered_to") + 1, to_day=pl.col("_next") - 1,
            value=days.cast(pl.Float64), badness=days.cast(pl.Float64),
            limit=pl.lit(float(params.at_least)), unit=pl.lit("days"), definite=pl.lit(value=True),
            look_from=pl.col("covered_to"),
        )
        .filter(pl.col("value").is_between(params.at_least, params.at_most))
    )  # fmt: skip
    return result(timeline, params.of, [pieces])


CHECK = Check("supply_gap", SupplyGap, find, lambda p: p.of, "a gap in the supply")
