"""Orders for what is no drug: used, counted apart, without a flag and without a dose."""

from __future__ import annotations

from typing import Any

import polars as pl

from screener.checks.bucket import screen_bucket
from screener.outputs.facts import facts_of
from screener.outputs.run_json import coverage_of
from screener.outputs.unmapped import unmapped_of
from screener.tables import Tables
from tests.timeline.orders_of import flags, on, order, table, timeline_of

DRUGS = ("baclofen", "SODIUM CHLORIDE 0.9% 1000 ML LVP", "Influenza virus vaccine", "Somnotranq")


def _orders() -> list[dict[str, Any]]:
    plain = [order("20x3 from 0 for 28", number) for number in range(1, 5)]
    return [row | {"drug": drug} for row, drug in zip(plain, DRUGS, strict=True)]


def test_only_the_unknown_name_is_flagged() -> None:
    found = timeline_of(*_orders())
    assert flags(found) == [("unmapped-drug", 0)]
    assert found.rows["row_class"].to_list() == ["used"] * 4


def test_a_run_counts_them_beside_the_drugs_and_says_what_they_are() -> None:
    tables = Tables(table("prescriptions", _orders()))
    results = screen_bucket(tables, (), on(400))
    said = results.orders.select("drug", "row_class", "reason", "ingredient").sort("drug").rows()
    assert said == [
        ("Influenza virus vaccine", "used", "not_a_drug: vaccine", None),
        ("SODIUM CHLORIDE 0.9% 1000 ML LVP", "used", "not_a_drug: fluid", None),
        ("Somnotranq", "used", None, None),
        ("baclofen", "used", None, "baclofen"),
    ]
    facts = facts_of(0, tables, results, {}, {})
    coverage = coverage_of([facts])
    assert coverage["not_a_drug"] == [2, 4]
    assert coverage["drugs_mapped"] == [1, 2]
    assert unmapped_of([facts]) == [{"text": "Somnotranq", "orders": 1}]


def test_an_excluded_order_keeps_its_own_reason() -> None:
    rows = [_orders()[1] | {"status": "cancelled"}]
    results = screen_bucket(Tables(table("prescriptions", rows)), (), on(400))
    assert results.orders.select(pl.col("row_class"), pl.col("reason")).rows() == [
        ("excluded", "not_counted_status")
    ]
