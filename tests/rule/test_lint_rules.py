"""Warnings about lists, and about rules of one folder that say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rule.authoring import LIST
from tests.rule.lint_cases import PAIR, RULE, USES_LIST, edited, named, only, said


def test_a_list_that_no_rule_names(tmp_path: Path) -> None:
    head, marked = only(said(tmp_path, PAIR, lists=LIST))
    assert "lists/sleepers.yaml:1:1: no rule uses this list" in head
    assert marked == "list: sleepers"
    assert said(tmp_path / "used", USES_LIST, lists=LIST.replace("diazepam", "zolpidem")) == []


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("N05BA06", "N05BA06 is the code of lorazepam; zolpidem has N05CF02"),
        ("RxNorm 1292", "1292 is the code of baclofen"),
        ("A01AA99", "A01AA99 is not one of its codes"),
        ("N05CF02, a Z drug", ""),
        ("line 12 of the label", ""),
    ],
)
def test_a_code_beside_a_name_is_the_code_of_that_drug(
    tmp_path: Path, comment: str, words: str
) -> None:
    members = f"members:\n  - zolpidem  # {comment}\n  - codeine\n"
    text = f"list: sleepers\ntitle: Sleepers\nversion: 1\n{members}"
    warnings = said(tmp_path, USES_LIST, lists=text)
    if not words:
        assert warnings == []
        return
    head, marked = only(warnings)
    assert words in head
    assert marked.startswith("zolpidem")


def test_the_same_rule_twice(tmp_path: Path) -> None:
    head, marked = only(said(tmp_path, RULE, named(RULE, "twice-too-much")))
    assert "t/twice-too-much.yaml:2:1: this says the same as too-much" in head
    assert marked == "rule: twice-too-much"


def test_a_rule_that_another_makes_vain(tmp_path: Path) -> None:
    looser = edited(named(RULE, "a-looser"), ("80 mg/day\nesc", "70 mg/day\nesc"))
    severest = looser.replace("severity: high", "severity: critical").split("escalate:")[0]
    severest += "message:" + looser.split("message:")[1]
    head, _ = only(said(tmp_path, severest, RULE))
    assert "t/too-much.yaml:2:1: every day that this finds is found by a-looser too" in head


@pytest.mark.parametrize(
    "change",
    [
        ("severity: critical", "severity: high"),  # a finding of the other can be more severe
        ("message:", "only_if:\n  - sex: F\nmessage:"),
        ("message:", "unless:\n  - recorded: palliative care\nmessage:"),
        ("of: baclofen by mouth", "of: baclofen intrathecally"),
        ("more_than: 70 mg/day", "at_least: 70 mg/day"),
        ("more_than: 70 mg/day", "more_than: 90 mg/day"),
        ("status: active", "status: off"),
    ],
)
def test_a_rule_that_finds_what_the_other_does_not(tmp_path: Path, change: tuple[str, str]) -> None:
    looser = edited(named(RULE, "a-looser"), ("80 mg/day\nesc", "70 mg/day\nesc"))
    severest = looser.replace("severity: high", "severity: critical").split("escalate:")[0]
    severest += "message:" + looser.split("message:")[1]
    assert said(tmp_path, edited(severest, change), RULE) == []


def test_the_same_but_for_a_number(tmp_path: Path) -> None:
    plain = RULE.split("escalate:")[0] + "message:" + RULE.split("message:")[1]
    window = plain.replace(
        "    more_than: 80 mg/day\n", "    more_than: 90 mg/day\n    for_at_least: 7 days\n"
    )
    strict = plain.replace(
        "    more_than: 80 mg/day\n", "    more_than: 80 mg/day\n    for_at_least: 9 days\n"
    )
    head, _ = only(said(tmp_path, named(window, "a-window"), strict))
    assert "but for a number this says the same as a-window" in head


def test_a_wider_pair_makes_a_narrow_one_vain(tmp_path: Path) -> None:
    wide = (
        named(PAIR, "wide")
        .replace("status: draft", "status: off")
        .replace("codeine]", "codeine, oxycodone]")
    )
    narrow = named(PAIR, "narrow").replace("status: draft", "status: off")
    warnings = [one for one in said(tmp_path, narrow, wide) if "example" not in one]
    head, _ = only(warnings)
    assert "t/narrow.yaml:2:1: every day that this finds is found by wide too" in head


def test_retired_rules_and_drafts_are_left_in_peace(tmp_path: Path) -> None:
    retired = named(RULE, "retired").replace("status: active", "status: retired")
    draft = named(PAIR, "draft").replace("A pair", "to be written")
    assert said(tmp_path, RULE, retired, draft) == []
