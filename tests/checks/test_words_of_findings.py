"""What a finding says of itself, beside what happened: sums, spans and the days after."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from screener.checks.bucket import screen_bucket
from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.message import message_of
from screener.checks.stops_suddenly import StopsSuddenly
from screener.rule.model import Rule, one_check
from screener.rule.values import DrugSet
from tests.reference.drawn import day, order
from tests.reference.histories import Bucket, History
from tests.reference.one_rule import ADULT
from tests.reference.rules import BACLOFEN, a_rule

STOP = a_rule("stop", "high", one_check("stops_suddenly", StopsSuddenly(BACLOFEN, 20, grace=14)))


def derivation(rule: Rule, last: int, *orders: dict[str, Any]) -> str:
    """The derivation of the first finding of one patient, watched to day `last`."""
    bucket = Bucket([History(list(orders), ADULT)], day(last), frozenset({"patients"}), frozenset())
    found = screen_bucket(bucket.tables(), (rule,), bucket.as_of).findings.sort("date")
    return str(found["derivation"][0])


def test_a_stop_says_how_many_of_its_days_had_no_supply() -> None:
    whole = derivation(STOP, 100, order("baclofen", 0, 28, "20", 3))
    assert whole.startswith("taken for 28 days (4 Mar 2024 to 31 Mar 2024), stable at 60 mg/day")
    torn = derivation(
        STOP, 100, order("baclofen", 0, 28, "20", 3), order("baclofen", 33, 28, "20", 3)
    )
    assert "(4 Mar 2024 to 3 May 2024, 5 of them without supply)" in torn


@pytest.mark.parametrize(
    ("last", "orders", "then"),
    [
        (60, [], "none up to the last observed day |"),
        (60, [order("baclofen", 43, 28, "20", 3)], "the next on 16 Apr 2024 |"),
    ],
)
def test_a_stop_says_what_came_after_it(last: int, orders: list[dict[str, Any]], then: str) -> None:
    told = derivation(STOP, last, order("baclofen", 0, 28, "20", 3), *orders)
    assert f"no supply for more than 14 days after, {then}" in told


def test_a_recorded_stop_says_so_alone() -> None:
    told = derivation(STOP, 60, {**order("baclofen", 0, 28, "20", 3), "stop_date": day(28)})
    assert "; its stop is recorded |" in told


KIDNEY = a_rule(
    "kidney", "high",
    one_check("dose_for_kidney_function", DoseForKidneyFunction(
        DrugSet("baclofen", frozenset({"baclofen"})), (Band("high", below=15),))),
)  # fmt: skip


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (1, ": eGFR 9 mL/min/1.73 m2 (below 15), on 1 Jan 2024."),
        (2, ": eGFR 9 mL/min/1.73 m2 (below 15) on the worst day, for 2 days (1 Jan 2024 to "),
    ],
)
def test_a_kidney_value_stands_for_the_worst_day_alone(days: int, said: str) -> None:
    found: dict[str, Any] = {
        "subject": "baclofen", "drugs": "baclofen", "value": 9.0, "limit": 15.0,
        "unit": "mL/min/1.73 m2", "from_day": 19723, "to_day": 19722 + days, "severity": "high",
        "how": "",
    }  # fmt: skip
    assert said in str(pl.DataFrame(found).select(message_of(KIDNEY)).item())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"start_date": day(101)}, "starts after the last day on which the patient is observed"),
        ({"stop_date": day(-1)}, "starts after its own stop"),
        ({"start_date": day(-30000)}, "starts before the patient was born"),
    ],
)
def test_an_impossible_date_says_which(changed: dict[str, Any], why: str) -> None:
    rows = [order("baclofen", 0, 28, "20", 3), {**order("baclofen", 0, 28, "20", 3), **changed}]
    bucket = Bucket([History(rows, ADULT)], day(100), frozenset({"patients"}), frozenset())
    flags = screen_bucket(bucket.tables(), (STOP,), bucket.as_of).data_flags
    said = flags.filter(pl.col("flag") == "impossible-date")["detail"].to_list()
    assert said == [f"{why}; not counted"]
