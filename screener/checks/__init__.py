"""The visible registry of checks: adding one is a module and a line here."""

from __future__ import annotations

from screener.checks import (
    daily_dose,
    dose_falls,
    dose_for_kidney_function,
    dose_rises,
    doses_per_day,
    doses_per_week,
    several_of,
    starting_dose,
    starts,
    stops_suddenly,
    supplied_twice,
    supply_gap,
    taken,
    taken_together,
    taken_without,
    test_overdue,
)
from screener.checks.spec import Check

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        daily_dose.CHECK,
        starting_dose.CHECK,
        starts.CHECK,
        dose_rises.CHECK,
        dose_falls.CHECK,
        stops_suddenly.CHECK,
        taken_together.CHECK,
        dose_for_kidney_function.CHECK,
        doses_per_day.CHECK,
        doses_per_week.CHECK,
        supplied_twice.CHECK,
        taken.CHECK,
        taken_without.CHECK,
        several_of.CHECK,
        test_overdue.CHECK,
        supply_gap.CHECK,
    )
}
