"""Both engines on every way of writing a single order: product, unit, dose, frequency, as needed.

Several defects meet in one order here; each must be told by a flag of its own, and the dose of the
day must be the same. Hypothesis draws such meetings too seldom.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from screener.checks.bucket import screen_bucket
from tests.reference.compare import differences, row_class_differences, timeline_differences
from tests.reference.drawn import day
from tests.reference.histories import Bucket, History
from tests.reference.rules import BY_ID

TABLET: dict[str, Any] = {
    "drug": "baclofen",
    "route": "oral",
    "form": "tablet",
    "strength_value": "20",
    "strength_unit": "mg",
    "strength_per_value": 1.0,
    "strength_per_unit": "tablet",
}
LIQUID = TABLET | {"form": "oral solution", "strength_per_value": 5.0, "strength_per_unit": "mL"}
PATCH = TABLET | {"drug": "fentanyl", "route": "transdermal", "form": "patch"}
PATCH |= {"strength_value": "25", "strength_unit": "mcg", "strength_per_unit": "patch"}
NO_STRENGTH = dict.fromkeys((name for name in TABLET if name.startswith("strength")), None)
TWO_DRUGS = TABLET | {"drug": "co-codamol", "strength_value": "30/500"}
# product, and the units a dose of it is written in, fitting or not
PRODUCTS: dict[str, tuple[dict[str, Any], tuple[str | None, ...]]] = {
    "tablet": (TABLET, ("tablet", "mL", "mg", "IU", "mg/mL", "application", "furlong", None)),
    "tablet without strength": (TABLET | NO_STRENGTH, ("tablet", "mL", "mg", None)),
    "liquid": (LIQUID, ("tablet", "mL", "mg", "IU")),
    "liquid without volume": (
        LIQUID | {"strength_per_value": None},
        ("tablet", "mL", "mg", "furlong"),
    ),
    "two drugs": (TWO_DRUGS, ("tablet", "mL", "furlong")),
    "patch by the hour": (PATCH, ("patch", "mg", "mcg", "mL", None)),
    "patch of milligrams": (PATCH | {"strength_unit": "mg"}, ("patch", "mg", "mL")),
}
DOSES = ((1.0, None), (1.0, 2.0), (2.0, 1.0), (None, None), (0.0, None))
FREQUENCIES = ((3.0, 1.0), (1.0, 3.0), (None, None), (3.0, None), (None, 1.0), (0.0, 1.0))
AS_NEEDED: tuple[dict[str, Any], ...] = (
    {"prn": False},
    {"prn": True, "max_doses_per_day": None},
    {"prn": True, "max_doses_per_day": 4.0},
)
PERSON = {"birth_date": dt.date(1975, 6, 15), "sex": "M"}


def orders(product: str) -> list[dict[str, Any]]:
    columns, units = PRODUCTS[product]
    return [
        columns
        | {"dose_unit": unit, "dose_min": dose[0], "dose_max": dose[1]}
        | {"frequency_count": often[0], "frequency_period_days": often[1]}
        | {"start_date": day(0), "days_supply": 7, **how}
        for unit, dose, often, how in itertools.product(units, DOSES, FREQUENCIES, AS_NEEDED)
    ]


@pytest.mark.parametrize("product", PRODUCTS)
def test_both_agree_on_every_dose_and_flag_of(product: str) -> None:
    written = orders(product)
    bucket = Bucket([History([one], PERSON) for one in written], day(20))
    rules = (BY_ID["baclofen-max-dose"],)
    results = screen_bucket(bucket.tables(), rules, bucket.as_of)
    found = differences(bucket, rules, results)
    found += timeline_differences(bucket, results) + row_class_differences(bucket, results)
    assert [(line, written[_number(line)]) for line in found] == []


def _number(line: str) -> int:
    """Of the patient that a difference names: "flag: only the engine says P12 unit ..."."""
    return next(int(word[1:]) for word in line.split() if word[:1] == "P" and word[1:].isdigit())


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_order_has_an_unknown_dose_and_no_flag(product: str) -> None:
    bucket = Bucket([History([one], PERSON) for one in orders(product)], day(20))
    results = screen_bucket(bucket.tables(), (BY_ID["baclofen-max-dose"],), bucket.as_of)
    unknown = results.not_assessed.filter(results.not_assessed["reason"] == "dose-unknown")
    told = results.data_flags["patient_id"].implode()
    silent = unknown.filter(~unknown["patient_id"].is_in(told))["patient_id"].to_list()
    assert [orders(product)[int(patient[1:])] for patient in silent] == []
