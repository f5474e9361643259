"""A rule read aloud says its check, its edges, whom it judges and how severe it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from screener.checks import CHECKS
from screener.rule.model import CheckUse
from screener.rule.values import DrugSet
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
            "critical on days when the eGFR is below 60 mL/min/1.73 m² (a result counts for 365",
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


PAIR = "taken_together: {this: baclofen, with: diazepam}"
DOSE = "daily_dose: {of: baclofen, more_than: 5 mg/day}"
READ = {
    "starts: {of: baclofen, new_after: 180 days, or_restart_after: 30 days, grace: 7 days}": (
        "who starts baclofen, after at least 180 days observed without it or 30 days uncovered "
        "since the last supply. Gaps of up to 7 days are no new start."
    ),
    "stops_suddenly: {of: baclofen, taken_for_at_least: 22 days, stable_dose_more_than: 40 mg/day,"
    " held_for: 8 days, last_dose_more_than: 7.5 mg/day, unless_lowered: {to_at_most: 25 %},"
    " continued_by: tizanidine, grace: 30 days}": (
        "who stops baclofen after at least 22 days and a stable dose of more than 40 mg/day from "
        "a last dose of more than 7.5 mg/day, unless the dose was lowered for at least 1 day and "
        "ended at or below 25 % of the stable dose. Exactly 22 days count, exactly 40 mg/day does "
        "not. A last dose of exactly 7.5 mg/day is allowed. A stable dose is one that was held "
        "for at least 8 days. Gaps of up to 30 days are no stop. Going on with tizanidine is no "
        "stop."
    ),
    "taken_together: {this: lithium, with: diazepam, partner_started_within: 28 days,"
    " partner_new_after: 60 days, checked_by: {test: lithium, within: 14 days}}": (
        "who takes lithium together with diazepam, on any day, up to 28 days after the partner's "
        'start, if the test "lithium" is done from the first such day to 14 days after it. A '
        "hand-over on one day is not taking together. The partner's start is new after at least "
        "60 days observed without it. One finding for each partner."
    ),
    "dose_for_kidney_function: {of: baclofen, estimate: creatinine_clearance, result_good_for:"
    " 90 days, one_finding_per: drug, bands: [{above: 95, severity: high}, {at_most: 95, dose:"
    " {at_least: 5 mg/day}, severity: low}]}": (
        "creatinine clearance more than 95, any dose (high); creatinine clearance 95 or less, at "
        "least 5 mg/day (low). The clearance (mL/min) is Cockcroft-Gault with actual weight, not "
        "rounded; a result counts for 90 days; without one nothing is said. One finding for each "
        "drug."
    ),
    "doses_per_week: {of: methotrexate, at_least: 2, may_be_split_up_to: 3}": (
        "whose methotrexate is taken in at least 2 doses a week. Exactly 2 doses are flagged. Up "
        "to 3 may be one dose split over a day: possible only."
    ),
    "taken_without: {this: diazepam, and: lithium, without: baclofen, in_last: 60 days}": (
        "who took diazepam together with lithium on any of the last 60 days, and on none of these "
        "days baclofen."
    ),
    "several_of: {from: list sleepers, at_least: 3, for_at_least: 7 days, scheduled_only: yes}": (
        "who takes at least 3 different drugs of sleepers at the same time, on at least 7 days in "
        "a row. Exactly 3 are flagged. Orders as needed do not count."
    ),
    "test_overdue: {of: lithium, test: lithium, within: 120 days, already_due: yes}": (
        'who takes lithium and has been without the test "lithium" for more than 120 days. '
        "Exactly 120 days are allowed. The test is due before the first day as well; gaps of up "
        "to 14 days do not end a course."
    ),
    "supply_gap: {of: baclofen, at_least: 4 days, at_most: 14 days}": (
        "with a gap of 4 to 14 days in the supply of baclofen. Exactly 4 and exactly 14 days are "
        "flagged."
    ),
    "daily_dose: {of: [codeine, morphine], at_least: 50 mg/day}": (
        "whose total daily dose of all of codeine, morphine together is at least 50 mg/day on any "
        "day. Exactly 50 mg/day is flagged."
    ),
    f"{{for_at_least: 2 days, all_of: [{PAIR}, {DOSE}, age: {{at_least: 65 years}}]}}": (
        "for whom all of this holds on the same day, on at least 2 days in a row: the patient "
        "takes baclofen together with diazepam; and the patient's total daily dose of baclofen is "
        "more than 5 mg/day; and the patient is 65 years or more. A hand-over"
    ),
    f"{{any_of: [{{severity: low, {PAIR}, unless: {{sex: M}}}}, {{{DOSE}}}]}}": (
        "in any of these cases. Case 1 (low): a patient who takes baclofen together with "
        "diazepam, on any day, not on days when the patient is a man. A hand-over on one day is "
        "not taking together. One finding for each partner. Case 2 (high): a patient whose total "
        "daily dose of baclofen is more than 5 mg/day on any day. Exactly 5 mg/day is allowed."
    ),
}


@pytest.mark.parametrize("flag_when", READ)
def test_every_number_of_a_check_is_heard(tmp_path: Path, flag_when: str) -> None:
    start, end = SOUND.index("flag_when:"), SOUND.index("message:")
    body = flag_when if flag_when.startswith("{") else f"{{{flag_when}}}"
    rest = SOUND[end:].replace("sites_may_adjust: [more_than, severity]\n", "")
    said = sentence(load(tmp_path, f"{SOUND[:start]}flag_when: {body}\n{rest}"))
    assert READ[flag_when] in said


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("weight: {more_than: 40 kg, at_most: 60 kg}", "weighs more than 40 kg and 60 kg or less"),
        (
            "recorded: dialysis",
            '"dialysis" is recorded (an export without conditions records none)',
        ),
        (
            "kidney_function: {estimate: creatinine_clearance, at_most: 50,"
            " result_good_for: 9 days}",
            "the creatinine clearance is 50 mL/min or less (a result counts for 9 days)",
        ),
        (
            "lab: {test: potassium, below: 3.5 mmol/L, result_good_for: 14 days}",
            "the latest potassium is below 3.5 mmol/L (a result counts for 14 days)",
        ),
        ("lab: {test: inr, more_than: 4}", "the latest inr is more than 4 (a result"),
        (
            "tested: {test: lithium, within: 9 days}",
            'the test "lithium" is done at most 9 days before or after that day',
        ),
        (
            "started_within: {of: lithium, days: 28 days}",
            "lithium was started on that day or at most 28 days before (a start comes after at "
            "least 90 days observed without it, or 28 days uncovered)",
        ),
        (
            "stopped_within: {of: lithium, days: 14 days}",
            "lithium was taken at most 14 days before and is no longer taken",
        ),
        (
            "dose_lowered: {of: lithium, to_at_most: 33 %}",
            "the daily dose of lithium is at most 33 % of the highest dose before",
        ),
        (
            "cross_taper: {of: list sleepers, within: 28 days}",
            "any of sleepers stands together with another of them for at most 28 days, while the "
            "dose of one falls and that of the other rises",
        ),
        (
            "any_of: [sex: F, all_of: [sex: M, age: {below: 9 years}]]",
            "when the patient is a woman, or (the patient is a man, and the patient is below 9",
        ),
        (
            "some_of: {fewer_than: 2, of: [sex: F, age: {below: 9 years}]}",
            "fewer than 2 of these 2 hold (the patient is a woman; the patient is below 9 years)",
        ),
        (
            "daily_dose: {of: lithium, at_least: 5 mg/day, for_at_least: 3 days}",
            "the patient's total daily dose of lithium is at least 5 mg/day on at least 3 days in "
            "a row (exactly 5 mg/day is flagged)",
        ),
    ],
)
def test_every_number_of_a_condition_is_heard(tmp_path: Path, condition: str, words: str) -> None:
    said = sentence(load(tmp_path, changed(("message:", f"unless: {{{condition}}}\nmessage:"))))
    assert "Not on days when " in said
    assert words in said


@pytest.mark.parametrize(
    ("to", "words"),
    [("low", "at most low when for at least 9 days"), ("one step lower", "; one step lower when")],
)
def test_a_downgrade_is_heard(tmp_path: Path, to: str, words: str) -> None:
    line = f"downgrade: [{{to: {to}, when: {{daily_dose: {{for_at_least: 9 days}}}}}}]\nmessage:"
    assert words in sentence(load(tmp_path, changed(("message:", line))))


def test_a_rule_in_full_names_every_drug_of_its_lists() -> None:
    rule = next(r for r in LIBRARY if r.id == "baclofen-with-muscle-relaxant")
    text = "\n".join(in_full(rule))
    for words in ("tizanidine", "dantrolene", rule.fingerprint, "second-pharmacist", "2027-11-22"):
        assert words in text


def test_the_list_has_one_row_for_each_rule() -> None:
    assert [row[0] for row in rows(LIBRARY)] == [rule.id for rule in LIBRARY]
