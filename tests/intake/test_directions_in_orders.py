"""Doses that stand only in the directions reach the canonical columns; others stay untouched."""

from __future__ import annotations

import polars as pl
import pytest

from screener.intake.directions import with_directions
from screener.tables import typed_schema

FILLED = ("dose_min", "dose_max", "dose_unit", "frequency_count", "frequency_period_days", "prn")


def orders(*rows: dict[str, object]) -> pl.DataFrame:
    schema = typed_schema("prescriptions")
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def of_sig(sig: str, **more: object) -> tuple[object, ...]:
    made = with_directions(orders({"sig": sig, "form": "tablet", **more}))
    return made.select(FILLED).row(0)


@pytest.mark.parametrize(
    ("sig", "filled"),
    [
        ("10 ml qds", (10, 10, "mL", 4, 1, None)),
        ("1½ tablets bd", (1.5, 1.5, "tablet", 2, 1, None)),
        ("1 am and 2 at night", (1.5, 1.5, "tablet", 2, 1, None)),
        ("take one tablet weekly on Mondays", (1, 1, "tablet", 1, 7, None)),
        ("1-2 tabs prn max 4/day", (1, 4, "tablet", 1, 1, True)),
        ("1 tab po tid prn", (1, 1, "tablet", 3, 1, True)),
        ("take 2 tablets 3 to 4 times a day", (1.5, 2, "tablet", 4, 1, None)),
        ("1 prn", (1, 1, "tablet", None, None, True)),
        ("use as directed", (None,) * 6),
        ("40 mg daily for 5 days then 20 mg daily for 5 days", (None,) * 6),
    ],
)
def test_a_readable_sig_fills_the_dose(sig: str, filled: tuple[object, ...]) -> None:
    assert of_sig(sig) == filled


def test_a_length_in_the_sig_fills_only_a_missing_one() -> None:
    rows = orders(
        {"sig": "1 tablet daily for 7 days", "form": "tablet"},
        {"sig": "1 tablet daily for 7 days", "form": "tablet", "days_supply": 28},
    )
    assert with_directions(rows)["days_supply"].to_list() == [7, 28]


@pytest.mark.parametrize(
    "given", [{"dose_min": 2.0}, {"frequency_count": 1.0}, {"dose_unit": "capsule"}]
)
def test_a_dose_of_the_export_is_never_changed(given: dict[str, object]) -> None:
    before = orders({"sig": "1 tablet bd", **given})
    assert with_directions(before).equals(before)
