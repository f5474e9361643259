"""What looks odd about a run beside the one before it, each limit on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from screener.history.continuity import odd

BEFORE: dict[str, Any] = {
    "as_of": "2026-03-01",
    "rules": {"a": "1", "b": "1", "c": "1"},
    "by_rule": {"a": 3, "b": 1, "c": 0},
    "sites": ["north", "south"],
    "patients": 1000,
    "orders": 5000,
    "coverage": {"drugs_mapped": [980, 1000], "doses_known": [900, 1000]},
}


def told(**changes: Any) -> list[str]:
    return odd({**BEFORE, "as_of": "2026-03-02", **changes}, BEFORE)


def test_a_run_like_the_one_before_is_not_odd() -> None:
    assert told() == []
    assert told(patients=5000, orders=90000, sites=["north", "south", "west"]) == []


def test_rules_that_fall_silent_are_named_with_what_they_had() -> None:
    assert told(by_rule={"b": 1}) == [
        "A rule that found something on 2026-03-01 finds nothing now: a (3)."
    ]
    assert told(by_rule={}) == [
        "2 rules that found something on 2026-03-01 find nothing now: a (3), b (1)."
    ]


def test_a_rule_that_was_changed_or_did_not_run_is_not_silent() -> None:
    assert told(by_rule={"b": 1}, rules={"a": "2", "b": "1", "c": "1"}) == []
    assert told(by_rule={"b": 1}, rules={"b": "1", "c": "1"}) == []


def test_sites_that_are_gone_are_named() -> None:
    assert told(sites=["north"]) == ["A site of 2026-03-01 sent no orders now: south."]


@pytest.mark.parametrize(("name", "fewest"), [("patients", 800), ("orders", 4000)])
def test_fewer_than_four_fifths_are_odd(name: str, fewest: int) -> None:
    assert told(**{name: fewest}) == []
    (sentence,) = told(**{name: fewest - 1})
    assert sentence.startswith(f"{fewest - 1:,} {name}")


@pytest.mark.parametrize(
    ("drugs", "doses", "sentences"),
    [
        (970, 900, 0),  # 3.0 %: half again the 2.0 % of before, and one point more
        (969, 900, 1),
        (980, 850, 0),  # 15 %: half again the 10 %
        (980, 849, 1),
        (1000, 1000, 0),
    ],
)
def test_more_orders_that_are_not_understood_are_odd(
    drugs: int, doses: int, sentences: int
) -> None:
    cover = {"drugs_mapped": [drugs, 1000], "doses_known": [doses, 1000]}
    assert len(told(coverage=cover)) == sentences


def test_a_run_of_no_orders_has_no_share() -> None:
    cover = {"drugs_mapped": [0, 0], "doses_known": [0, 0]}
    assert told(coverage=cover) == []
