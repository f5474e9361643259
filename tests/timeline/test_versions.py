"""A corrected order takes the place of its older versions, and nothing else does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.rows import classify
from tests.timeline.orders_of import doses, flags, on, order, timeline_of


def record(version: str | None, text: str = "20x3 from 0 for 28", **columns: Any) -> dict[str, Any]:
    return order(text, 1) | {"version": version} | columns


def classes(*rows: dict[str, Any]) -> list[str]:
    return timeline_of(*rows).rows.sort("row")["row_class"].to_list()


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1", "2"), ("9", "10"), (None, "1"), ("2024-01-31", "2024-02-01"), ("2", " 10 ")],
)
def test_the_later_version_counts_wherever_it_stands(older: str | None, newer: str) -> None:
    first, second = record(older), record(newer, "10x3 from 0 for 28")
    assert classes(first, second) == ["superseded", "used"]
    assert classes(second, first) == ["used", "superseded"]
    assert doses(timeline_of(first, second)) == [(0, 27, 30.0, 30.0)]
    assert flags(timeline_of(first, second)) == []


def test_a_cancelled_newest_version_leaves_nothing() -> None:
    assert classes(record("1"), record("2", status="cancelled")) == ["superseded", "excluded"]


def test_an_unchanged_newer_version_is_no_duplicate_of_the_older() -> None:
    assert classes(record("1"), record("2"), record("2")) == ["superseded", "used", "duplicate"]


def test_rows_of_one_version_and_rows_without_version_stand_side_by_side() -> None:
    evening = "10x1 from 0 for 28"
    assert classes(record("1"), record("1", evening)) == ["used", "used"]
    assert classes(record(None), record(None, evening)) == ["used", "used"]


def test_versions_of_another_order_do_not_count() -> None:
    assert classes(record("1"), record("2", prescription_id="other")) == ["used", "duplicate"]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "prescription_id": st.sampled_from(["a", "b"]),
            "version": st.sampled_from([None, "1", "9", "10", "2024-01-31", "2024-02-01"]),
            "status": st.sampled_from(["active", "cancelled", "odd"]),
            "days_supply": st.sampled_from([0, 7]),
        }
    ),
    min_size=1,
    max_size=6,
)


@given(ROWS)
def test_classes_and_flags_are_those_of_the_slow_reference(drawn: list[dict[str, Any]]) -> None:
    empty = {"route": None, "form": None, "strength_per_unit": None, "stop_date": None}
    whole = [order("20x3 from 0 for 28", n) | row for n, row in enumerate(drawn, 1)]
    rows, raised = classify(
        [empty | {"dispensed": None} | row for row in whole], dt.date(1975, 6, 15), on(400)
    )
    timeline = timeline_of(*whole)
    found = timeline.rows.sort("row")
    assert found["row_class"].to_list() == [row.row_class for row in rows]
    assert {f for f, _ in flags(timeline)} >= {flag for flag, _ in raised}
