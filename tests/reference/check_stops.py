"""stops_suddenly (docs/checks.md): the end of an episode, in the order of its questions."""

from __future__ import annotations

import datetime as dt

from screener.checks.stops_suddenly import StopsSuddenly
from screener.rule.model import DrugSet
from tests.reference.check_doses import MG, subject_of
from tests.reference.days import (
    Episode,
    covered,
    episodes,
    of_set,
    stands,
    uncovered_between,
)
from tests.reference.found import Piece, Said, World
from tests.reference.lanes import days_between
from tests.reference.lines import DAY

HELD = 7  # days on which a dose must be held to be the stable one
LOOK_BACK = 60  # last days of the episode in which the stable dose is looked for
READABLE = 7  # last days on which every sig must be readable


def stops_suddenly(world: World, p: StopsSuddenly) -> Said:
    """One day per episode that ended without a taper."""
    said = Said()
    for episode in episodes(world.days, p.of, p.grace):
        if (episode.end - episode.start).days + 1 >= p.taken_for_at_least:
            _judge_end(world, p, episode, said)
    return said


def _judge_end(world: World, p: StopsSuddenly, episode: Episode, said: Said) -> None:
    end = episode.end
    if end >= world.last_day:
        return  # still taken
    in_time = end + (p.grace + 1) * DAY  # a refill on this day would still be in time
    lines = of_set(world.days.lines, p.of)
    recorded = any(not line.prn and stands(line, end) and line.stop == end + DAY for line in lines)
    reason = None if episode.later_follows else _too_early(world, p, end, in_time, recorded)
    if reason:
        said.unknown.append((end + DAY, reason))
        return
    pump = DrugSet("", p.of.ingredients, frozenset({"intrathecal"}))
    if covered(of_set(world.days.lines, pump)) & set(days_between(end, in_time)):
        return
    last_week = days_between(end - (READABLE - 1) * DAY, end)
    unreadable = any(
        line.uncertain and not line.prn and any(stands(line, day) for day in last_week)
        for line in lines
    )
    unplaced = any(
        last_week[0] <= line.start <= in_time for line in of_set(world.days.unplaced, p.of)
    )
    if unreadable or unplaced:
        said.unknown.append((end + DAY, "dose-unknown"))
        return
    low = {day: dose.low for day, dose in episode.doses.items()}
    high = {day: dose.scheduled_high for day, dose in episode.doses.items()}
    definite = _abrupt(low, end, p)
    if definite is None and _abrupt(high, end, p) is None:
        return
    remainder = covered(line for line in lines if line.prn) & set(days_between(end + DAY, in_time))
    nobody_knows = DrugSet("", p.of.ingredients, frozenset({"unknown"}))
    remainder |= covered(of_set(world.days.lines, nobody_knows)) & set(days_between(end, in_time))
    stable = definite if definite is not None else _abrupt(high, end, p)
    assert stable is not None
    said.pieces.append(
        Piece(
            subject_of(p.of.ingredients),
            end + DAY,
            possible=definite is None or bool(remainder),
            value=stable / MG,
        )
    )


def _too_early(
    world: World, p: StopsSuddenly, end: dt.date, in_time: dt.date, recorded: bool
) -> str | None:
    """Why nothing can be said of this end yet, or None."""
    death = world.patient.get("death_date")
    if death is not None and death <= in_time:
        return "died"
    if any(start <= in_time for start in world.open_admissions):
        return "admission-open"
    free = uncovered_between(world.days, p.of, end + DAY, world.last_day)
    return "data-end-too-early" if len(free) < p.grace + 1 and not recorded else None


def _abrupt(series: dict[dt.date, int], end: dt.date, p: StopsSuddenly) -> int | None:
    """The stable dose when it is high enough and no adequate taper followed it, else None."""
    stable = _stable_dose(series, end)
    if stable is None or stable < p.stable_dose_at_least.ug:
        return None
    lowered_for = 0
    day = end
    while day in series and series[day] < stable:
        lowered_for += 1
        day -= DAY
    to = p.unless_lowered
    low_enough = series[end] <= to.to_at_most.ug and (
        series[end] * 100 <= to.to_at_most_share.percent * stable
    )
    tapered = lowered_for >= to.for_at_least and low_enough
    return None if tapered else stable


def _stable_dose(series: dict[dt.date, int], end: dt.date) -> int | None:
    """The highest dose held, at that or above, on 7 consecutive days of the last 60."""
    window = [day for day in days_between(end - (LOOK_BACK - 1) * DAY, end) if day in series]
    held = [min(series[day] for day in window[n : n + HELD]) for n in range(len(window) - HELD + 1)]
    return max(held) if held else None
