"""Drugs, windows and bounds as a pharmacist says them."""

from __future__ import annotations

from typing import Any

from screener.rule.model import CheckUse, HasCondition
from screener.rule.named import unit_in_words
from screener.rule.values import Conversion, DailyAmount, DrugSet, LabTest, Limits, Share

KIDNEY_UNITS = {
    "egfr_ckd_epi_2021": "mL/min/1.73 m²",
    "creatinine_clearance": "mL/min",
}
KIDNEY_NAMES = {
    "egfr_ckd_epi_2021": "eGFR",
    "creatinine_clearance": "creatinine clearance",
}


def drugs_of(drugs: DrugSet) -> str:
    """The words of the rule; a list that is more than one drug says so."""
    return drugs.text if len(drugs.ingredients) == 1 else f"any of {drugs.text}"


def sum_of(drugs: DrugSet) -> str:
    """The drugs of a daily dose, which is one sum."""
    return drugs.text if len(drugs.ingredients) == 1 else f"all of {drugs.text} together"


def days_of(number: int) -> str:
    """`1 day`, `14 days`."""
    return f"{number} day{'' if number == 1 else 's'}"


def run_of(days: int) -> str:
    """How long something must last."""
    return "on any day" if days == 1 else f"on at least {days} days in a row"


def between(limits: Limits, unit: str = "") -> str:
    """Bounds with what they include: `30 or more and below 60`."""
    parts = []
    if limits.more_than is not None:
        parts.append(f"more than {limits.more_than:g}{unit}")
    if limits.at_least is not None:
        parts.append(f"{limits.at_least:g}{unit} or more")
    if limits.below is not None:
        parts.append(f"below {limits.below:g}{unit}")
    if limits.at_most is not None:
        parts.append(f"{limits.at_most:g}{unit} or less")
    return " and ".join(parts)


def unit_of_test(unit: str) -> str:
    """The unit after a number; a ratio (inr) has none."""
    return "" if unit in ("ratio", "1", "inr") else f" {unit_in_words(unit)}"


def value_of(value: Any) -> str:
    """Any parameter of a check."""
    match value:
        case DrugSet():
            return drugs_of(value)
        case DailyAmount() | HasCondition() | LabTest() | Conversion():
            return value.text
        case Share():
            return f"{value.percent:g} %"
        case CheckUse():
            return value.check
        case bool():
            return "yes" if value else "no"
        case int():
            return days_of(value)
        case float():
            return f"{value:g}"
        case _ if hasattr(value, "test") and hasattr(value, "within"):
            return f'the test "{value.test.text}" within {days_of(value.within)}'
        case _:
            return str(value)
