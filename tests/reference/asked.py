"""What every check says of one patient, asked once: its pieces, and orders without a length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from screener.rule.model import CheckUse
from screener.rule.values import DrugSet
from tests.reference import check_doses, check_kidney, check_presence, check_sets, check_stops
from tests.reference.days import of_set
from tests.reference.found import Said, World
from tests.reference.lines import Line

CHECKS: dict[str, Callable[[World, Any], Said]] = {
    "daily_dose": check_doses.daily_dose,
    "starting_dose": check_doses.starting_dose,
    "starts": check_doses.starts,
    "dose_rises": check_doses.dose_rises,
    "dose_falls": check_doses.dose_falls,
    "doses_per_day": check_doses.doses_per_day,
    "doses_per_week": check_doses.doses_per_week,
    "stops_suddenly": check_stops.stops_suddenly,
    "taken_together": check_presence.taken_together,
    "dose_for_kidney_function": check_kidney.dose_for_kidney_function,
    "supplied_twice": check_presence.supplied_twice,
    "taken": check_presence.taken,
    "taken_without": check_sets.taken_without,
    "several_of": check_sets.several_of,
    "test_overdue": check_sets.test_overdue,
    "supply_gap": check_sets.supply_gap,
}


def scope_of(use: CheckUse) -> DrugSet:
    """The drugs that put a patient in scope of a check."""
    p = use.params
    drugs: DrugSet = getattr(p, "of", None) or getattr(p, "this", None) or p.from_
    return drugs


def said_of(world: World, use: CheckUse) -> Said | None:
    """What a check says of the patient, None when the patient is out of its scope."""
    if use not in world.known:
        world.known[use] = _ask(world, use)
    said: Said | None = world.known[use]
    return said


def _ask(world: World, use: CheckUse) -> Said | None:
    drugs = scope_of(use)
    unplaced = of_set(world.days.unplaced, drugs)
    if not world.days_in_force(drugs) and not unplaced:
        return None
    said = CHECKS[use.check](world, use.params)
    if use.check == "taken_together":
        unplaced = unplaced + _unplaced_partners(world, use.params)
    said.unknown += [(line.start, "unknown-supply") for line in unplaced]
    return said


def _unplaced_partners(world: World, p: Any) -> list[Line]:
    left_out = p.this.ingredients | (p.except_.ingredients if p.except_ else frozenset())
    return [x for x in of_set(world.days.unplaced, p.with_) if x.ingredient not in left_out]
