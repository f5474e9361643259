"""Conditions about the course of other drugs: begun, ended, lowered, changed over."""

from __future__ import annotations

import datetime as dt

from screener.rule.model import (
    CrossTaper,
    DoseLowered,
    StartedWithin,
    StoppedWithin,
)
from screener.rule.values import DrugSet
from tests.reference.days import covered, dose_of_day, known_starts, of_set, one_of, stretches
from tests.reference.found import World
from tests.reference.lanes import days_between
from tests.reference.lines import DAY


def started_within(condition: StartedWithin, world: World, day: dt.date) -> bool:
    """Some ingredient by itself began, and that it did is known, a few days ago or today."""
    for ingredient in sorted(condition.drugs.ingredients):
        begun = known_starts(
            world.days,
            one_of(condition.drugs, ingredient),
            world.observed_from,
            new_after=condition.new_after,
            or_restart_after=condition.or_restart_after,
        )
        if any(0 <= (day - start).days <= condition.days for start in begun):
            return True
    return False


def stopped_within(condition: StoppedWithin, world: World, day: dt.date) -> bool:
    """Some ingredient does not stand today, but stood a few days ago."""
    recent = set(days_between(day - condition.days * DAY, day - DAY))
    for ingredient in sorted(condition.drugs.ingredients):
        taken = covered(of_set(world.days.lines, one_of(condition.drugs, ingredient)))
        if day not in taken and taken & recent:
            return True
    return False


def dose_lowered(condition: DoseLowered, world: World, day: dt.date) -> bool:
    """The scheduled dose is a small share of the highest one before."""
    lines = [line for line in of_set(world.days.lines, condition.drugs) if not line.prn]
    taken = covered(lines)
    before = [dose_of_day(lines, earlier).low for earlier in taken if earlier < day]
    dose = dose_of_day(lines, day)
    if day not in taken or dose.scheduled_unknown or not before:
        return False
    return dose.scheduled_high * 100 <= condition.to_at_most.percent * max(before)


def cross_taper_days(condition: CrossTaper, world: World) -> set[dt.date]:
    """Days of short overlaps in which one drug falls and another rises."""
    if condition in world.known:
        known: set[dt.date] = world.known[condition]
        return known
    days: set[dt.date] = set()
    second = condition.and_ or condition.of
    for a in sorted(condition.of.ingredients):
        for b in sorted(second.ingredients - {a}):
            days |= _changed_over(world, one_of(condition.of, a), one_of(second, b), condition)
    world.known[condition] = days
    return days


def _changed_over(world: World, a: DrugSet, b: DrugSet, condition: CrossTaper) -> set[dt.date]:
    one, other = (
        [line for line in of_set(world.days.lines, drugs) if not line.prn] for drugs in (a, b)
    )
    days: set[dt.date] = set()
    for first, last in stretches(covered(one) & covered(other)):
        if (last - first).days + 1 > condition.within:
            continue
        change_of_a, change_of_b = (
            dose_of_day(lines, last).low - dose_of_day(lines, first).low for lines in (one, other)
        )
        if change_of_a * change_of_b < 0:
            days.update(days_between(first, last))
    return days
