"""The words of stories: what the patient takes, who the patient is, what must come out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from screener.rule.amounts import Wrong
from screener.rule.facts import expected_of, person_of
from screener.rule.model import Expected
from screener.rule.takes import Order, orders_of

DRUGS = {"baclofen", "oxycodone", "sodium oxybate", "fentanyl"}


def orders(text: str) -> tuple[Order, ...]:
    return orders_of(text, DRUGS.__contains__)


def some(order: Order, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(order, name) for name in names)


@pytest.mark.parametrize(
    ("text", "dose", "often"),
    [
        ("20 mg 4 times a day for 28 days", (20, 20, "mg"), (4, 1)),
        ("20 mg once a day for 28 days", (20, 20, "mg"), (1, 1)),
        ("20 mg twice a day for 28 days", (20, 20, "mg"), (2, 1)),
        ("20 mg every 2 days for 28 days", (20, 20, "mg"), (1, 2)),
        ("20 mg every other day for 28 days", (20, 20, "mg"), (1, 2)),
        ("20 mg once a week for 28 days", (20, 20, "mg"), (1, 7)),
        ("20 mg 3 times a week for 28 days", (20, 20, "mg"), (3, 7)),
        ("10 to 30 mg 3 times a day for 28 days", (10, 30, "mg"), (3, 1)),
        ("100 mcg twice a day for 28 days", (100, 100, "mcg"), (2, 1)),
        ("3 g twice a day for 28 days", (3, 3, "g"), (2, 1)),
        ("80.01 mg/day for 28 days", (Decimal("20.0025"), Decimal("20.0025"), "mg"), (4, 1)),
        ("20 mg tablets 4 times a day for 28 days", (1, 1, "tablet"), (4, 1)),
        ("20 mg tablets 2 tablets 3 times a day for 28 days", (2, 2, "tablet"), (3, 1)),
        ("unknown dose for 28 days", (None, None, None), (None, None)),
    ],
)
def test_a_dose_is_read(text: str, dose: tuple[Any, ...], often: tuple[Any, ...]) -> None:
    (order,) = orders(f"baclofen: {text}")
    assert some(order, "dose_min", "dose_max", "dose_unit") == dose
    assert some(order, "times", "period") == often
    assert some(order, "start", "days", "route", "form") == (0, 28, "oral", "tablet")


def test_a_text_may_begin_with_the_drug() -> None:
    (order,) = orders("baclofen 20 mg tablets 4 times a day for 28 days")
    assert some(order, "drug", "strength", "strength_unit", "per_value", "per_unit") == (
        "baclofen",
        20,
        "mg",
        1,
        "tablet",
    )
    assert orders("sodium oxybate 3 g twice a day for 28 days")[0].drug == "sodium oxybate"


def test_a_solution_has_a_strength_per_volume() -> None:
    (order,) = orders("baclofen 5 mg/5 mL solution 20 mL 4 times a day for 28 days")
    assert some(order, "strength", "per_value", "per_unit", "dose_min", "dose_unit") == (
        5,
        5,
        "mL",
        20,
        "mL",
    )


def test_a_patch_is_worn_for_days() -> None:
    (order,) = orders("fentanyl: 25 mcg/h patch every 3 days for 9 days")
    assert some(order, "strength", "strength_unit", "dose_min", "dose_unit", "route") == (
        25,
        "mcg/h",
        1,
        "patch",
        "transdermal",
    )
    assert some(order, "times", "period", "form") == (1, 3, "patch")


def test_route_words_may_stand_with_the_drug_or_with_the_dose() -> None:
    for text in (
        "baclofen intrathecally: 300 mcg/day for 60 days",
        "baclofen intrathecally 300 mcg/day for 60 days",
        "baclofen: 300 mcg/day for 60 days intrathecally",
    ):
        (order,) = orders(text)
        assert some(order, "drug", "route", "form") == ("baclofen", "intrathecal", "injection")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20 mg/day for 28 days", [(0, 28)]),
        ("20 mg/day for 4 weeks", [(0, 28)]),
        ("20 mg/day for 28 days from day 5", [(5, 28)]),
        ("20 mg/day from day 5 to day 9", [(5, 5)]),
        ("20 mg/day on day 9", [(9, 1)]),
        ("20 mg/day until day 27", [(0, 28)]),
        ("20 mg/day for 28 days, 30 mg/day for 7 days", [(0, 28), (28, 7)]),
        ("20 mg/day for 28 days, then 30 mg/day for 7 days", [(0, 28), (28, 7)]),
        (
            "20 mg/day for 28 days, refilled 5 days early, 20 mg/day for 28 days",
            [(0, 28), (23, 28)],
        ),
        ("20 mg/day for 28 days, refilled 5 days late, 20 mg/day for 28 days", [(0, 28), (33, 28)]),
        ("20 mg/day for 28 days, after a gap of 5 days, 20 mg/day for 7 days", [(0, 28), (33, 7)]),
        ("20 mg/day for 28 days, refilled 5 days early", [(0, 28), (23, 28)]),
        ("20 mg/day for an unknown time", [(0, None)]),
        ("20 mg/day for 10 days, 30 mg/day for 10 days from day 40", [(0, 10), (40, 10)]),
    ],
)
def test_supplies_follow_each_other(text: str, expected: list[tuple[int, int | None]]) -> None:
    assert [(o.start, o.days) for o in orders(f"baclofen: {text}")] == expected


def test_as_needed_has_a_maximum_or_none() -> None:
    (order,) = orders("baclofen: 10 mg as needed up to 3 times a day for 28 days")
    assert some(order, "as_needed", "most_per_day", "times", "period") == (True, 3, None, None)
    (order,) = orders("baclofen: 10 mg 3 times a day as needed for 28 days")
    assert some(order, "as_needed", "most_per_day", "times", "period") == (True, None, 3, 1)


def test_a_recorded_stop_keeps_the_length_of_the_supply() -> None:
    (order,) = orders("baclofen: 60 mg/day for 84 days stopped on day 70")
    assert some(order, "start", "days", "stop") == (0, 84, 70)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("baclofin 20 mg once a day for 28 days", "not a known drug"),
        ("baclofin: 20 mg once a day for 28 days", "no drug is called"),
        ("baclofen: 20 mg for 28 days", "how often"),
        ("baclofen: 20 mg once a day", "for how long"),
        ("baclofen: once a day for 28 days", "no dose"),
        ("baclofen: 20 mg once a day for 28 days please", '"please" is not understood'),
        ("baclofen: 20 mg once a day for 2 months", "no fixed length"),
        ("baclofen: 20 mg once a day for 0 days", "can never hold"),
        ("baclofen: 20.0 mg once a day for 28 days", "ten times"),
        ("baclofen: .5 mg once a day for 28 days", "no zero before"),
        ("baclofen: 30 to 10 mg once a day for 28 days", "from more to less"),
        ("baclofen: 20 mg once a day from day 9 to day 5", "ends before it begins"),
        ("baclofen: 20 mg once a day for 28 days by any route", "not one route"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, words: str) -> None:
    with pytest.raises(Wrong) as refused:
        orders(text)
    assert words in refused.value.what


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clear", Expected("clear")),
        ("not assessed", Expected("not_assessed")),
        ("not assessed because died", Expected("not_assessed", reason="died")),
        ("out of scope", Expected("out_of_scope")),
        ("flag high", Expected("flag", "high", None, "definite")),
        ("flag high from day 0", Expected("flag", "high", 0, "definite")),
        ("flag high possible from day 3", Expected("flag", "high", 3, "possible")),
        (
            "flag low with gabapentin from day 3",
            Expected("flag", "low", 3, "definite", "gabapentin"),
        ),
    ],
)
def test_an_expectation_is_read(text: str, expected: Expected) -> None:
    assert expected_of(text) == expected


@pytest.mark.parametrize(
    "text",
    ["flag", "flag hgih", "high", "not assessed because dunno", "flagged", "clear from day 3", ""],
)
def test_another_expectation_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match=r"no outcome|no severity|no reason"):
        expected_of(text)


def test_the_usual_patient_is_a_man_of_48_with_healthy_kidneys() -> None:
    person = person_of({})
    assert (person.age, person.sex, person.weight_kg) == (48, "M", 80)
    assert (person.observed_before, person.observed_until, person.died) == (400, None, None)
    (lab,) = person.labs
    assert (lab.analyte, lab.value, lab.unit, lab.day) == (
        "creatinine",
        Decimal("0.9"),
        "mg/dL",
        -20,
    )


def test_facts_describe_another_patient() -> None:
    person = person_of(
        {
            "age": "65 from day 10",
            "sex": "woman",
            "weight": "60.5 kg",
            "egfr": ">60 on day -10; 45 on day 3",
            "condition": "dialysis from day 3 to day 9; alcohol problem",
            "observed": "30 days before, until day 60",
            "died": "on day 50",
            "admitted": "day 5 to day 10; day 40",
        }
    )
    assert (person.age, person.age_from_day, person.sex) == (65, 10, "F")
    assert person.weight_kg == Decimal("60.5")
    assert [(lab.comparator, lab.value, lab.day) for lab in person.labs] == [
        (">", 60, -10),
        (None, 45, 3),
    ]
    first, second = person.conditions
    assert (first.name, first.start, first.to) == ("dialysis", 3, 9)
    assert (second.name, second.to) == ("alcohol problem", None)
    assert [(a.start, a.to) for a in person.admissions] == [(5, 10), (40, None)]
    assert (person.observed_before, person.observed_until, person.died) == (30, 60, 50)


def test_tests_weights_and_heights_may_be_told() -> None:
    person = person_of(
        {
            "lab": "lithium 0.8 mmol/L on day 30; full blood count >130 g/L on day -2",
            "tests_of_the_site": "lithium; liver function",
            "height": "170.5 cm",
            "weight": "60 kg; 58 kg on day -10",
            "creatinine": "none",
        }
    )
    assert [(lab.analyte, lab.comparator, lab.value, lab.unit, lab.day) for lab in person.labs] == [
        ("weight", None, 58, "kg", -10),
        ("lithium", None, Decimal("0.8"), "mmol/L", 30),
        ("full blood count", ">", 130, "g/L", -2),
    ]
    assert (person.weight_kg, person.height_cm) == (60, Decimal("170.5"))
    assert person.tests_of_the_site == ("lithium", "liver function")


def test_a_weight_with_a_day_leaves_no_other() -> None:
    person = person_of({"weight": "58 kg on day 3"})
    assert person.weight_kg is None
    assert person_of({"weight": "unknown"}).weight_kg is None


def test_a_ratio_has_no_unit() -> None:
    (_, lab) = person_of({"lab": "inr 4.5 on day 3"}).labs
    assert (lab.analyte, lab.value, lab.unit) == ("inr", Decimal("4.5"), None)


@pytest.mark.parametrize(
    ("words", "form"),
    [
        ("10 mg modified-release tablets once a day for 5 days", "modified-release tablet"),
        ("10 mg modified-release capsules 2 capsules a day", None),
        ("10 mg gastro-resistant tablets once a day for 5 days", "gastro-resistant tablet"),
        ("10 mg/5 mL modified-release solution 5 mL once a day for 5 days", None),
    ],
)
def test_the_kind_of_release_belongs_to_tablets_and_capsules(words: str, form: str | None) -> None:
    if form is None:
        with pytest.raises(Wrong):
            orders(f"baclofen {words}")
    else:
        assert orders(f"baclofen {words}")[0].form == form


def test_a_patient_may_have_no_test() -> None:
    assert person_of({"creatinine": "none"}).labs == ()
    assert [lab.analyte for lab in person_of({"egfr": "20 on day -1"}).labs] == ["egfr"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("age", "old"),
        ("sex", "X"),
        ("weight", "80"),
        ("weight", "80 kg; 70 kg"),
        ("height", "170"),
        ("lab", "lithium on day 3"),
        ("lab", "0.8 mmol/L on day 3"),
        ("lab", "lithium 0.8 mmol/L"),
        ("creatinine", "0.9 mg/dL"),
        ("creatinine", "0.9 on day 3"),
        ("egfr", "low on day 3"),
        ("observed", "always"),
        ("died", "soon"),
        ("admitted", "last week"),
    ],
)
def test_a_fact_that_is_not_understood_is_refused(key: str, text: str) -> None:
    with pytest.raises(Wrong):
        person_of({key: text})
