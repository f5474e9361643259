"""Values of a wrong shape, anywhere in a rule: one problem, at its line and column, no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rule.authoring import LIST, SOUND, changed, problems

WHEN = "{daily_dose: {more_than: 100 mg/day}}"
FLAGGED = "  daily_dose:\n    of: baclofen by mouth\n    more_than: 80 mg/day\n"
RAISED = "escalate:\n  - to: critical\n    when: " + WHEN + "\n"
TAKES = "    takes: {baclofen: 20 mg 4 times a day for 28 days}\n    expect: clear\n"
FILE = "limits/too-much.yaml"


def told(tmp_path: Path, text: str, a_list: str = LIST) -> list[str]:
    """First line of every problem, without the file."""
    found = problems(tmp_path, {FILE: text, "lists/sleepers.yaml": a_list})
    return [one.splitlines()[0].partition(".yaml:")[2] for one in found]


def nested(word: str) -> str:
    inner = "{sex: F}"
    for _ in range(12):
        inner = f"{{{word}: [{inner}, {{sex: F}}]}}"
    return inner


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "{kidney_function: 60}",
            "13:29: kidney_function must be `key: value` lines; for example {below: 60}",
        ),
        ("{started_within: {of: lithium}}", '13:28: started_within needs "days"'),
        (
            "{started_within: {of: lithium, days: soon}}",
            '13:48: days: "soon" is not a number of days; '
            'expected days or weeks, for example "14 days"',
        ),
        (
            "{started_within: {of: lithium, days: 9 days, new_after: 0 days}}",
            '13:67: new_after: "0 days" can never hold; expected at least 1 day',
        ),
        ("{stopped_within: {of: lithium}}", '13:28: stopped_within needs "days"'),
        (
            "{stopped_within: {of: lithium, days: 0 days}}",
            '13:48: days: "0 days" can never hold; expected at least 1 day',
        ),
        (
            "{stopped_within: 28 days}",
            "13:28: stopped_within must be `key: value` lines; expected of, days",
        ),
        ("{dose_lowered: {of: lithium}}", '13:26: dose_lowered needs "to_at_most"'),
        (
            "{dose_lowered: {of: lithium, to_at_most: 0 %}}",
            '13:52: to_at_most: "0 %" is not between 0 and 100 %; '
            'expected a share of the earlier dose, for example "50 %"',
        ),
        ("{cross_taper: {of: lithium}}", '13:25: cross_taper needs "within"'),
        (
            "{cross_taper: {of: list sleepers, within: 0 days}}",
            '13:53: within: "0 days" can never hold; expected at least 1 day',
        ),
        (
            "{cross_taper: {of: list sleepers, and: nothing, within: 28 days}}",
            '13:50: no drug, list or class is called "nothing"; '
            "expected a known ingredient, the name of a list, or a class",
        ),
        (
            "{cross_taper: {of: lithium, and: lithium, within: 28 days}}",
            "13:25: a cross-taper is between two different drugs",
        ),
        (
            "{condition: [dialysis]}",
            "13:23: condition must be one value, not a list; write dialysis without brackets",
        ),
        (
            "{tested: {test: [lithium], within: 3 days}}",
            "13:27: test must be one value, not a list; write lithium without brackets",
        ),
        ("{some_of: {at_least: 2}}", '13:21: some_of needs "of"'),
        (
            "{some_of: {of: [sex: F, sex: M]}}",
            "13:12: some_of does not say how many; expected at_least or fewer_than",
        ),
        (
            "{some_of: {at_least: 3, of: [sex: F, sex: M]}}",
            "13:32: of 2 conditions this never holds",
        ),
        ("{daily_dose: {more_than: }}", '13:25: "more_than" has no value'),
        (
            "{daily_dose: {}}",
            "13:24: nothing is changed here; "
            "expected one of of, more_than, at_least, less_than, counted_as, for_at_least",
        ),
        (nested("all_of"), "13:92: nested deeper than 20 levels"),
        (nested("any_of"), "13:92: nested deeper than 20 levels"),
    ],
)
def test_a_condition_of_a_wrong_shape_is_told_once_and_where(
    tmp_path: Path, text: str, problem: str
) -> None:
    (said,) = told(tmp_path, changed((WHEN, text)))
    assert said.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "{}",
            "8:3: flag_when must name a check; "
            "expected the name of one check, for example `daily_dose:`",
        ),
        ("{daily_dose: 3}", "8:16: daily_dose must be `key: value` lines"),
        (
            "{daily_dose: {of: baclofen, more_than: 80 mg/day, counted_as: [x]}}",
            "8:65: counted_as must be one value, not a list; write x without brackets",
        ),
        (
            "{daily_dose: {of: baclofen, more_than: 80 mg/day, counted_as: sleepers}}",
            '8:65: counted_as: the list "sleepers" has no factors; '
            "expected a list with `converts_to` and `factors`",
        ),
        (
            "{daily_dose: {of: baclofen, more_than: 80 mg/day, counted_as: nothing}}",
            '8:65: counted_as: no conversion list is called "nothing"; '
            "there is none in the folder of lists",
        ),
        (
            "{dose_for_kidney_function: {of: baclofen, bands: [{severity: high}]}}",
            "8:53: a band needs one of from, above, below, at_most",
        ),
        (
            "{dose_for_kidney_function: {of: baclofen, bands: [3]}}",
            "8:53: a band must be `key: value` lines; "
            "expected severity, from, above, below, at_most, or_on_dialysis, age, dose",
        ),
        (
            "{dose_for_kidney_function: "
            "{of: baclofen, bands: [{below: 30, at_most: 40, severity: high}]}}",
            "8:65: a band has both below and at_most; write one",
        ),
        (
            "{stops_suddenly: {of: baclofen, taken_for_at_least: 30 days, unless_lowered: {}}}",
            "8:80: unless_lowered says nothing; expected for_at_least or to_at_most",
        ),
        (
            "{stops_suddenly: {of: baclofen, taken_for_at_least: 30 days, unless_lowered: 3}}",
            "8:80: unless_lowered must be `key: value` lines; expected for_at_least, to_at_most",
        ),
        (
            "{measure: {value: daily dose, of: baclofen}}",
            "8:13: the measure says no limit; expected more_than or at_least or less_than",
        ),
        ("{measure: {of: baclofen, more_than: 80 mg/day}}", '8:13: measure needs "value"'),
    ],
)
def test_a_check_of_a_wrong_shape_is_told_once_and_where(
    tmp_path: Path, text: str, problem: str
) -> None:
    without_step = SOUND.replace(RAISED, "")
    (said,) = told(tmp_path, without_step.replace(FLAGGED, f"  {text}\n"))
    assert said.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "takes: {baclofen: [[x]]}\n    expect: clear",
            "21:24: takes must be one value, not a list; write x without brackets",
        ),
        ("takes: {baclofen: ''}\n    expect: clear", "21:23: takes has no value"),
        (
            "takes: {baclofen: 20 mg once a day}\n    expect: clear",
            '21:23: takes: "20 mg once a day" does not say for how long; '
            'expected for example "for 28 days", or "for an unknown time"',
        ),
        (
            "takes: {baclofen: 20 mg once a day for 3 days}\n"
            "    condition: nosuch\n    expect: clear",
            '22:16: no condition list is called "nosuch"',
        ),
        (
            "takes: {baclofen: 20 mg once a day for 3 days}\n"
            "    lab: nosuch 3 on day 2\n    expect: clear",
            '22:10: no test is called "nosuch"',
        ),
        (
            "takes: {baclofen: 20 mg once a day for 3 days}\n    expect: [[clear]]",
            "22:14: expect must be one value, not a list; write clear without brackets",
        ),
        (
            "takes: {baclofen: 20 mg once a day for 3 days}\n    expect: []",
            "22:13: nothing is expected",
        ),
        (
            "takes: {baclofen: 20 mg once a day for 3 days}\n    expect: [flag high, clear]",
            "22:13: only flags can be expected side by side",
        ),
    ],
)
def test_a_story_of_a_wrong_shape_is_told_once_and_where(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert told(tmp_path, changed((TAKES, f"    {text}\n"))) == [problem]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "rule: too-much",
            "rule: [too-much]",
            "2:7: rule must be one value, not a list; write too-much without brackets",
        ),
        ("schema: 1", "schema: 9", '1:9: schema "9" is not known; expected 1'),
        (
            "schema: 1",
            "schema: [1]",
            "1:9: schema must be one value, not a list; write 1 without brackets",
        ),
        (SOUND, "- a\n", "1:1: the file must be a list of `key: value` lines"),
    ],
)
def test_a_head_of_a_wrong_shape_is_told_once_and_where(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert told(tmp_path, SOUND.replace(old, new)) == [problem]


@pytest.mark.parametrize(
    ("a_list", "expected"),
    [
        ("- a\n", ["1:1: the file must be a list of `key: value` lines"]),
        (
            "list: sleepers\n",
            [
                '1:1: a list file needs "title"',
                '1:1: a list file needs "version"; a new file is `version: 1`',
                '1:1: a list file needs "members"',
            ],
        ),
        (
            "list: sleepers\ntitle: x\nversion: 1\nconverts_to: morphine\nfactors: {}\n",
            ["5:10: factors must be `drug: number` lines; expected `drug by mouth: 1.5` lines"],
        ),
        (
            "list: sleepers\ntitle: x\nversion: 1\nconverts_to: morphine\n",
            ['1:1: a conversion list needs "factors"'],
        ),
    ],
)
def test_a_list_of_a_wrong_shape_is_told_once_and_where(
    tmp_path: Path, a_list: str, expected: list[str]
) -> None:
    assert told(tmp_path, SOUND, a_list) == expected


def test_the_problems_of_every_file_are_told_together(tmp_path: Path) -> None:
    files = {
        FILE: SOUND.replace("severity: high", "severity: bad"),
        "limits/other.yaml": SOUND.replace("rule: too-much", "rule: other").replace(
            "version: 1", ""
        ),
        "lists/sleepers.yaml": LIST.replace("diazepam", "nothing"),
        "lists/wakers.yaml": "- a\n",
    }
    found = problems(tmp_path, files)
    assert {one.partition(":")[0] for one in found} == set(files)


def test_a_rule_that_stands_twice_is_told_with_the_place_of_the_other(tmp_path: Path) -> None:
    files = {FILE: SOUND, "elsewhere/too-much.yaml": SOUND, "lists/sleepers.yaml": LIST}
    (said,) = problems(tmp_path, files)
    assert FILE in said
    assert "elsewhere/too-much.yaml" in said
