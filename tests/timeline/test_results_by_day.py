"""Kidney results and weights by day, on both sides of every number of docs/timeline.md (5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from screener.rule.named import result_in_first_unit
from screener.rule.values import LabTest
from screener.rulebook.library import ShippedVocabulary
from screener.tables import day_number
from screener.timeline import Timeline
from screener.timeline.kidney import clearance_steps, result_steps
from screener.timeline.labs import latest_steps, results_of
from tests.timeline.orders_of import START, flags, on, timeline_of

ORDER = "20x3 from 0 for 28"
POTASSIUM = LabTest("potassium", frozenset({"potassium"}), (("mmol/l", 1.0), ("mg/dl", 0.2557)))


def lab(
    analyte: str, value: float | None, unit: str | None, day: int = 0, **more: Any
) -> dict[str, Any]:
    row = {"patient_id": "P", "analyte": analyte, "value": value, "unit": unit, "date": on(day)}
    return row | more


def with_labs(*labs: dict[str, Any], **patient: Any) -> Timeline:
    who = {
        "patient_id": "P", "birth_date": dt.date(1975, 6, 15), "sex": "M",
        "observation_start": on(-400), "observation_end": on(800), **patient,
    }  # fmt: skip
    return timeline_of(ORDER, until=800, tables={"labs": list(labs), "patients": [who]})


def egfr(*labs: dict[str, Any], **patient: Any) -> list[float | None]:
    values: list[float | None] = with_labs(*labs, **patient).results["egfr"].to_list()
    return values


@pytest.mark.parametrize(
    ("value", "unit", "used"),
    [
        (0.0, "mL/min/1.73m2", True),
        (250.0, "mL/min/1.73m2", True),
        (250.1, "mL/min/1.73m2", False),
        (-0.1, "mL/min/1.73m2", False),
        (59.0, " ML/MIN ", True),
        (59.0, "mL/min/1.73 m²", True),
        (59.0, "mL/s", False),
        (59.0, None, False),
    ],
)
def test_a_reported_estimate_counts_within_its_bounds_and_units(
    value: float, unit: str | None, used: bool
) -> None:
    timeline = with_labs(lab("eGFR", value, unit, 3))
    assert timeline.results["egfr"].to_list() == ([value] if used else [])
    assert flags(timeline) == ([] if used else [("lab-unit", 3)])


@pytest.mark.parametrize(
    ("value", "used"), [(0.1, True), (0.0999, False), (25.0, True), (25.01, False)]
)
def test_a_creatinine_out_of_bounds_is_flagged_and_gives_no_estimate(
    value: float, used: bool
) -> None:
    timeline = with_labs(lab("creatinine", value, "mg/dL", 3))
    assert timeline.results.height == timeline.creatinines.height == int(used)
    assert flags(timeline) == ([] if used else [("lab-unit", 3)])


@pytest.mark.parametrize(
    ("analyte", "sign", "side"),
    [
        ("egfr", "<", -1),
        ("egfr", ">", 1),
        ("egfr", "<=", 0),
        ("egfr", ">=", 0),
        ("egfr", "≤", 0),
        ("egfr", " < ", -1),
        ("creatinine", "<", 1),
        ("creatinine", ">", -1),
        ("creatinine", "<=", 0),
        ("creatinine", "≥", 0),
    ],
)
def test_a_bound_lies_just_beyond_its_number(analyte: str, sign: str, side: int) -> None:
    unit, value = ("mL/min", 60.0) if analyte == "egfr" else ("mg/dL", 1.0)
    (plain,) = egfr(lab(analyte, value, unit))
    (bound,) = egfr(lab(analyte, value, unit, comparator=sign))
    assert plain is not None
    assert bound is not None
    assert (bound > plain) - (bound < plain) == side
    assert bound == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize(
    ("analyte", "sign", "open_"),
    [
        ("egfr", ">", True), ("egfr", ">=", True), ("egfr", "≥", True),
        ("egfr", "<", False), ("egfr", "<=", False), ("egfr", None, False),
        ("creatinine", "<", True), ("creatinine", "<=", True), ("creatinine", "≤", True),
        ("creatinine", ">", False), ("creatinine", ">=", False), ("creatinine", None, False),
    ],
)  # fmt: skip
def test_only_a_lower_bound_of_the_estimate_is_open_above(
    analyte: str, sign: str | None, open_: bool
) -> None:
    unit, value = ("mL/min", 60.0) if analyte == "egfr" else ("mg/dL", 1.0)
    timeline = with_labs(lab(analyte, value, unit, comparator=sign))
    assert timeline.results["open_above"].to_list() == [open_]


@pytest.mark.parametrize(
    ("birth", "estimated"), [(dt.date(2006, 1, 1), True), (dt.date(2006, 1, 2), False)]
)
def test_an_estimate_begins_with_the_18th_birthday(birth: dt.date, estimated: bool) -> None:
    (value,) = egfr(lab("creatinine", 1.0, "mg/dL"), birth_date=birth)
    assert (value is not None) is estimated
    assert egfr(lab("egfr", 61.0, "mL/min"), birth_date=birth) == [61.0]


def test_of_one_day_the_lowest_estimate_and_the_highest_creatinine_count() -> None:
    timeline = with_labs(
        lab("egfr", 50.0, "mL/min"), lab("egfr", 40.0, "mL/min"), lab("egfr", 45.0, "mL/min"),
        lab("creatinine", 1.0, "mg/dL"), lab("creatinine", 1.2, "mg/dL"),
    )  # fmt: skip
    assert timeline.results["egfr"].to_list() == [40.0]
    assert timeline.creatinines["mg_dl"].to_list() == [1.2]


def test_a_creatinine_without_an_estimate_does_not_hide_a_reported_one() -> None:
    labs = lab("creatinine", 1.0, "mg/dL"), lab("egfr", 40.0, "mL/min")
    assert egfr(*labs, sex=None) == [40.0]


def spans(frame: Any) -> list[tuple[int, int]]:
    first = day_number(START)
    return [(a - first, b - first) for a, b in frame.select("from_day", "to_day").iter_rows()]


def test_a_result_holds_until_the_next_and_for_so_many_days_after_its_own() -> None:
    timeline = with_labs(
        lab("egfr", 50.0, "mL/min", 0), lab("egfr", 40.0, "mL/min", 10),
        lab("egfr", 45.0, "mL/min", 500),
    )  # fmt: skip
    assert spans(result_steps(timeline.results, 365)) == [(0, 9), (10, 375), (500, 865)]
    assert spans(result_steps(timeline.results, 0)) == [(0, 0), (10, 10), (500, 500)]


@pytest.mark.parametrize(("largest", "value"), [(True, 5.5), (False, 4.5)])
def test_of_one_day_the_result_that_breaks_the_limit_counts(largest: bool, value: float) -> None:
    timeline = with_labs(
        lab("Potassium ", 4.5, "mmol/L"), lab("potassium", 5.5, "mmol / L"),
        lab("potassium", 5.0, "mmol/L"), lab("potassium", 9.9, "furlongs"),
    )  # fmt: skip
    found = results_of(timeline.labs, POTASSIUM)
    steps = latest_steps(found, 30, largest=largest)
    assert steps["value"].to_list() == [value]
    assert spans(steps) == [(0, 30)]


def test_a_result_is_converted_to_the_first_unit_and_a_bound_lies_beyond() -> None:
    timeline = with_labs(
        lab("potassium", 20.0, "mg/dL", 0), lab("potassium", 5.0, "mmol/L", 1, comparator="<"),
        lab("potassium", 5.0, "mmol/L", 2, comparator=">"),
        lab("potassium", 5.0, "mmol/L", 3, comparator=">="),
    )  # fmt: skip
    values = results_of(timeline.labs, POTASSIUM)["value"].to_list()
    assert values[0] == 5.114
    assert 4.99 < values[1] < 5.0 < values[2] < 5.01
    assert values[3] == 5.0


@pytest.mark.parametrize("name", ["creatinine", "digoxin", "weight"])
def test_a_limit_is_converted_to_the_bit_as_a_result_is(name: str) -> None:
    """20.4116565 kg (45 lb) lies between two roundings: both must take the same one."""
    test = ShippedVocabulary().lab_test(name)
    assert test is not None
    numbers = [n / 20 for n in range(1, 4001)]
    rows = [(number, unit) for unit, _ in test.units for number in numbers]
    labs = pl.DataFrame(rows, schema={"value": pl.Float64, "unit": pl.String}, orient="row")
    labs = labs.with_columns(
        patient=0, day=0, analyte=pl.lit(min(test.analytes)), sign=pl.lit(None, pl.String), ref=None
    )
    limits = [result_in_first_unit(test, f"{number:g} {unit}") for number, unit in rows]
    assert results_of(labs, test)["value"].to_list() == limits


@pytest.mark.parametrize(
    ("kg", "used"), [(0.3, True), (0.29, False), (500.0, True), (500.1, False)]
)
def test_a_dated_weight_counts_within_bounds(kg: float, used: bool) -> None:
    timeline = with_labs(lab("weight", kg, "kg"))
    assert timeline.weights["value"].to_list() == ([kg] if used else [])


def test_a_dated_weight_counts_for_a_year_and_else_that_of_the_patient() -> None:
    timeline = with_labs(lab("weight", 62.0, "kg", 5), weight_kg=70.0)
    first = day_number(START)
    by_day = {
        day: [
            row["value"]
            for row in timeline.weights.iter_rows(named=True)
            if row["from_day"] <= first + day <= row["to_day"]
        ]
        for day in (4, 5, 370, 371)
    }
    assert by_day == {4: [70.0], 5: [62.0], 370: [62.0], 371: [70.0]}


@pytest.mark.parametrize(
    ("patient", "reason"),
    [
        ({"weight_kg": 72.0}, None),
        ({"weight_kg": 0.0}, "weight-unknown"),
        ({"weight_kg": None}, "weight-unknown"),
        ({"weight_kg": 72.0, "sex": None}, "missing-demographics"),
        ({"weight_kg": 72.0, "birth_date": None}, "missing-demographics"),
        ({"weight_kg": 72.0, "birth_date": dt.date(2006, 1, 2)}, "missing-demographics"),
    ],
)
def test_a_clearance_says_why_there_is_none(patient: dict[str, Any], reason: str | None) -> None:
    timeline = with_labs(lab("creatinine", 1.0, "mg/dL"), **patient)
    steps = clearance_steps(timeline.creatinines, timeline.weights, 365)
    assert steps["reason"].to_list() == [reason]
    # 48 completed years on 1 January 2024: (140 - 48) x 72 / 72
    assert steps["egfr"].to_list() == [None if reason else pytest.approx(92.0)]


def test_a_clearance_says_what_it_was_worked_out_from() -> None:
    bound = lab("creatinine", 1.0, "mg/dL", comparator="<")
    timeline = with_labs(bound, weight_kg=72.26, birth_date=dt.date(1975, 6, 15))
    steps = clearance_steps(timeline.creatinines, timeline.weights, 365)
    (how,) = steps["how"].to_list()
    assert how.startswith("Cockcroft-Gault from creatinine <1 mg/dL, age 48, sex M")
    assert how.endswith(", weight 72.3 kg")
    assert steps["open_above"].to_list() == [True]
    assert steps["ref"].to_list() == ["labs.csv:1"]
    whole = with_labs(bound, weight_kg=72.0)
    steps = clearance_steps(whole.creatinines, whole.weights, 365)
    assert steps["how"].to_list()[0].endswith(", weight 72 kg")
