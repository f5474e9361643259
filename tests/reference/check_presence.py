"""The checks that ask for presence and for partners (docs/checks.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from screener.checks.supplied_twice import SuppliedTwice
from screener.checks.taken import Taken
from screener.checks.taken_together import CheckedBy, TakenTogether
from screener.rule.values import DrugSet
from tests.reference.check_doses import days_of_runs
from tests.reference.days import covered, episodes, known_starts, of_set, one_of, stretches
from tests.reference.found import Piece, Said, World
from tests.reference.lanes import days_between
from tests.reference.lines import DAY, Line
from tests.reference.people import condition_days
from tests.reference.results import tested_between

RESTART_AFTER = 28  # uncovered days after which a partner starts again


def taken(world: World, p: Taken) -> Said:
    """Covered days; one step lower when only as needed."""
    said = Said()
    by_drug = p.one_finding_per == "drug"
    sets = [one_of(p.of, x) for x in sorted(p.of.ingredients)] if by_drug else [p.of]
    for drugs in sets:
        lines = of_set(world.days.lines, drugs)
        if p.in_unit_other_than is not None:
            lines = [x for x in lines if x.mass_unit not in {None, p.in_unit_other_than}]
        days = {day for day in covered(lines) if day <= world.last_day}
        if p.with_condition is not None:
            if world.conditions is None:
                said.unknown += [(day, "conditions-not-supplied") for day in days]
                continue
            days &= condition_days(world.conditions, p.with_condition.names, world.last_day)
        scheduled = covered(line for line in lines if not line.prn)
        for day in days_of_runs(days, p.for_at_least):
            said.pieces.append(Piece(drugs, day, lower=day not in scheduled))
    return said


def supplied_twice(world: World, p: SuppliedTwice) -> Said:
    """The shared days of two supplies of one strength and sig that overlap too much."""
    said = Said()
    for line in of_set(world.days.lines, p.of):
        if line.twice is not None:
            shared = days_between(line.twice[0], min(line.twice[1], world.last_day))
            said.pieces += [Piece(p.of, day, value=float(len(shared))) for day in shared]
    return said


def taken_together(world: World, p: TakenTogether) -> Said:
    """Days shared with every partner ingredient; an edge touch of one day is none."""
    said = Said()
    this = of_set(world.days.lines, p.this)
    left_out = p.this.ingredients | (p.except_.ingredients if p.except_ else frozenset())
    shared_with_any: dict[dt.date, Piece] = {}
    for partner in sorted(p.with_.ingredients - left_out):
        tracks = p.with_.tracks | {"unknown"}
        one = one_of(p.with_, partner)
        other = of_set(world.days.lines, replace(one, tracks=tracks))
        for piece in _shared_days(world, this, other, p, partner):
            if p.one_finding_per == "partner":
                said.pieces.append(piece)
            else:
                piece.subject = p.with_.text
                known = shared_with_any.get(piece.day)
                if known is None or _strength(piece) > _strength(known):
                    shared_with_any[piece.day] = piece
    if p.one_finding_per == "episode":
        said.pieces = list(shared_with_any.values())
        for episode in episodes(world.days, p.this, p.grace, any_line=True):
            for piece in said.pieces:
                if episode.start <= piece.day <= episode.end:
                    piece.group = (p.this, episode.start)
    return said


def _strength(piece: Piece) -> tuple[bool, bool]:
    return (not (piece.possible or piece.lower), not piece.possible)


def _shared_days(
    world: World, this: list[Line], other: list[Line], p: TakenTogether, partner: str
) -> list[Piece]:
    mine, theirs = covered(this), covered(other)
    mine_scheduled = covered(line for line in this if not line.prn)
    theirs_scheduled = covered(line for line in other if not line.prn)
    theirs_for_sure = covered(line for line in other if line.track in p.with_.tracks)
    days: set[dt.date] = set()
    for first, last in stretches(day for day in mine & theirs if day <= world.last_day):
        if first != last or not _edge_touch(first, mine, theirs):
            days.update(days_between(first, last))
    days = days_of_runs(days, p.for_at_least)
    if p.partner_started_within is not None:
        known_or_not = replace(one_of(p.with_, partner), tracks=p.with_.tracks | {"unknown"})
        days &= _days_after_a_start(world, known_or_not, p)
    if p.checked_by is not None:
        days = _checked_runs(world, days, p.checked_by)
    return [
        Piece(
            p.with_,
            day,
            partner,
            possible=day not in theirs_for_sure,
            lower=day not in mine_scheduled or day not in theirs_scheduled,
        )
        for day in sorted(days)
    ]


def _days_after_a_start(world: World, partner: DrugSet, p: TakenTogether) -> set[dt.date]:
    """At most so many days after a known start of the partner, the first day included."""
    begun = known_starts(
        world.days,
        partner,
        world.observed_from,
        new_after=p.partner_new_after,
        or_restart_after=RESTART_AFTER,
    )
    return {
        day
        for start in begun
        for day in days_between(start, start + (p.partner_started_within or 0) * DAY)
    }


def _checked_runs(world: World, days: set[dt.date], check: CheckedBy) -> set[dt.date]:
    """The runs of days during which, or soon after whose first day, somebody tested."""
    return {
        day
        for first, last in stretches(days)
        if tested_between(world.labs, check.test, first, first + check.within * DAY)
        for day in days_between(first, last)
    }


def _edge_touch(day: dt.date, mine: set[dt.date], theirs: set[dt.date]) -> bool:
    """One drug ends on the day on which the other begins, and neither is that day alone."""
    (a,) = (run for run in stretches(mine) if run[0] <= day <= run[1])
    (b,) = (run for run in stretches(theirs) if run[0] <= day <= run[1])
    if (day, day) in (a, b):
        return False
    return (a[1] == day and b[0] == day) or (b[1] == day and a[0] == day)
