"""Stories become patients, and a wrong rule makes a story fail."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from screener.checks.bucket import screen_bucket
from screener.rule.model import Expected, Story
from screener.rulebook.stories import DAY_0, tables_of, tell
from screener.tables import TABLES, Tables, typed_schema
from tests.rule.authoring import SOUND, changed, load


def story(takes: str, expect: str = "clear", **facts: str) -> Story:
    return Story("a story", (takes,), facts, (Expected(expect),), "limits/too-much.yaml:1")


def day(number: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=number)


def only(frame: pl.DataFrame | None) -> dict[str, object]:
    assert frame is not None
    (row,) = frame.to_dicts()
    return row


def test_the_tables_are_canonical_and_typed() -> None:
    tables, _ = tables_of([story("baclofen: 20 mg 3 times a day for 28 days")])
    for name in TABLES:
        frame = getattr(tables, name)
        assert dict(frame.schema) == typed_schema(name)
        assert tables.supplied[name] == frozenset(column.name for column in TABLES[name])
    assert only(tables.prescriptions)["source_row"] == 1


def test_an_order_is_what_an_export_would_say() -> None:
    tables, _ = tables_of([story("baclofen 20 mg tablets 3 times a day for 28 days from day 2")])
    row = only(tables.prescriptions)
    assert row["drug"] == "baclofen"
    assert (row["strength_value"], row["strength_unit"]) == ("20", "mg")
    assert (row["dose_min"], row["dose_unit"], row["frequency_count"]) == (1.0, "tablet", 3.0)
    assert (row["start_date"], row["days_supply"], row["stop_date"]) == (day(2), 28, None)


def test_the_usual_patient_is_observed_around_the_doses() -> None:
    tables, as_of = tables_of([story("baclofen: 20 mg 3 times a day for 28 days")])
    row = only(tables.patients)
    assert (row["observation_start"], row["observation_end"]) == (day(-400), day(27 + 120))
    assert as_of == day(27 + 120)
    assert only(tables.labs)["date"] == day(-20)


def test_tests_stand_in_the_labs_and_are_known_of_the_site_of_their_story_alone() -> None:
    facts = {"creatinine": "none", "tests_of_the_site": "potassium", "height": "170 cm"}
    takes = "lithium: 400 mg once a day for 28 days"
    tables, _ = tables_of([story(takes, **facts), story(takes, lab="lithium 1 mmol/L on day 3")])
    assert tables.labs is not None
    assert tables.patients is not None
    assert tables.labs.select("patient_id", "analyte", "value", "unit").rows() == [
        ("story-00002", "creatinine", 0.9, "mg/dL"),
        ("story-00002", "lithium", 1.0, "mmol/L"),
    ]
    assert tables.tests_seen == {
        ("site-1", "potassium"),
        ("site-2", "creatinine"),
        ("site-2", "lithium"),
    }
    assert tables.patients["height_cm"].to_list() == [170.0, None]
    assert tables.prescriptions["site_id"].to_list() == ["site-1", "site-2"]


def test_a_weight_of_a_day_stands_in_the_labs() -> None:
    tables, _ = tables_of([story("lithium: 1 mg once a day for 9 days", weight="58 kg on day 3")])
    assert tables.labs is not None
    weight = tables.labs.filter(pl.col("analyte") == "weight")
    assert (weight["value"].item(), weight["unit"].item(), weight["date"].item()) == (
        58.0,
        "kg",
        day(3),
    )
    assert only(tables.patients)["weight_kg"] is None


@pytest.mark.parametrize(
    ("age", "birthday"),
    [
        ("48", day(-30).replace(year=day(-30).year - 48)),
        ("65 from day 10", day(10).replace(year=1960)),
    ],
)
def test_an_age_holds_on_day_0_or_begins_on_the_day_that_is_said(
    age: str, birthday: dt.date
) -> None:
    tables, _ = tables_of([story("baclofen: 60 mg/day for 28 days", age=age)])
    assert only(tables.patients)["birth_date"] == birthday


def test_facts_become_rows() -> None:
    facts = {
        "sex": "F",
        "egfr": ">60 on day 3",
        "condition": "dialysis from day 1 to day 4",
        "observed": "30 days before, until day 60",
        "died": "on day 50",
        "admitted": "day 5",
    }
    tables, as_of = tables_of([story("baclofen: 60 mg/day for 28 days", **facts)])
    person = only(tables.patients)
    assert (person["sex"], person["death_date"]) == ("F", day(50))
    assert (person["observation_start"], person["observation_end"]) == (day(-30), day(60))
    lab = only(tables.labs)
    assert (lab["comparator"], lab["value"], lab["date"]) == (">", 60.0, day(3))
    condition = only(tables.conditions)
    assert (condition["start_date"], condition["end_date"]) == (day(1), day(4))
    assert (only(tables.admissions)["start_date"], only(tables.admissions)["end_date"]) == (
        day(5),
        None,
    )
    assert as_of == day(60)


def test_stories_are_strangers_to_each_other(tmp_path: Path) -> None:
    """Two patients of the same order ids and dates must not see each other's orders."""
    more = """\
  - story: above
    takes: {baclofen: 90 mg/day for 28 days}
    expect: flag high from day 0
"""
    told = tell([load(tmp_path, SOUND + more)], screen_bucket)
    assert [one.passed for one in told] == [True, True]


