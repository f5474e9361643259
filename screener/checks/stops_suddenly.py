"""stops_suddenly: a course long and high enough ends without an adequate taper.

A stop is claimed only when the data reach far enough to show that no refill came in time; death,
an open admission, a switch to intrathecal, unreadable orders and as-needed remains prevent or
soften the claim. It cannot see tapers that were only spoken of, or supplies from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import in_unit, result, unit_words
from screener.checks.spec import Check, CheckResult, param
from screener.rule.model import DailyAmount, DrugSet, Share
from screener.timeline import Timeline
from screener.timeline.episodes import admitted_until, episode_steps, episodes


@dataclass(frozen=True, slots=True)
class LoweredTo:
    """A taper: at least so many days below the stable dose, ending at or below the lesser."""

    for_at_least: int
    to_at_most: DailyAmount
    to_at_most_share: Share


@dataclass(frozen=True, slots=True)
class StopsSuddenly:
    """Parameters of `stops_suddenly`."""

    of: DrugSet = param("drugs", "the drug that is stopped")
    taken_for_at_least: int = param("days", "shortest episode that counts")
    stable_dose_at_least: DailyAmount = param("daily_amount", "lowest stable dose that counts")
    unless_lowered: LoweredTo = param("lowered", "the taper that makes a stop acceptable")
    grace: int = param("days", "uncovered days that do not end an episode", default=14)


STABLE_WINDOW = 60  # days at the end of a course in which the stable dose is sought
HELD = 7  # days for which a dose must be held to be the stable dose
UNREAD_TAIL = 7  # last days of a course that must be readable


def find(timeline: Timeline, params: StopsSuddenly) -> CheckResult:
    """One piece per sudden stop, on the first day without supply; value = the stable dose."""
    steps = episode_steps(timeline, params.of, params.grace)
    ends = episodes(steps).filter(
        pl.col("end_day") - pl.col("first_day") + 1 >= params.taken_for_at_least
    )
    ends = _with_context(timeline, params, ends).filter(pl.col("end_day") < pl.col("last_day"))
    ends = ends.with_columns(
        reason=_censored(params.grace), switched=_switched(timeline, params, ends)
    )
    early = ends.filter(pl.col("reason").is_not_null())
    seen = ends.filter(pl.col("reason").is_null() & ~pl.col("switched"))
    unread = seen.filter(_unread(timeline, params, seen))
    judged = seen.join(unread.select("episode"), on="episode", how="anti", maintain_order="left")
    tails = _with_tails(judged, steps)
    pieces = _sudden(tails, params).with_columns(
        softened=pl.col("episode").is_in(_softened(timeline, params, tails).implode())
    )
    sure = pl.col("low_breaks") & ~pl.col("softened")
    pieces = pieces.with_columns(
        definite=sure,
        steps_down=pl.when(sure).then(0).otherwise(1),
        event=True,
        how=_words(params),
    )
    asked_on = pl.min_horizontal(pl.col("end_day") + 1, "last_day")
    unknown = [
        frame.with_columns(from_day=asked_on, to_day=asked_on)
        for frame in (early, unread.with_columns(reason=pl.lit("dose-unknown")))
    ]
    return result(timeline, params.of, [pieces], unknown)


def _with_context(timeline: Timeline, params: StopsSuddenly, ends: pl.DataFrame) -> pl.DataFrame:
    """Adds last_day, died, recorded (a stop date on the day after), stop_day, uncovered days seen,
    open_from (start of an open admission)."""
    grace = params.grace
    people = timeline.people.select("patient", "last_day", "died")
    stays = timeline.open_admissions.select("patient", open_from="from_day")
    recorded = (
        timeline.standing(params.of)
        .filter(~pl.col("as_needed") & (pl.col("stop") == pl.col("to_day") + 1))
        .select("patient", end_day="to_day", recorded=pl.lit(value=True))
        .unique()
    )
    ends = (
        ends.join(people, on="patient", how="left", maintain_order="left")
        .join(stays, on="patient", how="left", maintain_order="left")
        .join(recorded, on=["patient", "end_day"], how="left", maintain_order="left")
        .with_columns(pl.col("recorded").fill_null(value=False))
    )
    same = pl.col("patient") == pl.col("patient").shift(-1)
    following = episodes(episode_steps(timeline, params.of, grace)).select(
        "episode",
        next_start=pl.when(same).then(pl.col("first_day").shift(-1)),
    )
    ends = ends.join(following, on="episode", how="left", maintain_order="left")
    admitted = admitted_until(ends, timeline, "last_day") - admitted_until(
        ends, timeline, "end_day"
    )
    seen = ends["last_day"] - ends["end_day"] - admitted
    return ends.with_columns(uncovered_seen=seen, stop_day=pl.col("end_day") + 1)


def _censored(grace: int) -> pl.Expr:
    """Why it is too early to say that the course ended, or null."""
    end = pl.col("end_day")
    died = (pl.col("died") <= end + grace + 1).fill_null(value=False)
    inside = (pl.col("open_from") <= end + grace + 1).fill_null(value=False)
    short = pl.col("next_start").is_null() & (pl.col("uncovered_seen") < grace + 1)
    early = short & ~pl.col("recorded")
    follows = pl.col("next_start").is_not_null()
    return (
        pl.when(died & ~follows).then(pl.lit("died"))
        .when(inside & ~follows).then(pl.lit("admission-open"))
        .when(early).then(pl.lit("data-end-too-early"))
    )  # fmt: skip


def _windows(ends: pl.DataFrame, begin: pl.Expr, end: pl.Expr) -> pl.DataFrame:
    return ends.select("patient", "episode", from_day=begin, to_day=end)


def _touched(windows: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """Episodes whose window shares a day with any of the lines."""
    met = windows.join(lines.select("patient", _a="from_day", _b="to_day"), on="patient").filter(
        (pl.col("_a") <= pl.col("to_day")) & (pl.col("_b") >= pl.col("from_day"))
    )
    return met["episode"].unique()


def _switched(timeline: Timeline, params: StopsSuddenly, ends: pl.DataFrame) -> pl.Expr:
    """Intrathecal supply of the same ingredient by the last day a refill would be in time."""
    spinal = timeline.lines.filter(
        pl.col("ingredient").is_in(sorted(params.of.ingredients))
        & (pl.col("track") == "intrathecal")
        & pl.col("from_day").is_not_null()
        & ~pl.lit("intrathecal" in params.of.tracks)
    )
    windows = _windows(ends, pl.col("end_day"), pl.col("end_day") + params.grace + 1)
    return pl.col("episode").is_in(_touched(windows, spinal).implode())


def _unread(timeline: Timeline, params: StopsSuddenly, ends: pl.DataFrame) -> pl.Expr:
    """Unreadable orders at the end, or an order without length: it may have been a taper."""
    tail = pl.col("end_day") - (UNREAD_TAIL - 1)
    lines = timeline.lines_of(params.of).filter(pl.col("uncertain") & ~pl.col("as_needed"))
    loose = timeline.unplaced(params.of).select("patient", from_day="start", to_day="start")
    met = pl.concat(
        [
            _touched(_windows(ends, tail, pl.col("end_day")), lines),
            _touched(_windows(ends, tail, pl.col("end_day") + params.grace + 1), loose),
        ]
    )
    return pl.col("episode").is_in(met.implode())


def _softened(timeline: Timeline, params: StopsSuddenly, ends: pl.DataFrame) -> pl.Series:
    """Episodes after which some supply remains that may not be a stop: as needed, or by a route
    that nobody knows (it may be the pump)."""
    prn = timeline.lines_of(params.of).filter("as_needed")
    vague = timeline.lines_of(DrugSet("", params.of.ingredients, frozenset({"unknown"})))
    after = pl.col("end_day") + params.grace + 1
    return pl.concat(
        [
            _touched(_windows(ends, pl.col("end_day") + 1, after), prn),
            _touched(_windows(ends, pl.col("end_day"), after), vague),
        ]
    )


def _with_tails(ends: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Per ended course, from its last 60 days written out: stable dose, days below it at the end,
    and the last dose, in the low and in the high series."""
    begin = pl.max_horizontal("first_day", pl.col("end_day") - (STABLE_WINDOW - 1))
    doses = steps.select("patient", "from_day", "low", "high").sort("patient", "from_day")
    written_out = pl.int_ranges(begin, pl.col("end_day") + 1)
    days = (
        ends.select("patient", "episode", "end_day", _day=written_out)
        .explode("_day")
        .sort("patient", "_day")
        .join_asof(
            doses,
            left_on="_day", right_on="from_day", by="patient", strategy="backward",
            check_sortedness=False,
        )
        .sort("episode", "_day")
    )  # fmt: skip
    for series in ("low", "high"):
        days = days.with_columns(pl.col(series).alias(f"_{series}"))
        held = pl.min_horizontal(*(pl.col(f"_{series}").shift(i) for i in range(HELD)))
        whole = pl.col("episode") == pl.col("episode").shift(HELD - 1)
        days = days.with_columns(
            pl.when(whole).then(held).max().over("episode").alias(f"{series}_stable")
        )
        below = pl.col(f"_{series}") < pl.col(f"{series}_stable")
        not_below = pl.when(~below).then("_day").max().over("episode")
        days = days.with_columns(
            (pl.col("end_day") - not_below).alias(f"{series}_days_below"),
        )
    last = days.filter(pl.col("_day") == pl.col("end_day")).select(
        "episode", "low_stable", "high_stable", "low_days_below", "high_days_below",
        low_last="_low", high_last="_high",
    )  # fmt: skip
    return ends.join(last, on="episode", how="left", maintain_order="left")


