"""What stands on every day, for a drug set: doses, presence, uncovered days, episodes.

docs/timeline.md, end of section 3 and section 4. Doses are integer micrograms a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from screener.rule.values import Conversion, DrugSet
from tests.reference.drugs import half_up
from tests.reference.lanes import days_between
from tests.reference.lines import DAY, Line


@dataclass(slots=True)
class DayDose:
    """One day of one drug set (or of one ingredient and track)."""

    low: int = 0
    scheduled_high: int = 0
    as_needed_high: int = 0
    other: int = 0  # what the other reading adds
    unknown: bool = False  # a line of unknown dose stands
    only_without_factor: bool = True  # and all such lines are without a factor
    scheduled_unknown: bool = False
    scheduled_uncertain: bool = False
    scheduled_runs: list[Line] = field(default_factory=list)
    plausible: int = 0

    @property
    def known_high(self) -> int:
        """What is known of the daily high: a line of unknown dose adds nothing."""
        return self.scheduled_high + self.as_needed_high

    @property
    def high(self) -> int | None:
        """Daily high; None when a line of unknown dose stands."""
        return None if self.unknown else self.known_high

    @property
    def why_unknown(self) -> str:
        """Why the dose of the day is not known."""
        return "no-conversion-factor" if self.only_without_factor else "dose-unknown"


@dataclass(slots=True)
class Episode:
    """First and last day of an episode, and the scheduled dose of each of its days."""

    start: dt.date
    end: dt.date
    doses: dict[dt.date, DayDose]
    later_follows: bool = False


@dataclass(slots=True)
class Days:
    """The laid-out lines of one patient, and the admissions that bridge gaps."""

    lines: list[Line]
    unplaced: list[Line]
    admission_days: set[dt.date]
    last_day: dt.date


def of_set(lines: Iterable[Line], drugs: DrugSet) -> list[Line]:
    """The lines of a set's ingredients on its tracks, of its releases where it names one."""
    return [
        x
        for x in lines
        if x.ingredient in drugs.ingredients
        and x.track in drugs.tracks
        and (not drugs.releases or x.release in drugs.releases)
    ]


def one_of(drugs: DrugSet, ingredient: str) -> DrugSet:
    """One ingredient of a set by itself."""
    return replace(drugs, text=ingredient, ingredients=frozenset({ingredient}))


def counted(lines: list[Line], conversion: Conversion | None) -> list[Line]:
    """The lines with their doses as doses of another drug; without a factor: unknown."""
    if conversion is None:
        return lines
    factors = {(f.ingredient, f.track): Fraction(f.number, f.per) for f in conversion.factors}
    return [_converted(line, factors.get((line.ingredient, line.track))) for line in lines]


def _converted(line: Line, factor: Fraction | None) -> Line:
    if factor is None:
        return replace(
            line, low=0, high=None, uncertain=True, without_factor=True, run_before=line.run
        )
    high = None if line.high is None else half_up(line.high * factor)
    return replace(line, low=half_up(line.low * factor), high=high, run_before=line.run)


def covered(lines: Iterable[Line]) -> set[dt.date]:
    """Every day on which any of the lines stands."""
    days: set[dt.date] = set()
    for line in lines:
        if line.first is not None and line.last is not None:
            days.update(days_between(line.first, line.last))
    return days


def doses(lines: list[Line]) -> dict[dt.date, DayDose]:
    """Day by day the sum over supply runs, each counted once a day; only covered days."""
    return {day: dose_of_day(lines, day) for day in sorted(covered(lines))}


def stands(line: Line, day: dt.date) -> bool:
    """Whether the line counts on the day."""
    return line.first is not None and line.last is not None and line.first <= day <= line.last


