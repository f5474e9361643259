"""The checks that ask for presence, for partners, for kidney function (docs/checks.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.supplied_twice import SuppliedTwice
from screener.checks.taken import Taken
from screener.checks.taken_together import TakenTogether
from screener.rule.model import DrugSet
from tests.reference.check_doses import subject_of
from tests.reference.days import DayDose, covered, doses, episodes, of_set, stretches
from tests.reference.found import Piece, Said, World
from tests.reference.lanes import days_between
from tests.reference.lines import Line
from tests.reference.people import KidneyTest, Level


def taken(world: World, p: Taken) -> Said:
    """Covered days; one step lower when only as needed."""
    said = Said()
    lines = of_set(world.days.lines, p.of)
    if p.in_unit_other_than is not None:
        lines = [x for x in lines if x.mass_unit not in {None, p.in_unit_other_than}]
    scheduled = covered(line for line in lines if not line.prn)
    for first, last in stretches(day for day in covered(lines) if day <= world.last_day):
        if (last - first).days + 1 >= p.for_at_least:
            for day in days_between(first, last):
                lower = day not in scheduled
                said.pieces.append(Piece(subject_of(p.of.ingredients), day, lower=lower))
    return said


def supplied_twice(world: World, p: SuppliedTwice) -> Said:
    """The shared days of two supplies of one strength and sig that overlap too much."""
    said = Said()
    for line in of_set(world.days.lines, p.of):
        if line.twice is not None:
            shared = days_between(line.twice[0], min(line.twice[1], world.last_day))
            for day in shared:
                subject = subject_of(p.of.ingredients)
                said.pieces.append(Piece(subject, day, value=float(len(shared))))
    return said


def taken_together(world: World, p: TakenTogether) -> Said:
    """Days shared with every partner ingredient; an edge touch of one day is none."""
    said = Said()
    this = of_set(world.days.lines, p.this)
    left_out = p.this.ingredients | (p.except_.ingredients if p.except_ else frozenset())
    shared_with_any: dict[dt.date, Piece] = {}
    for partner in sorted(p.with_.ingredients - left_out):
        tracks = p.with_.tracks | {"unknown"}
        other = of_set(world.days.lines, DrugSet("", frozenset({partner}), tracks))
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
        said.joined = [
            (episode.start, episode.end)
            for episode in episodes(world.days, p.this, p.grace, any_line=True)
        ]
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
    pieces = []
    for first, last in stretches(day for day in mine & theirs if day <= world.last_day):
        if (last - first).days + 1 < p.for_at_least:
            continue
        if first == last and _edge_touch(first, mine, theirs):
            continue
        for day in days_between(first, last):
            as_needed = day not in mine_scheduled or day not in theirs_scheduled
            unsure = day not in theirs_for_sure
            pieces.append(Piece(partner, day, possible=unsure, lower=as_needed))
    return pieces


def _edge_touch(day: dt.date, mine: set[dt.date], theirs: set[dt.date]) -> bool:
    """One drug ends on the day on which the other begins, and neither is that day alone."""
    (a,) = (run for run in stretches(mine) if run[0] <= day <= run[1])
    (b,) = (run for run in stretches(theirs) if run[0] <= day <= run[1])
    if (day, day) in (a, b):
        return False
    return (a[1] == day and b[0] == day) or (b[1] == day and a[0] == day)


def dose_for_kidney_function(world: World, p: DoseForKidneyFunction) -> Said:
    """Every covered day against the kidney test in force on it."""
    said = Said()
    by_day = doses(of_set(world.days.lines, p.of))
    for day in world.days_in_force(p.of):
        dose = by_day[day]
        piece = Piece(subject_of(p.of.ingredients), day, smaller_is_worse=True)
        dialysis = day in world.kidney.dialysis_days
        test = world.kidney.latest(day, p.result_good_for)
        if dialysis:
            bands = [
                band for band in p.bands if band.or_on_dialysis and _age_fits(world, day, band)
            ]
            _judge_bands(said, piece, dose, bands, None)
        elif not world.kidney.supplied:
            said.unknown.append((day, "labs-not-supplied"))
        elif test is None:
            said.unknown.append((day, "no-recent-kidney-test"))
        elif test.level is None:
            said.unknown.append((day, "missing-demographics"))
        else:
            level = test.level
            bands = [b for b in p.bands if _level_fits(level, b) and _age_fits(world, day, b)]
            piece.value = level[0]
            _judge_bands(said, piece, dose, bands, test)
    return said


def _level_fits(level: Level, band: Band) -> bool:
    high_enough = band.from_ is None or level >= (band.from_, 0)
    return high_enough and (band.below is None or level < (band.below, 0))


def _age_fits(world: World, day: dt.date, band: Band) -> bool:
    age = world.age(day)
    if age is None:  # judged as an adult, never as 65
        return band.age_at_least is None
    old_enough = band.age_at_least is None or age >= band.age_at_least
    return old_enough and (band.age_below is None or age < band.age_below)


def _judge_bands(
    said: Said, piece: Piece, dose: DayDose, bands: list[Band], test: KidneyTest | None
) -> None:
    """One piece per band that the dose breaks; not assessed when none does and one might."""
    verdicts = [(band, _dose_breaks(dose, band)) for band in bands]
    only_possible = test is not None and test.only_possible
    for band, verdict in verdicts:
        if verdict in {"definite", "possible"}:
            possible = verdict == "possible" or only_possible
            said.pieces.append(replace(piece, severity=band.severity, possible=possible))
    answers = {verdict for _, verdict in verdicts}
    if "unknown" in answers and not answers & {"definite", "possible"}:
        said.unknown.append((piece.day, "dose-unknown"))


def _dose_breaks(dose: DayDose, band: Band) -> str:
    """definite, possible, no or unknown: does the dose of the day break the band?"""
    low, high = dose.low, dose.high
    if band.dose_less_than is not None:
        limit = band.dose_less_than.ug
        if 0 < low < limit:
            return "definite"
        if 0 < dose.known_high < limit:
            return "possible"
        return "unknown" if high is None and dose.known_high == 0 else "no"
    least = 1  # any dose
    if band.dose_at_least is not None:
        least = band.dose_at_least.ug
    elif band.dose_more_than is not None:
        least = band.dose_more_than.ug + 1
    if low >= least:
        return "definite"
    if dose.known_high >= least or (high is None and least == 1):
        return "possible"
    return "unknown" if high is None else "no"
