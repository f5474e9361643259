"""Amounts in other units to the last bit, whoever shares the frame."""

from __future__ import annotations

import polars as pl
import pytest

from screener.units import divided


@pytest.mark.parametrize("company", [1, 2, 1000])
@pytest.mark.parametrize("ug", [0, 36, 43, 80_000, 80_001, 999_999_999])
def test_an_amount_is_rounded_once_alone_and_among_others(ug: int, company: int) -> None:
    amounts = pl.DataFrame({"ug": [ug] * company})
    assert amounts.select(divided(pl.col("ug"), 1000))["ug"].to_list() == [ug / 1000] * company


def test_nothing_stays_nothing() -> None:
    nothing = pl.DataFrame({"ug": [None, 36]}, schema={"ug": pl.Int64})
    assert nothing.select(divided(pl.col("ug"), 1000))["ug"].to_list() == [None, 0.036]
