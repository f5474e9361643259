"""Who is not screened again when time passes must have the very same results as if screened."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.checks.bucket import screen_bucket
from screener.checks.when_due import analytes_waited_for, due, standing, waits_of
from screener.findings import Results
from screener.rule.model import Rule
from tests.properties.classes import FAMILIES
from tests.properties.extra_rules import GUARDED
from tests.properties.kept_cases import KEPT
from tests.properties.kept_classes import KEPT_CLASSES
from tests.properties.patients import buckets
from tests.properties.rules_of_checks import CHECK_RULES
from tests.properties.rules_of_clauses import GUARDED_COURSES, SHAPES
from tests.reference.histories import Bucket, History
from tests.reference.rules import BY_ID, RULES

OF_CHECKS = tuple(rule for rules in CHECK_RULES.values() for rule in rules)
GROUPS: dict[str, tuple[Rule, ...]] = {
    "baclofen": RULES,
    "guards": GUARDED,
    "checks": OF_CHECKS,
    "shapes": SHAPES,
    "courses": GUARDED_COURSES,
}
TABLES = (
    "findings", "pilot_findings", "not_assessed", "data_flags", "orders", "timeline",
)  # fmt: skip
THEMES = ("plain", "kidney", "partners", "ends", "refills", "strengths", "tapers", *FAMILIES)
SHARE = max(1, settings().max_examples // 3)


def of_patients(frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The rows of some patients."""
    return frame.filter(pl.col("patient_id").is_in(ids.implode()))


def without_order(frame: pl.DataFrame) -> list[str]:
    """Rows as text, sorted, so that two frames can be compared whatever their order."""
    return sorted(map(repr, frame.iter_rows()))


def quiet_patients(
    bucket: Bucket, rules: tuple[Rule, ...], last: dt.date, days: int
) -> tuple[pl.Series, Results, Results]:
    """Who is not screened again when the data end some days later; and both results."""
    tables, later = bucket.tables(), last + dt.timedelta(days=days)
    before, after = (screen_bucket(tables, rules, day) for day in (last, later))
    stands = standing(tables, before.orders, waits_of(rules), last)
    again = due(stands, last, later).filter("again")["patient_id"]
    return stands["patient_id"].filter(~stands["patient_id"].is_in(again.implode())), before, after


def agree(bucket: Bucket, rules: tuple[Rule, ...], last: dt.date, days: int) -> int:
    """Fails where a quiet patient's results differ; how many patients were quiet."""
    quiet, before, after = quiet_patients(bucket, rules, last, days)
    for table in TABLES:
        one, two = (of_patients(getattr(r, table), quiet) for r in (before, after))
        assert without_order(one) == without_order(two), table
    one, two = (of_patients(r.kidney, quiet).drop("to_date") for r in (before, after))
    assert without_order(one) == without_order(two)
    # every patient is a site, so the outcomes of a site are those of one patient
    own = pl.col("site_id").is_in(quiet.implode())
    one, two = (r.outcomes.filter(own) for r in (before, after))
    assert without_order(one) == without_order(two)
    return quiet.len()


@pytest.mark.parametrize("group", GROUPS)
def test_who_is_not_screened_again_has_the_same_results(group: str) -> None:
    rules = GROUPS[group]

    @settings(max_examples=SHARE)
    @given(bucket=buckets(*THEMES), back=st.integers(-150, 190), days=st.integers(1, 40))
    def test(bucket: Bucket, back: int, days: int) -> None:
        agree(bucket, rules, bucket.as_of - dt.timedelta(days=back), days)

    test()


@pytest.mark.parametrize("group", GROUPS)
def test_every_kept_patient_has_the_same_results_when_quiet(group: str) -> None:
    cases = KEPT if group in ("baclofen", "guards") else KEPT_CLASSES
    by_day: dict[tuple[dt.date, frozenset[str]], list[Bucket]] = {}
    for _, bucket in cases:
        by_day.setdefault((bucket.as_of, bucket.supplied), []).append(bucket)
    quiet = 0
    for (as_of, supplied), found in by_day.items():
        whole = Bucket([one for b in found for one in b.histories], as_of, supplied)
        for back, days in ((120, 7), (30, 30), (0, 1), (-60, 40)):
            quiet += agree(whole, GROUPS[group], as_of - dt.timedelta(days=back), days)
    assert quiet > 0


