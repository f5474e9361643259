"""One order at a time: class, track, dose, length and the flags it raises."""

from __future__ import annotations

from typing import Any

import pytest

from tests.timeline.orders_of import doses, flags, order, timeline_of


def changed(text: str = "20x3 from 0 for 28", number: int = 1, **columns: Any) -> dict[str, Any]:
    return order(text, number) | columns


def line(**columns: Any) -> dict[str, Any]:
    lines = timeline_of(changed(**columns)).lines
    return lines.to_dicts()[0]


@pytest.mark.parametrize("value", ["20.0", "20.00", "020", " 20 "])
def test_copies_that_write_the_strength_otherwise_are_duplicates(value: str) -> None:
    copy = changed(number=2, strength_value=value, strength_unit="MG", status="")
    first = changed(status="")
    assert flags(timeline_of(first, copy)) == [("duplicate-row", 0)]


def test_copies_that_differ_in_quantity_are_kept() -> None:
    timeline = timeline_of(changed(quantity=84.0), changed(number=2, quantity=90.0))
    assert flags(timeline) == []
    assert timeline.twice.height == 1


@pytest.mark.parametrize(
    ("drug", "columns", "track"),
    [
        ("fentanyl", {"route": "topical", "form": "patch", "dose_unit": "patch"}, "transdermal"),
        ("lidocaine", {"route": "topical", "form": "patch", "dose_unit": "patch"}, "local"),
        ("diclofenac", {"route": "topical", "form": "gel", "dose_unit": "application"}, "local"),
        ("midazolam", {"route": "nasal", "form": "nasal spray", "dose_unit": "spray"}, "by nose"),
        ("fluticasone", {"route": "nasal", "form": "nasal spray", "dose_unit": "spray"}, "local"),
        ("diazepam", {"route": "rectal", "form": "rectal solution"}, "rectal"),
        ("baclofen", {"route": None, "form": "injection", "dose_unit": "mg"}, "unknown"),
        ("baclofen", {"route": "intrathecal", "form": "pump", "dose_unit": "mcg"}, "intrathecal"),
        ("baclofen", {"route": None, "form": None}, "by mouth"),  # from the dose unit: tablet
    ],
)
def test_the_track_of_an_order(drug: str, columns: dict[str, Any], track: str) -> None:
    assert line(drug=drug, **columns)["track"] == track


def test_a_rectal_benzodiazepine_is_a_rescue_drug_and_counts_as_needed() -> None:
    assert line(drug="diazepam", route="rectal", form="rectal solution")["as_needed"]
    assert not line(drug="diazepam")["as_needed"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"dose_min": 26.67, "dose_unit": "mg"}, 80.01),
        ({"dose_min": 26.6666667, "dose_unit": "mg"}, 80.0),  # rounded once, to the microgram
        ({"strength_value": "20000", "strength_unit": "mcg"}, 60.0),
        ({"strength_value": "20000", "strength_unit": "µg"}, 60.0),
        ({"strength_value": "0.02", "strength_unit": "g"}, 60.0),
        ({"frequency_count": 1.0, "frequency_period_days": 2.0}, 10.0),
        ({"frequency_count": 1.0, "frequency_period_days": 7.0}, 2.857143),
        (
            {"strength_value": "25", "strength_per_value": 5.0, "strength_per_unit": "mL",
             "dose_unit": "mL", "dose_min": 5.0},
            75.0,
        ),
    ],
)  # fmt: skip
def test_a_days_dose_is_exact_to_the_microgram(columns: dict[str, Any], expected: float) -> None:
    low = line(**columns)["low"]
    assert abs(low / 1000 - expected) < 0.0005
    assert isinstance(low, int)


