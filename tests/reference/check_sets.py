"""The checks that ask which drugs, how many, what is missing (docs/checks.md)."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from screener.checks.several_of import SeveralOf
from screener.checks.supply_gap import SupplyGap
from screener.checks.taken_without import TakenWithout
from screener.checks.test_overdue import TestOverdue
from screener.rule.values import SYSTEMIC_TRACKS, DrugSet
from tests.reference.check_doses import days_of_runs
from tests.reference.days import (
    covered,
    episodes,
    of_set,
    one_of,
    stretches,
    uncovered_between,
)
from tests.reference.found import Piece, Said, World
from tests.reference.lanes import days_between
from tests.reference.lines import DAY
from tests.reference.results import results_of


def several_of(world: World, p: SeveralOf) -> Said:
    """Days on which so many different ingredients stand; a drug on an unknown track is none."""
    said = Said()
    lines = [x for x in of_set(world.days.lines, p.from_) if x.track != "unknown"]
    standing: dict[dt.date, set[str]] = {}
    scheduled: dict[dt.date, set[str]] = {}
    for line in lines:
        for day in covered([line]):
            if not line.prn:
                scheduled.setdefault(day, set()).add(line.ingredient)
            if not line.prn or not p.scheduled_only:
                standing.setdefault(day, set()).add(line.ingredient)
    enough = [
        day for day, names in standing.items() if len(names) >= p.at_least and day <= world.last_day
    ]
    for day in days_of_runs(enough, p.for_at_least):
        lower = len(scheduled.get(day, set())) < p.at_least
        value = float(len(standing[day]))
        said.pieces.append(Piece(p.from_, day, p.from_.text, lower=lower, value=value))
    return said


def taken_without(world: World, p: TakenWithout) -> Said:
    """The courses of the last weeks in which the other drug never stood."""
    said = Said()
    first_day = world.last_day - (p.in_last - 1) * DAY
    window = set(days_between(first_day, world.last_day))
    missing = DrugSet("", p.without.ingredients, SYSTEMIC_TRACKS, p.without.releases)
    if covered(of_set(world.days.lines, missing)) & window:
        return said
    these = of_set(world.days.lines, p.this)
    scheduled = covered(line for line in these if not line.prn)
    partners = sorted(p.and_.ingredients) if p.and_ else [None]
    for partner in partners:
        days = {day for day in covered(these) if day <= world.last_day}
        if partner is not None and p.and_ is not None:
            days &= covered(of_set(world.days.lines, one_of(p.and_, partner)))
        for first, last in stretches(days):
            if last >= first_day:
                said.pieces += [
                    Piece(p.this, day, partner, lower=day not in scheduled)
                    for day in days_between(first, last)
                ]
    unplaced = [line.start for line in of_set(world.days.unplaced, missing) if line.start in window]
    if said.pieces and unplaced:
        return Said(unknown=[(min(unplaced), "unknown-supply")])
    return said


def test_overdue(world: World, p: TestOverdue) -> Said:
    """Covered days too long after the last test, or after the first day without any."""
    said = Said()
    days = world.days_in_force(p.of)
    if world.labs is None:
        return Said(unknown=[(day, "labs-not-supplied") for day in days])
    if not any((world.site, name) in world.tests_seen for name in p.test.analytes):
        return Said(unknown=[(day, "test-not-seen-at-site") for day in days])
    scheduled = covered(line for line in of_set(world.days.lines, p.of) if not line.prn)
    tests = [lab["date"] for lab in results_of(world.labs, p.test)]
    for episode in episodes(world.days, p.of, p.grace, any_line=True):
        for day in (day for day in days if episode.start <= day <= episode.end):
            before = [test for test in tests if test <= day]
            if p.already_due and not before:
                if _watched(world, day, p.within):
                    said.pieces.append(Piece(p.of, day, lower=day not in scheduled))
                else:
                    said.unknown.append((day, "history-not-observed"))
                continue
            since = max(before if p.already_due else [episode.start, *before])
            if (day - since).days > p.within:
                value = float((day - since).days)
                said.pieces.append(Piece(p.of, day, lower=day not in scheduled, value=value))
    return said


def _watched(world: World, day: dt.date, days: int) -> bool:
    return world.observed_from is not None and (day - world.observed_from).days >= days


def supply_gap(world: World, p: SupplyGap) -> Said:
    """Gaps within an episode of so many uncovered days."""
    said = Said()
    taken = covered(line for line in of_set(world.days.lines, p.of) if not line.prn)
    for episode in episodes(world.days, p.of, p.grace):
        inside = [run for run in stretches(taken) if episode.start <= run[0] <= episode.end]
        for before, after in pairwise(inside):
            first, last = before[1] + DAY, after[0] - DAY
            free = len(uncovered_between(world.days, p.of, first, last))
            if p.at_least <= free <= p.at_most:
                said.pieces += [
                    Piece(p.of, day, value=float(free))
                    for day in days_between(first, min(last, world.last_day))
                ]
    return said
