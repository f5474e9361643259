"""What a rule flags: one check, or checks and conditions put together by any_of and all_of."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from screener.rule.conditions import (
    CONDITIONS,
    GROUPS,
    condition,
    guards,
    is_condition,
    lines_of,
    too_deep,
)
from screener.rule.measure import as_checks
from screener.rule.model import (
    SEVERITIES,
    CheckUse,
    Clause,
    Condition,
    Severity,
)
from screener.rule.named import window
from screener.rule.params import changed_params, changes_of, parameters_of, read_params
from screener.rule.reading import Reading, one_of, read_with
from screener.rule.suggest import closest, did_you_mean
from screener.rule.yaml_reader import Entry, Mapping, Node, Scalar

_TOGETHER = ("any_of", "all_of")
_BESIDE = ("for_at_least", "only_if", "unless")
_EXAMPLE = "the name of one check, for example `daily_dose:`"


def flagged(reading: Reading, flag_when: Entry) -> Clause | None:
    """The clause under `flag_when`, or None with problems."""
    node = flag_when.value
    if isinstance(node, Mapping):
        named = next((e for e in node.entries if e.key.text == "check"), None)
        if named is not None:
            said = named.value.text if isinstance(named.value, Scalar) else "daily_dose"
            fix = f"write the name of the check as the key (`{said}:`), and its parameters below it"
            reading.problem(named.key, 'flag_when has no "check"', fix)
            return None
    return _clause(reading, node, "flag_when", (), 0)


def _clause(
    reading: Reading, node: Node, what: str, beside: tuple[str, ...], depth: int
) -> Clause | None:
    """A line with one check or group, and the words that may stand beside it."""
    if what == "flag_when" and isinstance(node, Mapping):
        groups = any(e.key.text in _TOGETHER for e in node.entries)
        beside = ("for_at_least",) if groups else ()
    head = _head(reading, node, what, beside)
    if head is None or not isinstance(node, Mapping):
        return None
    before = len(reading.source.problems)
    more = {e.key.text: e for e in node.entries if e is not head}
    made = _of_head(reading, head, depth)
    made = _with_beside(reading, made, more)
    return made if len(reading.source.problems) == before else None


def _head(reading: Reading, node: Node, what: str, beside: tuple[str, ...]) -> Entry | None:
    """The one entry that is a check or a group."""
    if not isinstance(node, Mapping) or not node.entries:
        reading.problem(node, f"{what} must name a check", f"expected {_EXAMPLE}")
        return None
    heads = [e for e in node.entries if e.key.text not in beside]
    known = (*reading.checks, *_TOGETHER, "measure")
    if len(heads) > 1:
        named = [e for e in heads if e.key.text in known]
        strange = next((e for e in heads if e not in named), None)
        if len(named) == 1 and strange is not None:
            _stray(reading, strange, named[0], what, beside)
            return None
        if not named and any(e.key.text in ("of", "this", "from") for e in heads):
            fix = "the name of the check comes first, its parameters below it: `daily_dose:`"
            reading.problem(heads[0].key, f"{what} names no check", fix)
            return None
        at = named[1] if len(named) > 1 else heads[1]
        how_many = f"{what} has {len(heads)} keys, but must have exactly one"
        hint = "" if at in named else did_you_mean(at.key.text, known)
        reading.problem(at.key, how_many, f"expected {_EXAMPLE}; for two, any_of or all_of", hint)
        return None
    if not heads:
        reading.problem(node, f"{what} names no check", f"expected {_EXAMPLE}")
        return None
    return heads[0]


def _stray(
    reading: Reading, strange: Entry, head: Entry, what: str, beside: tuple[str, ...]
) -> None:
    """A word beside a check that does not belong there."""
    word, check = strange.key.text, head.key.text
    if word in ("only_if", "unless") and what == "flag_when":
        fix = "it stands beside flag_when, at the beginning of its line"
    elif word == "severity":
        fix = "it stands beside an alternative of any_of, or at the head of the rule"
    elif check in reading.checks and word in parameters_of(reading.checks[check]):
        fix = f"it is a parameter of {check}, and stands below it"
    elif word in CONDITIONS or word in GROUPS:
        fix = "for a condition, write all_of, or only_if"
    else:
        hint = did_you_mean(word, beside)
        fix = f"expected {', '.join(beside)}" if beside else "expected nothing beside the check"
        reading.problem(strange.key, f'"{word}" does not stand beside {check}', fix, hint)
        return
    reading.problem(strange.key, f'"{word}" does not stand beside {check}', fix)


def _of_head(reading: Reading, head: Entry, depth: int) -> Clause | None:
    name = head.key.text
    if name == "any_of":
        return _any_of(reading, head, depth + 1)
    if name == "all_of":
        return _all_of(reading, head, depth + 1)
    if name == "measure":
        plain = as_checks(reading, head)
        return _clause(reading, plain, "measure", _BESIDE, depth) if plain else None
    use = _use(reading, head)
    return None if use is None else Clause("check", (use,))


def _use(reading: Reading, entry: Entry) -> CheckUse | None:
    name = entry.key.text
    check = reading.checks.get(name)
    if check is not None:
        params = read_params(reading, check, entry.value, entry.key)
        return None if params is None else CheckUse(check.name, params)
    known = (*sorted(reading.checks), *_TOGETHER, "measure")
    hint = did_you_mean(name, known)
    what = f'there is no check "{name}"'
    if name in CONDITIONS or name in GROUPS:
        what = f'"{name}" is a condition, which finds nothing by itself'
        hint = "write a check, and the condition in all_of or only_if"
    elif name in _parameter_names(reading) and closest(name, _TOGETHER) is None:
        hint = "the name of the check comes first, its parameters below it"
    reading.problem(entry.key, what, f"expected one of {', '.join(known)}", hint)
    return None


def _parameter_names(reading: Reading) -> set[str]:
    return {key for one in reading.checks.values() for key in parameters_of(one)}


def _with_beside(reading: Reading, made: Clause | None, more: dict[str, Entry]) -> Clause | None:
    """The clause with what stands beside it."""
    values: dict[str, Any] = {}
    if "severity" in more:
        values["severity"] = _severity(reading, more["severity"], made)
    if "for_at_least" in more:
        length = read_with(reading, more["for_at_least"].value, "for_at_least", window)
        values["for_at_least"] = length or 1
        if made is not None and made.for_at_least > 1:
            reading.problem(more["for_at_least"].key, "for_at_least stands twice", "write it once")
    for key in ("only_if", "unless"):
        if key in more:
            values[key] = guards(reading, more[key].value, key)
    return None if made is None else dataclasses.replace(made, **values)


def _severity(reading: Reading, entry: Entry, made: Clause | None) -> Severity | None:
    severity = one_of(reading, entry.value, "severity", SEVERITIES)
    if made is not None and made.kind == "check" and hasattr(made.uses[0].params, "bands"):
        reading.problem(entry.key, "each band has its severity already", "remove this one")
    return cast("Severity | None", severity)


def _any_of(reading: Reading, entry: Entry, depth: int) -> Clause | None:
    if too_deep(reading, entry, depth):
        return None
    beside = ("severity", *_BESIDE)
    items = lines_of(reading, entry, "daily_dose:")
    made = [_clause(reading, i, "an alternative of any_of", beside, depth) for i in items]
    parts = tuple(one for one in made if one is not None)
    for number, one in enumerate(made):
        if one is not None and one in made[:number]:
            reading.source.warn(items[number].mark, "this alternative says the same as one above")
    return Clause("any_of", parts) if parts and len(parts) == len(items) else None


def _all_of(reading: Reading, entry: Entry, depth: int) -> Clause | None:
    """Checks and conditions; the first line is a check, which decides what is found."""
    if too_deep(reading, entry, depth):
        return None
    items = lines_of(reading, entry, "daily_dose:")
    parts: list[Clause | Condition] = []
    for number, item in enumerate(items):
        one = item.entries[0] if isinstance(item, Mapping) and len(item.entries) == 1 else None
        made: Clause | Condition | None
        if one is not None and is_condition(one):
            if number == 0:
                fix = "write a check first (such as taken): it decides what is found"
                reading.problem(one.key, "the first line of all_of is a condition", fix)
            made = condition(reading, one, depth)
        elif one is not None and not _may_be_check(reading, one):
            made = condition(reading, one, depth)
        else:
            made = _clause(reading, item, "a line of all_of", _BESIDE, depth)
        if made is not None:
            parts.append(made)
    complete = parts and len(parts) == len(items) and isinstance(parts[0], Clause)
    return Clause("all_of", tuple(parts)) if complete else None


def _may_be_check(reading: Reading, entry: Entry) -> bool:
    """Whether an unknown word is nearer to a check than to a condition."""
    name, known = entry.key.text, (*reading.checks, *_TOGETHER, "measure")
    if name in known:
        return True
    return closest(name, (*CONDITIONS, *GROUPS)) is None or closest(name, known) is not None


def changed_clause(reading: Reading, clause: Clause, name: str, node: Node) -> Clause | None:
    """The clause with every use of this check changed by the parameters that stand here."""
    before = len(reading.source.problems)
    changes = changes_of(reading, reading.checks[name], node)
    if changes is None:
        return None
    changed = _replaced(reading, clause, name, changes, node)
    if len(reading.source.problems) > before:
        return None
    if changed == clause:
        reading.source.warn(node.mark, "the rule has these values already, so this always holds")
    return changed


def _replaced(
    reading: Reading, clause: Clause, name: str, changes: dict[str, Any], node: Node
) -> Clause:
    parts: list[CheckUse | Clause | Condition] = []
    for part in clause.parts:
        if isinstance(part, Clause):
            parts.append(_replaced(reading, part, name, changes, node))
        elif isinstance(part, CheckUse) and part.check == name:
            check = reading.checks[name]
            params = changed_params(reading, check, part.params, changes, node)
            parts.append(part if params is None else CheckUse(name, params))
        else:
            parts.append(part)
    return dataclasses.replace(clause, parts=tuple(parts))
