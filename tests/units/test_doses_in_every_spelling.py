"""A dose is the same in every spelling of its unit; a spelling nobody knows is a flag instead."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.tables import Tables
from screener.timeline import build
from screener.units import known_units, unit_of
from tests.timeline.orders_of import on, order, table

Row = dict[str, Any]
TABLETS: Row = {"strength_value": "5", "strength_unit": "mg"}
LIQUID: Row = {"form": "oral solution", "strength_value": "5", "strength_unit": "mg"}
LIQUID |= {"strength_per_value": 2.0, "strength_per_unit": "mL", "dose_unit": "mL"}
PATCH: Row = {"drug": "fentanyl", "route": "transdermal", "form": "patch", "dose_unit": "patch"}
KINDS_OF_DOSE = ("mass", "volume", "countable", "rate")


def by_name(*kinds: str) -> dict[str, list[str]]:
    """Canonical name -> every spelling of the units of some kinds."""
    found: dict[str, list[str]] = {}
    for spelling, unit in known_units().items():
        if unit.kind in kinds:
            found.setdefault(unit.name, []).append(spelling)
    return found


def said(rows: list[Row]) -> list[tuple[int | None, set[str]]]:
    """(the highest daily dose in micrograms, the flags) of orders of as many patients."""
    made = [
        order("20x3 from 0 for 28", n) | row | {"patient_id": f"P{n}"} for n, row in enumerate(rows)
    ]
    timeline = build(Tables(table("prescriptions", made)), on(100))
    lines = timeline.lines.sort("row")
    assert lines["row"].to_list() == list(range(len(rows)))
    flagged: dict[int, set[str]] = {}
    for patient, flag in timeline.flags.select("patient", "flag").rows():
        flagged.setdefault(patient, set()).add(flag)
    patients = lines["patient"].to_list()
    return [
        (high, flagged.get(patient, set()))
        for high, patient in zip(lines["high"].to_list(), patients, strict=True)
    ]


@st.composite
def decorated(draw: st.DrawFn, spelling: str) -> str:
    """A spelling as people write it: capitals, spaces, a full stop, either micro sign."""
    sign = draw(st.sampled_from("\u00b5\u03bc"))
    text = "".join(
        # the capital of a micro sign looks like an M, and is refused
        letter.upper() if draw(st.booleans()) and letter != "\u03bc" else letter
        for letter in spelling
    ).replace("\u03bc", sign)
    stop = draw(st.sampled_from(("", ".") if text[-1].isalpha() else ("",)))
    return draw(st.sampled_from(("", " ", "\u00a0"))) + text + stop + draw(st.sampled_from(" \t"))


@pytest.mark.parametrize("name", sorted(by_name(*KINDS_OF_DOSE)))
def test_a_dose_is_the_same_in_every_spelling_of_its_unit(name: str) -> None:
    base = LIQUID if name in by_name("volume") else TABLETS
    found = said([base | {"dose_unit": text} for text in [name, *by_name(*KINDS_OF_DOSE)[name]]])
    assert found[0][0] is not None
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("name", sorted(by_name("mass")))
def test_a_strength_is_the_same_in_every_spelling_of_its_unit(name: str) -> None:
    found = said([TABLETS | {"strength_unit": text} for text in by_name("mass")[name]])
    assert found[0][0] is not None
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("name", sorted(by_name("rate")))
def test_a_patch_is_the_same_in_every_spelling_of_its_rate(name: str) -> None:
    spellings = by_name("rate")[name]
    found = said([PATCH | {"strength_unit": text} for text in spellings])
    factor = known_units()[spellings[0]].factor
    assert found[0][0] == int(20 * factor * 24 + 0.5)
    assert all(one == found[0] for one in found)


@given(st.data())
def test_capitals_spaces_and_micro_signs_do_not_change_a_dose(data: st.DataObject) -> None:
    spellings = st.sampled_from(sorted(s for texts in by_name("mass", "rate").values()
                                       for s in texts))  # fmt: skip
    plain = data.draw(st.lists(spellings, min_size=5, max_size=40))
    written = [data.draw(decorated(text)) for text in plain]
    as_listed, as_written = (
        said([TABLETS | {"dose_unit": text} for text in texts]) for texts in (plain, written)
    )
    assert as_listed == as_written
    assert None not in [high for high, _ in as_listed]


@given(st.lists(st.text(alphabet="mMgGcCuUµμΜlLhH/. []{}15t0", max_size=6), max_size=60))
def test_an_unknown_spelling_is_a_flag_and_never_a_dose(texts: list[str]) -> None:
    unknown = [text for text in [*texts, "mgg", "U"] if unit_of(text) is None]
    for column in ("dose_unit", "strength_unit", "strength_per_unit"):
        # a cell of spaces alone is blank after intake, not a unit
        rows = [TABLETS | {column: text} for text in unknown if text.strip()]
        for text, (high, flags) in zip(rows, said(rows), strict=True):
            assert high is None, (column, text)
            assert "unit" in flags, (column, text)


@given(st.lists(st.text(alphabet="mcguUµμGM. ", min_size=1, max_size=8), max_size=60))
def test_no_text_is_read_as_a_unit_a_thousand_times_too_large(texts: list[str]) -> None:
    for text in texts:
        unit = unit_of(text)
        if unit is not None and unit.kind == "mass":
            letters = "".join(sorted(set(text.lower()) & set("mcuµμ")))
            assert unit.name == {"": "g", "m": "mg"}.get(letters, "mcg"), text


@pytest.mark.parametrize("unit", ["IU", "units", "mmol", "mEq", "mg/mL", "puff", "drop"])
def test_a_unit_that_does_not_fit_the_strength_is_a_flag(unit: str) -> None:
    assert said([TABLETS | {"dose_unit": unit}]) == [(None, {"unit"})]


def test_grams_of_a_gel_are_not_grams_of_its_drug() -> None:
    gel: Row = {"drug": "testosterone", "route": "transdermal", "form": "gel", "dose_unit": "g"}
    gel |= {"strength_value": "16.2", "strength_unit": "mg"}
    ((high, flags),) = said([gel | {"strength_per_value": 1.0, "strength_per_unit": "g"}])
    assert (high, flags) == (None, {"unit"})
    assert pl.Series([unit_of("g"), unit_of("gram")]).n_unique() == 1
