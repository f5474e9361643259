"""Ages, kidney results, recorded conditions and stays of one patient, day by day.

docs/timeline.md, sections 5 and 6. Formula: CKD-EPI 2021 (creatinine), as printed by the
National Kidney Foundation; creatinine in mg/dL, eGFR in mL/min/1.73 m2.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tests.reference.drugs import tidy
from tests.reference.lanes import days_between
from tests.reference.lines import DAY
from tests.reference.rows import Flag

Level = tuple[float, int]  # a number and -1 just below it, 0, +1 just above it
Row = dict[str, Any]


def birthday(birth: dt.date, age: int) -> dt.date:
    """The day on which somebody completes that many years; 29 February counts as 1 March."""
    year = birth.year + age
    if (birth.month, birth.day) == (2, 29) and not _leap(year):
        return dt.date(year, 3, 1)
    return dt.date(year, birth.month, birth.day)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def age_on(birth: dt.date, day: dt.date) -> int:
    """Completed years."""
    years = day.year - birth.year
    return years if day >= birthday(birth, years) else years - 1


def ckd_epi_2021(creatinine: float, age: int, sex: str) -> float:
    """eGFR in mL/min/1.73 m2 from creatinine in mg/dL; adults."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "F" else (0.9, -0.302, 1.0)
    ratio = creatinine / kappa
    low, high = min(ratio, 1.0), max(ratio, 1.0)
    return float(142 * low**alpha * high**-1.200 * 0.9938**age * factor)


@dataclass(frozen=True, slots=True)
class KidneyTest:
    """One test that counts; `level` None when no estimate can be made from it."""

    day: dt.date
    level: Level | None
    only_possible: bool  # "> 60" leads to nothing better than possible
    creatinine: Level | None = None  # mg/dL; None for a coded eGFR


@dataclass(slots=True)
class Kidney:
    """Every test of a patient, the days on dialysis, and whether a labs table was supplied."""

    tests: list[KidneyTest]
    dialysis_days: set[dt.date]
    supplied: bool

    def latest(self, day: dt.date, good_for: int) -> KidneyTest | None:
        """The test in force: the latest on or before the day, at most `good_for` days old."""
        before = [test.day for test in self.tests if test.day <= day]
        if not before or (day - max(before)).days > good_for:
            return None
        of_that_day = [test for test in self.tests if test.day == max(before)]
        with_level = [test for test in of_that_day if test.level is not None]
        return min(with_level, key=_worst_first) if with_level else of_that_day[0]


def _worst_first(test: KidneyTest) -> tuple[Level, bool]:
    assert test.level is not None
    return test.level, test.only_possible


def kidney_of(
    patient: Row, labs: list[Row] | None, conditions: list[Row] | None, last_day: dt.date
) -> tuple[Kidney, set[Flag]]:
    """The kidney side of one patient, and a flag per result that cannot be used."""
    tests: list[KidneyTest] = []
    flags: set[Flag] = set()
    for lab in labs or []:
        analyte = tidy(lab["analyte"])
        if analyte not in {"creatinine", "egfr"}:
            continue
        value = _in_the_usual_unit(lab, analyte)
        if value is None:
            flags.add(("lab-unit", lab["date"]))
        else:
            tests.append(_test(patient, lab, analyte, value))
    dialysis = condition_days(conditions, frozenset({"dialysis"}), last_day)
    return Kidney(tests, dialysis, labs is not None), flags


def _in_the_usual_unit(lab: Row, analyte: str) -> float | None:
    """mg/dL or mL/min/1.73 m2; None when the unit or the size of the value is not credible."""
    unit, value = tidy(lab["unit"]), lab["value"]
    if value is None:
        return None
    if analyte == "egfr":
        return value if unit in {"ml/min/1.73m2", "ml/min"} and 0 <= value <= 250 else None
    in_mg_dl = {"mg/dl": value, "umol/l": value / 88.4, "mmol/l": value * 1000 / 88.4}.get(unit)
    return in_mg_dl if in_mg_dl is not None and 0.1 <= in_mg_dl <= 25 else None


def _test(patient: Row, lab: Row, analyte: str, value: float) -> KidneyTest:
    comparator = (lab["comparator"] or "").strip()
    level: float | None = value
    if analyte == "creatinine":  # the higher the creatinine, the lower the estimate
        comparator = comparator.translate(str.maketrans("<>", "><"))
        birth, sex = patient.get("birth_date"), patient.get("sex")
        level = None
        if birth is not None and sex in {"F", "M"} and age_on(birth, lab["date"]) >= 18:
            level = ckd_epi_2021(value, age_on(birth, lab["date"]), sex)
    side = {"<": -1, ">": 1}.get(comparator, 0)
    return KidneyTest(
        lab["date"],
        None if level is None else (level, side),
        comparator.startswith(">"),
        (value, -side) if analyte == "creatinine" else None,
    )


def condition_days(
    conditions: list[Row] | None, names: frozenset[str], last_day: dt.date
) -> set[dt.date]:
    """The days, up to the last one, on which a recorded condition of these names is present."""
    days: set[dt.date] = set()
    for row in conditions or []:
        if tidy(row["condition"]) in names:
            days.update(days_between(row["start_date"], row["end_date"] or last_day))
    return {day for day in days if day <= last_day}


def admission_days(
    admissions: list[Row] | None, last_day: dt.date
) -> tuple[set[dt.date], list[dt.date]]:
    """(days inside an admission, the first days of stays that are still open)."""
    stays: list[tuple[dt.date, dt.date]] = []
    for row in sorted(admissions or [], key=lambda row: row["start_date"]):
        start, end = row["start_date"], min(row["end_date"] or last_day, last_day)
        if start > last_day:
            continue
        if stays and start <= stays[-1][1] + DAY:  # from one ward to the next: one stay
            stays[-1] = (stays[-1][0], max(stays[-1][1], end))
        else:
            stays.append((start, end))
    days = {day for start, end in stays for day in days_between(start, end)}
    return days, [start for start, end in stays if end == last_day]
