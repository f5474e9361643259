"""stops_suddenly: a course long and high enough ends without an adequate taper.

A stop is claimed only when the data reach far enough to show that no refill came in time; death,
an open admission, a switch to intrathecal, unreadable orders and as-needed remains prevent or
soften the claim. It cannot see tapers that were only spoken of, or supplies from elsewhere.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import polars as pl

from screener.checks.course_ends import (
    Course,
    censored,
    softened,
    switched,
    unread,
    with_context,
    with_tails,
)
from screener.checks.histories import BY_DRUG
from screener.checks.pieces import in_unit, result, unit_words
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import Conversion, DailyAmount, DrugSet, Share
from screener.timeline import Timeline
from screener.timeline.episodes import PATIENT, episode_steps, episodes, with_gaps
from screener.timeline.words import days_words, with_commas
from screener.units import divided


@dataclass(frozen=True, slots=True)
class LoweredTo:
    """A taper: at least so many days below the stable dose, ending at or below the lesser of an
    amount and a share of the stable dose (of those that are given)."""

    for_at_least: int = 1
    to_at_most: DailyAmount | None = None
    to_at_most_share: Share | None = None


@dataclass(frozen=True, slots=True)
class StopsSuddenly:
    """Parameters of `stops_suddenly`."""

    of: DrugSet = param("drugs", "the drug that is stopped")
    taken_for_at_least: int = param("days", "shortest episode that counts")
    counted_as: Conversion | None = param(
        "conversion", "how doses of several drugs count as doses of one", default=None
    )
    stable_dose_at_least: DailyAmount | None = param(
        "daily_amount", "lowest stable dose that counts", default=None, one_of="stable dose?"
    )
    stable_dose_more_than: DailyAmount | None = param(
        "daily_amount", "stable doses above this count", default=None, one_of="stable dose?"
    )
    held_for: int = param("days", "days for which a stable dose is held", default=7)
    last_dose_more_than: DailyAmount | None = param(
        "daily_amount", "only ends from above this dose", default=None
    )
    unless_lowered: LoweredTo | None = param(
        "lowered", "the taper that makes a stop acceptable", default=None
    )
    continued_by: DrugSet | None = param(
        "drugs", "drugs besides the set with which the treatment goes on", default=None
    )
    grace: int = param("days", "uncovered days that do not end an episode", default=14)


def find(timeline: Timeline, params: StopsSuddenly) -> CheckResult:
    """One piece per sudden stop, on the first day without supply; value = the stable dose."""
    drugs = dataclasses.replace(params.of, counted_as=params.counted_as)
    apart = len(drugs.ingredients) > 1 and params.counted_as is None
    course = Course(
        timeline, drugs, BY_DRUG if apart else PATIENT, params.grace, params.held_for,
        params.continued_by,
    )  # fmt: skip
    steps = episode_steps(timeline, drugs, params.grace, by=course.by)
    found = with_gaps(episodes(steps, course.by), steps, course.by)
    ends = with_context(course, found).filter(
        (pl.col("end_day") < pl.col("last_day"))
        & (pl.col("end_day") - pl.col("first_day") + 1 >= params.taken_for_at_least)
    )
    ends = ends.with_columns(reason=censored(params.grace), switched=switched(course, ends))
    early = ends.filter(pl.col("reason").is_not_null())
    seen = ends.filter(pl.col("reason").is_null() & ~pl.col("switched"))
    unclear = seen.filter(unread(course, seen))
    judged = seen.join(unclear.select("episode"), on="episode", how="anti", maintain_order="left")
    tails = with_tails(judged, steps, course)
    pieces = _sudden(tails, params).with_columns(
        softened=pl.col("episode").is_in(softened(course, tails).implode())
    )
    sure = pl.col("low_breaks") & ~pl.col("softened")
    pieces = pieces.with_columns(
        definite=sure,
        steps_down=pl.when(sure).then(0).otherwise(1),
        event=True,
        how=_words(params),
    )
    if apart:
        pieces = pieces.with_columns(subject="ingredient")
    asked_on = pl.min_horizontal(pl.col("end_day") + 1, "last_day")
    unknown = [
        frame.with_columns(from_day=asked_on, to_day=asked_on)
        for frame in (early, unclear.with_columns(reason=pl.lit("dose-unknown")))
    ]
    return result(timeline, params.of, [pieces], unknown)


def _sudden(ends: pl.DataFrame, params: StopsSuddenly) -> pl.DataFrame:
    """Courses that end without a taper, in the low series or else only in the high one."""
    limit = params.stable_dose_at_least or params.stable_dose_more_than
    value = pl.when("low_breaks").then("low_stable").otherwise("high_stable")
    text = "mg/day" if limit is None else limit.text
    return (
        ends.with_columns(low_breaks=_breaks(params, "low"), high_breaks=_breaks(params, "high"))
        .filter(pl.col("low_breaks") | pl.col("high_breaks"))
        .with_columns(
            from_day="stop_day",
            to_day="stop_day",
            value=in_unit(value, text),
            limit=in_unit(pl.lit(None if limit is None else limit.ug, dtype=pl.Int64), text),
            unit=pl.lit(unit_words(text)),
            look_from="end_day",
        )
    )


def _breaks(params: StopsSuddenly, series: str) -> pl.Expr:
    """Whether the stable dose counts, the last one too, and no taper was long and low enough."""
    stable, last = pl.col(f"{series}_stable"), pl.col(f"{series}_last")
    broken = stable > 0
    if params.stable_dose_at_least is not None:
        broken = stable >= params.stable_dose_at_least.ug
    elif params.stable_dose_more_than is not None:
        broken = stable > params.stable_dose_more_than.ug
    if params.last_dose_more_than is not None:
        broken = broken & (last > params.last_dose_more_than.ug)
    taper = params.unless_lowered
    if taper is not None:
        tapered = pl.col(f"{series}_days_below") >= taper.for_at_least
        if taper.to_at_most is not None:
            tapered = tapered & (last <= taper.to_at_most.ug)
        if taper.to_at_most_share is not None:
            tapered = tapered & (last * 100 <= taper.to_at_most_share.percent * stable)
        broken = broken & ~tapered
    return broken.fill_null(value=False)


def _words(params: StopsSuddenly) -> pl.Expr:
    grace = "1 day" if params.grace == 1 else f"{params.grace} days"
    days = days_words(pl.col("end_day") - pl.col("first_day") + 1)
    gaps = pl.when(pl.col("gap_days") > 0).then(
        ", " + pl.col("gap_days").cast(pl.String) + " of them without supply"
    )
    below = pl.when("low_breaks").then("low_days_below").otherwise("high_days_below")
    last = pl.when("low_breaks").then("low_last").otherwise("high_last")
    lowered = (
        pl.when(below == 0).then(pl.lit("not lowered before the end"))
        .otherwise("lowered for the last " + days_words(below) + ", to "
                   + _plain(divided(last, 1000)) + " mg/day")
    )  # fmt: skip
    then = (
        pl.when("softened").then(pl.lit(""))  # something was supplied, if only as needed
        .when(pl.col("next_day").is_not_null()).then(", the next on " + _date("next_day"))
        .otherwise(pl.lit(", none up to the last observed day"))  # which moves every night
    )  # fmt: skip
    after = (
        pl.when("recorded").then(pl.lit("its stop is recorded"))
        .otherwise(f"no supply for more than {grace} after" + then)
    )  # fmt: skip
    return (
        "taken for " + days + " (" + _date("first_day") + " to " + _date("end_day")
        + gaps.fill_null("") + "), stable at "
        + _plain(pl.col("value")) + " mg/day; " + lowered + "; " + after
    )  # fmt: skip


def _date(column: str) -> pl.Expr:
    return pl.from_epoch(column, time_unit="d").dt.strftime("%-d %b %Y")


def _plain(number: pl.Expr) -> pl.Expr:
    return with_commas(number.cast(pl.String).str.replace(r"\.0$", ""))


CHECK = Check("stops_suddenly", StopsSuddenly, find, lambda p: p.of, "a course that stops suddenly")
