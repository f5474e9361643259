"""Coverage: which mutants the stories of a rule tell from it, and what a file explains."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from screener.checks.bucket import screen_bucket
from screener.cli.main import ended_with
from screener.errors import UsageError
from screener.rulebook.coverage import Coverage, coverage_of, explained, keys_said
from screener.rulebook.mutants import Mutant, mutants_of
from screener.rulebook.stories import tell
from tests.rule.authoring import SOUND, changed, folder_with, load

ABOVE = """\
  - story: a little above the limit
    takes: {baclofen: 80.01 mg/day for 28 days}
    expect: flag high from day 0
"""
AT_100 = """\
  - story: exactly 100
    takes: {baclofen: 100 mg/day for 28 days}
    expect: flag high from day 0
  - story: more than 100
    takes: {baclofen: 100.01 mg/day for 28 days}
    expect: flag critical from day 0
"""
ELSEWHERE = """\
  - story: into the spine it is another dose
    takes: {baclofen intrathecally: 90 mg/day for 28 days}
    expect: out of scope
  - story: a child
    age: 10
    takes: {baclofen: 90 mg/day for 28 days}
    expect: flag high from day 0
"""
WHOLE = SOUND + ABOVE + AT_100 + ELSEWHERE


def covered(tmp_path: Path, text: str) -> Coverage:
    return coverage_of(load(tmp_path, text), text)


def test_stories_on_both_sides_of_everything_leave_nothing_open(tmp_path: Path) -> None:
    found = covered(tmp_path, WHOLE)
    assert found.survivors == {}
    assert len(found.killed) == 12
    assert found.killed["more_than 80 mg/day -> at_least 80 mg/day"] == "exactly at the limit"
    assert found.killed["for everyone -> adults"] == "a child"


@pytest.mark.parametrize(
    ("left_out", "opens"),
    [
        (ABOVE, {"more_than 80 mg/day -> 81 mg/day"}),
        (
            AT_100,
            {
                "without: escalate to critical when daily_dose",
                "escalate to critical: to critical -> high",
                "escalate to critical: more_than 100 mg/day -> 99 mg/day",
                "escalate to critical: more_than 100 mg/day -> 101 mg/day",
                "escalate to critical: more_than 100 mg/day -> at_least 100 mg/day",
            },
        ),
        (ELSEWHERE, {"of: by mouth -> any systemic route", "for everyone -> adults"}),
    ],
)
def test_without_a_story_its_changes_are_open(
    tmp_path: Path, left_out: str, opens: set[str]
) -> None:
    found = covered(tmp_path, WHOLE.replace(left_out, ""))
    assert set(found.unexplained) == opens


def test_the_quick_judgement_is_that_of_the_production_engine(tmp_path: Path) -> None:
    text = SOUND + ABOVE + ELSEWHERE
    rule = load(tmp_path, text)
    found = coverage_of(rule, text)
    noticed = {
        one.name
        for one in mutants_of(rule, keys_said(text))
        if not all(told.passed for told in tell([one.rule], screen_bucket))
    }
    assert noticed == set(found.killed)


def test_a_survivor_is_explained_by_a_line_of_the_file(tmp_path: Path) -> None:
    why = "# survives: of: by mouth -> any systemic route: no other product exists\n"
    found = covered(tmp_path, WHOLE.replace(ELSEWHERE, "") + why)
    assert found.survivors == {
        "of: by mouth -> any systemic route": "no other product exists",
        "for everyone -> adults": None,
    }
    assert found.unexplained == ("for everyone -> adults",)
    assert found.stale == ()


def mutants(*names: str) -> list[Mutant]:
    return [Mutant(name, None) for name in names]  # type: ignore[arg-type]


def test_the_beginning_of_a_name_explains_all_that_begin_so() -> None:
    text = "# survives: with: without: anyone will do: they are alike\n"
    some = mutants("with: without a", "with: without b", "of: without c")
    told, stale = explained(text, some, ())
    reason = "anyone will do: they are alike"
    assert told == {"with: without a": reason, "with: without b": reason}
    assert stale == ()


def test_the_longest_name_counts_since_names_hold_colons() -> None:
    text = "# survives: with: without a: never given\n"
    told, _ = explained(text, mutants("with: without a", "with: without b"), ())
    assert told == {"with: without a": "never given"}


@pytest.mark.parametrize(
    "line",
    [
        "with: without c: that drug is gone from the list",  # must not explain all of `with`
        "with: more_than 8 mg/day -> 9 mg/day: nor this",
        "unless age: nobody is that old",
        "with: without a",
        "with: without k: killed after all",
    ],
)
def test_a_line_that_fits_no_survivor_is_stale(line: str) -> None:
    some = mutants("with: without a", "with: without b", "with: without k")
    assert explained(f"  # survives: {line}\n", some, ["with: without k"]) == ({}, (line,))


def test_keys_of_stories_are_not_said_by_the_rule() -> None:
    said = keys_said(WHOLE)
    assert {"more_than", "of", "severity"} <= said
    assert not {"story", "takes", "age"} & said


def test_a_story_that_does_not_come_out_would_kill_everything(tmp_path: Path) -> None:
    rule = load(tmp_path, SOUND)
    (story,) = rule.stories
    flag = dataclasses.replace(story.expect[0], outcome="not_assessed")
    wrong = dataclasses.replace(rule, stories=(dataclasses.replace(story, expect=(flag,)),))
    with pytest.raises(UsageError, match="exactly at the limit"):
        coverage_of(wrong, SOUND)


def test_the_command_ends_with_0_when_nothing_is_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, {"limits/too-much.yaml": WHOLE})
    assert ended_with(["rules", "test", "--coverage", "--rules", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "12 changes to 1 rule: 12 noticed by a story, 0 explained, 0 open." in out


def test_the_command_ends_with_1_and_names_what_is_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    why = "# survives: for everyone: a rule for all\n# survives: severity: not so\n"
    text = WHOLE.replace(ELSEWHERE, "") + why
    folder = folder_with(tmp_path, {"limits/too-much.yaml": text})
    assert ended_with(["rules", "test", "too-much", "--coverage", "--rules", str(folder)]) == 1
    told = capsys.readouterr()
    assert "too-much  of: by mouth -> any systemic route\n" in told.out
    assert "for everyone -> adults        a rule for all" in told.out
    assert "10 noticed by a story, 1 explained, 1 open." in told.out
    assert '"survives: severity: not so" explains nothing that survives' in told.err


def test_all_names_the_story_that_notices_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, {"limits/too-much.yaml": WHOLE})
    assert ended_with(["rules", "test", "--coverage", "--all", "--rules", str(folder)]) == 0
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert any("severity high -> critical" in row and row[-1].strip() for row in rows)


def test_stories_that_do_not_come_out_are_told_and_nothing_is_covered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = changed(("expect: clear", "expect: flag low from day 3"))
    folder = folder_with(tmp_path, {"limits/too-much.yaml": wrong})
    assert ended_with(["rules", "test", "--coverage", "--rules", str(folder)]) == 1
    assert "changes to" not in capsys.readouterr().out
