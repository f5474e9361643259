"""FHIR Timing and Dosage, read as HL7 FHIR R4 defines them: a wall of small cases."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from screener.sources.fhir_dosage import plan_of
from screener.sources.fhir_timing import schedule_of

Json = dict[str, Any]
DAY = {"period": 1, "periodUnit": "d"}


def said(timing: Json) -> str:
    """A schedule in short: `2-3 in 1`, `for 7`, `from ...`, `to ...`."""
    schedule = schedule_of(timing)
    words = []
    if schedule.unreadable:
        words.append("unreadable")
    if schedule.rate is not None:
        rate = schedule.rate
        times = str(rate.most) if rate.share == 1 else f"{rate.most * rate.share}-{rate.most}"
        words.append(f"{times} in {rate.period}")
    words += [f"for {schedule.days}"] if schedule.days else []
    words += [f"from {schedule.start}"] if schedule.start else []
    words += [f"to {schedule.end}"] if schedule.end else []
    return " ".join(words)


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ({"frequency": 1, **DAY}, "1 in 1"),
        ({"frequency": 3, **DAY}, "3 in 1"),
        ({"frequency": 1, "period": "1.0", "periodUnit": "d"}, "1 in 1"),
        ({"frequency": 1, "period": 8, "periodUnit": "h"}, "1 in 1/3"),
        ({"frequency": 1, "period": 2, "periodUnit": "d"}, "1 in 2"),
        ({"frequency": 1, "period": 1, "periodUnit": "wk"}, "1 in 7"),
        ({"frequency": 1, "period": 72, "periodUnit": "h"}, "1 in 3"),
        ({"frequency": 1, "period": 1, "periodUnit": "mo"}, "1 in 487/16"),
        # no frequency: once a period (meaningWhenMissing)
        ({"period": 6, "periodUnit": "h"}, "1 in 1/4"),
        # ranges
        ({"frequency": 2, "frequencyMax": 3, **DAY}, "2-3 in 1"),
        ({"frequency": 1, "period": 4, "periodMax": 6, "periodUnit": "h"}, "2/3-1 in 1/6"),
        ({"frequency": 3, "frequencyMax": 2, **DAY}, "unreadable"),
        ({"frequency": 1, "period": 6, "periodMax": 4, "periodUnit": "h"}, "unreadable"),
        # a frequency without a period is handed on so: the timeline flags it
        ({"frequency": 3}, "3 in None"),
        ({"frequency": 0, **DAY}, "unreadable"),
        ({"frequency": 1, "period": 0, "periodUnit": "d"}, "unreadable"),
        ({"frequency": 1, "period": 1}, "unreadable"),
        ({"frequency": 1, "period": 1, "periodUnit": "fortnight"}, "unreadable"),
        # days of the week
        ({"dayOfWeek": ["mon"]}, "1 in 7"),
        ({"dayOfWeek": ["mon", "wed", "fri"]}, "3 in 7"),
        ({"dayOfWeek": ["mon", "mon"]}, "1 in 7"),
        ({"frequency": 2, **DAY, "dayOfWeek": ["tue", "thu"]}, "4 in 7"),
        ({"frequency": 1, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon"]}, "1 in 7"),
        ({"period": 2, "periodUnit": "wk", "dayOfWeek": ["mon"]}, "1 in 14"),
        ({"frequency": 1, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon", "thu"]},
         "unreadable"),
        ({"frequency": 1, "period": 3, "periodUnit": "d", "dayOfWeek": ["mon"]}, "unreadable"),
        ({"dayOfWeek": ["weekend"]}, "unreadable"),
        # times of day: every day, on those times
        ({"timeOfDay": ["08:00:00"]}, "1 in 1"),
        ({"timeOfDay": ["08:00:00", "20:00:00"]}, "2 in 1"),
        ({"timeOfDay": ["08:00:00", "20:00:00"], "dayOfWeek": ["sat"]}, "2 in 7"),
        ({"timeOfDay": ["08:00:00", "20:00:00"], "frequency": 2, **DAY}, "2 in 1"),
        ({"timeOfDay": ["08:00:00", "20:00:00"], "frequency": 3, **DAY}, "unreadable"),
        # events of the day
        ({"when": ["HS"]}, "1 in 1"),
        ({"when": ["MORN", "NIGHT"]}, "2 in 1"),
        ({"when": ["ACM"], "offset": 30, "frequency": 1, **DAY}, "1 in 1"),
        ({"when": ["PC"], "frequency": 3, **DAY}, "3 in 1"),
        ({"when": ["HS"], "frequency": 1, "period": 2, "periodUnit": "d"}, "1 in 2"),
        ({"when": ["MORN", "NIGHT"], "frequency": 2, **DAY}, "2 in 1"),
        # with meals, and nothing says how many meals
        ({"when": ["PC"]}, "unreadable"),
        ({"when": ["MORN", "NIGHT"], "frequency": 1, **DAY}, "unreadable"),
        ({"when": ["MORN"], "timeOfDay": ["08:00:00"]}, "unreadable"),
        ({"when": ["FULLMOON"]}, "unreadable"),
        # bounds and counts
        ({"frequency": 2, **DAY, "boundsDuration": {"value": 7, "code": "d"}}, "2 in 1 for 7"),
        ({"frequency": 1, **DAY, "boundsDuration": {"value": 2, "unit": "weeks"}}, "1 in 1 for 14"),
        ({"frequency": 1, **DAY, "boundsDuration": {"value": 1, "code": "mo"}}, "1 in 1 for 30"),
        ({"frequency": 1, **DAY, "boundsRange": {"low": {"value": 5, "code": "d"},
                                                 "high": {"value": 7, "code": "d"}}},
         "1 in 1 for 7"),
        ({"frequency": 1, **DAY, "boundsPeriod": {"start": "2024-03-01", "end": "2024-03-10"}},
         "1 in 1 from 2024-03-01 to 2024-03-10"),
        ({"frequency": 1, "period": 2, "periodUnit": "d", "count": 3}, "1 in 2 for 6"),
        ({"frequency": 2, **DAY, "count": 14, "boundsDuration": {"value": 5, "code": "d"}},
         "2 in 1 for 5"),
        ({"count": 1}, "1 in 1 for 1"),
        ({"count": 4}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_repeat_means_what_the_standard_says(repeat: Json, expected: str) -> None:
    assert said({"repeat": repeat}) == expected


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ({"code": {"coding": [{"code": "BID"}]}}, "2 in 1"),
        ({"code": {"coding": [{"code": "TID"}]}}, "3 in 1"),
        ({"code": {"coding": [{"code": "QID"}]}}, "4 in 1"),
        ({"code": {"coding": [{"code": "QD"}]}}, "1 in 1"),
        ({"code": {"coding": [{"code": "QOD"}]}}, "1 in 2"),
        ({"code": {"coding": [{"code": "AM"}]}}, "1 in 1"),
        ({"code": {"coding": [{"code": "BED"}]}}, "1 in 1"),
        ({"code": {"coding": [{"code": "WK"}]}}, "1 in 7"),
        ({"code": {"coding": [{"code": "Q6H"}]}}, "1 in 1/4"),
        ({"code": {"text": "BID"}}, "2 in 1"),
        # bounds hold beside a code; a rate must be the same
        ({"code": {"coding": [{"code": "BID"}]},
          "repeat": {"boundsDuration": {"value": 10, "code": "d"}}}, "2 in 1 for 10"),
        ({"code": {"coding": [{"code": "BID"}]}, "repeat": {"frequency": 2, **DAY}}, "2 in 1"),
        ({"code": {"coding": [{"code": "BID"}]}, "repeat": {"frequency": 1, **DAY}}, "unreadable"),
        ({"code": {"coding": [{"code": "HOUSE7"}]}}, "unreadable"),
        ({"code": {"coding": [{"code": "HOUSE7"}]}, "repeat": {"frequency": 1, **DAY}}, "1 in 1"),
        ({"code": {"text": "when the moon is full"}}, "unreadable"),
        ({"event": ["2024-05-01T10:00:00Z"]}, "1 in 1 for 1 from 2024-05-01T10:00:00Z"),
        ({"event": ["2024-05-01", "2024-05-08"]}, "unreadable"),
    ],
)  # fmt: skip
def test_timing_codes_and_events(timing: Json, expected: str) -> None:
    assert said(timing) == expected


TWICE = {"repeat": {"frequency": 2, **DAY}}


def tablets(value: object, unit: str = "tablet") -> list[Json]:
    return [{"doseQuantity": {"value": value, "unit": unit}}]


@pytest.mark.parametrize(
    ("dosage", "expected"),
    [
        ({"timing": TWICE, "doseAndRate": tablets(1)},
         {"dose_min": "1", "dose_unit": "tablet", "frequency_count": "2"}),
        ({"timing": TWICE, "doseAndRate": tablets("0.50")}, {"dose_min": "0.5"}),
        ({"timing": TWICE, "doseAndRate": tablets("2.5", "mL")},
         {"dose_min": "2.5", "dose_unit": "mL"}),
        # the elements of STU3, directly in the Dosage
        ({"timing": TWICE, "doseQuantity": {"value": 1, "code": "{tbl}"}},
         {"dose_min": "1", "dose_unit": "{tbl}"}),
        # units: the words, unless only the code is known; a contradiction is no unit
        ({"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "Tbl (oral)", "code": "{tbl}"}}]},
         {"dose_unit": "{tbl}"}),
        ({"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet", "code": "1"}}]},
         {"dose_unit": "tablet"}),
        ({"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg", "code": "ug"}}]},
         {"dose_unit": "mg or ug"}),
        ({"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mcg", "code": "ug"}}]},
         {"dose_unit": "mcg"}),
        ({"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "sp.", "code": "[tsp_m]"}}]},
         {"dose_unit": "[tsp_m]"}),
        ({"doseAndRate": [{"doseQuantity": {"value": 1}}]}, {"dose_min": "1", "dose_unit": None}),
        # no dose that is plainly one
        ({"doseAndRate": [{"doseQuantity": {"value": 1, "comparator": "<", "unit": "mg"}}]},
         {"dose_min": None}),
        ({"doseAndRate": tablets("-1")}, {"dose_min": None}),
        ({"doseAndRate": tablets("lots")}, {"dose_min": None}),
        # ranges
        ({"doseAndRate": [{"doseRange": {"low": {"value": 1, "unit": "tablet"},
                                         "high": {"value": 2, "unit": "tablet"}}}]},
         {"dose_min": "1", "dose_max": "2"}),
        ({"doseAndRate": [{"doseRange": {"high": {"value": 2, "unit": "tablet"}}}]},
         {"dose_min": "0", "dose_max": "2"}),
        ({"doseAndRate": [{"doseRange": {"low": {"value": 1, "unit": "tablet"}}}]},
         {"dose_min": None}),
        ({"doseAndRate": [{"doseRange": {"low": {"value": 1, "unit": "tablet"}}}],
          "maxDosePerAdministration": {"value": 3, "unit": "tablet"}},
         {"dose_min": "1", "dose_max": "3"}),
        ({"doseAndRate": [{"doseRange": {"low": {"value": 1, "unit": "mg"},
                                         "high": {"value": 2, "unit": "tablet"}}}]},
         {"dose_min": None}),
        # a range of times: the lowest rate lowers the lowest dose
        ({"timing": {"repeat": {"frequency": 1, "frequencyMax": 2, **DAY}},
          "doseAndRate": tablets(1)},
         {"dose_min": "0.5", "dose_max": "1", "frequency_count": "2"}),
        # an ordered dose beside a calculated one
        ({"doseAndRate": [
            {"type": {"coding": [{"code": "calculated"}]},
             "doseQuantity": {"value": 31, "unit": "mg"}},
            {"type": {"coding": [{"code": "ordered"}]},
             "doseQuantity": {"value": 30, "unit": "mg"}}]}, {"dose_min": "30"}),
        ({"doseAndRate": [*tablets(1), *tablets(2)]}, {"dose_min": None}),
        # rates
        ({"doseAndRate": [{"rateRatio": {"numerator": {"value": 5, "unit": "mg"},
                                         "denominator": {"value": 1, "unit": "h"}}}]},
         {"dose_min": "120", "dose_unit": "mg", "frequency_count": "1",
          "frequency_period_days": "1"}),
        ({"timing": {"repeat": {"frequency": 2, **DAY, "duration": 30, "durationUnit": "min"}},
          "doseAndRate": [{"rateQuantity": {"value": 10, "unit": "mL/h"}}]},
         {"dose_min": "5", "dose_unit": "mL", "frequency_count": "2"}),
        ({"timing": TWICE, "doseAndRate": [{"rateQuantity": {"value": 10, "unit": "mL/h"}}]},
         {"dose_min": None}),
        # as needed
        ({"asNeededBoolean": True, "timing": TWICE, "doseAndRate": tablets(1),
          "maxDosePerPeriod": {"numerator": {"value": 3, "unit": "tablet"},
                               "denominator": {"value": 1, "unit": "d"}}},
         {"prn": "yes", "max_doses_per_day": "3", "dose_min": "1"}),
        ({"asNeededCodeableConcept": {"text": "pain"}, "doseAndRate": tablets(500, "mg"),
          "maxDosePerPeriod": {"numerator": {"value": 4, "unit": "g"},
                               "denominator": {"value": 24, "unit": "h"}}},
         {"prn": "yes", "max_doses_per_day": "8"}),
        ({"asNeededBoolean": True, "doseAndRate": tablets(2),
          "maxDosePerPeriod": [
              {"numerator": {"value": 6, "unit": "{dose}"},
               "denominator": {"value": 1, "unit": "d"}},
              {"numerator": {"value": 28, "unit": "tablet"},
               "denominator": {"value": 1, "unit": "wk"}}]},
         {"max_doses_per_day": "2"}),
        ({"asNeededBoolean": True, "doseAndRate": tablets(1),
          "maxDosePerPeriod": {"numerator": {"value": 60, "unit": "mg"},
                               "denominator": {"value": 1, "unit": "d"}}},
         {"prn": "yes", "max_doses_per_day": None}),
        ({"asNeededBoolean": False}, {"prn": "no"}),
        # text and route
        ({"text": "one at night"}, {"sig": "one at night", "dose_min": None}),
        ({"route": {"coding": [{"system": "http://snomed.info/sct", "code": "26643006",
                                "display": "Oral route (qualifier value)"}]}},
         {"route": "26643006"}),
        ({"route": {"text": "PO"}}, {"route": "PO"}),
    ],
)  # fmt: skip
def test_a_dosage_gives_its_cells(dosage: Json, expected: dict[str, str | None]) -> None:
    (row,) = plan_of([dosage]).rows
    assert {name: row.cells.get(name) for name in expected} == expected


def steps(*dosages: Json) -> list[tuple[str | None, int, int | None]]:
    """(dose, days after the start, days) of each row."""
    return [(r.cells.get("dose_min"), r.after, r.days) for r in plan_of(list(dosages)).rows]


def step(dose: int, sequence: int | None, length: int | None = None) -> Json:
    bounds = {"boundsDuration": {"value": length, "code": "d"}} if length else {}
    made: Json = {"timing": {"repeat": {"frequency": 1, **DAY, **bounds}}, "text": f"{dose} a day"}
    made["doseAndRate"] = tablets(dose)
    return made | ({"sequence": sequence} if sequence is not None else {})


def test_equal_sequence_numbers_stand_side_by_side() -> None:
    assert steps(step(1, 1), step(2, 1)) == [("1", 0, None), ("2", 0, None)]
    assert steps(step(1, None), step(2, None)) == [("1", 0, None), ("2", 0, None)]


def test_equal_doses_of_a_day_are_added_and_not_taken_for_a_copy() -> None:
    def at(moment: str, often: Json) -> Json:
        repeat = {"when": [moment]} | often
        return {"timing": {"repeat": repeat}, "doseAndRate": tablets(1), "text": moment}

    (row,) = plan_of([at("MORN", {}), at("NIGHT", {})]).rows
    expected = {"dose_min": "1", "frequency_count": "2", "frequency_period_days": "1",
                "sig": "MORN and NIGHT"}  # fmt: skip
    assert {name: row.cells[name] for name in expected} == expected
    alternate = {"frequency": 1, "period": 2, "periodUnit": "d"}
    (row,) = plan_of([at("MORN", {}), at("NIGHT", alternate)]).rows
    assert (row.cells["frequency_count"], row.per_day) == ("1.5", Fraction(3, 2))
    # two whose frequency is not known stay two
    assert len(plan_of([{"text": "one"}, {"text": "two"}]).rows) == 2


def test_ascending_sequence_numbers_follow_each_other() -> None:
    taper = steps(step(4, 1, 5), step(2, 2, 5), step(1, 10, 3))
    assert taper == [("4", 0, 5), ("2", 5, 5), ("1", 10, 3)]
    assert steps(step(4, 2, 5), step(2, 1, 3)) == [("2", 0, 3), ("4", 3, 5)]
    # the last may go on for as long as the supply lasts
    assert steps(step(4, 1, 5), step(2, 2)) == [("4", 0, 5), ("2", 5, None)]


def test_steps_without_a_length_of_their_own_are_not_read() -> None:
    plan = plan_of([step(4, 1), step(2, 2)])
    (row,) = plan.rows
    assert "dose_min" not in row.cells
    assert row.cells["sig"] == "4 a day then 2 a day"
    assert len(plan_of([step(4, 1, 5), step(2, None)]).rows) == 1
