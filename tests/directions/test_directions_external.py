"""Real free-text directions from the shared folder, which stays outside the project."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from screener.directions import read_directions

SHARED = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is absent"),
]


def test_most_real_outpatient_directions_are_read() -> None:
    orders = pl.read_csv(
        SHARED / "smart_outpatient" / "ri-sigs.txt", separator="\t", infer_schema=False
    )["SIG"].str.strip_chars()
    orders = orders.drop_nulls().filter(orders.drop_nulls() != "")
    read = read_directions(orders).filter(pl.col("unreadable").is_null())["text"]
    share = orders.is_in(read.implode()).mean()
    assert isinstance(share, float)
    assert share > 0.95


def test_every_real_ward_order_is_read_or_says_what_stopped_it() -> None:
    orders = pl.read_csv(SHARED / "eicu_demo" / "medication.csv", infer_schema=False)
    texts = orders.select(text=pl.col("dosage") + " " + pl.col("frequency"))["text"]
    read = read_directions(texts)
    assert read["text"].n_unique() == texts.drop_nulls().n_unique()
    assert (read["unreadable"].is_null() == read["problem"].is_null()).all()
    assert (read["unreadable"].is_null() == read["daily_min"].is_not_null()).all()