def last(tmp_path: Path, takes: str, expect: str) -> tuple[bool, tuple[str, ...]]:
    example = f"  - story: the one\n    takes: {{{takes}}}\n    expect: {expect}\n"
    (_, one) = tell([load(tmp_path, SOUND + example)], screen_bucket)
    return one.passed, one.got


@pytest.mark.parametrize(
    ("takes", "expect", "got"),
    [
        ("baclofen: 80.01 mg/day for 28 days", "clear", "flag high from day 0"),
        ("baclofen: 80 mg/day for 28 days", "flag high from day 0", "clear"),
        ("baclofen: 80.01 mg/day for 28 days", "flag critical from day 0", "flag high from day 0"),
        ("baclofen: 80.01 mg/day for 28 days", "flag high from day 1", "flag high from day 0"),
        (
            "baclofen: 80.01 mg/day for 28 days",
            "flag high possible from day 0",
            "flag high from day 0",
        ),
        ("baclofen: 80.01 mg/day for 28 days", "not assessed", "flag high from day 0"),
        ("baclofen: unknown dose for 28 days", "clear", "not assessed because dose-unknown"),
        (
            "baclofen: unknown dose for 28 days",
            "not assessed because died",
            "not assessed because dose-unknown",
        ),
        ("tizanidine: 4 mg once a day for 28 days", "clear", "out of scope"),
        ("baclofen: 60 mg/day for 28 days", "out of scope", "clear"),
    ],
)
def test_a_story_that_does_not_come_out_fails_and_says_what_came(
    tmp_path: Path, takes: str, expect: str, got: str
) -> None:
    assert last(tmp_path, takes, expect) == (False, (got,))


@pytest.mark.parametrize(
    "expect",
    [
        "flag high",
        "flag high from day 0",
        "flag high definite from day 0",
        "flag high with baclofen",
    ],
)
def test_a_flag_may_be_expected_in_more_or_fewer_words(tmp_path: Path, expect: str) -> None:
    assert last(tmp_path, "baclofen: 80.01 mg/day for 28 days", expect)[0]


def test_every_flag_must_be_expected(tmp_path: Path) -> None:
    takes = "baclofen: '90 mg/day for 7 days, 60 mg/day for 7 days, 90 mg/day for 7 days'"
    one, two = "flag high from day 0", "flag high from day 14"
    assert last(tmp_path / "a", takes, one) == (False, (one, two))
    assert last(tmp_path / "b", takes, f"[{one}, {two}]") == (True, (one, two))
    assert last(tmp_path / "c", takes, f"[{two}, {one}]")[0]
    assert not last(tmp_path / "d", takes, f"[{one}, {one}]")[0]


@pytest.mark.parametrize("status", ["draft", "pilot", "off", "deprecated"])
def test_a_rule_is_tested_whatever_its_status(tmp_path: Path, status: str) -> None:
    rule = load(tmp_path, changed(("status: active", f"status: {status}")))
    assert [one.passed for one in tell([rule], screen_bucket)] == [True]


def test_a_rule_without_stories_tells_nothing(tmp_path: Path) -> None:
    rule = dataclasses.replace(load(tmp_path, SOUND), stories=())

    def engine(tables: Tables, rules: object, as_of: dt.date) -> None:
        raise AssertionError("no story, no engine")

    assert tell([rule], engine) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [
        ("more_than", "clear"), ("at_least", "flag high from day 0"),
        ("at_most", "flag high from day 0"), ("below", "clear"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("result", ["150 umol/L", "151 umol/L", "0.152 mmol/L", "1.7 mg/dL"])
def test_a_result_of_exactly_the_limit_is_the_limit_in_every_unit(
    tmp_path: Path, result: str, limit: str, outcome: str
) -> None:
    """150 and 151 umol/L are rounded up and down on the way to mg/dL, and so must the limit be."""
    guard = f"only_if:\n  - lab: {{test: creatinine, {limit}: {result}}}\nmessage:"
    story = "    takes: {baclofen: 90 mg/day for 5 days}\n"
    text = changed(
        ("message:", guard),
        ("    takes: {baclofen: 20 mg 4 times a day for 28 days}\n", story),
        ("expect: clear", f"expect: {outcome}\n    creatinine: {result} on day -1"),
    )
    (told,) = tell([load(tmp_path, text)], screen_bucket)
    assert told.got == told.expected
