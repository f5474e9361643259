"""The checks that look at how much is taken (docs/checks.md), one day after the other."""

from __future__ import annotations

import datetime as dt

from screener.checks.daily_dose import DailyDose
from screener.checks.dose_falls import DoseFalls
from screener.checks.dose_rises import DoseRises
from screener.checks.doses_per_day import DosesPerDay
from screener.checks.starting_dose import StartingDose
from tests.reference.days import DayDose, doses, episodes, known_start, of_set, stretches
from tests.reference.found import Piece, Said, World
from tests.reference.lines import DAY

MG = 1000


def subject_of(ingredients: frozenset[str]) -> str:
    """The subject of a rule about one set of drugs."""
    return ", ".join(sorted(ingredients))


def _below(subject: str, day: dt.date, amount: int, *, possible: bool = False) -> Piece:
    return Piece(subject, day, possible=possible, value=amount / MG, smaller_is_worse=True)


def daily_dose(world: World, p: DailyDose) -> Said:
    """Days on which the sum is above (or below) the limit."""
    said = Said()
    subject = subject_of(p.of.ingredients)
    on_other_reading = []
    for day, dose in doses(of_set(world.days.lines, p.of)).items():
        if day > world.last_day:
            continue
        if p.more_than is not None:
            limit = p.more_than.ug
            if dose.low > limit:
                said.pieces.append(Piece(subject, day, value=dose.low / MG))
            elif dose.known_high > limit:
                value = dose.known_high / MG
                said.pieces.append(Piece(subject, day, possible=True, value=value))
            elif dose.known_high + dose.other > limit:
                value = (dose.known_high + dose.other) / MG
                said.pieces.append(Piece(subject, day, possible=True, value=value))
                on_other_reading.append(day)
            elif dose.unknown:
                said.unknown.append((day, "dose-unknown"))
        if p.less_than is not None:
            limit = p.less_than.ug
            if dose.high is not None and dose.high < limit:
                said.pieces.append(_below(subject, day, dose.high))
            elif dose.high is not None and dose.low < limit:
                said.pieces.append(_below(subject, day, dose.low, possible=True))
            elif dose.unknown:
                said.unknown.append((day, "dose-unknown"))
    long_enough = {
        day
        for first, last in stretches(piece.day for piece in said.pieces)
        if (last - first).days + 1 >= p.for_at_least
        for day in (piece.day for piece in said.pieces if first <= piece.day <= last)
    }
    said.pieces = [piece for piece in said.pieces if piece.day in long_enough]
    said.on_other_reading = [day for day in on_other_reading if day in long_enough]
    return said


def starting_dose(world: World, p: StartingDose) -> Said:
    """The first day of an episode whose start is known."""
    said = Said()
    observed_from = world.patient.get("observation_start")
    for episode in episodes(world.days, p.of, p.grace):
        start = episode.start
        if start > world.last_day:
            continue
        known, nothing_before = known_start(world.days, p, start, observed_from)
        dose = episode.doses[start]
        if not known:
            if nothing_before:
                said.unknown.append((start, "history-not-observed"))
        elif dose.low > p.more_than.ug:
            said.pieces.append(Piece(subject_of(p.of.ingredients), start, value=dose.low / MG))
        elif dose.scheduled_unknown:
            said.unknown.append((start, "dose-unknown"))
        elif dose.scheduled_high > p.more_than.ug:
            value = dose.scheduled_high / MG
            said.pieces.append(
                Piece(subject_of(p.of.ingredients), start, possible=True, value=value)
            )
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
    observed_from = world.patient.get("observation_start")
    zero = DayDose()
    for episode in episodes(world.days, p.of, p.grace):
        known, _ = known_start(world.days, p, episode.start, observed_from)
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
                subject = subject_of(p.of.ingredients)
                said.pieces.append(Piece(subject, day, possible=possible, value=rise / MG))
    return said


def dose_falls(world: World, p: DoseFalls) -> Said:
    """Days on which the dose fell in one step by a lot; a fall to nothing is a stop."""
    said = Said()
    subject = subject_of(p.of.ingredients)
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
                said.pieces.append(Piece(subject, day, value=value))
            elif _fell(before.scheduled_high, now.low, p):
                value = (before.scheduled_high - now.low) / MG
                said.pieces.append(Piece(subject, day, possible=True, value=value))
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
                subject_of(p.of.ingredients),
                day,
                possible=not known_to_be_enough,
                value=float(times),
                smaller_is_worse=p.fewer_than is not None,
            )
        )
