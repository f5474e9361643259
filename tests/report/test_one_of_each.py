"""One thing is never counted as many: in the sentences of findings and in their sums."""

from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import pytest

from screener.checks.message import message_of
from screener.checks.taken import Taken
from screener.rule.model import CheckUse
from screener.timeline.words import days_words, with_commas
from tests.reference.rules import BACLOFEN, a_rule

RULE = a_rule("baclofen", "moderate", CheckUse("taken", Taken(BACLOFEN)))
FIRST = 20_710  # 14 Sep 2026


def sentence(message: str | None, value: float, unit: str = "days", days: int = 1) -> str:
    """What a rule with this message says of one finding, whose limit is 1."""
    found: dict[str, Any] = {
        "subject": "class 1 drugs", "drugs": "baclofen", "value": value, "limit": 1.0,
        "unit": unit, "from_day": FIRST, "to_day": FIRST + days - 1, "severity": "high", "how": "",
    }  # fmt: skip
    rule = dataclasses.replace(RULE, message=message)
    return str(pl.DataFrame(found).select(message_of(rule)).item())


@pytest.mark.parametrize(
    ("message", "one", "two"),
    [
        ("{subject} for {days} days.", "Class 1 drugs for 1 day.", "Class 1 drugs for 2 days."),
        ("No test for {value} days.", "No test for 1 day.", "No test for 2 days."),
        ("{value} {unit} taken.", "1 dose a week taken.", "2 doses a week taken."),
        ("{value} different {subject}.", "1 different class 1 drugs.",
         "2 different class 1 drugs."),
    ],
)  # fmt: skip
def test_a_sentence_speaks_of_one_thing_as_of_one(message: str, one: str, two: str) -> None:
    assert sentence(message, 1, "doses a week") == one
    assert sentence(message, 2, "doses a week", days=2) == two


def test_a_part_of_a_thing_is_not_one() -> None:
    assert sentence("{value} {unit}", 0.1) == "0.1 days"
    assert sentence("{value} {unit}", 11) == "11 days"


@pytest.mark.parametrize(
    ("value", "text"),
    [(999.0, "999"), (1000.0, "1,000"), (8000.5, "8,000.5"), (250_000.0, "250,000"),
     (1_234_567.0, "1,234,567"), (0.125, "0.125"), (1234.5678, "1,234.568")],
)  # fmt: skip
def test_large_numbers_of_a_sentence_have_commas(value: float, text: str) -> None:
    assert sentence("{value} {unit}", value, "mg/day") == f"{text} mg/day"
    assert f": {text} mg/day (limit 1)" in sentence(None, value, "mg/day")


def test_the_sentence_of_a_rule_without_words_of_its_own() -> None:
    assert ": 1 day (limit 1), on 14 Sep 2026." in sentence(None, 1)
    assert ": 2 days (limit 1), for 2 days (14 Sep 2026 to 15 Sep 2026)." in sentence(
        None, 2, days=2
    )


def test_days_of_a_sum() -> None:
    days = pl.DataFrame({"n": [0, 1, 2, 21, None]}, schema={"n": pl.Int32})
    words = days.select(days_words(pl.col("n"))).to_series().to_list()
    assert words == ["0 days", "1 day", "2 days", "21 days", None]


def test_commas_of_a_sum() -> None:
    numbers = pl.DataFrame({"n": ["999", "1000", "8000.5", "1234567", "0.1234", None]})
    told = numbers.select(with_commas(pl.col("n"))).to_series().to_list()
    assert told == ["999", "1,000", "8,000.5", "1,234,567", "0.1234", None]
