"""Rules that say nearly the same: every number, comparison, list and guard changed one at a time.

A story that comes out otherwise for such a mutant *kills* it; a mutant that no story kills shows
what the stories leave open.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from screener.rule.model import (
    CheckUse,
    Clause,
    Rule,
    SameCheckWith,
)
from screener.rulebook.edits import CHANGES, Edit, at_path, differs, edits_of, put
from screener.rulebook.same_bands import same_bands


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one thing changed, and what that is in words."""

    name: str
    rule: Rule


def mutants_of(rule: Rule, said: frozenset[str] = frozenset()) -> tuple[Mutant, ...]:
    """Every mutant, in the order of the rule; names are unique, no two mean the same.

    said: the keys that the rule's file writes. A value that is the default of its key is left
    alone unless the key is said: it belongs to the check, not to the rule.
    """
    seen = {_meaning(rule)}
    names: dict[str, int] = {}
    found = []
    for edit in edits_of(rule, said):
        changed = _changed(rule, edit)
        if _meaning(changed) in seen or _same_bands(rule, changed, edit.path):
            continue
        seen.add(_meaning(changed))
        count = names[edit.name] = names.get(edit.name, 0) + 1
        name = edit.name if count == 1 else f"{edit.name} ({count})"
        found.append(Mutant(name, changed))
    return tuple(found)


def _meaning(rule: Rule) -> tuple[Any, ...]:
    parts = (rule.flag_when, rule.adults_only, rule.escalate, rule.downgrade)
    severity = rule.severity if _severity_counts(rule.flag_when) else None
    return (*parts, rule.only_if, rule.unless, severity)


def _severity_counts(part: Any) -> bool:
    """Whether what is found here has the severity around it, and not one of its own."""
    if isinstance(part, CheckUse):
        return not any(
            hasattr(one, "severity")
            for f in dataclasses.fields(part.params)
            if isinstance(value := getattr(part.params, f.name), tuple)
            for one in value
        )
    if part.severity is not None:
        return False
    inside = [_severity_counts(one) for one in part.parts if isinstance(one, CheckUse | Clause)]
    return all(inside) if part.kind == "all_of" else any(inside)


def _same_bands(rule: Rule, changed: Rule, path: tuple[str | int, ...]) -> bool:
    """Whether the change only moved a bound of a band into a more severe one."""
    for end in range(len(path) + 1):
        bands = getattr(at_path(rule, path[:end]), "bands", None)
        if bands is not None:
            return same_bands(bands, at_path(changed, path[:end]).bands)
    return False


def _changed(rule: Rule, edit: Edit) -> Rule:
    """The rule with the change, made as well where `escalate` repeats what the rule flags."""
    changed: Rule = put(rule, edit.path, edit.change)
    if edit.path[:1] != ("flag_when",):
        return changed
    path = edit.path[1:]
    for field in CHANGES:
        for at, one in enumerate(getattr(rule, field)):
            if isinstance(one.when, SameCheckWith) and not differs(
                rule.flag_when, one.when.clause, path, edit.reads
            ):
                changed = put(changed, (field, at, "when", "clause", *path), edit.change)
    return changed
