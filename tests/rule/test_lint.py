"""Warnings about rules that can run: each is said where it stands, and its neighbour is not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from screener.rulebook.library import read_library
from screener.rulebook.linting import library_warnings
from tests.rule.authoring import LIST, folder_with
from tests.rule.lint_cases import FLAG, PAIR, RULE, edited, only, said


def test_a_sound_rule_is_left_in_peace(tmp_path: Path) -> None:
    assert said(tmp_path, RULE, PAIR) == []


WARNED = {
    "implausible": (
        [("more_than: 80 mg/day", "more_than: 80 g/day")],
        "nobody takes 80 g/day of baclofen by mouth",
        "80 g/day",
    ),
    "slip": (
        [("more_than: 100 mg/day", "more_than: 100 mcg/day")],
        "is 800 times less than 80 mg/day of line 10",
        "100 mcg/day",
    ),
    "long window": (
        [("    more_than: 80 mg/day\n", "    more_than: 80 mg/day\n    for_at_least: 4000 days\n")],
        "more than ten years",
        "4000 days",
    ),
    "old age": (
        [("message:", "only_if:\n  - age: {at_least: 105 years}\nmessage:")],
        "hardly anybody is 105 years old",
        "105 years",
    ),
    "looser escalate": (
        [("more_than: 100 mg/day", "more_than: 60 mg/day")],
        "so every finding is critical",
        "{daily_dose",
    ),
    "escalate of nobody": (
        [("{daily_dose: {more_than: 100 mg/day}}", "{age: {below: 18 years}}"),
         ("severity: high\n", "severity: high\nfor: adults\n")],
        "the rule is for adults",
        "{age",
    ),
    "escalate taken out": (
        [("{daily_dose: {more_than: 100 mg/day}}", "{taking: morphine}"),
         ("message:", "unless:\n  - taking: class opioid\nmessage:")],
        "unless takes out such days",
        "{taking",
    ),
    "escalate left out": (
        [("{daily_dose: {more_than: 100 mg/day}}", "{age: {at_least: 75 years}}"),
         ("message:", "only_if:\n  - age: {below: 75 years}\nmessage:")],
        "only_if leaves out such days",
        "{age",
    ),
    "second escalate": (
        [("more_than: 100 mg/day}}\n",
          "more_than: 100 mg/day}}\n"
          "  - to: critical\n    when: {daily_dose: {more_than: 120 mg/day}}\n")],
        "the one on line 13 holds as well",
        "{daily_dose: {more_than: 120",
    ),
    "guards at odds": (
        [("message:", "only_if:\n  - sex: F\n  - sex: M\nmessage:")],
        "cannot hold together",
        "sex: M",
    ),
    "own drug": (
        [("message:", "unless:\n  - taking: list sleepers\nmessage:"),
         ("of: baclofen by mouth", "of: diazepam by mouth"),
         ("80 mg/day\nescalate", "80 mg/day\nescalate")],
        "so this takes out every day",
        "taking",
    ),
    "no story": (
        [("status: active ", "status: pilot # ")],
        "",
        "",
    ),
    "no flag": ([(FLAG, "")], "no story expects a flag", "examples"),
    "no clear": (
        [("    expect: clear", "    expect: not assessed")],
        "no story expects clear",
        "examples",
    ),
    "any day": ([("flag high from day 0", "flag high")], "does not say since when", "flag high"),
    "message": (
        [('"{value} {unit} from {date}"', '"too much from {date}"')],
        "does not say the number that breaks the rule",
        "message",
    ),
    "unwritten": (
        [("message:", "why: to be written\nmessage:")],
        "still to be written",
        "to be written",
    ),
    "review": (
        [("next_review: 2027-11-22", "next_review: 2026-11-21")],
        "the review was due on 2026-11-21",
        "2026-11-21",
    ),
    "read tomorrow": (
        [("read_on: 2026-11-22", "read_on: 2026-11-23")],
        "still to come",
        "2026-11-23",
    ),
    "read long ago": (
        [("read_on: 2026-11-22", "read_on: 2016-11-21")],
        "read more than 10 years ago",
        "2016-11-21",
    ),
    "pilot": (
        [("status: active                     # draft, pilot, active", "status: pilot")],
        "nothing says why this rule is a pilot",
        "status: pilot",
    ),
}  # fmt: skip
del WARNED["no story"]


@pytest.mark.parametrize("name", WARNED)
def test_a_warning_stands_where_its_cause_is(tmp_path: Path, name: str) -> None:
    changes, words, place = WARNED[name]
    rules = [edited(RULE, *changes)]
    if "sleepers" in rules[0]:
        head, marked = only(said(tmp_path, *rules, lists=LIST))
    else:
        head, marked = only(said(tmp_path, *rules))
    assert words in head
    assert marked.startswith(place)


QUIET = {
    "as plausible as can be": [
        ("more_than: 80 mg/day", "more_than: 199 mg/day"), ("100 mg/day", "200 mg/day"),
        ("baclofen: 80.01", "baclofen: 199.01"),
    ],
    "ten years": [
        ("    more_than: 80 mg/day\n", "    more_than: 80 mg/day\n    for_at_least: 3650 days\n")
    ],
    "a stricter escalate": [("more_than: 100 mg/day", "more_than: 80.01 mg/day")],
    "an escalate for some": [
        ("{daily_dose: {more_than: 100 mg/day}}", "{age: {at_least: 75 years}}"),
        ("message:", "only_if:\n  - age: {below: 76 years}\nmessage:"),
    ],
    "another route in unless": [
        ("message:", "unless:\n  - taking: baclofen intrathecally\nmessage:")
    ],
    "a second escalate that is higher": [
        ("to: critical", "to: critical"), ("severity: high", "severity: moderate"),
        ("flag high", "flag moderate"),
        ("more_than: 100 mg/day}}\n",
         "more_than: 100 mg/day}}\n  - to: high\n    when: {daily_dose: {more_than: 90 mg/day}}\n"),
    ],
    "only the limit in the message": [("{value} {unit}", "{limit} {unit}")],
    "a review on the day": [("next_review: 2027-11-22", "next_review: 2026-11-22")],
    "read ten years ago": [("read_on: 2026-11-22", "read_on: 2016-11-22")],
    "a pilot with a reason": [
        ("status: active                     # draft, pilot, active", "status: pilot"),
        ("where: section 2", "where: section 2, note: not seen; a pilot until it is"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_what_just_keeps_to_the_line_is_not_said(tmp_path: Path, name: str) -> None:
    assert said(tmp_path, edited(RULE, *QUIET[name])) == []


def test_a_rule_in_use_without_an_example_is_named(tmp_path: Path) -> None:
    bare = RULE.split("examples:")[0]
    head, marked = only(said(tmp_path, bare))
    assert "this active rule has no example" in head
    assert marked.startswith("status: active")
    assert said(tmp_path / "draft", bare.replace("status: active", "status: draft")) == []


def test_a_drug_on_both_sides_matters_only_beside_others(tmp_path: Path) -> None:
    both = PAIR.replace("[morphine, codeine]", "[morphine, lorazepam]")
    head, marked = only(said(tmp_path, both))
    assert "lorazepam stands on both sides" in head
    assert marked.startswith("[morphine, lorazepam]")
    alone = both.replace("[diazepam, lorazepam]", "lorazepam")
    assert said(tmp_path / "alone", alone) == []
    left_out = both + "    except: lorazepam\n"
    assert said(tmp_path / "except", left_out) == []


def test_a_protection_that_is_what_needs_protection(tmp_path: Path) -> None:
    text = PAIR.replace("taken_together", "taken_without")
    text = text.replace("with: [morphine, codeine]", "without: lorazepam")
    head, _ = only(said(tmp_path, text))
    assert "whoever takes it is never without" in head


ALL_OF = """\
schema: 1
rule: all-of
title: A drug while a result is low
version: 1
status: draft
severity: moderate
flag_when:
  for_at_least: 14 days
  all_of:
    - taken: {of: digoxin by mouth}
    - lab: {test: potassium, below: 3.5 mmol/L, result_good_for: 7 days}
