"""PERSON, OBSERVATION_PERIOD, DEATH, MEASUREMENT, CONDITION_OCCURRENCE and VISIT_OCCURRENCE."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.sources.omop_small import PERSON, Rows, exposure, taken, written


def table_of(name: str, folder: Path, **tables: Rows) -> pl.DataFrame:
    written(folder, {"drug_exposure": [exposure()], **tables})
    found: pl.DataFrame | None = getattr(taken(folder).bucket(0), name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("part", "born"),
    [
        ({}, dt.date(1960, 2, 29)),
        ({"day_of_birth": None, "birth_datetime": "1960-02-01 00:00:00"}, None),
        ({"month_of_birth": None, "birth_datetime": "1960-06-15 00:00:00"}, None),
        ({"day_of_birth": 31}, None),
    ],
)
def test_a_birth_date_needs_year_month_and_day(
    part: dict[str, Any], born: dt.date | None, tmp_path: Path
) -> None:
    people = table_of("patients", tmp_path, person=[PERSON | part])
    assert people["birth_date"].to_list() == [born]
    told = [n for n in taken(tmp_path).notices if "no complete date of birth" in n]
    assert bool(told) == (None in part.values())


@pytest.mark.parametrize(("concept", "sex"), [(8507, "M"), (8532, "F"), (8551, None), (0, None)])
def test_the_sex_is_that_of_the_gender_concept(
    concept: int, sex: str | None, tmp_path: Path
) -> None:
    people = table_of("patients", tmp_path, person=[PERSON | {"gender_concept_id": concept}])
    assert people["sex"].to_list() == [sex]


@pytest.mark.parametrize(
    ("periods", "first", "last"),
    [
        ([("2020-01-01", "2020-12-31")], "2020-01-01", "2020-12-31"),
        # one day after the other, or overlapping: one period
        ([("2021-01-01", "2021-06-30"), ("2020-01-01", "2020-12-31")], "2020-01-01", "2021-06-30"),
        ([("2020-01-01", "2020-12-31"), ("2020-03-01", "2020-04-01")], "2020-01-01", "2020-12-31"),
        # a gap: the last period counts
        ([("2018-01-01", "2018-12-31"), ("2020-01-01", "2020-12-31")], "2020-01-01", "2020-12-31"),
    ],
)
def test_the_time_of_observation(
    periods: list[tuple[str, str]], first: str, last: str, tmp_path: Path
) -> None:
    rows = [
        {
            "observation_period_id": n,
            "person_id": 7,
            "observation_period_start_date": a,
            "observation_period_end_date": b,
        }
        for n, (a, b) in enumerate(periods)
    ]
    people = table_of("patients", tmp_path, observation_period=rows)
    assert people.select(pl.col("observation_start", "observation_end").cast(pl.String)).rows() == [
        (first, last)
    ]
    told = [n for n in taken(tmp_path).notices if "several observation periods" in n]
    assert bool(told) == (periods[0][0] == "2018-01-01")


def test_a_death_date_is_the_day_of_death(tmp_path: Path) -> None:
    rows = [{"person_id": 7, "death_date": "2024-05-06", "death_datetime": "2024-05-06 10:00:00"}]
    assert table_of("patients", tmp_path, death=rows)["death_date"].to_list() == [
        dt.date(2024, 5, 6)
    ]


def measurement(**more: Any) -> dict[str, Any]:
    return {
        "measurement_id": 1,
        "person_id": 7,
        "measurement_concept_id": 41,
        "measurement_date": "2024-03-02",
        "operator_concept_id": 0,
        "value_as_number": 1.2,
        "unit_concept_id": 8840,
        "measurement_source_value": "local-1",
        "unit_source_value": "milligrams",
    } | more


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, ("creatinine", None, 1.2, "mg/dL")),
        ({"operator_concept_id": 4172704}, ("creatinine", ">", 1.2, "mg/dL")),
        (
            {"unit_concept_id": 0, "unit_source_value": "umol/L"},
            ("creatinine", None, 1.2, "umol/L"),
        ),
        # known by its source value alone: a LOINC code, or a name of the test lists
        (
            {"measurement_concept_id": 0, "measurement_source_value": "2823-3"},
            ("potassium", None, 1.2, "mg/dL"),
        ),
        (
            {"measurement_concept_id": 0, "measurement_source_value": "Serum Potassium"},
            ("serum potassium", None, 1.2, "mg/dL"),
        ),
        ({"value_as_number": None}, ("creatinine", None, None, "mg/dL")),
    ],
)
def test_a_measurement_is_known_by_code_or_name(
    record: dict[str, Any], expected: tuple[Any, ...], tmp_path: Path
) -> None:
    labs = table_of("labs", tmp_path, measurement=[measurement(**record)])
    assert labs.select("analyte", "comparator", "value", "unit").rows() == [expected]


def test_other_measurements_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [measurement(), measurement(measurement_concept_id=42), measurement(
        measurement_concept_id=0, measurement_source_value="creatinine in urine")]  # fmt: skip
    labs = table_of("labs", tmp_path, measurement=rows)
    assert labs["analyte"].to_list() == ["creatinine"]
    notices = taken(tmp_path).notices
    assert "measurement.csv: 2 measurements are no laboratory tests that are used" in notices


@pytest.mark.parametrize(
    ("concept", "source", "expected"),
    [
        (51, "Z99.2", "Z99.2"),  # a code of a condition list, in the source value only
        (51, "x", "Some disorder of no list"),
        (0, "dialysis", "dialysis"),
        (0, "something else", "something else"),
    ],
)
def test_a_condition_is_what_a_list_knows_or_its_name(
    concept: int, source: str, expected: str, tmp_path: Path
) -> None:
    row = {
        "condition_occurrence_id": 1,
        "person_id": 7,
        "condition_concept_id": concept,
        "condition_start_date": "2024-03-02",
        "condition_end_date": None,
        "condition_source_value": source,
    }
    found = table_of("conditions", tmp_path, condition_occurrence=[row])
    assert found["condition"].to_list() == [expected]


def test_stays_in_hospital_become_admissions(tmp_path: Path) -> None:
    rows = [
        {
            "visit_occurrence_id": concept,
            "person_id": 7,
            "visit_concept_id": concept,
            "visit_start_date": "2024-03-02",
            "visit_end_date": "2024-03-05",
        }
        for concept in (9201, 9202, 61)
    ]
    below = [{"ancestor_concept_id": 9201, "descendant_concept_id": 61}]
    found = table_of("admissions", tmp_path, visit_occurrence=rows, concept_ancestor=below)
    assert (
        found.select(pl.col("start_date", "end_date").cast(pl.String)).rows()
        == [("2024-03-02", "2024-03-05")] * 2
    )
