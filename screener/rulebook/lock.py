"""rules.lock: which meaning every rule and list had at which version.

A rule whose meaning changes gets a higher version; the lock shows when that was forgotten. One
line a rule, sorted by id, so that a comparison of two locks reads like a list of changes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screener.errors import RuleFileError, UsageError
from screener.rule.amounts import Wrong, whole_number
from screener.rule.load import RulesFolder
from screener.rule.model import Rule
from screener.rule.problems import Mark, SourceFile, all_problems
from screener.rule.reading import ConversionList, DrugList
from screener.rule.yaml_reader import Mapping, Scalar, read_yaml

FILE = "rules.lock"
HEAD = "# Made by `screener rules lock`: which meaning every rule and list had at which version.\n"
KINDS = ("rule", "list")
RUN = "run screener rules lock"
# Where a list stands and what it is called does not change what it means.
_WORDING = {"name", "title", "version", "file"}
_ENTRY = re.compile(r"version (\d+), fingerprint ([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One line of the lock; `kind` is rule or list."""

    kind: str
    name: str
    version: int
    fingerprint: str


def locked_now(folder: RulesFolder, before: tuple[Locked, ...] = ()) -> tuple[Locked, ...]:
    """What the lock of this folder says, sorted; a draft is in it only if it was `before`."""
    known = {one.name for one in before if one.kind == "rule"}
    rules = [
        Locked("rule", rule.id, rule.version, rule.fingerprint)
        for rule in sorted(folder.rules, key=lambda rule: rule.id)
        if rule.status != "draft" or rule.id in known
    ]
    every: list[DrugList | ConversionList] = [*folder.lists, *folder.conversions]
    lists = [
        Locked("list", one.name, one.version, list_fingerprint(one))
        for one in sorted(every, key=lambda one: one.name)
    ]
    return (*rules, *lists)


def list_fingerprint(one: DrugList | ConversionList) -> str:
    """16 hex digits (blake2b) of what a list holds, without its name, title and place."""
    meaning = {
        field.name: _plain(getattr(one, field.name))
        for field in dataclasses.fields(one)
        if field.name not in _WORDING
    }
    text = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value) if f.name not in {*_WORDING, "text"}]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, frozenset):
        return sorted(value)
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def lock_text(entries: tuple[Locked, ...]) -> str:
    """The text of the lock: under `rules:` and `lists:` one line each."""
    lines = [HEAD.rstrip("\n")]
    lines += [] if entries else ["rules: {}"]
    for kind in KINDS:
        some = [one for one in entries if one.kind == kind]
        lines += [f"{kind}s:"] if some else []
        lines += [
            f"  {one.name}: version {one.version}, fingerprint {one.fingerprint}" for one in some
        ]
    return "\n".join((*lines, ""))


def read_lock(path: Path) -> tuple[Locked, ...] | None:
    """The entries of a lock file, or None when there is none. Raises RuleFileError, UsageError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"The lock cannot be read ({error.strerror}).", where=str(path)) from error
    source = SourceFile(str(path))
    root = read_yaml(source, data)
    found = _entries(source, root) if root else []
    if source.problems:
        raise RuleFileError(all_problems(source))
    return tuple(found)


def _entries(source: SourceFile, root: Mapping) -> list[Locked]:
    made: list[Locked] = []
    for group in root.entries:
        kind = group.key.text.removesuffix("s")
        if kind not in KINDS or not isinstance(group.value, Mapping):
            source.problem(group.key.mark, "a lock holds rules and lists", f"{RUN} again")
            continue
        for entry in group.value.entries:
            text = entry.value.text if isinstance(entry.value, Scalar) else ""
            found = _ENTRY.fullmatch(text)
            version = _version(found[1]) if found else None
            if found and version is not None:
                made.append(Locked(kind, entry.key.text, version, found[2]))
            else:
                mark: Mark = entry.value.mark
                source.problem(mark, "this is no line of a lock", f"take it out and {RUN}")
    return made


def _version(text: str) -> int | None:
    try:
        return whole_number(text)
    except Wrong:
        return None


def forgotten(
    folder: RulesFolder, before: tuple[Locked, ...], now: tuple[Locked, ...]
) -> list[str]:
    """What the lock must not take: another meaning under the same version, or an older version."""
    was = {(one.kind, one.name): one for one in before}
    changed_lists = [
        one.name
        for one in now
        if one.kind == "list"
        and (old := was.get(("list", one.name)))
        and old.fingerprint != one.fingerprint
    ]
    rules = {rule.id: rule for rule in folder.rules}
    told = []
    for one in now:
        old = was.get((one.kind, one.name))
        if old is None:
            continue
        name = one.name if one.kind == "rule" else f"the list {one.name}"
        if one.version < old.version:
            what = f"{name} goes back from version {old.version} to {one.version}"
            told.append(f"{what}: raise version to {old.version + 1}, then {RUN}")
        elif one.version == old.version and one.fingerprint != old.fingerprint:
            what = f"{name} means something else than in {FILE}"
            if one.kind == "rule" and (lists := _lists_of(rules[one.name], changed_lists)):
                what += f" (so does the list {', '.join(lists)})"
            still = f"but is still version {one.version}: raise version to {one.version + 1}"
            told.append(f"{what}, {still}, then {RUN}")
    return told


def outdated(before: tuple[Locked, ...], now: tuple[Locked, ...]) -> list[str]:
    """What the lock does not say yet: new, gone, and with a higher version."""
    was = {(one.kind, one.name): one for one in before}
    told = []
    for one in now:
        old = was.pop((one.kind, one.name), None)
        name = one.name if one.kind == "rule" else f"the list {one.name}"
        if old is None:
            told.append(f"{name} is not in {FILE}: {RUN}")
        elif one.version > old.version:
            what = f"{name} is version {one.version}, but version {old.version} in {FILE}"
            told.append(f"{what}: {RUN}")
    gone = [key[1] if key[0] == "rule" else f"the list {key[1]}" for key in was]
    return told + [f"{name} is in {FILE}, but has no file: {RUN}" for name in gone]


def lock_warnings(path: Path, folder: RulesFolder) -> list[str]:
    """What `rules check` says of the lock of a folder; nothing where there is no lock."""
    before = read_lock(path / FILE)
    if before is None:
        return []
    now = locked_now(folder, before)
    return [*forgotten(folder, before, now), *outdated(before, now)]


def _lists_of(rule: Rule, names: list[str]) -> list[str]:
    """Which of these lists the rule names in its drug sets or conversions."""
    words = set(_texts(rule.flag_when))
    words |= set(_texts((rule.escalate, rule.downgrade, rule.only_if, rule.unless)))
    said = " , ".join(words).replace(",", " ").split()
    return [name for name in names if name in said]


def _texts(value: Any) -> list[str]:
    """Every `text` of a nested structure of dataclasses."""
    if isinstance(value, tuple):
        return [text for one in value for text in _texts(one)]
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return []
    own = [getattr(value, "text", "")]
    inner = [getattr(value, field.name) for field in dataclasses.fields(value)]
    return [*(one for one in own if isinstance(one, str)), *_texts(tuple(inner))]