"""


def test_of_alternatives_each_needs_a_figure_for_the_message(tmp_path: Path) -> None:
    dose, other = "{of: digoxin by mouth, more_than: 250 mcg/day}", "{of: digoxin injected}"
    text = ALL_OF.split("flag_when:", maxsplit=1)[0] + "flag_when:\n  any_of:\n"
    mixed = f"{text}    - daily_dose: {dose}\n    - taken: {other}\nmessage: too much\n"
    assert said(tmp_path, mixed) == []
    both = mixed.replace("taken", "daily_dose").replace(
        "injected}", "injected, more_than: 250 mcg/day}"
    )
    head, _ = only(said(tmp_path / "both", both))
    assert "does not say the number" in head


def test_a_run_that_outlives_every_result(tmp_path: Path) -> None:
    head, marked = only(said(tmp_path, ALL_OF))
    assert "a run of 14 days needs several results in a row, since each counts for 7 days" in head
    assert marked == "14 days"
    assert said(tmp_path / "as-long", ALL_OF.replace("7 days", "14 days")) == []


def test_on_a_leap_day_ten_years_are_counted_to_the_day_before(tmp_path: Path) -> None:
    day = dt.date(2028, 2, 29)
    for read_on, old in (("2018-02-28", False), ("2018-02-27", True)):
        text = edited(RULE, ("read_on: 2026-11-22", f"read_on: {read_on}"))
        folder = folder_with(tmp_path / read_on, {"t/too-much.yaml": text})
        warnings = library_warnings(read_library(folder), day)
        assert any("read more than 10 years ago" in one for one in warnings) is old


def test_of_many_drugs_on_both_sides_four_are_named(tmp_path: Path) -> None:
    six = "[diazepam, lorazepam, oxazepam, temazepam, clonazepam, nitrazepam]"
    both = ("this: [diazepam, lorazepam]", f"this: {six}")
    text = edited(PAIR, both, ("[morphine, codeine]", f"{six[:-1]}, morphine]"))
    head, _ = only(said(tmp_path, text))
    assert "clonazepam, diazepam, lorazepam, nitrazepam and 2 more stand on both sides" in head
