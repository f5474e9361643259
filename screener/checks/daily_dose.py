"""daily_dose: the dose of one day, all orders of the drug together, is above or below a limit.

It cannot see what was not exported (over-the-counter packs, other hospitals), and says nothing
of days on which some order in force has no readable dose unless the readable ones break the limit.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import by_bounds, in_unit, result, unit_words, watched
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import Conversion, DailyAmount, DrugSet
from screener.timeline import Timeline
from screener.timeline.runs import at_start, stretches


@dataclass(frozen=True, slots=True)
class DailyDose:
    """Parameters of `daily_dose`."""

    of: DrugSet = param("drugs", "the drug or drugs whose daily dose is summed")
    more_than: DailyAmount | None = param(
        "daily_amount", "flag above this", default=None, one_of="limit"
    )
    at_least: DailyAmount | None = param(
        "daily_amount", "flag from this on", default=None, one_of="limit"
    )
    less_than: DailyAmount | None = param(
        "daily_amount", "flag below this", default=None, one_of="limit"
    )
    counted_as: Conversion | None = param(
        "conversion", "how doses of several drugs count as doses of one", default=None
    )
    for_at_least: int = param("days", "only runs of at least this many days", default=1)


def find(timeline: Timeline, params: DailyDose) -> CheckResult:
    """Days beyond the limit; value and limit in the limit's unit."""
    drugs = dataclasses.replace(params.of, counted_as=params.counted_as)
    steps = timeline.steps(drugs).with_columns(
        low="sched_low", high=pl.col("sched_high") + pl.col("prn_high")
    )
    steps = steps.with_columns(both=pl.col("high") + pl.col("other_high"))
    flags = []
    if params.less_than is not None:
        broken = _below(steps, params.less_than)
        pieces = _long_enough(watched(timeline, broken), params.for_at_least)
    else:
        limit = params.more_than or params.at_least
        assert limit is not None
        broken = _above(steps, limit, limit.ug if params.more_than else limit.ug - 1)
        pieces = _long_enough(watched(timeline, broken), params.for_at_least)
        flags.append(_unclear(pieces))
    unread = steps.filter(pl.col("unknown") > 0).join(
        broken, on=["patient", "from_day"], how="anti"
    )
    only_unconverted = pl.col("unknown") == pl.col("unconverted")
    unknown = unread.select(
        "patient", "from_day", "to_day",
        reason=pl.when(only_unconverted).then(pl.lit("no-conversion-factor"))
        .otherwise(pl.lit("dose-unknown")),
    )  # fmt: skip
    return result(timeline, params.of, [pieces], [unknown], flags)


def _above(steps: pl.DataFrame, limit: DailyAmount, over_ug: int) -> pl.DataFrame:
    worst = pl.when(pl.col("high") > over_ug).then("high").otherwise("both")
    found = by_bounds(
        steps.with_columns(most=worst), pl.col("low") > over_ug, pl.col("both") > over_ug, "low",
        "most",
    )  # fmt: skip
    value = in_unit(pl.col("value"), limit.text)
    return found.with_columns(
        value=value,
        badness=value,
        limit=in_unit(pl.lit(limit.ug), limit.text),
        unit=pl.lit(unit_words(limit.text)),
        unclear=pl.col("high") <= over_ug,
    )


def _below(steps: pl.DataFrame, limit: DailyAmount) -> pl.DataFrame:
    known = pl.col("unknown") == 0
    found = by_bounds(
        steps, (pl.col("high") < limit.ug) & known, pl.col("low") < limit.ug, "high", "low"
    ).filter(known)
    value = in_unit(pl.col("value"), limit.text)
    return found.with_columns(
        value=value,
        badness=-value,
        limit=in_unit(pl.lit(limit.ug), limit.text),
        unit=pl.lit(unit_words(limit.text)),
    )


def _unclear(over: pl.DataFrame) -> pl.DataFrame:
    """`ambiguous-overlap` where only taking both orders of an overlap breaks the limit."""
    return stretches(over.filter("unclear"), ["patient"]).with_columns(
        flag=pl.lit("ambiguous-overlap"),
        detail=pl.lit("overlapping orders: replaced, or both taken? The answer decides a finding"),
    )


def _long_enough(pieces: pl.DataFrame, days: int) -> pl.DataFrame:
    if days <= 1 or pieces.is_empty():
        return pieces
    runs = stretches(pieces, ["patient"]).filter(pl.col("to_day") - pl.col("from_day") + 1 >= days)
    marked = at_start(pieces, runs.with_columns(_long=True), ["_long"])
    return marked.filter(pl.col("_long").fill_null(value=False)).drop("_long")


CHECK = Check("daily_dose", DailyDose, find, lambda p: p.of, "the dose of a day")
