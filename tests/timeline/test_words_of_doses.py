"""Doses in words: one unit of mass in a line, no figure lost."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from screener.timeline.words import with_words

LINE: dict[str, Any] = {
    "least": 1.0, "most": 1.0, "dose_name": "tablet", "dose_unit": "tablet", "continuous": False,
    "period": 1, "times": 1.0, "dose_kind": "countable", "bounded": False, "per_amount": 1.0,
    "per_name": "tablet", "strength_ug": 500.0, "as_needed": False, "low": 500, "high": 500,
    "by_quantity": False, "unreadable": False, "dose_unknown": False, "quantity": 10.0,
    "days_supply": 10, "liquid_low_ug_per_ml": 0.0, "liquid_high_ug_per_ml": 0.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "1 × 1 tablet × 500 micrograms = 500 micrograms/day"),
        ({"strength_ug": 999.0, "low": 999, "high": 999},
         "1 × 1 tablet × 999 micrograms = 999 micrograms/day"),
        ({"strength_ug": 1000.0, "high": 1000, "low": 1000}, "1 × 1 tablet × 1 mg = 1 mg/day"),
        (
            {"times": 3.0, "low": 1500, "high": 1500},
            "3 × 1 tablet × 0.5 mg = 1.5 mg/day",
        ),
        ({"most": 2.0, "high": 1000}, "1 × 1-2 tablet × 0.5 mg = 0.5 mg to 1 mg/day"),
        ({"strength_ug": 12.5, "low": 13, "high": 13},
         "1 × 1 tablet × 12.5 micrograms = 13 micrograms/day"),
        ({"as_needed": True, "low": 0}, "1 × 1 tablet × 500 micrograms = up to 500 micrograms/day"),
        ({"by_quantity": True, "days_supply": 1},
         "directions unreadable; at most 10 supplied × 500 micrograms ÷ 1 day"
         " = 500 micrograms/day"),
    ],
)  # fmt: skip
def test_a_line_keeps_to_one_unit(changed: dict[str, Any], words: str) -> None:
    assert with_words(pl.DataFrame([LINE | changed]))["how"].to_list() == [words]