@pytest.mark.parametrize(
    ("columns", "flag"),
    [
        ({"dose_min": None}, "unreadable-sig"),
        ({"frequency_count": None}, "unreadable-sig"),
        ({"dose_min": 2.0, "dose_max": 1.0}, "unreadable-sig"),
        ({"dose_min": 0.0}, "unreadable-sig"),
        ({"frequency_period_days": None}, "missing-period"),
        ({"dose_unit": None}, "unit"),
        ({"dose_unit": "spoons of it"}, "unit"),
        ({"strength_value": "0"}, "unit"),
        ({"strength_value": None}, "unit"),
        ({"days_supply": None}, "unknown-supply"),
        ({"prn": True, "frequency_count": None}, "prn-without-maximum"),
        ({"status": "somehow"}, "unknown-status"),
        ({"drug": "Somnotranq Forte"}, "unmapped-drug"),
        ({"form": "oral solution", "dose_unit": "mL", "strength_value": None,
          "strength_per_unit": None}, "missing-concentration"),
        ({"drug": "co-codamol", "strength_value": "500", "drug_code": None},
         "unknown-combination"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_flagged_once(columns: dict[str, Any], flag: str) -> None:
    assert flags(timeline_of(changed(**columns))) == [(flag, 0)]


def test_a_patch_in_milligrams_without_an_hour_is_a_unit_flag() -> None:
    patch = {"drug": "clonidine", "route": "transdermal", "form": "patch", "dose_unit": "patch"}
    found = timeline_of(changed(strength_value="0.1", strength_per_unit="patch", **patch))
    assert ("unit", 0) in flags(found)
    in_mcg = changed(strength_value="25", strength_unit="mcg", **(patch | {"drug": "fentanyl"}))
    assert timeline_of(in_mcg).lines["high"].to_list() == [25 * 24]


@pytest.mark.parametrize("unit", ["mcg", "mcg/h", "mg/24 h"])
def test_what_a_patch_gives_off_in_an_hour_is_no_amount_in_it(unit: str) -> None:
    patch = {"drug": "fentanyl", "route": "transdermal", "form": "patch"}
    patch |= {"strength_value": "25", "strength_unit": unit, "strength_per_unit": "patch"}
    supplied = {"dose_unit": "patch", "dose_min": None, "quantity": 10.0}
    by_quantity = timeline_of(changed(**patch, **supplied))
    assert flags(by_quantity) == [("unreadable-sig", 0)]
    in_mass = {"dose_unit": "mcg", "dose_min": 25.0, "frequency_period_days": 3.0}
    in_mcg = timeline_of(changed(**patch, **in_mass))
    assert flags(in_mcg) == [("unit", 0)]
    for found in (by_quantity, in_mcg):
        assert found.lines["high"].to_list() == [None]
    # a tablet that holds 25 mcg is an amount
    tablet = {"drug": "levothyroxine", "strength_value": "25", "strength_unit": "mcg"}
    one = timeline_of(changed(**tablet, dose_min=None, quantity=28.0))
    assert one.lines["high"].to_list() == [25]


@pytest.mark.parametrize(
    ("columns", "last"),
    [
        ({"days_supply": None, "quantity": 84.0}, 27),
        ({"days_supply": None, "quantity": 85.0}, 27),  # part of a day's tablets is no day
        ({"days_supply": None, "quantity": 2.0}, 0),
        ({"days_supply": 28, "quantity": 30.0}, 27),
    ],
)
def test_days_supply_is_recorded_or_from_the_quantity(columns: dict[str, Any], last: int) -> None:
    assert doses(timeline_of(changed(**columns))) == [(0, last, 60, 60)]


@pytest.mark.parametrize(
    ("drug", "strength", "unit", "micrograms"),
    [
        ("Septrin", "480", "mg", [400_000, 80_000]),
        ("Septrin", "960", "mg", [800_000, 160_000]),
        ("Sinemet", "25-100", "mg", [25_000, 100_000]),
        ("Sinemet", "25-100", None, [25_000, 100_000]),
        ("Sinemet", "25/100", "mg", [25_000, 100_000]),
        ("Septrin", "500", "mg", [None, None]),  # no product has that sum
        ("Septrin", "480", "mL", [None, None]),
        ("Sinemet", "25-101", "mg", [None, None]),
    ],
)
def test_a_combinations_strength_in_one_figure(
    drug: str, strength: str, unit: str | None, micrograms: list[int | None]
) -> None:
    lines = timeline_of(changed(drug=drug, strength_value=strength, strength_unit=unit)).lines
    each = [None if ug is None else 3 * ug for ug in micrograms]
    assert lines.sort("part")["low"].to_list() == each
