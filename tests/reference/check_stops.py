"""stops_suddenly (docs/checks.md): the end of an episode, in the order of its questions."""

from __future__ import annotations

import datetime as dt

from screener.checks.stops_suddenly import LoweredTo, StopsSuddenly
from screener.rule.values import DrugSet
from tests.reference.check_doses import MG
from tests.reference.days import (
    Episode,
    counted,
    covered,
    episodes,
    of_set,
    one_of,
    stands,
    uncovered_between,
)
from tests.reference.found import Piece, Said, World
from tests.reference.lanes import days_between
from tests.reference.lines import DAY, Line

LOOK_BACK = 60  # last days of the episode in which the stable dose is looked for
READABLE = 7  # last days on which every sig must be readable


def stops_suddenly(world: World, p: StopsSuddenly) -> Said:
    """One day per episode that ended without a taper; every drug by itself, or one summed dose."""
    said = Said()
    together = p.counted_as is not None or len(p.of.ingredients) == 1
    for drugs in [p.of] if together else [one_of(p.of, x) for x in sorted(p.of.ingredients)]:
        for episode in episodes(world.days, drugs, p.grace, counted_as=p.counted_as):
            if (episode.end - episode.start).days + 1 >= p.taken_for_at_least:
                _judge_end(world, p, drugs, episode, said)
    return said


def _judge_end(
    world: World, p: StopsSuddenly, drugs: DrugSet, episode: Episode, said: Said
) -> None:
    end = episode.end
    if end >= world.last_day:
        return  # still taken
    in_time = end + (p.grace + 1) * DAY  # a refill on this day would still be in time
    after = set(days_between(end + DAY, in_time))
    lines = counted(of_set(world.days.lines, drugs), p.counted_as)
    recorded = any(not line.prn and stands(line, end) and line.stop == end + DAY for line in lines)
    reason = None
    if not episode.later_follows:  # else the gap is longer than the grace
        reason = _prevented(world, in_time)
        if reason is None and not recorded:
            reason = _too_few_days(world, p, drugs, end)
    if reason:
        said.unknown.append((end + DAY, reason))
        return
    others = _others(world, p, drugs)
    if covered(line for line in others if not line.prn) & after:
        return  # it goes on with another drug
    pump = DrugSet("", drugs.ingredients, frozenset({"intrathecal"}))
    if covered(of_set(world.days.lines, pump)) & (after | {end}):
        return
    last_week = days_between(end - (READABLE - 1) * DAY, end)
    unreadable = any(
        line.uncertain and not line.prn and any(stands(line, day) for day in last_week)
        for line in lines
    )
    unplaced = any(
        last_week[0] <= line.start <= in_time for line in of_set(world.days.unplaced, drugs)
    )
    if unreadable or unplaced:
        said.unknown.append((end + DAY, "dose-unknown"))
        return
    low = {day: dose.low for day, dose in episode.doses.items()}
    high = {day: dose.scheduled_high for day, dose in episode.doses.items()}
    definite = _abrupt(low, end, p)
    stable = definite if definite is not None else _abrupt(high, end, p)
    if stable is None:
        return
    as_needed = covered(line for line in (*lines, *others) if line.prn) & after
    nobody_knows = DrugSet("", drugs.ingredients, frozenset({"unknown"}))
    perhaps = covered(of_set(world.days.lines, nobody_knows)) & (after | {end})
    possible = definite is None or bool(as_needed | perhaps)
    said.pieces.append(Piece(drugs, end + DAY, possible=possible, value=stable / MG))


def _others(world: World, p: StopsSuddenly, drugs: DrugSet) -> list[Line]:
    """Lines of the drugs with which the course may go on, on the tracks of the set."""
    names = p.of.ingredients | (p.continued_by.ingredients if p.continued_by else frozenset())
    others = DrugSet("", names - drugs.ingredients, p.of.tracks)
    return of_set(world.days.lines, others)


def _prevented(world: World, in_time: dt.date) -> str | None:
    """Why no end can be seen whatever is recorded, or None."""
    death = world.patient.get("death_date")
    if death is not None and death <= in_time:
        return "died"
    if any(start <= in_time for start in world.open_admissions):
        return "admission-open"
    return None


def _too_few_days(world: World, p: StopsSuddenly, drugs: DrugSet, end: dt.date) -> str | None:
    """A refill could still come."""
    free = uncovered_between(world.days, drugs, end + DAY, world.last_day)
    return "data-end-too-early" if len(free) < p.grace + 1 else None


def _abrupt(series: dict[dt.date, int], end: dt.date, p: StopsSuddenly) -> int | None:
    """The stable dose when it is high enough and no adequate taper followed it, else None."""
    stable = _stable_dose(series, end, p.held_for)
    if stable is None or not _enough(stable, p):
        return None
    if p.last_dose_more_than is not None and series[end] <= p.last_dose_more_than.ug:
        return None
    if p.unless_lowered is not None and _tapered(series, end, stable, p.unless_lowered):
        return None
    return stable


def _enough(stable: int, p: StopsSuddenly) -> bool:
    if p.stable_dose_at_least is not None:
        return stable >= p.stable_dose_at_least.ug
    if p.stable_dose_more_than is not None:
        return stable > p.stable_dose_more_than.ug
    return stable > 0


def _tapered(series: dict[dt.date, int], end: dt.date, stable: int, to: LoweredTo) -> bool:
    lowered_for = 0
    day = end
    while day in series and series[day] < stable:
        lowered_for += 1
        day -= DAY
    amount, share = to.to_at_most, to.to_at_most_share
    low_enough = amount is None or series[end] <= amount.ug
    if share is not None:
        low_enough = low_enough and series[end] * 100 <= share.percent * stable
    return lowered_for >= max(1, to.for_at_least) and low_enough


def _stable_dose(series: dict[dt.date, int], end: dt.date, held_for: int) -> int | None:
    """The highest dose held, at that or above, on so many consecutive days of the last 60."""
    window = [day for day in days_between(end - (LOOK_BACK - 1) * DAY, end) if day in series]
    held = [
        min(series[day] for day in window[n : n + held_for])
        for n in range(len(window) - held_for + 1)
    ]
    return max(held) if held else None
