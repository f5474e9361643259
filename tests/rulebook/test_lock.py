"""rules.lock: a rule that means something else is noticed when its version does not say so."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from screener.cli.main import ended_with
from screener.rulebook.library import read_library
from screener.rulebook.lock import (
    FILE,
    forgotten,
    list_fingerprint,
    lock_text,
    locked_now,
    outdated,
    read_lock,
)
from tests.rule.authoring import LIST, SOUND, changed, folder_with

RULES = Path(__file__).resolve().parents[2] / "rules"
OTHER_LIMIT = ("    more_than: 80 mg/day", "    more_than: 70 mg/day")
VERSION_2 = ("version: 1", "version: 2")
RUN = "run screener rules lock"
WITH_LIST = (
    SOUND.replace("rule: too-much", "rule: two")
    .replace("  daily_dose:\n    of: baclofen by mouth\n    more_than: 80 mg/day\n",
             "  taken_together:\n    this: baclofen\n    with: list sleepers\n")
    .split("escalate:")[0]
    + "evidence:\n  - {source: a}\n"
    + "owners: {wrote: a, checked: [b], next_review: 2027-11-22}\n"
)  # fmt: skip


def folder_of(tmp_path: Path, rule: str = SOUND, drugs: str = LIST) -> Path:
    files = {"limits/too-much.yaml": rule, "limits/two.yaml": WITH_LIST}
    return folder_with(tmp_path, files | {"lists/sleepers.yaml": drugs})


def lock(folder: Path, *more: str) -> int:
    return ended_with(["rules", "lock", "--rules", str(folder), *more])


def test_one_line_for_every_rule_and_list_sorted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert lock(folder) == 0
    head, *lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    assert head.startswith("# Made by `screener rules lock`")
    library = read_library(folder)
    prints = {rule.id: rule.fingerprint for rule in library.rules}
    prints["sleepers"] = list_fingerprint(library.lists[0])
    assert lines == [
        "rules:",
        f"  too-much: version 1, fingerprint {prints['too-much']}",
        f"  two: version 1, fingerprint {prints['two']}",
        "lists:",
        f"  sleepers: version 1, fingerprint {prints['sleepers']}",
    ]


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    now = locked_now(read_library(RULES))
    assert len({(one.kind, one.name) for one in now}) == len(now) > 20
    path = tmp_path / FILE
    assert read_lock(path) is None
    for entries in (now, ()):  # a folder of drafts has an empty lock
        path.write_text(lock_text(entries), encoding="utf-8")
        assert read_lock(path) == entries


def test_writing_it_again_changes_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert lock(folder) == 0
    before = (folder / FILE).read_bytes()
    assert lock(folder) == 0
    assert (folder / FILE).read_bytes() == before
    assert lock(folder, "--check") == 0


@pytest.mark.parametrize("more", [(), ("--check",)])
def test_another_meaning_needs_another_version(
    tmp_path: Path, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path)
    assert lock(folder) == 0
    before = (folder / FILE).read_bytes()
    folder_of(tmp_path, changed(OTHER_LIMIT))
    capsys.readouterr()
    assert lock(folder, *more) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"too-much means something else than in rules.lock, but is still version 1: raise version "
        f"to 2, then {RUN}"
    ]
    assert (folder / FILE).read_bytes() == before


def test_with_another_version_the_lock_is_written_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path)
    assert lock(folder) == 0
    folder_of(tmp_path, changed(OTHER_LIMIT, VERSION_2))
    capsys.readouterr()
    assert lock(folder, "--check") == 1
    said = f"too-much is version 2, but version 1 in rules.lock: {RUN}\n"
    assert capsys.readouterr().out == said
    assert lock(folder) == 0
    assert "too-much: version 2," in (folder / FILE).read_text(encoding="utf-8")
    assert lock(folder, "--check") == 0


def test_wording_and_stories_need_no_other_version(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert lock(folder) == 0
    text = changed(("title: Oral baclofen above 80 mg a day", "title: Too much"),
                   ("exactly at the limit", "exactly the limit"))  # fmt: skip
    folder_of(tmp_path, text, LIST.replace("make sleepy", "tire"))
    assert lock(folder, "--check") == 0


def test_a_list_that_changes_is_named_with_the_rules_that_use_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    before = locked_now(read_library(folder))
    folder_of(tmp_path, drugs=LIST.replace("except: [codeine]\n", ""))
    after = read_library(folder)
    told = forgotten(after, before, locked_now(after, before))
    assert [line.split(",")[0] for line in told] == [
        "two means something else than in rules.lock (so does the list sleepers)",
        "the list sleepers means something else than in rules.lock",
    ]


def test_an_older_version_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, changed(VERSION_2))
    before = locked_now(read_library(folder))
    folder_of(tmp_path)
    after = read_library(folder)
    told = forgotten(after, before, locked_now(after, before))
    assert told == [f"too-much goes back from version 2 to 1: raise version to 3, then {RUN}"]


def test_new_and_gone_rules_are_said(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    library = read_library(folder)
    now = locked_now(library)
    assert outdated(now[1:], now) == [f"too-much is not in rules.lock: {RUN}"]
    assert outdated(now, now[1:]) == [f"too-much is in rules.lock, but has no file: {RUN}"]
    assert forgotten(library, now[1:], now) == []


def test_a_new_draft_is_not_locked_and_a_locked_one_stays(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, changed(("status: active", "status: draft ")))
    library = read_library(folder)
    names = [one.name for one in locked_now(library)]
    assert names == ["two", "sleepers"]
    active = folder_of(tmp_path)
    before = locked_now(read_library(active))
    assert [one.name for one in locked_now(library, before)] == ["too-much", "two", "sleepers"]


def test_rules_check_warns_where_there_is_a_lock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path)
    check = ["rules", "check", "--rules", str(folder), "--as-of", "2026-11-22"]
    assert ended_with(check) == 0
    assert "rules.lock" not in capsys.readouterr().err
    assert lock(folder) == 0
    folder_of(tmp_path, changed(OTHER_LIMIT))
    capsys.readouterr()
    assert ended_with(check) == 0
    assert "too-much means something else than in rules.lock" in capsys.readouterr().err


def test_a_lock_that_is_no_lock_is_refused_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path)
    (folder / FILE).write_text("rules:\n  too-much: version one\n", encoding="utf-8")
    assert lock(folder) == 2
    assert f"{folder / FILE}:2:13: this is no line of a lock" in capsys.readouterr().err


def test_checking_without_a_lock_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lock(folder_of(tmp_path), "--check") == 2
    assert "Run screener rules lock." in capsys.readouterr().err


def test_every_field_of_a_list_but_its_names_counts(tmp_path: Path) -> None:
    one = read_library(folder_of(tmp_path)).lists[0]
    smaller = dataclasses.replace(one, ingredients=frozenset(sorted(one.ingredients)[1:]))
    assert list_fingerprint(smaller) != list_fingerprint(one)
    assert list_fingerprint(dataclasses.replace(one, title="x", version=9)) == list_fingerprint(one)
