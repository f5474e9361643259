"""Every shipped rule has stories of each outcome, and one on either side of each of its numbers.

Each number is moved by one in its last written place, down and up, and each comparison turned into
its twin (more than, at least): a story must come out otherwise, or the rule's file explains why
none can.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from screener.rule.model import Rule
from screener.rulebook import coverage
from screener.rulebook.library import load_library
from screener.rulebook.mutants import Mutant, mutants_of

RULES = Path(__file__).resolve().parents[2] / "rules"
ALL = sorted(p.stem for p in RULES.glob("*/*.yaml") if p.parent.name not in ("lists", "sites"))
OF_A_NUMBER = re.compile(r"\d[^:]* -> [^:]*\d")


@cache
def library() -> dict[str, Rule]:
    return {rule.id: rule for rule in load_library(RULES)}


def numbers_changed(rule: Rule, said: frozenset[str] = frozenset()) -> tuple[Mutant, ...]:
    return tuple(one for one in mutants_of(rule, said) if OF_A_NUMBER.search(one.name))


@pytest.mark.parametrize("rule_id", ALL)
def test_two_stories_are_flagged_two_are_clear_and_one_cannot_be_judged(rule_id: str) -> None:
    outcomes = Counter(story.expect[0].outcome for story in library()[rule_id].stories)
    assert outcomes["flag"] >= 2
    assert outcomes["clear"] >= 2
    assert outcomes["not_assessed"] >= 1


@pytest.mark.parametrize("rule_id", ALL)
def test_each_number_has_a_story_on_either_side(
    rule_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = library()[rule_id]
    monkeypatch.setattr(coverage, "mutants_of", numbers_changed)
    found = coverage.coverage_of(rule, (RULES / rule.file).read_text(encoding="utf-8"))
    assert found.unexplained == ()


def test_most_rules_have_numbers_and_most_changes_of_them_are_noticed() -> None:
    """So that the test above can fail: the changes are there, by the hundred."""
    having = [rule for rule in library().values() if numbers_changed(rule)]
    assert len(having) > len(ALL) // 2
    assert sum(len(numbers_changed(rule)) for rule in having) > 300
