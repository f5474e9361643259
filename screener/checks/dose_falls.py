"""dose_falls: the dose falls in one step by at least so much and to at most such a share.

A fall to zero is a stop (see stops_suddenly), not a lowering.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.changes import dose_changes
from screener.checks.pieces import in_unit, result, unit_words
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DailyAmount, DrugSet, Share
from screener.timeline import Timeline
from screener.timeline.episodes import episode_steps


@dataclass(frozen=True, slots=True)
class DoseFalls:
    """Parameters of `dose_falls`."""

    of: DrugSet = param("drugs", "the drug whose dose falls")
    by_at_least: DailyAmount = param("daily_amount", "flag a one-step fall of at least this")
    to_at_most: Share = param("share", "and to at most this share of the dose before")
    grace: int = param("days", "uncovered days through which a dose is carried", default=14)


def find(timeline: Timeline, params: DoseFalls) -> CheckResult:
    """Days on which the scheduled dose falls; value = the fall, in the limit's unit."""
    limit, share = params.by_at_least, params.to_at_most.percent
    changes = dose_changes(episode_steps(timeline, params.of, params.grace))
    falls = changes.filter(
        (pl.col("low") < pl.col("low_before"))
        | (pl.col("high") < pl.col("high_before"))
        | pl.col("unread")
    )
    least = pl.col("low_before") - pl.col("high")
    most = pl.col("high_before") - pl.col("low")
    definite = (least >= limit.ug) & (pl.col("high") * 100 <= share * pl.col("low_before"))
    possible = (most >= limit.ug) & (pl.col("low") * 100 <= share * pl.col("high_before"))
    unread = pl.col("uncertain") | pl.col("uncertain_before")
    value = in_unit(pl.when(definite).then(least).otherwise(most), limit.text)
    pieces = falls.filter(~unread & (definite | possible)).with_columns(
        definite=definite,
        steps_down=pl.when(definite).then(0).otherwise(1),
        value=value,
        badness=value,
        limit=in_unit(pl.lit(limit.ug), limit.text),
        unit=pl.lit(unit_words(limit.text)),
        event=True,
        look_from=pl.col("from_day") - 1,
        how=_words(limit.text),
    )
    unknown = falls.filter(unread).with_columns(reason=pl.lit("dose-unknown"))
    return result(timeline, params.of, [pieces], [unknown])


def _words(text: str) -> pl.Expr:
    def amount(column: str) -> pl.Expr:
        return in_unit(pl.col(column), text).cast(pl.String).str.replace(r"\.0$", "")

    return "from " + amount("low_before") + " to " + amount("low") + pl.lit(" " + unit_words(text))


CHECK = Check("dose_falls", DoseFalls, find, lambda p: p.of, "how fast a dose falls")
