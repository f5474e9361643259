"""The lists themselves: what they hold, and that they hold together."""

from __future__ import annotations

import re

import pytest

from screener import terminology
from screener.terminology.lists import read_list


def test_baclofen_carries_the_facts_that_the_timeline_needs() -> None:
    row = next(
        row
        for row in terminology.ingredient_table().iter_rows(named=True)
        if row["ingredient"] == "baclofen"
    )
    assert row["given_intrathecally"] is True
    assert (row["liquid_low_ug_per_ml"], row["liquid_high_ug_per_ml"]) == (1000.0, 5000.0)
    assert row["implausible_above_ug"] == 200_000
    assert row["weekly"] is False
    assert "muscle_relaxant" in row["classes"]


def test_morphine_may_be_intrathecal_but_its_injections_usually_are_not() -> None:
    rows = {r["ingredient"]: r for r in terminology.ingredient_table().iter_rows(named=True)}
    assert rows["morphine"]["given_intrathecally"] is False
    assert rows["morphine"]["intrathecal"] == "also"
    assert rows["methotrexate"]["weekly"] is True


def test_a_class_is_found_however_its_tag_is_spelled() -> None:
    members = terminology.class_members("cns_depressant")
    assert members is not None
    assert {"diazepam", "morphine", "baclofen"} <= members
    assert terminology.class_members("CNS-depressants") == members
    assert terminology.class_members("wizards") is None
    assert "cns_depressant" in terminology.class_names()


@pytest.mark.parametrize(
    ("tag", "inside", "outside"),
    [
        ("opioid", "tramadol", "loperamide"),
        ("opioid", "codeine", "naltrexone"),
        ("opioid", "dextropropoxyphene", "dextromethorphan"),
        ("antipsychotic", "quetiapine", "lithium"),
        ("sedating_antihistamine", "promethazine", "cetirizine"),
        ("cns_depressant", "gabapentin", "lamotrigine"),
        ("antihypertensive", "amlodipine", "tamsulosin"),
    ],
)
def test_the_traps_of_prefix_classes_are_on_the_right_side(
    tag: str, inside: str, outside: str
) -> None:
    members = terminology.class_members(tag)
    assert members is not None
    assert inside in members
    assert outside not in members


def test_an_ingredient_is_named_by_its_name_or_synonym_but_not_by_a_brand() -> None:
    assert terminology.ingredient_named(" Acetaminophen ") == "paracetamol"
    assert terminology.ingredient_named("baclofen") == "baclofen"
    assert terminology.ingredient_named("Lioresal") is None
    assert terminology.ingredient_named("co-codamol") is None
    assert terminology.ingredient_named("") is None
    assert "paracetamol" in terminology.ingredient_names()


def test_dialysis_is_known_by_name_and_by_code_with_and_without_the_dot() -> None:
    names = terminology.condition_names("dialysis")
    assert names is not None
    assert {"dialysis", "z99.2", "z992", "265764009"} <= names
    assert "n18.6" not in names
    assert terminology.condition_names("alcohol_problem") == terminology.condition_names(
        "Alcohol problem"
    )
    assert terminology.condition_names("wizardry") is None


def test_codes_look_like_codes_and_ingredients_like_names() -> None:
    drugs = read_list("ingredients")
    codes = [
        c for column in ("atc", "atc_retired") for cell in drugs[column] for c in cell.split(";")
    ]
    assert [c for c in codes if c and not re.fullmatch(r"[A-Z]\d\d[A-Z]{2}\d\d", c)] == []
    ids = [c for cell in drugs["rxnorm"] for c in cell.split(";")]
    assert [c for c in ids if c and not c.isdigit()] == []
    names = drugs["ingredient"].to_list()
    assert len(names) == len(set(names))
    assert [n for n in names if n != n.strip().lower()] == []


def test_every_part_of_a_combination_is_a_listed_ingredient_with_a_strength_of_its_own() -> None:
    known = set(terminology.ingredient_names())
    for row in read_list("combinations").iter_rows(named=True):
        parts = row["ingredients"].split(";")
        assert set(parts) <= known, row["product"]
        for strengths in filter(None, row["strengths_mg"].split(";")):
            assert len(strengths.split("/")) == len(parts), row["product"]
            assert all(float(s) > 0 for s in strengths.split("/"))


def test_every_list_is_recorded_with_its_version() -> None:
    versions = terminology.list_versions()
    assert versions["lists"] == terminology.LISTS_VERSION
    assert len(versions) == 9
    assert all(len(v) == 64 for k, v in versions.items() if k.endswith(".csv"))
