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
        ("40 mg daily then 20 mg daily", (None,) * 6),
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


@pytest.mark.parametrize(
    ("sig", "given", "filled"),
    [
        # a unit alone is no dose, and may be that of the count
        ("take 2 tablets four times daily", {"dose_unit": "tablet"}, (2, 2, "tablet", 4, 1, None)),
        ("take 2 tablets four times daily", {"dose_unit": "TABS"}, (2, 2, "tablet", 4, 1, None)),
        ("2 qds", {"dose_unit": "capsule"}, (2, 2, "capsule", 4, 1, None)),
        ("20 mg qds", {"dose_unit": "tablet"}, (20, 20, "mg", 4, 1, None)),
        ("2 tablets qds", {"dose_unit": "mg"}, (2, 2, "tablet", 4, 1, None)),
        # what is filled agrees, and the text says the rest
        ("1 tablet tds", {"dose_min": 1.0, "dose_unit": "tablet"}, (1, 1, "tablet", 3, 1, None)),
        (
            "1 tablet tds",
            {"frequency_count": 6.0, "frequency_period_days": 2.0},
            (1, 1, "tablet", 3, 1, None),
        ),
        ("1-2 tablets tds", {"dose_min": 1.0, "dose_max": 2.0, "dose_unit": "tablet"},
         (1, 2, "tablet", 3, 1, None)),
    ],
)  # fmt: skip
def test_a_text_that_says_what_the_columns_say_fills_the_rest(
    sig: str, given: dict[str, object], filled: tuple[object, ...]
) -> None:
    assert of_sig(sig, **given) == filled


@pytest.mark.parametrize(
    ("sig", "given"),
    [
        ("2 qds", {"dose_unit": "mg"}),  # 2 mg, or two of the product
        ("5 ml qds", {"dose_unit": "tablet"}),
        ("1 tablet qds", {"dose_unit": "capsule"}),
        ("1 tablet qds", {"dose_unit": "no such unit"}),
        ("1 tablet tds", {"dose_min": 2.0, "dose_unit": "tablet"}),
        ("1 tablet tds", {"dose_min": 1.0, "dose_max": 2.0, "dose_unit": "tablet"}),
        ("20 mg tds", {"dose_min": 20.0, "dose_unit": "tablet"}),
        ("1 tablet tds", {"frequency_count": 2.0, "frequency_period_days": 1.0}),
        ("1 tablet tds", {"frequency_count": 3.0}),  # a rate without its period
        ("1 tablet prn", {"frequency_count": 3.0, "frequency_period_days": 1.0}),
        ("2 tablets daily for 5 days then 1 tablet daily for 5 days",
         {"frequency_count": 1.0, "frequency_period_days": 1.0}),
    ],
)  # fmt: skip
def test_a_text_that_says_something_else_changes_nothing(
    sig: str, given: dict[str, object]
) -> None:
    before = orders({"sig": sig, "form": "tablet", **given})
    assert with_directions(before).equals(before)


def test_a_taper_is_read_where_only_a_unit_is_filled() -> None:
    sig = "2 tablets daily for 5 days then 1 tablet daily for 5 days"
    made = with_directions(orders({"sig": sig, "form": "tablet", "dose_unit": "tablet"}))
    assert made["dose_min"].to_list() == [2, 1]


def tablets(sig: str, **more: object) -> tuple[object, ...]:
    """(dose_min, dose_unit, times a day, strength) of an order of baclofen 10 mg tablets."""
    rows = orders({"drug": "Baclofen 10 mg tablets", "sig": sig, "form": "tablet", **more})
    made = with_directions(rows)
    return made.select("dose_min", "dose_unit", "frequency_count", "strength_value").row(0)


UNREAD = (None,) * 4


