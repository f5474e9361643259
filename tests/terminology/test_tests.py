"""The tests of the laboratory: their names and their units."""

from __future__ import annotations

import pytest

from screener import terminology
from screener.terminology.lists import read_list


def _units(test: str) -> dict[str, float]:
    found = terminology.lab_test(test)
    assert found is not None
    return dict(found[1])


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("creatinine", "serum creatinine"),
        ("potassium", "k+"),
        ("full blood count", "wbc"),
        ("full blood count", "haemoglobin"),
        ("full blood count", "hemoglobin"),
        ("liver function", "alt"),
        ("liver function", "bilirubin"),
        ("thyroid function", "tsh"),
        ("thyroid function", "free t4"),
        ("weight", "body_weight"),
        ("inr", "international normalised ratio"),
    ],
)
def test_a_test_is_known_by_the_names_that_exports_use(test: str, name: str) -> None:
    found = terminology.lab_test(test)
    assert found is not None
    assert name in found[0]


def test_a_test_list_is_found_however_it_is_spelled_and_no_other_is() -> None:
    assert terminology.lab_test(" Full_Blood  count") == terminology.lab_test("full blood count")
    assert terminology.lab_test("tsh") is None
    assert terminology.lab_test("") is None
    assert "lithium" in terminology.lab_test_names()


@pytest.mark.parametrize(
    ("test", "value", "unit", "same"),
    [
        ("creatinine", 88.4, "umol/l", 1.0),
        ("creatinine", 88.4, "\u00b5mol/l", 1.0),
        ("creatinine", 88.4, "\u03bcmol/l", 1.0),
        ("creatinine", 0.0884, "mmol/l", 1.0),
        ("potassium", 4.2, "meq/l", 4.2),
        ("lithium", 0.8, "meq/l", 0.8),
        ("digoxin", 0.9, "ng/ml", 0.9),
        ("digoxin", 0.9, "mcg/l", 0.9),
        ("digoxin", 1.0, "nmol/l", 0.781),
        ("weight", 61234.97, "g", 61.23497),
        ("weight", 135.0, "lb", 61.23497),
    ],
)
def test_units_are_converted_to_the_first_one(
    test: str, value: float, unit: str, same: float
) -> None:
    assert value * _units(test)[unit] == pytest.approx(same)


def test_the_first_unit_of_every_test_has_the_factor_one_and_panels_have_none() -> None:
    for name in terminology.lab_test_names():
        units = list(_units(name).values())
        assert units[:1] in ([1.0], [])
    panels = [name for name in terminology.lab_test_names() if not _units(name)]
    assert panels == ["full blood count", "liver function", "thyroid function"]


def test_no_name_belongs_to_two_tests_and_all_are_written_small() -> None:
    names = [name for cell in read_list("tests")["names"] for name in cell.split(";")]
    assert len(names) == len(set(names))
    assert [name for name in names if name != name.strip().lower()] == []


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ("asthma", "j45.909", "j44.9"),
        ("asthma", "195967001", "copd"),
        ("ischaemic heart disease", "i25.10", "i50.9"),
        ("ischaemic heart disease", "ischemic heart disease (disorder)", "hypertension"),
        ("cancer", "c50919", "c44"),
        ("cancer", "c79.5", "d05"),
        ("palliative care", "z515", "z51.1"),
        ("opioid use disorder", "f11.20", "f10.20"),
        ("venous thromboembolism", "i26.99", "i80.0"),
        ("atrial fibrillation", "i48.91", "i48.92"),
        ("adrenal insufficiency", "e27.1", "e27.0"),
    ],
)
def test_condition_lists_hold_what_they_say(condition: str, inside: str, outside: str) -> None:
    names = terminology.condition_names(condition)
    assert names is not None
    assert condition in names
    assert inside in names
    assert outside not in names
