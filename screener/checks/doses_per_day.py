"""doses_per_day: a daily dose is divided into too few (or too many) doses.

Judged only on days when one scheduled order makes up the day: several orders may divide it well.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import result
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DailyAmount, DrugSet
from screener.timeline import Timeline
from screener.timeline.runs import sweep
from screener.units import divided


@dataclass(frozen=True, slots=True)
class DosesPerDay:
    """Parameters of `doses_per_day`."""

    of: DrugSet = param("drugs", "the drug whose doses are counted")
    fewer_than: float | None = param(
        "number", "flag fewer doses a day than this", default=None, one_of="limit"
    )
    more_than: float | None = param(
        "number", "flag more doses a day than this", default=None, one_of="limit"
    )
    when_daily_dose_at_least: DailyAmount | None = param(
        "daily_amount", "only from this daily dose on", default=None
    )


def find(timeline: Timeline, params: DosesPerDay) -> CheckResult:
    """Days of one scheduled order whose doses a day break the bound; value = doses a day."""
    scheduled = timeline.lines_of(params.of).filter(~pl.col("as_needed"))
    # Millionths of a dose keep the running sums whole numbers.
    parts = scheduled.select(
        "patient", "from_day", "to_day",
        times=(pl.col("doses_per_day").fill_null(0) * 1_000_000).round().cast(pl.Int64),
        untimed=pl.col("doses_per_day").is_null().cast(pl.Int64),
        undosed=pl.col("dose_unknown").cast(pl.Int64),
        low=pl.col("low").fill_null(0),
        high=pl.col("high").fill_null(0),
    )  # fmt: skip
    days = sweep(parts, ["times", "untimed", "undosed", "low", "high"], ["patient"]).filter(
        pl.col("covers") == 1
    )
    known = days.filter(pl.col("untimed") == 0).with_columns(
        times=divided(pl.col("times"), 1_000_000)
    )
    least = params.when_daily_dose_at_least.ug if params.when_daily_dose_at_least else 0
    bound = pl.lit(params.fewer_than if params.fewer_than is not None else params.more_than)
    wrong = pl.col("times") < bound if params.fewer_than is not None else pl.col("times") > bound
    definite = pl.col("low") >= least
    pieces = known.filter(wrong & (pl.col("high") >= least)).with_columns(
        definite=definite,
        steps_down=pl.when(definite).then(0).otherwise(1),
        value=pl.col("times"),
        badness=-pl.col("times") if params.fewer_than is not None else pl.col("times"),
        limit=bound,
        unit=pl.lit("doses a day"),
    )
    # A dose that cannot be read matters only if the number of doses would be wrong.
    unread = known.filter(wrong & (pl.col("undosed") > 0) & (pl.col("high") < least))
    unknown = pl.concat([days.filter(pl.col("untimed") > 0), unread], how="diagonal_relaxed")
    unknown = unknown.with_columns(reason=pl.lit("dose-unknown"))
    return result(timeline, params.of, [pieces], [unknown])


CHECK = Check("doses_per_day", DosesPerDay, find, lambda p: p.of, "how a daily dose is divided")