def test_waits_follow_from_the_rules() -> None:
    waits = waits_of([BY_ID["baclofen-stopped-abruptly"]])
    assert set(waits) == {"baclofen"}
    assert waits["baclofen"] > 30  # an event is active so long
    without = waits_of([rule for rule in OF_CHECKS if rule.id.startswith("taken-without")])
    assert without["ibuprofen"] > 91
    assert "omeprazole" not in without  # it protects and is not asked for


def test_tests_that_rules_wait_for_are_known() -> None:
    asked = analytes_waited_for([r for r in OF_CHECKS if r.id.startswith("test-overdue")])
    assert asked >= {"serum lithium", "creatinine"}
    assert analytes_waited_for([BY_ID["baclofen-max-dose"]]) == frozenset()


FIRST = dt.date(2024, 1, 29)


def supply(drug: str, start: int, days: int = 28, **more: object) -> dict[str, object]:
    """Tablets of 20 mg three times a day from a day counted from FIRST."""
    return {
        "drug": drug, "route": "oral", "form": "tablet", "strength_value": "20",
        "strength_unit": "mg", "strength_per_value": 1.0, "strength_per_unit": "tablet",
        "dose_unit": "tablet", "dose_min": 1.0, "frequency_count": 3.0,
        "frequency_period_days": 1.0, "prn": False, "days_supply": days,
        "start_date": FIRST + dt.timedelta(start),
    } | more  # fmt: skip


def person(*orders: dict[str, object], **more: object) -> History:
    """A grown-up who was watched for long before."""
    known = {"birth_date": dt.date(1960, 2, 29), "sex": "F", "weight_kg": 72.0,
             "observation_start": FIRST - dt.timedelta(400)}  # fmt: skip
    return History(list(orders), known, **more)  # type: ignore[arg-type]


def stay(start: int, end: int | None) -> dict[str, object]:
    """Days in hospital."""
    return {"start_date": FIRST + dt.timedelta(start),
            "end_date": None if end is None else FIRST + dt.timedelta(end)}  # fmt: skip


def creatinine_on(day: int) -> dict[str, object]:
    """A raised creatinine."""
    return {"analyte": "creatinine", "value": 2.4, "unit": "mg/dL",
            "date": FIRST + dt.timedelta(day)}  # fmt: skip


COURSES = (
    person(supply("baclofen", 0), supply("baclofen", 100)),
    person(supply("baclofen", 0, 60), admissions=[stay(61, 130)]),
    person(supply("baclofen", 0, 60), admissions=[stay(70, None)]),
    person(supply("ibuprofen", 0)),
    person(supply("ibuprofen", 0, 10), supply("omeprazole", 0, 20)),
    person(supply("ibuprofen", 0, 40), supply("warfarin", 30, 5)),
    person(supply("morphine", 0, 90), supply("zolpidem", 20, 90)),
    person(supply("lithium", 0, 120), labs=[creatinine_on(-30), creatinine_on(150)]),
    person(supply("gabapentin", 0, 28), labs=[creatinine_on(40)]),
    person(supply("oxycodone", 0, None), supply("diazepam", 3, 70)),  # type: ignore[arg-type]
    person(supply("cetirizine", 0, 300)),
    person(supply("baclofen", 0, 60, stop_date=FIRST + dt.timedelta(30))),
)


@pytest.mark.parametrize(("days", "apart"), [(1, 37), (20, 17)])
def test_courses_are_screened_again_whenever_anything_about_them_may_change(
    days: int, apart: int
) -> None:
    bucket = Bucket(list(COURSES), FIRST, tests_seen=frozenset({("P7", "creatinine")}))
    quiet = [
        agree(bucket, OF_CHECKS + RULES, FIRST + dt.timedelta(back), days)
        for back in range(4, 200, apart)
    ]
    assert min(quiet) < len(COURSES) / 2 < max(quiet)


def test_an_order_that_begins_ends_the_quiet() -> None:
    bucket = Bucket(list(COURSES[:1]), FIRST)
    for last, days, expected in ((90, 5, 1), (90, 9, 1), (90, 10, 0), (59, 1, 1), (58, 1, 0)):
        quiet, _, _ = quiet_patients(bucket, RULES, FIRST + dt.timedelta(last), days)
        assert quiet.len() == expected, (last, days)
