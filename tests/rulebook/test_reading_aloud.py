"""A rule read aloud says its check, its edges, whom it judges and how severe it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from screener.checks import CHECKS
from screener.rule.model import CheckUse, DrugSet
from screener.rulebook.library import load_library
from screener.rulebook.listing import in_full, rows
from screener.rulebook.read import CLAUSES, clause_of, sentence
from tests.rule.authoring import SOUND, changed, load

RULES = Path(__file__).resolve().parents[2] / "rules"
LIBRARY = load_library(RULES)


def test_the_sentence_of_a_limit() -> None:
    rule = next(r for r in LIBRARY if r.id == "baclofen-max-dose")
    assert sentence(rule) == (
        "Flag a patient whose total daily dose of baclofen by mouth is more than 80 mg/day on any "
        "day. Exactly 80 mg/day is allowed. Only adults (18 years or older) are judged. "
        "Severity: high; critical when more than 100 mg/day."
    )


def test_every_check_can_be_read_aloud() -> None:
    assert set(CLAUSES) == set(CHECKS)


@dataclasses.dataclass(frozen=True)
class Invented:
    of: DrugSet
    within: int
    unless: None = None


def test_a_check_without_a_sentence_is_read_parameter_by_parameter() -> None:
    use = CheckUse("invented", Invented(DrugSet("x", frozenset({"x"})), 3))
    assert clause_of(use) == ("for whom `invented` holds (of x, within 3 days)", "")


@pytest.mark.parametrize("rule", LIBRARY, ids=lambda rule: rule.id)
def test_every_shipped_rule_reads_as_sentences(rule: object) -> None:
    said = sentence(rule)  # type: ignore[arg-type]
    assert said.startswith("Flag a patient ")
    assert said.endswith(".")
    for leftover in ("None", "frozenset", "DrugSet", "{", "  ", "..", " ,"):
        assert leftover not in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("more_than: 80 mg/day", "at_least: 80 mg/day"), "Exactly 80 mg/day is flagged."),
        (
            ("more_than: 80 mg/day", "more_than: 80 mg/day\n    for_at_least: 7 days"),
            "on at least 7 days in a row",
        ),
        (("message:", "only_if: {sex: F}\nmessage:"), "Only on days when the patient is a woman."),
        (
            ("message:", "unless: {age: {at_least: 65 years}}\nmessage:"),
            "Not on days when the patient is 65 years or more.",
        ),
        (
            ("{daily_dose: {more_than: 100 mg/day}}", "{kidney_function: {below: 60}}"),
            "critical on days when the eGFR is below 60 mL/min/1.73 m² (a result counts for 365 days)",
        ),
        (
            ("{daily_dose: {more_than: 100 mg/day}}", "{taking: list sleepers}"),
            "critical on days when the patient takes any of sleepers",
        ),
    ],
)
def test_a_change_of_the_rule_changes_the_sentence(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    assert words in sentence(load(tmp_path, changed(change)))
    assert words not in sentence(load(tmp_path / "before", SOUND))


def test_a_rule_in_full_names_every_drug_of_its_lists() -> None:
    rule = next(r for r in LIBRARY if r.id == "baclofen-with-muscle-relaxant")
    text = "\n".join(in_full(rule))
    for words in ("tizanidine", "dantrolene", rule.fingerprint, "second-pharmacist", "2027-11-22"):
        assert words in text


def test_the_list_has_one_row_for_each_rule() -> None:
    assert [row[0] for row in rows(LIBRARY)] == [rule.id for rule in LIBRARY]
