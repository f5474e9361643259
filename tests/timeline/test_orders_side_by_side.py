"""Drawn tables: orders on the left, the dose of every run of days on the right."""

from __future__ import annotations

import pytest

from screener.tables import day_number
from tests.timeline.orders_of import START, doses, timeline_of

FIRST = day_number(START)


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        # same strength and directions: early refills are carried forward, on raw dates
        (["20x3 from 0 for 28", "20x3 from 28 for 28"], [(0, 55, 60, 60)]),
        (["20x3 from 0 for 28", "20x3 from 21 for 28"], [(0, 55, 60, 60)]),  # 7 days early
        (["20x3 from 0 for 28", "20x3 from 20 for 28"], [(0, 47, 60, 60)]),  # 8: supplied twice
        (["20x3 from 0 for 32", "20x3 from 24 for 28"], [(0, 59, 60, 60)]),  # a quarter of 32
        (["20x3 from 0 for 31", "20x3 from 23 for 28"], [(0, 50, 60, 60)]),  # over a quarter of 31
        (["20x3 from 0 for 28", "20x3 from 23 for 28", "20x3 from 46 for 28"], [(0, 83, 60, 60)]),
        (["20x3 from 0 for 28", "20x3 from 27 for 28"], [(0, 55, 60, 60)]),
        (["20x3 from 0 for 28", "20x3 from 30 for 28"], [(0, 27, 60, 60), (30, 57, 60, 60)]),
        # the leftover never moves a start by more than 30 days
        (
            [f"20x3 from {21 * i} for 28" for i in range(6)],
            [(0, 162, 60, 60)],
        ),
        # a stop date ends the supply however much is left
        (["20x3 from 0 for 28", "20x3 from 23 for 28 stop 51"], [(0, 50, 60, 60)]),
        (["20x3 from 0 for 28 stop 14"], [(0, 13, 60, 60)]),
        # same strength, other directions: the later replaces the earlier from its start
        (["20x3 from 0 for 28", "20x4 from 14 for 28"], [(0, 13, 60, 60), (14, 41, 80, 80)]),
        (["20x3 from 0 for 28", "20x4 from 0 for 28"], [(0, 27, 140, 140)]),
        # other strength: same start is one split regimen
        (["20x3 from 0 for 28", "5x1 from 0 for 28"], [(0, 27, 65, 65)]),
        # other strength later: replaced, unless both strengths go on being refilled
        (["20x3 from 0 for 28", "10x3 from 14 for 28"], [(0, 13, 60, 60), (14, 41, 30, 30)]),
        (
            [
                "20x3 from 0 for 28",
                "20x3 from 28 for 28",
                "5x3 from 14 for 28",
                "5x3 from 42 for 28",
            ],
            [(0, 13, 60, 60), (14, 55, 75, 75), (56, 69, 15, 15)],
        ),
        (
            ["20x3 from 0 for 28", "20x3 from 28 for 28", "5x3 from 14 for 28"],
            [(0, 13, 60, 60), (14, 27, 15, 15), (28, 55, 60, 60)],
        ),
        # strengths begun together are one regimen, however each of them is refilled
        (
            ["20x3 from 0 for 84", "5x3 from 0 for 28", "5x3 from 28 for 56"],
            [(0, 83, 75, 75)],
        ),
        (["20x3 from 0 for 28", "10x3 from 0 for 14", "10x3 from 14 for 14"], [(0, 27, 90, 90)]),
        # form is part of the strength's chain
        (["20x3 from 0 for 28", "20x3 from 0 for 28 granules"], [(0, 27, 120, 120)]),
        # a link ends the old order, whatever its strength
        (["20x3 from 0 for 56", "20x3 from 20 for 28 replaces 1"], [(0, 47, 60, 60)]),
        # as needed adds to high and never replaces
        (["20x3 from 0 for 28", "20x1 from 5 for 5 prn"],
         [(0, 4, 60, 60), (5, 9, 60, 80), (10, 27, 60, 60)]),
    ],
)  # fmt: skip
def test_orders_become_days(
    orders: list[str], expected: list[tuple[int, int, float, float]]
) -> None:
    assert doses(timeline_of(*orders)) == expected


def other(*orders: str) -> list[tuple[int, int, float]]:
    added = timeline_of(*orders).other.table.sort("from_day")
    return [
        (r["from_day"] - FIRST, r["to_day"] - FIRST, r["high"] / 1000)
        for r in added.iter_rows(named=True)
    ]


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        (["20x3 from 0 for 28", "20x3 from 21 for 28"], []),
        (["20x3 from 0 for 28", "20x3 from 20 for 28"], [(20, 27, 60)]),
        (["20x3 from 0 for 56", "10x3 from 28 for 28"], [(28, 55, 60)]),
        (["20x3 from 0 for 28", "20x4 from 14 for 28"], []),
        (["20x3 from 0 for 28", "10x3 from 27 for 28"], []),  # a hand-over of one day
        (["20x3 from 0 for 28", "10x3 from 26 for 28"], [(26, 27, 60)]),
        (["20x3 from 0 for 56", "10x3 from 28 for 28 replaces 1"], []),
        (["20x3 from 0 for 56 stop 28", "10x3 from 28 for 28"], []),
    ],
)
def test_the_other_reading_is_kept_only_where_nothing_was_recorded(
    orders: list[str], expected: list[tuple[int, int, float]]
) -> None:
    assert other(*orders) == expected


def twice(*orders: str) -> list[tuple[int, int]]:
    found = timeline_of(*orders).twice.sort("from_day")
    return [(r["from_day"] - FIRST, r["to_day"] - FIRST) for r in found.iter_rows(named=True)]


def test_three_ordinary_early_refills_are_no_duplicate() -> None:
    assert twice(*(f"20x3 from {23 * i} for 28" for i in range(5))) == []


def test_a_supply_inside_a_long_one_is_supplied_twice_only_on_shared_days() -> None:
    assert twice("20x3 from 0 for 90", "20x3 from 10 for 28") == [(10, 37)]


def test_as_needed_supplies_are_never_supplied_twice() -> None:
    assert twice("20x3 from 0 for 28 prn", "20x3 from 5 for 28 prn") == []


def test_a_chain_of_fills_breaks_after_14_uncovered_days_and_not_before() -> None:
    side = ["20x1 from 20 for 14", "20x1 from 34 for 14"]
    together = doses(timeline_of("5x3 from 0 for 28", "5x3 from 42 for 28", *side))
    apart = doses(timeline_of("5x3 from 0 for 28", "5x3 from 43 for 28", *side))
    assert together == [
        (0, 19, 15, 15), (20, 27, 35, 35), (28, 41, 20, 20), (42, 47, 35, 35), (48, 69, 15, 15),
    ]  # fmt: skip
    assert apart == [(0, 19, 15, 15), (20, 42, 20, 20), (43, 70, 15, 15)]
