"""stops_suddenly: a course long and high enough ends without an adequate taper.

A stop is claimed only when the data reach far enough to show that no refill came in time; death,
an open admission, a switch to intrathecal, unreadable orders and as-needed remains prevent or
soften the claim. It cannot see tapers that were only spoken of, or supplies from elsewhere.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import polars as pl

from screener.checks.histories import BY_DRUG
from screener.checks.pieces import in_unit, result, unit_words
from screener.checks.spec import Check, CheckResult, param
from screener.rule.model import Conversion, DailyAmount, DrugSet, Share
from screener.timeline import Timeline
from screener.timeline.days import starts_group
from screener.timeline.episodes import PATIENT, admitted_until, episode_steps, episodes


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


STABLE_WINDOW = 60  # days at the end of a course in which the stable dose is sought
UNREAD_TAIL = 7  # last days of a course that must be readable


def find(timeline: Timeline, params: StopsSuddenly) -> CheckResult:
    """One piece per sudden stop, on the first day without supply; value = the stable dose."""
    drugs = dataclasses.replace(params.of, counted_as=params.counted_as)
    apart = len(drugs.ingredients) > 1 and params.counted_as is None
    course = Course(timeline, params, drugs, BY_DRUG if apart else PATIENT)
    steps = episode_steps(timeline, drugs, params.grace, by=course.by)
    ends = _with_context(course, episodes(steps, course.by)).filter(
        (pl.col("end_day") < pl.col("last_day"))
        & (pl.col("end_day") - pl.col("first_day") + 1 >= params.taken_for_at_least)
    )
    ends = ends.with_columns(reason=_censored(params.grace), switched=_switched(course, ends))
    early = ends.filter(pl.col("reason").is_not_null())
    seen = ends.filter(pl.col("reason").is_null() & ~pl.col("switched"))
    unread = seen.filter(_unread(course, seen))
    judged = seen.join(unread.select("episode"), on="episode", how="anti", maintain_order="left")
    tails = _with_tails(judged, steps, course)
    pieces = _sudden(tails, params).with_columns(
        softened=pl.col("episode").is_in(_softened(course, tails).implode())
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
        for frame in (early, unread.with_columns(reason=pl.lit("dose-unknown")))
    ]
    return result(timeline, params.of, [pieces], unknown)


@dataclass(frozen=True, slots=True)
class Course:
    """What the ends of courses are looked for in: the set as a whole, or each drug by itself."""

    timeline: Timeline
    params: StopsSuddenly
    drugs: DrugSet
    by: tuple[str, ...]


def _with_context(course: Course, found: pl.DataFrame) -> pl.DataFrame:
    """Adds last_day, died, recorded (a stop date on the day after), stop_day, next_start, uncovered
    days seen, open_from (start of an open admission)."""
    timeline, by = course.timeline, list(course.by)
    people = timeline.people.select("patient", "last_day", "died")
    stays = timeline.open_admissions.select("patient", open_from="from_day")
    recorded = (
        timeline.standing(course.drugs)
        .filter(~pl.col("as_needed") & (pl.col("stop") == pl.col("to_day") + 1))
        .select(*by, end_day="to_day", recorded=pl.lit(value=True))
        .unique()
    )
    follows = ~starts_group(*by).shift(-1, fill_value=True)
    ends = (
        found.with_columns(next_start=pl.when(follows).then(pl.col("first_day").shift(-1)))
        .join(people, on="patient", how="left", maintain_order="left")
        .join(stays, on="patient", how="left", maintain_order="left")
        .join(recorded, on=[*by, "end_day"], how="left", maintain_order="left")
        .with_columns(pl.col("recorded").fill_null(value=False))
    )
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


def _windows(ends: pl.DataFrame, course: Course, begin: pl.Expr, end: pl.Expr) -> pl.DataFrame:
    return ends.select(*course.by, "episode", from_day=begin, to_day=end)


def _touched(windows: pl.DataFrame, lines: pl.DataFrame, by: tuple[str, ...]) -> pl.Series:
    """Episodes whose window shares a day with any of the lines."""
    met = windows.join(lines.select(*by, _a="from_day", _b="to_day"), on=list(by)).filter(
        (pl.col("_a") <= pl.col("to_day")) & (pl.col("_b") >= pl.col("from_day"))
    )
    return met["episode"].unique()


def _others(course: Course, ends: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """Episodes after which another drug of the set, or of `continued_by`, stands in time."""
    after = pl.col("end_day") + course.params.grace + 1
    windows = _windows(ends, course, pl.col("end_day") + 1, after)
    others = lines.select("patient", _other="ingredient", _a="from_day", _b="to_day")
    met = windows.join(others, on="patient").filter(
        (pl.col("_a") <= pl.col("to_day")) & (pl.col("_b") >= pl.col("from_day"))
    )
    if "ingredient" in course.by:
        met = met.filter(pl.col("_other") != pl.col("ingredient"))
    return met["episode"].unique()


def _also(course: Course) -> DrugSet:
    """The drugs with which the treatment goes on, on the tracks of the set."""
    more = course.params.continued_by
    names = more.ingredients if more is not None else frozenset()
    own = course.drugs.ingredients if "ingredient" in course.by else frozenset()
    if "ingredient" not in course.by:
        names = names - course.drugs.ingredients
    return DrugSet("", names | own, course.drugs.tracks)


def _switched(course: Course, ends: pl.DataFrame) -> pl.Expr:
    """By the last day on which a refill would be in time: intrathecal supply of the same drug, or a
    regular one of another drug with which the treatment goes on."""
    timeline, drugs = course.timeline, course.drugs
    spinal = timeline.lines.filter(
        pl.col("ingredient").is_in(sorted(drugs.ingredients))
        & (pl.col("track") == "intrathecal")
        & pl.col("from_day").is_not_null()
        & ~pl.lit("intrathecal" in drugs.tracks)
    )
    windows = _windows(ends, course, pl.col("end_day"), pl.col("end_day") + course.params.grace + 1)
    going_on = timeline.lines_of(_also(course)).filter(~pl.col("as_needed"))
    met = pl.concat([_touched(windows, spinal, course.by), _others(course, ends, going_on)])
    return pl.col("episode").is_in(met.implode())


def _unread(course: Course, ends: pl.DataFrame) -> pl.Expr:
    """Unreadable orders at the end, or an order without length: it may have been a taper."""
    timeline, by = course.timeline, course.by
    tail = pl.col("end_day") - (UNREAD_TAIL - 1)
    after = pl.col("end_day") + course.params.grace + 1
    lines = timeline.lines_of(course.drugs).filter(pl.col("uncertain") & ~pl.col("as_needed"))
    loose = timeline.unplaced(course.drugs).select(*by, from_day="start", to_day="start")
    met = pl.concat(
        [
            _touched(_windows(ends, course, tail, pl.col("end_day")), lines, by),
            _touched(_windows(ends, course, tail, after), loose, by),
        ]
    )
    return pl.col("episode").is_in(met.implode())


def _softened(course: Course, ends: pl.DataFrame) -> pl.Series:
    """Episodes after which some supply remains that may not be a stop: as needed, or by a route
    that nobody knows (it may be the pump)."""
    timeline, drugs, by = course.timeline, course.drugs, course.by
    prn = timeline.lines_of(drugs).filter("as_needed")
    vague = timeline.lines_of(DrugSet("", drugs.ingredients, frozenset({"unknown"})))
    after = pl.col("end_day") + course.params.grace + 1
    return pl.concat(
        [
            _touched(_windows(ends, course, pl.col("end_day") + 1, after), prn, by),
            _touched(_windows(ends, course, pl.col("end_day"), after), vague, by),
            _others(course, ends, timeline.lines_of(_also(course)).filter("as_needed")),
        ]
    )


def _with_tails(ends: pl.DataFrame, steps: pl.DataFrame, course: Course) -> pl.DataFrame:
    """Per ended course, from its last 60 days written out: stable dose, days below it at the end,
    and the last dose, in the low and in the high series."""
    begin = pl.max_horizontal("first_day", pl.col("end_day") - (STABLE_WINDOW - 1))
    by, held_for = list(course.by), course.params.held_for
    doses = steps.select(*by, "from_day", "low", "high").sort(*by, "from_day")
    written_out = pl.int_ranges(begin, pl.col("end_day") + 1)
    days = (
        ends.select(*by, "episode", "end_day", _day=written_out)
        .explode("_day")
        .sort(*by, "_day")
        .join_asof(
            doses,
            left_on="_day", right_on="from_day", by=by, strategy="backward",
            check_sortedness=False,
        )
        .sort("episode", "_day")
    )  # fmt: skip
    for series in ("low", "high"):
        days = days.with_columns(pl.col(series).alias(f"_{series}"))
        held = pl.min_horizontal(*(pl.col(f"_{series}").shift(i) for i in range(held_for)))
        whole = pl.col("episode") == pl.col("episode").shift(held_for - 1)
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
