"""`screener rules`: results on stdout, problems on stderr, and the exit code of each ending."""

from __future__ import annotations

from pathlib import Path

import pytest

from screener.cli.main import ended_with
from tests.rule.authoring import SOUND, changed, folder_with

WRONG_STORY = ("expect: clear", "expect: flag low from day 3")

# Without a story that is flagged, the rule is sound but for a warning.
FLAGGED_STORY = """\
  - story: a little above
    takes: {baclofen: 80.01 mg/day for 28 days}
    expect: flag high from day 0
"""


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return folder_with(tmp_path, {"limits/too-much.yaml": SOUND})


def rules(*arguments: str, folder: Path) -> int:
    return ended_with(["rules", *arguments, "--rules", str(folder)])


def test_check_says_that_every_file_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = folder_with(tmp_path, {"limits/too-much.yaml": SOUND + FLAGGED_STORY})
    assert rules("check", "--as-of", "2027-11-22", folder=sound) == 0
    told = capsys.readouterr()
    assert told.out == "1 rule, 0 lists: every file can be used.\n"
    assert told.err == ""


def test_a_review_that_is_late_is_a_warning(
    sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rules("check", "--as-of", "2027-11-23", folder=sound) == 0
    assert "the review was due on 2027-11-22" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "test", "read", "list"])
def test_a_rule_file_that_is_wrong_ends_every_command_with_2(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = changed(("more_than: 80 mg/day", "max: 80 mg/day"), ("schema: 1", "schema: 9"))
    folder = folder_with(tmp_path, {"limits/too-much.yaml": text})
    assert rules(command, folder=folder) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{folder}/limits/too-much.yaml:10:5: " in told.err
    assert f"{folder}/limits/too-much.yaml:1:9: " in told.err
    assert "2 problems in the rule files." in told.err


def test_stories_that_come_out_end_with_0(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules("test", folder=sound) == 0
    assert capsys.readouterr().out == "1 of 1 story came out as expected.\n"


def test_a_story_that_does_not_ends_with_1_and_shows_both_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, {"limits/too-much.yaml": changed(WRONG_STORY)})
    assert rules("test", "too-much", folder=folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["rule", "story", "expected", "got"]
    assert "flag low from day 3" in lines[1]
    assert lines[1].endswith("clear")
    assert any("too-much.yaml:20: exactly at the limit" in line for line in lines)


def test_all_stories_are_shown_when_asked(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules("test", "--all", folder=sound) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["ok", "too-much"]


def test_a_rule_is_read_listed_and_shown(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules("read", "too-much", folder=sound) == 0
    assert capsys.readouterr().out.startswith("too-much: Flag a patient whose total daily dose")
    assert rules("list", folder=sound) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["too-much", "active", "high"]
    assert rules("show", "too-much", folder=sound) == 0
    assert "Exactly 80 mg/day is allowed." in capsys.readouterr().out


def test_an_unknown_rule_is_a_mistake_of_the_command_line(
    sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rules("show", "too-mutch", folder=sound) == 2
    assert "Did you mean too-much?" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rules("check", folder=tmp_path / "none") == 2
    assert "does not exist" in capsys.readouterr().err
