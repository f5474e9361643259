"""The checks that look at how much is taken (docs/checks.md), one day after the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from screener.checks.daily_dose import DailyDose
from screener.checks.dose_falls import DoseFalls
from screener.checks.dose_rises import DoseRises
from screener.checks.doses_per_day import DosesPerDay
from screener.checks.doses_per_week import DosesPerWeek
from screener.checks.starting_dose import StartingDose
from screener.checks.starts import Starts
from tests.reference.days import (
    DayDose,
    counted,
    doses,
    episodes,
    known_start,
    of_set,
    stands,
    stretches,
)
from tests.reference.drugs import half_up
from tests.reference.found import Piece, Said, World
from tests.reference.lanes import days_between
from tests.reference.lines import DAY

MG = 1000
MILLION = 1_000_000


def daily_dose(world: World, p: DailyDose) -> Said:
    """Days on which the sum is above (or below) the limit."""
    said = Said()
    for day, dose in doses(counted(of_set(world.days.lines, p.of), p.counted_as)).items():
        if day > world.last_day:
            continue
        if p.less_than is not None:
            _judge_below(said, p, day, dose)
        elif p.more_than is not None:
            _judge_above(said, p, day, dose, p.more_than.ug + 1)
        elif p.at_least is not None:
            _judge_above(said, p, day, dose, p.at_least.ug)
    long_enough = days_of_runs([piece.day for piece in said.pieces], p.for_at_least)
    said.pieces = [piece for piece in said.pieces if piece.day in long_enough]
    said.on_other_reading = [day for day in said.on_other_reading if day in long_enough]
    return said


def _judge_above(said: Said, p: DailyDose, day: dt.date, dose: DayDose, least: int) -> None:
    """`least`: the lowest dose in micrograms that is too much."""
    both = dose.known_high + dose.other
    if dose.low >= least:
        said.pieces.append(Piece(p.of, day, value=dose.low / MG))
    elif dose.known_high >= least:
        said.pieces.append(Piece(p.of, day, possible=True, value=dose.known_high / MG))
    elif both >= least:
        said.pieces.append(Piece(p.of, day, possible=True, value=both / MG))
        said.on_other_reading.append(day)
    elif dose.unknown:
        said.unknown.append((day, dose.why_unknown))


def _judge_below(said: Said, p: DailyDose, day: dt.date, dose: DayDose) -> None:
    assert p.less_than is not None
    if dose.high is None:
        said.unknown.append((day, dose.why_unknown))
    elif dose.low < p.less_than.ug:
        possible = dose.high >= p.less_than.ug
        value = (dose.low if possible else dose.high) / MG
        said.pieces.append(Piece(p.of, day, possible=possible, value=value, smaller_is_worse=True))


def days_of_runs(days: Iterable[dt.date], for_at_least: int) -> set[dt.date]:
    """The days that stand in runs of at least so many consecutive days."""
    return {
        day
        for first, last in stretches(set(days))
        if (last - first).days + 1 >= for_at_least
        for day in days_between(first, last)
    }


def starts(world: World, p: Starts) -> Said:
    """The first day of an episode whose start is known, whatever the dose."""
    said = Said()
    for episode in episodes(world.days, p.of, p.grace):
        if episode.start > world.last_day:
            continue
        known, nothing_before = _known(world, p, episode.start)
        if known:
            said.pieces.append(Piece(p.of, episode.start))
        elif nothing_before:
            said.unknown.append((episode.start, "history-not-observed"))
    return said


def _known(world: World, p: StartingDose | DoseRises | Starts, start: dt.date) -> tuple[bool, bool]:
    return known_start(
        world.days,
        p.of,
        start,
        world.observed_from,
        new_after=p.new_after,
        or_restart_after=p.or_restart_after,
    )


def starting_dose(world: World, p: StartingDose) -> Said:
    """The first day of an episode whose start is known."""
    said = Said()
    for episode in episodes(world.days, p.of, p.grace):
        start = episode.start
        if start > world.last_day:
            continue
        known, nothing_before = _known(world, p, start)
        dose = episode.doses[start]
        if not known:
            if nothing_before:
                said.unknown.append((start, "history-not-observed"))
        elif dose.low > p.more_than.ug:
            said.pieces.append(Piece(p.of, start, value=dose.low / MG))
        elif dose.scheduled_unknown:
            said.unknown.append((start, "dose-unknown"))
        elif dose.scheduled_high > p.more_than.ug:
            value = dose.scheduled_high / MG
            said.pieces.append(Piece(p.of, start, possible=True, value=value))
    return said


def _above(now: DayDose, before: DayDose) -> bool:
    """Low or high of `now` is above `before`, or may be: something unknown changed."""
    if now.scheduled_unknown or before.scheduled_unknown:
        return _seen(now) != _seen(before)
    return now.low > before.low or now.scheduled_high > before.scheduled_high


def _seen(dose: DayDose) -> tuple[int, int, bool]:
    return dose.low, dose.scheduled_high, dose.scheduled_unknown


def dose_rises(world: World, p: DoseRises) -> Said:
    """Days on which the dose rose by more than the limit within the window."""
    said = Said()
    zero = DayDose()
    for episode in episodes(world.days, p.of, p.grace):
        known, _ = _known(world, p, episode.start)
        for day, now in episode.doses.items():
            if day == episode.start or day > world.last_day:
                continue
            before = episode.doses[day - DAY]
            if not _above(now, before):
                continue
            base_day = day - p.within * DAY
            if base_day >= episode.start:
                base = episode.doses[base_day]
            else:
                base = zero if known else episode.doses[episode.start]
            if any(dose.scheduled_uncertain for dose in (now, before, base)):
                said.unknown.append((day, "dose-unknown"))
                continue
            certain_rise = now.low - base.scheduled_high
            largest_rise = now.scheduled_high - base.low
            rise = certain_rise if certain_rise > p.by_more_than.ug else largest_rise
            if rise > p.by_more_than.ug:
                possible = rise != certain_rise
                said.pieces.append(Piece(p.of, day, possible=possible, value=rise / MG))
    return said


def dose_falls(world: World, p: DoseFalls) -> Said:
    """Days on which the dose fell in one step by a lot; a fall to nothing is a stop."""
    said = Said()
    for episode in episodes(world.days, p.of, p.grace):
        for day, now in episode.doses.items():
            if day == episode.start or day > world.last_day:
                continue
            before = episode.doses[day - DAY]
            if not _above(before, now):
                continue
            if now.scheduled_uncertain or before.scheduled_uncertain:
                said.unknown.append((day, "dose-unknown"))
            elif _fell(before.low, now.scheduled_high, p):
                value = (before.low - now.scheduled_high) / MG
                said.pieces.append(Piece(p.of, day, value=value))
            elif _fell(before.scheduled_high, now.low, p):
                value = (before.scheduled_high - now.low) / MG
                said.pieces.append(Piece(p.of, day, possible=True, value=value))
    return said


def _fell(before: int, now: int, p: DoseFalls) -> bool:
    far_enough = before - now >= p.by_at_least.ug
    return far_enough and now * 100 <= p.to_at_most.percent * before


def doses_per_day(world: World, p: DosesPerDay) -> Said:
    """Days with one scheduled order whose daily dose is split into too few (or too many) doses."""
    said = Said()
    for day, dose in doses(of_set(world.days.lines, p.of)).items():
        if day <= world.last_day and len(dose.scheduled_runs) == 1:
            _judge_doses_per_day(said, day, dose, p)
    return said


def _judge_doses_per_day(said: Said, day: dt.date, dose: DayDose, p: DosesPerDay) -> None:
    line = dose.scheduled_runs[0]
    amount = p.when_daily_dose_at_least.ug if p.when_daily_dose_at_least else 0
    known_to_be_enough = line.low >= amount
    may_be_enough = line.high is None or line.high >= amount
    times = line.doses_per_day
    too_few = times is None or (p.fewer_than is not None and times < p.fewer_than)
    too_many = times is None or (p.more_than is not None and times > p.more_than)
    if not may_be_enough or not (too_few or too_many):
        return
    if times is None or (line.high is None and not known_to_be_enough):
        said.unknown.append((day, "dose-unknown"))
    else:
        said.pieces.append(
            Piece(
                p.of,
                day,
                possible=not known_to_be_enough,
                value=float(times),
                smaller_is_worse=p.fewer_than is not None,
            )
        )


def doses_per_week(world: World, p: DosesPerWeek) -> Said:
    """Days on which one scheduled order is taken too often in a week."""
    said = Said()
    lines = of_set(world.days.lines, p.of)
    for day in world.days_in_force(p.of):
        scheduled = [line for line in lines if stands(line, day) and not line.prn]
        known = [
            half_up(line.doses_per_day * 7 * MILLION)
            for line in scheduled
            if line.doses_per_day is not None
        ]
        most = max(known, default=0)
        if most >= p.at_least * MILLION:
            split = p.may_be_split_up_to
            possible = split is not None and most <= split * MILLION
            said.pieces.append(Piece(p.of, day, possible=possible, value=most / MILLION))
        elif len(known) < len(scheduled) or not scheduled:
            said.unknown.append((day, "dose-unknown"))
    return said
