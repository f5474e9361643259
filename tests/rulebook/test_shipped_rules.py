"""The rules that ship: they load, every story comes out, and each has every kind of story."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import pytest

from screener.checks.bucket import screen_bucket
from screener.rule.model import Rule
from screener.rule.values import DrugSet
from screener.rulebook.library import load_library, read_library
from screener.rulebook.linting import library_warnings
from screener.rulebook.stories import Told, tell

RULES = Path(__file__).resolve().parents[2] / "rules"
IDS = sorted(path.stem for path in (RULES / "baclofen").glob("*.yaml"))
ALL = sorted(p.stem for p in RULES.glob("*/*.yaml") if p.parent.name not in ("lists", "sites"))


@cache
def library() -> dict[str, Rule]:
    return {rule.id: rule for rule in load_library(RULES)}


@cache
def told() -> dict[str, list[Told]]:
    by_rule: dict[str, list[Told]] = {}
    for one in tell(library().values(), screen_bucket):
        by_rule.setdefault(one.rule_id, []).append(one)
    return by_rule


def test_every_file_can_be_used_without_a_warning() -> None:
    assert library_warnings(read_library(RULES), dt.date(2027, 11, 22)) == []


@pytest.mark.parametrize("rule_id", ALL)
def test_every_story_comes_out_as_expected(rule_id: str) -> None:
    wrong = [(t.story.story, t.expected, t.got) for t in told()[rule_id] if not t.passed]
    assert wrong == []


@pytest.mark.parametrize("rule_id", IDS)
def test_every_rule_has_a_story_that_is_flagged_one_that_is_clear_and_one_nobody_can_judge(
    rule_id: str,
) -> None:
    outcomes = {one.outcome for story in library()[rule_id].stories for one in story.expect}
    assert {"flag", "clear", "not_assessed"} <= outcomes


@pytest.mark.parametrize("rule_id", IDS)
def test_a_rule_for_adults_has_a_story_of_a_child(rule_id: str) -> None:
    rule = library()[rule_id]
    if rule.adults_only and rule.status == "active":
        assert any(e.reason == "child" for story in rule.stories for e in story.expect)


def test_limits_are_for_adults_and_pairs_and_double_supplies_for_everyone() -> None:
    everyone = {rule_id for rule_id in IDS if not library()[rule_id].adults_only}
    pairs = {rule_id for rule_id in library() if rule_id.startswith("baclofen-with-")}
    assert everyone == pairs | {"baclofen-supplied-twice", "baclofen-supply-gap"}


def test_the_rules_that_are_off_by_default_are_off() -> None:
    off = {rule.id for rule in library().values() if rule.status == "off"}
    assert {id_ for id_ in off if id_.startswith("baclofen-")} == {
        "baclofen-low-maintenance",
        "baclofen-supply-gap",
        "baclofen-with-nsaid",
    }


def partners(rule_id: str) -> frozenset[str]:
    params = library()[rule_id].uses[0].params
    left_out: DrugSet | None = params.except_
    assert isinstance(params.with_, DrugSet)
    return params.with_.ingredients - (left_out.ingredients if left_out else frozenset())


@pytest.mark.parametrize(
    "drug",
    [
        "lithium",
        "loperamide",
        "naloxone",
        "naltrexone",
        "cetirizine",
        "loratadine",
        "fexofenadine",
        "melatonin",
        "aspirin",
        "lamotrigine",
        "levetiracetam",
        "ethosuximide",
        "lisinopril",
        "tizanidine",
        "dantrolene",
        "baclofen",
    ],
)
def test_what_is_no_cns_depressant_of_the_rule(drug: str) -> None:
    assert drug not in partners("baclofen-with-cns-depressant")


@pytest.mark.parametrize(
    "drug",
    [
        "oxycodone",
        "diazepam",
        "clonazepam",
        "phenobarbital",
        "butalbital",
        "sodium oxybate",
        "zolpidem",
        "suvorexant",
        "gabapentin",
        "promethazine",
        "prochlorperazine",
        "amitriptyline",
        "mirtazapine",
        "valproate",
        "clonidine",
        "dronabinol",
        "propofol",
    ],
)
def test_what_is_a_cns_depressant_of_the_rule(drug: str) -> None:
    assert drug in partners("baclofen-with-cns-depressant")


@pytest.mark.parametrize(
    ("rule_id", "inside", "outside"),
    [
        ("baclofen-with-muscle-relaxant", {"tizanidine", "dantrolene"}, {"diazepam"}),
        (
            "baclofen-with-antihypertensive",
            {"clonidine", "lisinopril", "terazosin", "amlodipine"},
            {"furosemide", "spironolactone", "tamsulosin", "tizanidine"},
        ),
        ("baclofen-with-diuretic", {"furosemide", "indapamide"}, {"acetazolamide", "lisinopril"}),
        (
            "baclofen-with-alcohol-marker",
            {"disulfiram", "acamprosate", "naltrexone", "nalmefene"},
            {"naloxone", "diazepam"},
        ),
        ("baclofen-with-nsaid", {"ibuprofen", "celecoxib"}, {"aspirin", "paracetamol"}),
    ],
)
def test_who_is_in_a_list_and_who_is_not(rule_id: str, inside: set[str], outside: set[str]) -> None:
    found = partners(rule_id)
    assert inside <= found
    assert not outside & found


def test_no_drug_reports_as_muscle_relaxant_and_as_depressant() -> None:
    both = partners("baclofen-with-cns-depressant") & partners("baclofen-with-muscle-relaxant")
    assert both == frozenset()


def test_no_drug_reports_as_diuretic_and_as_antihypertensive() -> None:
    both = partners("baclofen-with-diuretic") & partners("baclofen-with-antihypertensive")
    assert both == frozenset()


def test_every_opioid_benzodiazepine_and_barbiturate_is_of_high_concern() -> None:
    (raised,) = library()["baclofen-with-cns-depressant"].escalate
    (use,) = raised.when.clause.uses  # type: ignore[union-attr]
    high = use.params.with_.ingredients
    assert {"oxycodone", "diazepam", "phenobarbital", "sodium oxybate", "ketamine"} <= high
    assert not {"gabapentin", "amitriptyline", "clonidine", "naltrexone", "zolpidem"} & high