def _sudden(ends: pl.DataFrame, params: StopsSuddenly) -> pl.DataFrame:
    """Courses that end without a taper, in the low series or else only in the high one."""
    taper, limit = params.unless_lowered, params.stable_dose_at_least

    def breaks(series: str) -> pl.Expr:
        stable, last = pl.col(f"{series}_stable"), pl.col(f"{series}_last")
        small = (last <= taper.to_at_most.ug) & (
            last * 100 <= taper.to_at_most_share.percent * stable
        )
        tapered = (pl.col(f"{series}_days_below") >= taper.for_at_least) & small
        return ((stable >= limit.ug) & ~tapered).fill_null(value=False)

    value = pl.when("low_breaks").then("low_stable").otherwise("high_stable")
    return (
        ends.with_columns(low_breaks=breaks("low"), high_breaks=breaks("high"))
        .filter(pl.col("low_breaks") | pl.col("high_breaks"))
        .with_columns(
            from_day="stop_day",
            to_day="stop_day",
            value=in_unit(value, limit.text),
            limit=in_unit(pl.lit(limit.ug), limit.text),
            unit=pl.lit(unit_words(limit.text)),
            look_from="end_day",
        )
    )


def _words(params: StopsSuddenly) -> pl.Expr:
    begun = pl.from_epoch("first_day", time_unit="d").dt.strftime("%-d %b %Y")
    ended = pl.from_epoch("end_day", time_unit="d").dt.strftime("%-d %b %Y")
    days = (pl.col("end_day") - pl.col("first_day") + 1).cast(pl.String)
    below = pl.when("low_breaks").then("low_days_below").otherwise("high_days_below")
    last = pl.when("low_breaks").then("low_last").otherwise("high_last")
    lowered = (
        pl.when(below == 0).then(pl.lit("not lowered before the end"))
        .otherwise("lowered for the last " + below.cast(pl.String) + " days, to "
                   + _plain(last / 1000) + " mg/day")
    )  # fmt: skip
    after = (
        pl.when("recorded").then(pl.lit("its stop is recorded"))
        .otherwise(pl.lit(f"no supply for more than {params.grace} days after"))
    )  # fmt: skip
    return (
        "taken for " + days + " days (" + begun + " to " + ended + "), stable at "
        + _plain(pl.col("value")) + " mg/day; " + lowered + "; " + after
    )  # fmt: skip


def _plain(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.replace(r"\.0$", "")


CHECK = Check("stops_suddenly", StopsSuddenly, find, lambda p: p.of, "a course that stops suddenly")
