"""Weights, clearance and laboratory results of one patient (docs/checks.md, Conditions).

Cockcroft-Gault as published (Nephron 1976;16:31): mL/min from creatinine in mg/dL, years and kg.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from screener.rule.values import LabTest, Limits
from tests.reference.drugs import tidy
from tests.reference.people import KidneyTest, Level, age_on

Row = dict[str, Any]
KG = {"kg": 1.0, "g": 0.001, "lb": 0.45359237}
WEIGHT_GOOD_FOR = 365
ADULT = 18


def within(level: Level, limits: Limits) -> bool:
    """Whether a number, or one just below or above it, lies inside the limits."""
    return (
        (limits.more_than is None or level > (limits.more_than, 0))
        and (limits.at_least is None or level >= (limits.at_least, 0))
        and (limits.below is None or level < (limits.below, 0))
        and (limits.at_most is None or level <= (limits.at_most, 0))
    )


def weight_on(patient: Row, labs: list[Row] | None, day: dt.date) -> float | None:
    """Body weight in kg on a day: the latest dated one for a year, else the undated one."""
    dated = {
        lab["date"]: lab["value"] * KG[tidy(lab["unit"])]
        for lab in labs or []
        if tidy(lab["analyte"]) == "weight"
        and lab["value"] is not None
        and tidy(lab["unit"]) in KG
        and 0 <= (day - lab["date"]).days <= WEIGHT_GOOD_FOR
    }
    undated: float | None = patient.get("weight_kg")
    return dated[max(dated)] if dated else undated


def clearance(
    tests: list[KidneyTest], patient: Row, weight: float | None, day: dt.date, good_for: int
) -> tuple[Level, bool] | str:
    """(mL/min, only a lower bound) from the latest creatinine, or why there is none."""
    before = [x for x in tests if x.creatinine is not None and x.day <= day]
    latest = max((test.day for test in before), default=None)
    if latest is None or (day - latest).days > good_for:
        return "no-recent-kidney-test"
    highest = max(
        (test.creatinine, not test.only_possible)
        for test in before
        if test.day == latest and test.creatinine is not None
    )
    (creatinine, side), sure = highest
    birth, sex = patient.get("birth_date"), patient.get("sex")
    if birth is None or sex not in {"F", "M"} or age_on(birth, latest) < ADULT:
        return "missing-demographics"
    if weight is None:
        return "weight-unknown"
    factor = 0.85 if sex == "F" else 1.0
    value = (140 - age_on(birth, latest)) * weight / (72 * creatinine) * factor
    return (value, -side), not sure


def results_of(labs: list[Row] | None, test: LabTest) -> list[Row]:
    """Every row of the test, whatever its unit."""
    return [lab for lab in labs or [] if tidy(lab["analyte"]) in test.analytes]


def result_on(
    labs: list[Row], test: LabTest, limits: Limits, day: dt.date, good_for: int
) -> Level | None:
    """The latest readable result, in the first unit of the test; of one day the worse one."""
    units = dict(test.units)
    readable: dict[dt.date, list[Level]] = {}
    for lab in results_of(labs, test):
        unit = tidy(lab["unit"]).replace(" ", "")
        if lab["value"] is not None and unit in units and 0 <= (day - lab["date"]).days <= good_for:
            side = {"<": -1, ">": 1}.get((lab["comparator"] or "").strip(), 0)
            level = (round(lab["value"] * units[unit], 7), side)
            readable.setdefault(lab["date"], []).append(level)
    if not readable:
        return None
    of_that_day = readable[max(readable)]
    from_above = limits.more_than is not None or limits.at_least is not None
    return max(of_that_day) if from_above else min(of_that_day)


def tested_between(labs: list[Row] | None, test: LabTest, first: dt.date, last: dt.date) -> bool:
    """Whether some result of the test is dated from first to last."""
    return any(first <= lab["date"] <= last for lab in results_of(labs, test))
