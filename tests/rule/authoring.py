"""A rule folder for tests: a sound rule, and ways of breaking it."""

from __future__ import annotations

from pathlib import Path

from screener.errors import RuleFileError
from screener.rule.model import Rule
from screener.rulebook.library import load_library

SOUND = """\
schema: 1
rule: too-much
title: Oral baclofen above 80 mg a day
version: 1
status: active                     # draft, pilot, active
severity: high
flag_when:
  daily_dose:
    of: baclofen by mouth
    more_than: 80 mg/day
escalate:
  - to: critical
    when: {daily_dose: {more_than: 100 mg/day}}
message: "{value} {unit} from {date}"
evidence:
  - {source: a label, where: section 2, read_on: 2026-11-22}
owners: {wrote: pharmacist, checked: [second-pharmacist], next_review: 2027-11-22}
sites_may_adjust: [more_than, severity]
examples:
  - story: exactly at the limit
    takes: {baclofen: 20 mg 4 times a day for 28 days}
    expect: clear
"""
LIST = """\
list: sleepers
title: Drugs that make sleepy
version: 1
members: [class: opioid, diazepam]
except: [codeine]
"""


def folder_with(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "rules"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def changed(*changes: tuple[str, str]) -> str:
    text = SOUND
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def load(tmp_path: Path, text: str, name: str = "too-much") -> Rule:
    folder = folder_with(tmp_path, {f"limits/{name}.yaml": text, "lists/sleepers.yaml": LIST})
    return load_library(folder)[0]


def problems(tmp_path: Path, files: dict[str, str]) -> list[str]:
    """Every problem of a folder, its own path taken off the front."""
    folder = folder_with(tmp_path, files)
    try:
        load_library(folder)
    except RuleFileError as error:
        return [p.replace(f"{folder}/", "") for p in error.problems]
    return []
