"""What a unit text means, and which texts mean nothing."""

from __future__ import annotations

import polars as pl
import pytest

from screener import units
from screener.units import Unit, known_units, resolve_units, unit_of


@pytest.mark.parametrize(
    "text",
    ["mcg", "µg", "μg", "ug", "UG", " Micrograms ", "microgramme", "MCG", "micro grams"],
)
def test_every_spelling_of_a_microgram_is_one_microgram(text: str) -> None:
    assert unit_of(text) == Unit("mcg", "mass", 1.0)


@pytest.mark.parametrize(
    ("text", "name", "kind", "factor"),
    [
        ("MG", "mg", "mass", 1000.0),
        ("milligram", "mg", "mass", 1000.0),
        ("g", "g", "mass", 1e6),
        ("Grams", "g", "mass", 1e6),
        ("ng", "ng", "mass", 0.001),
        ("kg", "kg", "mass", 1e9),
        (" mL ", "mL", "volume", 1.0),
        ("ML", "mL", "volume", 1.0),
        ("L", "L", "volume", 1000.0),
        ("tsp", "teaspoon", "volume", 5.0),
        ("tablet(s)", "tablet", "countable", 1.0),
        ("{tablet}", "tablet", "countable", 1.0),
        ("{Tbl}", "tablet", "countable", 1.0),
        ("TAB", "tablet", "countable", 1.0),
        ("capsules", "capsule", "countable", 1.0),
        ("sachet", "packet", "countable", 1.0),
        ("Patch(es)", "patch", "countable", 1.0),
        ("1", "piece", "countable", 1.0),
        ("dose unit", "dose", "countable", 1.0),
        ("mcg/h", "mcg/h", "rate", 1.0),
        ("micrograms/hour", "mcg/h", "rate", 1.0),
        ("mcg per hour", "mcg/h", "rate", 1.0),
        ("mcg / hr.", "mcg/h", "rate", 1.0),
        ("mg/24 h", "mg/24 h", "rate", 1000.0 / 24),
        ("mg/mL", "mg/mL", "concentration", 1000.0),
        ("mg/5 mL", "mg/5 mL", "concentration", 200.0),
        ("application", "application", "local", 1.0),
        ("drop(s)", "drop", "local", 1.0),
        ("puffs", "puff", "local", 1.0),
        ("IU", "IU", "activity", 1.0),
        ("[iU]", "IU", "activity", 1.0),
        ("units", "unit", "activity", 1.0),
        ("UNT", "unit", "activity", 1.0),
        ("mmol", "mmol", "amount", 1.0),
        ("MEQ", "mEq", "amount", 1.0),
    ],
)
def test_a_known_unit_has_a_name_a_kind_and_a_size(
    text: str, name: str, kind: str, factor: float
) -> None:
    unit = unit_of(text)
    assert unit is not None
    assert (unit.name, unit.kind) == (name, kind)
    assert unit.factor == pytest.approx(factor)


@pytest.mark.parametrize("text", ["u", "U", "gr", "", "  ", "mg/kg", "mgg", "м", "mс", "%", "qs"])
def test_an_unknown_or_unsafe_unit_is_refused(text: str) -> None:
    assert unit_of(text) is None


def test_a_capital_greek_mu_is_no_micro_sign_and_no_m() -> None:
    assert unit_of("\u039cg") is None
    assert unit_of("\u039cL") is None


def test_a_spelling_with_two_meanings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(units._COUNTABLE, "bag", "bag mg")
    with pytest.raises(ValueError, match="'mg' has two meanings"):
        known_units.__wrapped__()


def test_a_spelling_that_stands_twice_with_one_meaning_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(units._COUNTABLE, "bag", "bag bag")
    assert known_units.__wrapped__()["bag"] == Unit("bag", "countable", 1.0)


def test_many_texts_come_back_once_each_as_they_were_written() -> None:
    got = resolve_units(pl.Series(["mg", "MG", "mg", None, "furlong", " mL "]))
    assert got.columns == ["unit", "name", "kind", "factor"]
    assert got["unit"].to_list() == [" mL ", "MG", "furlong", "mg"]
    assert got["name"].to_list() == ["mL", "mg", None, "mg"]
    assert got["factor"].to_list() == [1.0, 1000.0, None, 1000.0]
    assert got.schema["factor"] == pl.Float64


def test_no_text_at_all_gives_an_empty_table_of_the_same_shape() -> None:
    got = resolve_units(pl.Series([None, None], dtype=pl.String))
    assert got.is_empty()
    assert got.columns == ["unit", "name", "kind", "factor"]


def test_single_and_many_texts_agree() -> None:
    texts = ["mg", "µg/h", "{tablet}", "u", "mg/5mL", "Dose Units"]
    for row in resolve_units(pl.Series(texts)).iter_rows(named=True):
        unit = unit_of(row["unit"])
        assert (unit.name if unit else None) == row["name"]


def test_a_microgram_is_a_thousandth_of_a_milligram_and_a_gram_a_million() -> None:
    sizes = {text: unit_of(text) for text in ("mcg", "mg", "g")}
    assert [unit.factor for unit in sizes.values() if unit] == [1.0, 1000.0, 1_000_000.0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mg.", "mg"), ("M.G.", "mg"), ("MCG", "mcg"), ("mcg.", "mcg"), ("\u00b5g", "mcg"),
        ("\u03bcg", "mcg"), ("\u338d", "mcg"), ("\u338e", "mg"), ("U.G.", "mcg"), ("I.U.", "IU"),
        ("mg/1.0 mL", "mg/mL"), ("mg/10.0 mL", "mg/10 mL"), ("mcg/72.0 h", "mcg/72 h"),
    ],
)  # fmt: skip
def test_full_stops_and_both_micro_signs(text: str, name: str) -> None:
    unit = unit_of(text)
    assert unit is not None
    assert unit.name == name


@pytest.mark.parametrize(
    "text",
    # the last but one begins with a Greek letter, and looks like MG; the last is mg/12 h only to
    # somebody who drops the point
    ["mcg/2.4 h", "mg/1.6 h", "mg/0.5 mL", "mg/2.5 mL", "mg..", "\u039cG", "mg/1.2h"],
)
def test_a_decimal_point_is_never_dropped(text: str) -> None:
    assert unit_of(text) is None


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("{tbl}", "tablet"), ("{Tablet}", "tablet"), ("{capsule}", "capsule"), ("[iU]", "IU"),
        ("[IU]", "IU"), ("[U]", "unit"), ("[drp]", "drop"), ("{drop}", "drop"), ("[puff]", "puff"),
        ("{puff}", "puff"), ("{actuat}", "puff"), ("{patch}", "patch"), ("{spray}", "spray"),
        ("ug", "mcg"), ("ug/h", "mcg/h"), ("mg/mL", "mg/mL"), ("meq", "mEq"), ("mmol", "mmol"),
        ("10*6.[iU]", "million units"), ("{dose}", "dose"), ("mL", "mL"), ("1", "piece"),
    ],
)  # fmt: skip
def test_codes_of_ucum(code: str, name: str) -> None:
    unit = unit_of(code)
    assert unit is not None
    assert unit.name == name
