"""The visible registry of checks: adding one is a module and a line here."""

from __future__ import annotations

from screener.checks import (
    daily_dose,
    dose_falls,
    dose_for_kidney_function,
    dose_rises,
    doses_per_day,
    starting_dose,
    stops_suddenly,
    supplied_twice,
    taken,
    taken_together,
)
from screener.checks.spec import Check

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        daily_dose.CHECK,
        starting_dose.CHECK,
        dose_rises.CHECK,
        dose_falls.CHECK,
        stops_suddenly.CHECK,
        taken_together.CHECK,
        dose_for_kidney_function.CHECK,
        doses_per_day.CHECK,
        supplied_twice.CHECK,
        taken.CHECK,
    )
}
