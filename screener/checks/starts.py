"""starts: a drug is begun.

Only a start whose drug-free time before was watched, or that follows a long gap, is new.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import result
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.timeline.episodes import episode_steps, episodes, with_known_start


@dataclass(frozen=True, slots=True)
class Starts:
    """Parameters of `starts`."""

    of: DrugSet = param("drugs", "the drug that is started")
    new_after: int = param("days", "observed drug-free days that make a start new", default=90)
    or_restart_after: int = param("days", "uncovered days that make a restart new", default=28)
    grace: int = param("days", "uncovered days that do not end an episode", default=14)


def find(timeline: Timeline, params: Starts) -> CheckResult:
    """The first day of each episode with a known start."""
    firsts = with_known_start(
        episodes(episode_steps(timeline, params.of, params.grace)), timeline, params.of,
        params.new_after, params.or_restart_after,
    ).with_columns(from_day="first_day", to_day="first_day")  # fmt: skip
    pieces = firsts.filter("start_known").with_columns(
        definite=pl.lit(value=True),
        event=pl.lit(value=True),
        how=pl.lit("first day of a new course"),
    )
    short = firsts.filter("history_short").with_columns(reason=pl.lit("history-not-observed"))
    return result(timeline, params.of, [pieces], [short])


CHECK = Check("starts", Starts, find, lambda p: p.of, "the start of a course")