def dose_of_day(lines: list[Line], day: dt.date) -> DayDose:
    """The dose of one day: primary reading, and what the other reading adds."""
    dose = DayDose()
    runs = {line.run: line for line in lines if stands(line, day)}
    for line in runs.values():
        dose.unknown |= line.high is None
        dose.only_without_factor &= line.high is not None or line.without_factor
        if line.prn:
            dose.as_needed_high += line.high or 0
        else:
            dose.low += line.low
            dose.scheduled_high += line.high or 0
            dose.scheduled_unknown |= line.high is None
            dose.scheduled_uncertain |= line.uncertain
            dose.scheduled_runs.append(line)
        dose.plausible += line.plausible
    replaced = {line.run: line for line in lines if day in line.other_days}
    twice = [line for line in lines if line.twice and line.twice[0] <= day <= line.twice[1]]
    added = [line for run, line in replaced.items() if run not in runs] + twice
    dose.other = sum(line.high or 0 for line in added)
    return dose


def uncovered_between(
    days: Days, drugs: DrugSet, first: dt.date, last: dt.date, *, any_line: bool = False
) -> list[dt.date]:
    """The days from first to last without a scheduled line of the set and not in an admission."""
    taken = covered(line for line in of_set(days.lines, drugs) if any_line or not line.prn)
    return [
        day
        for day in days_between(first, last)
        if day not in taken and day not in days.admission_days
    ]


def episodes(
    days: Days,
    drugs: DrugSet,
    grace: int,
    *,
    any_line: bool = False,
    counted_as: Conversion | None = None,
) -> list[Episode]:
    """Stretches of days joined over gaps of at most `grace` uncovered days.

    Of scheduled lines; with `any_line` also of as-needed ones.
    """
    lines = [line for line in of_set(days.lines, drugs) if any_line or not line.prn]
    lines = counted(lines, counted_as)

    def gap(first: dt.date, last: dt.date) -> int:
        return len(uncovered_between(days, drugs, first, last, any_line=any_line))

    found: list[Episode] = []
    for start, end in stretches(covered(lines)):
        if found and gap(found[-1].end + DAY, start - DAY) <= grace:
            found[-1].end = end
        else:
            if found:
                found[-1].later_follows = True
            found.append(Episode(start, end, {}))
    for episode in found:
        carried = DayDose()
        for day in days_between(episode.start, episode.end):
            if any(stands(line, day) for line in lines):
                carried = dose_of_day(lines, day)
            episode.doses[day] = carried
    return found


def stretches(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Maximal runs of consecutive days, as (first, last)."""
    runs: list[tuple[dt.date, dt.date]] = []
    for day in sorted(days):
        if runs and runs[-1][1] + DAY == day:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def known_start(
    days: Days,
    drugs: DrugSet,
    start: dt.date,
    observed_from: dt.date | None,
    *,
    new_after: int,
    or_restart_after: int,
) -> tuple[bool, bool]:
    """(the start is known, nothing of the set is known before it)."""
    taken_before = [day for day in covered(of_set(days.lines, drugs)) if day < start]
    unplaced_before = any(line.start < start for line in of_set(days.unplaced, drugs))
    if not taken_before and not unplaced_before:
        long_enough = observed_from is not None and (start - observed_from).days >= new_after
        return long_enough, True
    if not taken_before:
        return False, False
    latest = max(taken_before)
    if any(latest < line.start < start for line in of_set(days.unplaced, drugs)):
        return False, False
    free = set(days_between(latest + DAY, start - DAY)) - days.admission_days
    return len(free) >= or_restart_after, False


def known_starts(
    days: Days,
    drugs: DrugSet,
    observed_from: dt.date | None,
    *,
    new_after: int,
    or_restart_after: int,
) -> list[dt.date]:
    """First days of covered stretches of the set, as needed or not, whose start is known."""
    return [
        first
        for first, _ in stretches(covered(of_set(days.lines, drugs)))
        if known_start(
            days,
            drugs,
            first,
            observed_from,
            new_after=new_after,
            or_restart_after=or_restart_after,
        )[0]
    ]
