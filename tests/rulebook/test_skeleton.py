"""`rules new`: a draft that can be read and whose stories come out, and nothing overwritten."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from screener.checks import CHECKS
from screener.checks.bucket import screen_bucket
from screener.cli.main import ended_with
from screener.errors import RuleFileError, UsageError
from screener.rule.params import parameters_of
from screener.rulebook.layout import formatted
from screener.rulebook.library import load_library
from screener.rulebook.skeleton import Answers, name, needs_partner, skeleton, word
from screener.rulebook.skeleton_stories import STORIES
from screener.rulebook.stories import tell
from tests.rule.authoring import LIST, SOUND, folder_with

TODAY = dt.date(2026, 11, 22)


def answers(check: str, drug: str = "", **more: Any) -> Answers:
    drug = drug or ("list sleepers" if check == "several_of" else "baclofen by mouth")
    partner = "diazepam" if needs_partner(check) else ""
    told = {"id": "a-rule", "topic": "limits", "title": "A title", "severity": "moderate"} | more
    return Answers(check, drug, partner=partner, **told)


def written(tmp_path: Path, one: Answers) -> str:
    folder = folder_with(tmp_path, {"lists/sleepers.yaml": LIST})
    text, left_out = skeleton(one, folder, TODAY, screen_bucket)
    assert left_out == ()
    return text


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_new_rule_can_be_read_and_its_stories_come_out(tmp_path: Path, check: str) -> None:
    text = written(tmp_path, answers(check))
    folder = folder_with(tmp_path, {"limits/a-rule.yaml": text})
    (rule,) = load_library(folder)
    assert (rule.status, rule.severity, rule.title) == ("draft", "moderate", "A title")
    assert [use.check for use in rule.uses] == [check]
    told = tell((rule,), screen_bucket)
    assert [one.story.story for one in told if not one.passed] == []
    outcomes = {one.expect[0].outcome for one in rule.stories}
    assert {"flag", "out_of_scope"} <= outcomes
    assert check in STORIES


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_new_rule_has_the_house_layout_and_every_needed_parameter(
    tmp_path: Path, check: str
) -> None:
    text = written(tmp_path, answers(check))
    assert formatted("a rule", text.encode()) == text
    for key, one in parameters_of(CHECKS[check]).items():
        assert not one.required or f"    {key}: " in text
    assert max(map(len, text.splitlines())) <= 100


def test_one_story_stands_on_each_side_of_a_limit(tmp_path: Path) -> None:
    values = (("at_least", "1 g/day"),)
    text = written(tmp_path, answers("daily_dose", "paracetamol", severity="high", values=values))
    assert "takes: {paracetamol: 1 g/day for 28 days}\n    expect: flag high from day 0" in text
    assert "takes: {paracetamol: 0.999 g/day for 28 days}\n    expect: clear" in text
    assert "more_than" not in text


def test_a_route_is_kept_in_the_stories(tmp_path: Path) -> None:
    text = written(tmp_path, answers("taken", "baclofen intrathecally"))
    assert "{baclofen intrathecally: 10 mg once a day for 28 days}" in text


@pytest.mark.parametrize("title", ["Too much: 80 mg", "#1", 'the "best"', "- a", "yes # no"])
def test_any_title_is_written_so_that_it_is_read_back(tmp_path: Path, title: str) -> None:
    text = written(tmp_path, answers("taken", title=title))
    (rule,) = load_library(folder_with(tmp_path, {"limits/a-rule.yaml": text}))
    assert rule.title == title


def test_an_unknown_drug_is_a_problem_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError) as refused:
        written(tmp_path, answers("taken", "baclofin"))
    assert 'no drug, list or class is called "baclofin"' in refused.value.problems[0]
    assert f"{tmp_path}/rules/limits/a-rule.yaml:9:" in refused.value.problems[0]


def test_an_unknown_parameter_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean more_than"):
        written(tmp_path, answers("daily_dose", values=(("more_then", "1 mg/day"),)))


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (word, ("daily_doses", "check"), "Did you mean daily_dose?"),
        (word, ("hight", "severity"), "Did you mean high?"),
        (name, ("My rule", "rule id"), "small letters"),
        (name, ("lists", "topic"), "folder of other files"),
    ],
)
def test_answers_that_cannot_be_used_say_why(read: Any, text: tuple[str, str], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(*text)
    assert said in str(refused.value)


GIVEN = [
    "rules", "new", "--check", "daily_dose", "--drug", "baclofen", "--id", "too-high",
    "--topic", "limits", "--title", "Too high", "--severity", "high",
]  # fmt: skip


def test_the_command_needs_no_terminal_when_all_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir(mode=0o755)
    assert ended_with([*GIVEN, "--rules", str(folder)]) == 0
    path = folder / "limits" / "too-high.yaml"
    assert str(path) in capsys.readouterr().out
    assert path.stat().st_mode & 0o777 == folder.stat().st_mode & 0o666
    assert ended_with(["rules", "check", "--rules", str(folder)]) == 0
    assert ended_with(["rules", "test", "--rules", str(folder)]) == 0


def test_a_file_that_is_there_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, {"other/too-high.yaml": SOUND})
    assert ended_with([*GIVEN, "--rules", str(folder)]) == 2
    assert 'the rule id "too-high" is taken' in capsys.readouterr().err
    assert (folder / "other" / "too-high.yaml").read_text(encoding="utf-8") == SOUND
    assert not (folder / "limits").exists()


def test_without_a_terminal_the_missing_answer_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert ended_with([*GIVEN[:-2], "--rules", str(tmp_path)]) == 2
    assert "--severity is missing." in capsys.readouterr().err


def test_on_a_terminal_it_asks_until_the_answer_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["taken_togethr", "taken_together", "baclofen", "diazepam", "Not This", "a-rule",
                 "limits", "A title", "low"])  # fmt: skip
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(said))
    folder = tmp_path / "rules"
    folder.mkdir()
    assert ended_with(["rules", "new", "--rules", str(folder)]) == 0
    told = capsys.readouterr().err
    assert "Did you mean taken_together?" in told
    assert '"Not This" cannot be the rule id.' in told
    (rule,) = load_library(folder)
    assert (rule.id, rule.topic, rule.severity) == ("a-rule", "limits", "low")
    assert next(said, None) is None
