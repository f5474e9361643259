"""Two versions of a rules folder, or of one rule: which rules mean something else."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from screener.errors import RuleFileError, UsageError
from screener.rule.load import LISTS_FOLDER
from screener.rule.model import Rule
from screener.rulebook.library import load_library

RUN_UNASKED = ("active", "pilot")
_RULE_ID = re.compile(r"^rule:\s*[\"']?([\w-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Change:
    """A rule of which two versions differ; None where a run would not screen it unasked.

    Of a rule that neither version runs unasked, both stand here: what it would do if it ran.
    """

    rule_id: str
    words: str  # "changed", "added", "removed", "status active -> off"
    before: Rule | None
    after: Rule | None

    @property
    def matters(self) -> bool:
        """Whether findings can differ."""
        one, two = self.before, self.after
        return (one and one.fingerprint) != (two and two.fingerprint)


def read_versions(old: Path, new: Path) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """The rules of two folders, or of two files of one rule, whose lists are those beside it.

    Raises RuleFileError, and UsageError when the two cannot be compared.
    """
    for path in (old, new):
        if not path.exists():
            raise UsageError("this file or folder does not exist.", where=str(path))
    if old.is_dir() != new.is_dir():
        raise UsageError("a file and a folder cannot be compared.", fix="Give two of one kind.")
    if old.is_dir():
        return load_library(old), load_library(new)
    rules = tuple(_one_rule(path, _lists_of(path) or _lists_of(other))
                  for path, other in ((old, new), (new, old)))  # fmt: skip
    if rules[0].id != rules[1].id:
        raise UsageError(
            f"these are two rules, {rules[0].id} and {rules[1].id}.",
            fix="Give two files of one rule, or two folders.",
        )
    return (rules[0],), (rules[1],)


def _lists_of(file: Path) -> Path | None:
    """The folder of lists of the rules folder in which a file lies."""
    folders = [parent / LISTS_FOLDER for parent in list(file.absolute().parents)[:3]]
    return next((folder for folder in folders if folder.is_dir()), None)


def _one_rule(file: Path, lists: Path | None) -> Rule:
    """A rule file under any name, read as if it lay in a rules folder of its own."""
    found = _RULE_ID.search(file.read_text(encoding="utf-8", errors="replace"))
    name = found[1] if found else file.stem
    with tempfile.TemporaryDirectory(prefix="screener-") as scratch:
        copy = Path(scratch) / "one" / f"{name}.yaml"
        copy.parent.mkdir()
        shutil.copyfile(file, copy)
        if lists is not None:
            shutil.copytree(lists, Path(scratch) / LISTS_FOLDER)
        try:
            (rule,) = load_library(Path(scratch))
        except RuleFileError as error:
            where = lists.parent if lists is not None else file.parent
            told = [p.replace(str(copy), str(file)) for p in error.problems]
            raise RuleFileError([p.replace(scratch, str(where)) for p in told]) from error
    return rule


def changes(old: Iterable[Rule], new: Iterable[Rule]) -> tuple[Change, ...]:
    """Rules whose meaning differs, that came or went, or whose status is another; by id."""
    before, after = ({rule.id: rule for rule in rules} for rules in (old, new))
    found = (_change(name, before, after) for name in sorted(before.keys() | after.keys()))
    return tuple(one for one in found if one is not None)


def _change(name: str, before: Mapping[str, Rule], after: Mapping[str, Rule]) -> Change | None:
    one, two = before.get(name), after.get(name)
    words = []
    if one is None or two is None:
        words.append("added" if one is None else "removed")
    else:
        if one.fingerprint != two.fingerprint:
            words.append("changed")
        if one.status != two.status:
            words.append(f"status {one.status} -> {two.status}")
    if not words:
        return None
    running = [rule if rule and rule.status in RUN_UNASKED else None for rule in (one, two)]
    if running == [None, None]:
        words.append("screened when asked for")
        running = [one, two]
    return Change(name, ", ".join(words), *running)
