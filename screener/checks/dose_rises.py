"""dose_rises: the dose rises by more than so much within so many days.

Measured at each day the scheduled dose goes up, against the dose `within` days before: one
expression for too soon, too big and split steps. As-needed orders never count.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.changes import dose_changes
from screener.checks.pieces import in_unit, result, unit_words
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DailyAmount, DrugSet
from screener.timeline import Timeline
from screener.timeline.episodes import episode_steps, episodes, with_known_start


@dataclass(frozen=True, slots=True)
class DoseRises:
    """Parameters of `dose_rises`."""

    of: DrugSet = param("drugs", "the drug whose dose rises")
    by_more_than: DailyAmount = param("daily_amount", "flag a rise above this")
    within: int = param("days", "the days over which the rise is measured")
    new_after: int = param("days", "observed drug-free days that make the start known", default=90)
    or_restart_after: int = param("days", "uncovered days that make a restart known", default=28)
    grace: int = param("days", "uncovered days through which a dose is carried", default=14)


def find(timeline: Timeline, params: DoseRises) -> CheckResult:
    """Days of increase that rise by more than the limit; value = the rise, in the limit's unit."""
    limit = params.by_more_than
    steps = episode_steps(timeline, params.of, params.grace)
    known = with_known_start(
        episodes(steps), timeline, params.of, params.new_after, params.or_restart_after
    ).select("episode", "start_known")
    changes = dose_changes(steps).join(known, on="episode", how="left", maintain_order="left")
    rises = changes.filter(
        (pl.col("low") > pl.col("low_before"))
        | (pl.col("high") > pl.col("high_before"))
        | pl.col("unread")
    )
    based = _with_base(rises, steps, params.within)
    sure = pl.col("low") - pl.col("base_high")
    most = pl.col("high") - pl.col("base_low")
    unread = pl.col("uncertain") | pl.col("uncertain_before") | pl.col("base_uncertain")
    definite = sure > limit.ug
    value = in_unit(pl.when(definite).then(sure).otherwise(most), limit.text)
    pieces = based.filter(~unread & (most > limit.ug)).with_columns(
        definite=definite,
        steps_down=pl.when(definite).then(0).otherwise(1),
        value=value,
        badness=value,
        limit=in_unit(pl.lit(limit.ug), limit.text),
        unit=pl.lit(unit_words(limit.text)),
        event=True,
        look_from=pl.col("from_day") - params.within,
        how=_words(limit.text),
    )
    unknown = based.filter(unread).with_columns(reason=pl.lit("dose-unknown"))
    return result(timeline, params.of, [pieces], [unknown])


def _with_base(rises: pl.DataFrame, steps: pl.DataFrame, within: int) -> pl.DataFrame:
    """base_low, base_high: the dose `within` days before, 0 before a known start, else that of
    the episode's first day; base_uncertain."""
    base = pl.col("from_day") - within
    before_start = base < pl.col("first_day")
    asked = rises.with_columns(
        _day=pl.max_horizontal(base, "first_day"), _zero=before_start & pl.col("start_known")
    )
    doses = steps.select(
        "patient", _from="from_day", base_low="low", base_high="high", base_uncertain="uncertain"
    ).sort("patient", "_from")
    found = asked.sort("patient", "_day").join_asof(
        doses, left_on="_day", right_on="_from", by="patient", strategy="backward",
        check_sortedness=False, coalesce=False,
    )  # fmt: skip
    zero = pl.col("_zero")
    return found.with_columns(
        base_low=pl.when(zero).then(0).otherwise("base_low"),
        base_high=pl.when(zero).then(0).otherwise("base_high"),
        base_uncertain=~zero & pl.col("base_uncertain"),
        base_day=pl.when(zero).then(None).otherwise("_day"),
    )


def _words(text: str) -> pl.Expr:
    def amount(column: str) -> pl.Expr:
        return in_unit(pl.col(column), text).cast(pl.String).str.replace(r"\.0$", "")

    return (
        "from " + amount("base_low") + " to " + amount("low")
        + pl.lit(" " + unit_words(text))
        + pl.when("_zero").then(pl.lit(" (not taken before)")).otherwise(pl.lit(""))
    )  # fmt: skip


CHECK = Check("dose_rises", DoseRises, find, lambda p: p.of, "how fast a dose rises")
