"""starting_dose: the first day of a newly started drug has more than so much.

A start is new only when the drug-free time before it was watched, or a long gap is seen;
otherwise the answer is not assessed, never clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import in_unit, result, unit_words
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DailyAmount, DrugSet
from screener.timeline import Timeline
from screener.timeline.episodes import episode_steps, episodes, with_known_start


@dataclass(frozen=True, slots=True)
class StartingDose:
    """Parameters of `starting_dose`."""

    of: DrugSet = param("drugs", "the drug that is started")
    more_than: DailyAmount = param("daily_amount", "flag a first day above this")
    new_after: int = param("days", "observed drug-free days that make a start new", default=90)
    or_restart_after: int = param("days", "uncovered days that make a restart new", default=28)
    grace: int = param("days", "uncovered days that do not end an episode", default=14)


def find(timeline: Timeline, params: StartingDose) -> CheckResult:
    """The first day of each episode with a known start; value in the limit's unit."""
    limit = params.more_than
    steps = episode_steps(timeline, params.of, params.grace)
    firsts = with_known_start(
        episodes(steps), timeline, params.of, params.new_after, params.or_restart_after
    ).join(
        steps.filter(pl.col("from_day") == pl.col("first_day")).select(
            "episode", "low", "high", "unknown"
        ),
        on="episode",
    )
    day = firsts.with_columns(from_day="first_day", to_day="first_day")
    starts = day.filter("start_known")
    definite = pl.col("low") > limit.ug
    pieces = starts.filter(
        definite | (~pl.col("unknown") & (pl.col("high") > limit.ug))
    ).with_columns(
        definite=definite,
        steps_down=pl.when(definite).then(0).otherwise(1),
        value=in_unit(pl.when(definite).then("low").otherwise("high"), limit.text),
        limit=in_unit(pl.lit(limit.ug), limit.text),
        unit=pl.lit(unit_words(limit.text)),
        event=True,
        how=pl.lit("first day of a new course"),
    )
    unread = starts.filter(pl.col("unknown") & ~definite).with_columns(
        reason=pl.lit("dose-unknown")
    )
    short = day.filter("history_short").with_columns(reason=pl.lit("history-not-observed"))
    return result(timeline, params.of, [pieces], [unread, short])


CHECK = Check("starting_dose", StartingDose, find, lambda p: p.of, "the first dose of a course")
