"""Rules with something to warn of, for the tests of lint."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from screener.rulebook.library import read_library
from screener.rulebook.linting import library_warnings
from tests.rule.authoring import SOUND, folder_with

DAY = dt.date(2026, 11, 22)
FLAG = """\
  - story: a little above
    takes: {baclofen: 80.01 mg/day for 28 days}
    expect: flag high from day 0
"""
RULE = SOUND + FLAG
PAIR = """\
schema: 1
rule: pair
title: A pair
version: 1
status: draft
severity: moderate
flag_when:
  taken_together:
    this: [diazepam, lorazepam]
    with: [morphine, codeine]
"""
USES_LIST = PAIR.replace("rule: pair", "rule: uses").replace("[morphine, codeine]", "list sleepers")


def edited(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def named(text: str, name: str) -> str:
    return text.replace("rule: too-much", f"rule: {name}").replace("rule: pair", f"rule: {name}")


def said(tmp_path: Path, *texts: str, lists: str | None = None, day: dt.date = DAY) -> list[str]:
    """The warnings of a folder of these rules, without the path before the file's name."""
    names = [text.split("rule: ")[1].split("\n")[0] for text in texts]
    files = {f"t/{name}.yaml": text for name, text in zip(names, texts, strict=True)}
    files |= {"lists/sleepers.yaml": lists} if lists else {}
    folder = folder_with(tmp_path, files)
    warnings = library_warnings(read_library(folder), day)
    return [one.replace(f"{folder}/", "") for one in warnings]


def only(warnings: list[str]) -> tuple[str, str]:
    """The text and the marked source line of the one warning that there is."""
    (one,) = warnings
    head, line, caret = one.split("\n")
    column = int(head.split(":")[2])
    assert caret.index("^") == 4 + column - 1
    return head, line[4:][column - 1 :]
