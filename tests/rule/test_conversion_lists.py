"""Conversion lists: exact factors for each ingredient and track, and the checks that use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from screener.rule.values import Factor
from screener.rulebook.library import load_library, read_library
from tests.rule.authoring import SOUND, changed, folder_with, problems

FACTORS = """\
list: in-morphine
title: Morphine for some opioids
version: 1
converts_to: oral morphine
factors:
  codeine by mouth: 0.15
  morphine by mouth or rectally: 1
  fentanyl as a patch: 2.4 per mcg/h
source: a table
"""
COUNTED = changed(
    ("of: baclofen by mouth", "of: [codeine, morphine, fentanyl]"),
    ("more_than: 80 mg/day", "at_least: 50 mg/day\n    counted_as: in-morphine"),
    ("daily_dose: {more_than: 100", "daily_dose: {at_least: 100"),
    ("sites_may_adjust: [more_than, severity]\n", ""),
)


def params(tmp_path: Path, text: str = COUNTED, factors: str = FACTORS) -> Any:
    files = {"limits/too-much.yaml": text, "lists/in-morphine.yaml": factors}
    return load_library(folder_with(tmp_path, files))[0].uses[0].params


@pytest.mark.parametrize("words", ["in-morphine", "list in-morphine"])
def test_a_conversion_is_found_by_its_name(tmp_path: Path, words: str) -> None:
    made = params(tmp_path, COUNTED.replace("counted_as: in-morphine", f"counted_as: {words}"))
    assert made.counted_as.text == "oral morphine"


def test_factors_are_exact_fractions_of_each_ingredient_and_track(tmp_path: Path) -> None:
    assert params(tmp_path).counted_as.factors == (
        Factor("codeine", "by mouth", 3, 20),
        Factor("codeine", "sublingual", 3, 20),
        Factor("fentanyl", "transdermal", 100, 1),
        Factor("morphine", "by mouth", 1, 1),
        Factor("morphine", "rectal", 1, 1),
        Factor("morphine", "sublingual", 1, 1),
    )


def test_a_rate_is_what_a_patch_gives_in_a_day(tmp_path: Path) -> None:
    made = params(tmp_path, factors=FACTORS.replace("2.4 per", "2.5 per")).counted_as
    patch = next(f for f in made.factors if f.track == "transdermal")
    assert (patch.number, patch.per) == (625, 6)
    # 25 mcg/h are 0.6 mg a day, which count as 25 × 2.5 mg.
    assert 0.6 * patch.number / patch.per == pytest.approx(62.5)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("codeine by mouth: 0.15", "codeine: 0.15", "6:3", 'write for example "codeine by mouth"'),
        ("0.15", "0,15", "6:21", '"0.15"'),
        ("0.15", "0", "6:21", "counts the drug as nothing"),
        ("0.15", "-0.15", "6:21", "is not a number"),
        ("0.15", "0.150", "6:21", '"0.15"'),
        ("0.15", "0.15 mg/day", "6:21", "not a plain number"),
        ("0.15", "2.4 per mcg/h", "6:21", "not a plain number"),
        ("2.4 per mcg/h", "2.4", "8:24", '"2.4 per mcg/h"'),
        ("codeine by", "codein by", "6:3", 'called "codein"'),
        ("fentanyl as a patch: 2.4 per mcg/h", "codeine by mouth or rectally: 1", "8:3", "line 6"),
        ("codeine by", "modified-release codeine by", "6:3", "every kind of release"),
        ("converts_to: oral morphine\n", "", "1:1", 'needs "converts_to"'),
        ("factors:", "members: [codeine]\nfactors:", "5:1", "members or factors, not both"),
        ("source: a table", "sauce: a table", "9:1", 'did you mean "source"?'),
    ],
)
def test_a_wrong_conversion_has_one_message_at_its_place(
    tmp_path: Path, old: str, new: str, place: str, words: str
) -> None:
    files = {
        "limits/too-much.yaml": COUNTED,
        "lists/in-morphine.yaml": FACTORS.replace(old, new),
    }
    (found,) = problems(tmp_path, files)
    assert found.startswith(f"lists/in-morphine.yaml:{place}: ")
    assert words in found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("counted_as: in-morphine", "counted_as: in-morfine", 'did you mean "in-morphine"?'),
        ("of: [codeine, morphine, fentanyl]", "of: buprenorphine", "none of these drugs has"),
        ("of: [codeine, morphine, fentanyl]", "of: codeine injected", "none of these drugs has"),
    ],
)
def test_a_conversion_that_does_not_fit_is_a_problem(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    files = {
        "limits/too-much.yaml": COUNTED.replace(old, new),
        "lists/in-morphine.yaml": FACTORS,
    }
    (found,) = problems(tmp_path, files)
    assert words in found


def test_a_list_of_drugs_is_no_conversion_and_no_set_of_drugs(tmp_path: Path) -> None:
    members = "list: in-morphine\ntitle: Opioids\nversion: 1\nmembers: [codeine]\n"
    files = {"limits/too-much.yaml": COUNTED, "lists/in-morphine.yaml": members}
    (found,) = problems(tmp_path / "a", files)
    assert "has no factors" in found
    as_drugs = changed(("of: baclofen by mouth", "of: list in-morphine"))
    files = {"limits/too-much.yaml": as_drugs, "lists/in-morphine.yaml": FACTORS}
    (found,) = problems(tmp_path / "b", files)
    assert 'no list is called "in-morphine"' in found


def test_the_fingerprint_changes_with_a_factor_and_not_with_the_title(tmp_path: Path) -> None:
    def fingerprint(name: str, factors: str) -> str:
        files = {"limits/too-much.yaml": COUNTED, "lists/in-morphine.yaml": factors}
        return load_library(folder_with(tmp_path / name, files))[0].fingerprint

    before = fingerprint("a", FACTORS)
    assert before == fingerprint("b", FACTORS.replace("Morphine for", "Morphine instead of"))
    assert before == fingerprint("c", FACTORS.replace("oral morphine", "morphine by mouth"))
    assert before != fingerprint("d", FACTORS.replace("0.15", "0.16"))
    assert before != fingerprint("e", FACTORS.replace("or rectally", "or injected"))


def test_a_folder_knows_its_conversions(tmp_path: Path) -> None:
    files = {"limits/too-much.yaml": SOUND, "lists/in-morphine.yaml": FACTORS}
    (found,) = read_library(folder_with(tmp_path, files)).conversions
    assert (found.name, found.version, len(found.conversion.factors)) == ("in-morphine", 1, 6)