@pytest.mark.parametrize(
    ("sig", "filled"),
    [
        ("take 1 tablet of Baclofen 10 mg three times a day", (1, "tablet", 3, None)),
        ("BACLOFEN 10 MG TAB take one daily", (1, "tablet", 1, None)),
        ("take lioresal 2 tablets bd", (2, "tablet", 2, None)),
        ("baclofen 1 tds", (1, "tablet", 3, None)),
        ("take baclofen 20 mg bd", (20, "mg", 2, None)),
        ("take 1 tablet of tizanidine 4 mg three times a day", UNREAD),
        ("take 1 tablet of baclofen three times a day with tizanidine", UNREAD),
        ("1 baclofen 1/2 tablet daily", UNREAD),
        ("take 1 - baclofen 2 daily", UNREAD),
    ],
)
def test_only_the_name_of_the_orders_own_drug_is_passed_over(
    sig: str, filled: tuple[object, ...]
) -> None:
    assert tablets(sig) == filled


def test_a_name_is_known_by_the_orders_code_or_by_its_own_text() -> None:
    by_code = {"drug": "local item", "drug_code": "1292", "drug_code_system": "rxnorm"}
    assert tablets("baclofen 10 mg bd", **by_code)[:3] == (10, "mg", 2)
    assert tablets("zorbolen 1 bd", drug="Zorbolen 7 mg")[:3] == (1, "tablet", 2)
    assert tablets("zorbolen 1 bd", drug="Other 7 mg")[:3] == (None,) * 3


@pytest.mark.parametrize(
    ("sig", "filled"),
    [
        ("take two 10 mg tablets bd", (2, "tablet", 2, None)),
        ("2 tablets (20 mg) bd", (2, "tablet", 2, None)),
        ("2 tablets (10 mg) bd", (2, "tablet", 2, None)),  # of each of them
        ("10 mg tablets, 2 bd", (2, "tablet", 2, None)),
        ("take 2 x 25mg bd", (50, "mg", 2, None)),
        ("take two 20 mg tablets bd", UNREAD),
        ("2 tablets (30 mg) bd", UNREAD),
        ("20 mg tablets, 2 bd", UNREAD),
        ("1 tablet (20 mg) daily for 5 days then 1 tablet daily for 5 days", UNREAD),
    ],
)
def test_a_strength_that_contradicts_the_product_is_never_multiplied(
    sig: str, filled: tuple[object, ...]
) -> None:
    assert tablets(sig) == filled


def test_columns_of_strength_stand_before_the_name() -> None:
    liquid = {"drug": "baclofen", "form": "oral solution", "strength_value": "10"}
    liquid |= {"strength_unit": "mg", "strength_per_value": 5.0, "strength_per_unit": "mL"}
    assert tablets("5 ml (10 mg) bd", **liquid)[:3] == (5, "mL", 2)
    assert tablets("5 ml (5 mg) bd", **liquid)[:3] == (None,) * 3
    assert tablets("5 mg/5 ml: 5 ml bd", **liquid)[:3] == (None,) * 3


def test_the_strength_of_the_sig_stands_where_the_product_has_none() -> None:
    bare = {"drug": "baclofen"}
    assert tablets("two 10 mg tablets bd", **bare) == (2, "tablet", 2, "10.0")
    assert tablets("2 tablets (20 mg) bd", **bare) == (2, "tablet", 2, None)  # each, or both
    assert tablets("5 ml (10 mg) bd", form="oral solution", **bare) == (5, "mL", 2, "2.0")
    assert tablets("1 tablet (10 mg) bd", drug="something") == (1, "tablet", 2, None)


@pytest.mark.parametrize(
    ("sig", "low", "high"),
    [
        ("1 tablet every 4 to 6 hours", 4, 6),
        ("2 tablets 2-3 times a day", 4, 6),
        ("1-2 tablets 2 to 3 times a day", 2, 6),
        ("1 tablet every 4-6 hours, max 5 a day", 4, 5),
    ],
)
def test_both_ends_of_a_range_of_frequencies_reach_the_amount_a_day(
    sig: str, low: float, high: float
) -> None:
    made = with_directions(orders({"drug": "baclofen", "sig": sig, "form": "tablet"}))
    row = made.to_dicts()[0]
    often = row["frequency_count"] / row["frequency_period_days"]
    assert row["dose_min"] * often == pytest.approx(low)
    assert row["dose_max"] * often == pytest.approx(high)
