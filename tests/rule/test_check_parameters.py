"""Parameters of the checks: which are there, which exclude each other, which can never hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from screener.checks import CHECKS
from screener.checks.course_ends import STABLE_WINDOW
from screener.rule.params import KINDS, parameters_of
from screener.rule.sense import STABLE_DOSE_SOUGHT
from screener.rulebook.library import ShippedVocabulary, load_library, read_library
from tests.rule.authoring import LIST, SOUND, folder_with, problems

HEAD = SOUND[: SOUND.index("flag_when:")]
TAIL = SOUND[SOUND.index("message:") :].replace("sites_may_adjust: [more_than, severity]\n", "")
EXAMPLES = {
    "daily_dose": "of: baclofen, at_least: 80 mg/day",
    "starting_dose": "of: baclofen, more_than: 15 mg/day",
    "starts": "of: baclofen, new_after: 180 days, grace: 0 days",
    "dose_rises": "of: baclofen, by_more_than: 15 mg/day, within: 3 days",
    "dose_falls": "of: baclofen, by_at_least: 20 mg/day, to_at_most: 50 %",
    "stops_suddenly": "of: baclofen, taken_for_at_least: 30 days, stable_dose_more_than: 5 mg/day,"
    " held_for: 8 days, last_dose_more_than: 2 mg/day, continued_by: tizanidine",
    "taken_together": "this: lithium, with: list sleepers, partner_started_within: 28 days,"
    " partner_new_after: 28 days, checked_by: {test: lithium, within: 14 days}",
    "dose_for_kidney_function": "of: baclofen, bands: [{above: 95, severity: high}],"
    " estimate: creatinine_clearance, one_finding_per: drug",
    "doses_per_day": "of: baclofen, fewer_than: 3",
    "doses_per_week": "of: baclofen, at_least: 2, may_be_split_up_to: 3",
    "supplied_twice": "of: baclofen",
    "taken": "of: list sleepers, one_finding_per: drug",
    "taken_without": "this: baclofen, and: lithium, without: list sleepers, in_last: 60 days",
    "several_of": "from: list sleepers, at_least: 3, for_at_least: 7 days, scheduled_only: yes",
    "test_overdue": "of: lithium, test: lithium, within: 120 days, already_due: yes",
    "supply_gap": "of: baclofen, at_least: 4 days, at_most: 14 days",
}


def files(check: str, inner: str) -> dict[str, str]:
    text = f"{HEAD}flag_when:\n  {check}: {{{inner}}}\n{TAIL}"
    return {"limits/too-much.yaml": text, "lists/sleepers.yaml": LIST}


def params(tmp_path: Path, check: str, inner: str = "") -> Any:
    folder = folder_with(tmp_path, files(check, inner or EXAMPLES[check]))
    return load_library(folder)[0].uses[0].params


def test_every_check_has_an_example_here_and_every_kind_a_reader() -> None:
    assert set(EXAMPLES) == set(CHECKS)
    kinds = {one.kind for check in CHECKS.values() for one in parameters_of(check).values()}
    assert kinds == set(KINDS)


@pytest.mark.parametrize("check", EXAMPLES)
def test_a_check_is_compiled_to_its_own_class(tmp_path: Path, check: str) -> None:
    made = params(tmp_path, check)
    assert type(made) is CHECKS[check].params


@pytest.mark.parametrize("check", EXAMPLES)
def test_every_required_parameter_is_asked_for_once(tmp_path: Path, check: str) -> None:
    for key, one in parameters_of(CHECKS[check]).items():
        if one.required:
            found = problems(tmp_path / key, files(check, EXAMPLES[check].replace(f"{key}:", "x:")))
            assert any(f'"{key}"' in text for text in found), key


def test_the_new_kinds_of_values_are_typed(tmp_path: Path) -> None:
    together = params(tmp_path / "a", "taken_together")
    assert together.checked_by.test == ShippedVocabulary().lab_test("lithium")
    assert (together.checked_by.within, together.partner_started_within) == (14, 28)
    several = params(tmp_path / "b", "several_of")
    assert (several.at_least, several.for_at_least, several.scheduled_only) == (3, 7, True)
    overdue = params(tmp_path / "c", "test_overdue")
    assert (overdue.test.text, overdue.within, overdue.already_due) == ("lithium", 120, True)
    band = params(tmp_path / "d", "dose_for_kidney_function").bands[0]
    assert (band.above, band.from_, band.below, band.at_most) == (95.0, None, None, None)
    stops = params(tmp_path / "e", "stops_suddenly")
    assert (stops.stable_dose_more_than.ug, stops.held_for, stops.unless_lowered) == (
        5_000,
        8,
        None,
    )
    assert params(tmp_path / "f", "starts").grace == 0


@pytest.mark.parametrize("release", ["modified-release", "immediate-release"])
def test_the_kind_of_release_belongs_to_the_set(tmp_path: Path, release: str) -> None:
    made = params(tmp_path, "taken", f"of: {release} zolpidem by mouth").of
    assert made.releases == {release}
    assert made.text == f"{release} zolpidem by mouth"
    assert made.ingredients == {"zolpidem"}
    both = params(tmp_path / "b", "taken", f"of: [{release} zolpidem, {release} list sleepers]").of
    assert both.releases == {release}


@pytest.mark.parametrize(
    ("check", "inner", "words"),
    [
        ("daily_dose", "of: baclofen", "more_than or at_least or less_than"),
        ("daily_dose", "of: baclofen, more_than: 1 mg/day, at_least: 2 mg/day", "in one check"),
        ("daily_dose", "of: baclofen, less_than: 0 mg/day", "nothing is less than 0"),
        ("doses_per_day", "of: baclofen", "fewer_than or more_than"),
        ("doses_per_day", "of: baclofen, fewer_than: 2.5", "no whole number"),
        ("doses_per_week", "of: baclofen, at_least: two", "not a whole number"),
        ("doses_per_week", "of: baclofen, at_least: 0", "can never hold"),
        ("doses_per_week", "of: baclofen, at_least: 3, may_be_split_up_to: 2", "fewer than"),
        (
            "stops_suddenly",
            "of: baclofen, taken_for_at_least: 9 days, stable_dose_at_least: 1 mg/day,"
            " stable_dose_more_than: 1 mg/day",
            "in one check",
        ),
        (
            "stops_suddenly",
            "of: baclofen, taken_for_at_least: 9 days, held_for: 61 days",
            "sought in the last 60 days",
        ),
        ("taken_together", "this: diazepam, with: [diazepam]", "no partner is left"),
        ("taken_together", "this: lithium, with: diazepam, checked_by: {test: x, within: 1 day}",
         'no test is called "x"'),
        ("taken_together", "this: lithium, with: diazepam, checked_by: {test: lithium}",
         'checked_by needs "within"'),
        ("taken_without", "this: diazepam, without: list sleepers", "nobody is ever without"),
        ("several_of", "from: list sleepers, at_least: 1", "several drugs are at least 2"),
        ("several_of", "from: [diazepam, baclofen], at_least: 3", "a set of 2"),
        ("several_of", "from: list sleepers, at_least: 2, scheduled_only: true", "yes nor no"),
        ("test_overdue", "of: lithium, test: lithum, within: 9 days", 'did you mean "lithium"?'),
        ("supply_gap", "of: baclofen, at_least: 9 days, at_most: 4 days", "at least 9 and at most"),
        ("supply_gap", "of: baclofen, at_least: 15 days, at_most: 20 days", "(grace) ends the"),
        ("taken", "of: [modified-release zolpidem, diazepam]", "mixes kinds of release"),
        ("taken", "of: XR zolpidem", 'write "modified-release zolpidem"'),
        ("taken", "of: zolpidem mr", 'write "modified-release zolpidem"'),
        ("taken", "of: oral diazepam", 'write "diazepam by mouth"'),
        ("taken", "of: diazepam and baclofen", "write [diazepam, baclofen]"),
        ("taken", "of: list opioid", 'write "class opioid"'),
        ("taken", "of: class opioids", 'write "class opioid"'),
        ("taken", "of: class sleepers", 'write "list sleepers"'),
    ],
)  # fmt: skip
def test_a_parameter_that_makes_no_sense_has_one_message(
    tmp_path: Path, check: str, inner: str, words: str
) -> None:
    found = problems(tmp_path, files(check, inner))
    assert len(found) == 1, found
    assert words in found[0]


@pytest.mark.parametrize(
    ("check", "inner"),
    [
        ("several_of", "from: [diazepam, baclofen], at_least: 2"),
        ("supply_gap", "of: baclofen, at_least: 14 days, at_most: 14 days"),
        ("doses_per_week", "of: baclofen, at_least: 2, may_be_split_up_to: 2"),
        ("doses_per_day", "of: baclofen, fewer_than: 3"),
        ("stops_suddenly", "of: baclofen, taken_for_at_least: 9 days, held_for: 60 days"),
        ("taken_without", "this: [diazepam, baclofen], without: list sleepers"),
    ],
)
def test_what_can_just_hold_is_allowed(tmp_path: Path, check: str, inner: str) -> None:
    assert problems(tmp_path, files(check, inner)) == []


@pytest.mark.parametrize(
    ("check", "inner", "words"),
    [
        ("taken", "of: [diazepam, diazepam]", "named already"),
        ("taken", "of: [list sleepers, diazepam]", "named already"),
        ("taken_together", "this: lithium, with: diazepam, except: codeine", "changes nothing"),
    ],
)
def test_what_changes_nothing_is_noticed(
    tmp_path: Path, check: str, inner: str, words: str
) -> None:
    warnings = read_library(folder_with(tmp_path, files(check, inner))).warnings
    assert [w for w in warnings if words in w]


def test_the_days_in_which_a_stable_dose_is_sought_are_those_of_the_check() -> None:
    assert STABLE_DOSE_SOUGHT == STABLE_WINDOW
