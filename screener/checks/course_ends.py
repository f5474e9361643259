"""How courses end: what was seen after the last day, what else went on, what the last doses were.

Meaning: docs/checks.md, stops_suddenly, steps 1 to 5.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import polars as pl

from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.timeline.days import starts_group
from screener.timeline.episodes import admitted_until
from screener.timeline.runs import steps_on

STABLE_WINDOW = 60  # days at the end of a course in which the stable dose is sought
NO_DOSE, NEVER = -1, -(1 << 40)
UNREAD_TAIL = 7  # last days of a course that must be readable


@dataclass(frozen=True, slots=True)
class Course:
    """What the ends of courses are looked for in: the set as a whole, or each drug by itself."""

    timeline: Timeline
    drugs: DrugSet
    by: tuple[str, ...]
    grace: int
    held_for: int
    continued_by: DrugSet | None


def with_context(course: Course, found: pl.DataFrame) -> pl.DataFrame:
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


def censored(grace: int) -> pl.Expr:
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
    after = pl.col("end_day") + course.grace + 1
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
    more = course.continued_by
    names = more.ingredients if more is not None else frozenset()
    own = course.drugs.ingredients if "ingredient" in course.by else frozenset()
    if "ingredient" not in course.by:
        names = names - course.drugs.ingredients
    return DrugSet("", names | own, course.drugs.tracks)


def switched(course: Course, ends: pl.DataFrame) -> pl.Expr:
    """By the last day on which a refill would be in time: intrathecal supply of the same drug, or a
    regular one of another drug with which the treatment goes on."""
    timeline, drugs = course.timeline, course.drugs
    tracks = frozenset({"intrathecal"}) - drugs.tracks
    spinal = timeline.lines_of(DrugSet("", drugs.ingredients, tracks))
    windows = _windows(ends, course, pl.col("end_day"), pl.col("end_day") + course.grace + 1)
    going_on = timeline.lines_of(_also(course)).filter(~pl.col("as_needed"))
    met = pl.concat([_touched(windows, spinal, course.by), _others(course, ends, going_on)])
    return pl.col("episode").is_in(met.implode())


def unread(course: Course, ends: pl.DataFrame) -> pl.Expr:
    """Unreadable orders at the end, or an order without length: it may have been a taper."""
    timeline, by = course.timeline, course.by
    tail = pl.col("end_day") - (UNREAD_TAIL - 1)
    after = pl.col("end_day") + course.grace + 1
    lines = timeline.lines_of(course.drugs).filter(pl.col("uncertain") & ~pl.col("as_needed"))
    loose = timeline.unplaced(course.drugs).select(*by, from_day="start", to_day="start")
    met = pl.concat(
        [
            _touched(_windows(ends, course, tail, pl.col("end_day")), lines, by),
            _touched(_windows(ends, course, tail, after), loose, by),
        ]
    )
    return pl.col("episode").is_in(met.implode())


def softened(course: Course, ends: pl.DataFrame) -> pl.Series:
    """Episodes after which some supply remains that may not be a stop: as needed, or by a route
    that nobody knows (it may be the pump)."""
    timeline, drugs, by = course.timeline, course.drugs, course.by
    prn = timeline.lines_of(drugs).filter("as_needed")
    vague = timeline.lines_of(dataclasses.replace(drugs, tracks=frozenset({"unknown"})))
    after = pl.col("end_day") + course.grace + 1
    return pl.concat(
        [
            _touched(_windows(ends, course, pl.col("end_day") + 1, after), prn, by),
            _touched(_windows(ends, course, pl.col("end_day"), after), vague, by),
            _others(course, ends, timeline.lines_of(_also(course)).filter("as_needed")),
        ]
    )


def with_tails(ends: pl.DataFrame, steps: pl.DataFrame, course: Course) -> pl.DataFrame:
    """Per ended course, from its last 60 days written out: stable dose, days below it at the end,
    and the last dose, in the low and in the high series.

    The days stand in a matrix: a row a course, a column a day, the last column its last day.
    """
    by, none = list(course.by), pl.lit(None, pl.Int64)
    if ends.is_empty():
        names = [
            f"{s}_{what}" for s in ("low", "high") for what in ("stable", "days_below", "last")
        ]
        return ends.with_columns(none.alias(name) for name in names)
    last = ends["end_day"].to_numpy()[:, None]
    days = last - np.arange(STABLE_WINDOW - 1, -1, -1)
    inside = days >= ends["first_day"].to_numpy()[:, None]
    ordered = steps.select(*by, "from_day", "low", "high").sort(*by, "from_day")
    at = steps_on(ordered, ends.select(by), by, days)
    found = []
    for series in ("low", "high"):
        doses = ordered[series].to_numpy()[at]
        held = np.lib.stride_tricks.sliding_window_view(doses, course.held_for, axis=1).min(axis=2)
        whole = inside[:, : STABLE_WINDOW - course.held_for + 1]  # all days of the window
        stable = np.where(whole, held, NO_DOSE).max(axis=1)
        kept = inside & (doses >= stable[:, None])
        below = (last - np.where(kept, days, NEVER)).min(axis=1)
        known = stable > NO_DOSE
        found += [
            pl.Series(f"{series}_stable", stable).set(pl.Series(~known), None),
            pl.Series(f"{series}_days_below", below).set(pl.Series(~known), None),
            pl.Series(f"{series}_last", doses[:, -1]),
        ]
    return ends.hstack(found)
