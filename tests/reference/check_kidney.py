"""dose_for_kidney_function (docs/checks.md): every covered day against the test in force."""

from __future__ import annotations

from dataclasses import replace

from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.rule.values import DrugSet, Limits
from tests.reference.days import DayDose, doses, of_set, one_of
from tests.reference.found import Piece, Said, World
from tests.reference.people import Level
from tests.reference.results import within


def dose_for_kidney_function(world: World, p: DoseForKidneyFunction) -> Said:
    """The set as one dose, or every drug by itself."""
    said = Said()
    by_drug = p.one_finding_per == "drug"
    for drugs in [one_of(p.of, x) for x in sorted(p.of.ingredients)] if by_drug else [p.of]:
        _judge_days(world, p, drugs, said)
    return said


def _judge_days(world: World, p: DoseForKidneyFunction, drugs: DrugSet, said: Said) -> None:
    by_day = doses(of_set(world.days.lines, drugs))
    for day in world.days_in_force(drugs):
        aged = [band for band in p.bands if _age_fits(world.age(day), band)]
        piece = Piece(drugs, day, smaller_is_worse=True)
        if day in world.kidney.dialysis_days:
            bands = [band for band in aged if band.or_on_dialysis]
            _judge_bands(said, piece, by_day[day], bands, only_possible=False)
            continue
        answer = world.kidney_level(day, p.estimate, p.result_good_for)
        if isinstance(answer, str):
            said.unknown.append((day, answer))
            if answer == "no-recent-kidney-test":
                said.without_test.append(day)
            continue
        level, only_possible = answer
        bands = [band for band in aged if _level_fits(level, band)]
        piece.value = level[0]
        _judge_bands(said, piece, by_day[day], bands, only_possible=only_possible)


def _level_fits(level: Level, band: Band) -> bool:
    return within(level, Limits(band.above, band.from_, band.below, band.at_most))


def _age_fits(age: int | None, band: Band) -> bool:
    if age is None:  # judged as an adult, never as 65
        return band.age_at_least is None
    old_enough = band.age_at_least is None or age >= band.age_at_least
    return old_enough and (band.age_below is None or age < band.age_below)


def _judge_bands(
    said: Said, piece: Piece, dose: DayDose, bands: list[Band], *, only_possible: bool
) -> None:
    """One piece per band that the dose breaks; not assessed when none does and one might."""
    verdicts = [(band, _dose_breaks(dose, band)) for band in bands]
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
