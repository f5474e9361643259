"""Every change of one thing in a compiled rule, with its name; `mutants` makes rules of them.

Walks the dataclasses of a rule by the types of their fields, so that a new check has its mutants
without a line here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from screener.rule.model import (
    SEVERITIES,
    AllOf,
    CheckUse,
    Clause,
    Rule,
    SameCheckWith,
    SomeOf,
)
from screener.rule.values import Conversion, DailyAmount, DrugSet, LabTest, Share
from screener.rulebook import nearby
from screener.rulebook.few_words import UNSAID, described, keyword, number_words

CHANGES = ("escalate", "downgrade")
_GUARDS = ("only_if", "unless")
_DAYS = {"days", "within", "result_good_for", "new_after", "or_restart_after", "for_at_least"}
_MAY_BE_ZERO = {"grace"}
# A drug of the sets on the right does not count as one of the set on the left.
_ANYWAY = {"with_": ("this", "except_"), "continued_by": ("of",)}


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the object at the end of a path, and the attributes whose value it changes.

    Without `reads` the change is one of shape: a part left out, whatever stands in it.
    """

    name: str
    path: tuple[str | int, ...]
    reads: tuple[str, ...]
    change: Callable[[Any], Any]


def differs(
    base: Clause, other: Clause, path: tuple[str | int, ...], reads: tuple[str, ...]
) -> bool:
    """Whether the other clause has another value there, or nothing at all."""
    try:
        ours, theirs = at_path(base, path), at_path(other, path)
    except (AttributeError, IndexError):
        return True
    return any(getattr(ours, name, None) != getattr(theirs, name, None) for name in reads)


def at_path(value: Any, path: tuple[str | int, ...]) -> Any:
    """The object at the end of the path."""
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value


def put(value: Any, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    """The value with the object at the end of the path changed."""
    if not path:
        return change(value)
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*value[:step], put(value[step], rest, change), *value[step + 1 :])
    return dataclasses.replace(value, **{step: put(getattr(value, step), rest, change)})


def _set(field: str, new: Any, owner: Any) -> Any:
    return dataclasses.replace(owner, **{field: new})


def _drop(field: str, at: int, owner: Any) -> Any:
    some = getattr(owner, field)
    return dataclasses.replace(owner, **{field: (*some[:at], *some[at + 1 :])})


def _inside(steps: tuple[str | int, ...], word: str, edits: Iterator[Edit]) -> Iterator[Edit]:
    for edit in edits:
        name = f"{word}: {edit.name}" if word else edit.name
        yield dataclasses.replace(edit, name=name, path=(*steps, *edit.path))


def edits_of(rule: Rule, said: frozenset[str]) -> Iterator[Edit]:
    """Every change of a rule, in its own order; see `mutants.mutants_of` for `said`."""
    yield from _inside(("flag_when",), "", _edits(rule.flag_when, said))
    yield from _near(rule, "severity", "severity", nearby.severities(rule.severity))
    now, then = ("adults", "everyone") if rule.adults_only else ("everyone", "adults")
    flipped = partial(_set, "adults_only", not rule.adults_only)
    yield Edit(f"for {now} -> {then}", (), ("adults_only",), flipped)
    for field in CHANGES:
        for at, one in enumerate(getattr(rule, field)):
            yield from _step_edits(rule.flag_when, field, at, one, said)
    yield from _guard_edits(rule, said)


def _step_edits(
    base: Clause, field: str, at: int, one: Any, said: frozenset[str]
) -> Iterator[Edit]:
    """Of one line of `escalate` or `downgrade`."""
    word = f"{field} to {one.to}" if one.to else field
    yield Edit(f"without: {word} when {described(one.when)}", (), (), partial(_drop, field, at))
    if one.to:
        yield from _inside((field, at), word, _near(one, "to", "to", nearby.severities(one.to)))
    if isinstance(one.when, SameCheckWith):
        # What it repeats of the rule is changed with the rule.
        own = (
            edit
            for edit in _edits(one.when.clause, said)
            if edit.reads and differs(base, one.when.clause, edit.path, edit.reads)
        )
        yield from _inside((field, at, "when", "clause"), word, own)
        return
    negated = partial(_set, "when", _not(one.when))
    yield Edit(f"negated: {word} when {described(one.when)}", (field, at), ("when",), negated)
    yield from _inside(
        (field, at, "when"), f"{word} when {keyword(one.when)}", _edits(one.when, said)
    )


def _guard_edits(owner: Any, said: frozenset[str]) -> Iterator[Edit]:
    for field in _GUARDS:
        for at, one in enumerate(getattr(owner, field)):
            word = f"{field} {described(one)}"
            yield Edit(f"without: {word}", (), (), partial(_drop, field, at))
            yield Edit(f"negated: {word}", (field,), (), partial(_replace_at, at, _not(one)))
            yield from _inside((field, at), f"{field} {keyword(one)}", _edits(one, said))


def _replace_at(at: int, new: Any, some: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*some[:at], new, *some[at + 1 :])


def _not(condition: Any) -> Any:
    if isinstance(condition, SomeOf):
        at_least, fewer_than = condition.fewer_than, condition.at_least
        return dataclasses.replace(condition, at_least=at_least, fewer_than=fewer_than)
    return SomeOf((condition,), fewer_than=1)


def _edits(value: Any, said: frozenset[str]) -> Iterator[Edit]:
    """Every change of one object of a rule, with paths that begin at it."""
    if isinstance(value, Clause):
        yield from _clause_edits(value, said)
    elif isinstance(value, CheckUse):
        yield from _inside(("params",), "", _field_edits(value.params, said))
    elif isinstance(value, AllOf | SomeOf):
        for at, part in enumerate(value.parts):
            if len(value.parts) > 1:
                name = f"without: {described(part)}"
                yield Edit(name, (), (), partial(_drop, "parts", at))
            yield from _inside(("parts", at), keyword(part), _edits(part, said))
        yield from _field_edits(value, said)
    elif dataclasses.is_dataclass(value) and not isinstance(value, LabTest):
        yield from _field_edits(value, said)


def _clause_edits(clause: Clause, said: frozenset[str]) -> Iterator[Edit]:
    word = {"any_of": "alternative", "all_of": "line", "check": ""}[clause.kind]
    for at, part in enumerate(clause.parts):
        here = f"{word} {at + 1}" if word else ""
        left = [other for other in clause.parts if other is not part]
        if any(isinstance(other, Clause) for other in left):
            name = f"without: {here}, {described(part)}"
            yield Edit(name, (), (), partial(_drop, "parts", at))
        if not isinstance(part, Clause | CheckUse):
            name = f"negated: {here}, {described(part)}"
            negated = partial(_replace_at, at, _not(part))
            yield Edit(name, ("parts",), (), negated)
        yield from _inside(("parts", at), here, _edits(part, said))
    if clause.severity is not None:
        yield from _near(clause, "severity", "severity", nearby.severities(clause.severity))
    if clause.for_at_least > 1:
        near = nearby.numbers(clause.for_at_least, " days")
        yield from _near(clause, "for_at_least", "for_at_least", near)
    yield from _guard_edits(clause, said)


def _near(owner: Any, field: str, word: str, near: nearby.Near) -> Iterator[Edit]:
    for name, new in near:
        yield Edit(f"{word} {name}", (), (field,), partial(_set, field, new))


def _field_edits(owner: Any, said: frozenset[str]) -> Iterator[Edit]:
    """Every field of a dataclass by the type of its value."""
    for field in dataclasses.fields(owner):
        value = getattr(owner, field.name)
        word = field.metadata.get("key") or field.name.rstrip("_")
        if value is None or (value == field.default and (word not in said or value in (1, False))):
            continue
        if field.name in {"parts", "names"}:
            continue
        yield from _value_edits(owner, field, word, value, said)
        if field.default is None and _may_be_missing(owner, field):
            gone = partial(_set, field.name, None)
            yield Edit(f"without: {_named(word, value)}", (), (field.name,), gone)


def _named(word: str, value: Any) -> str:
    said = described(value)
    return said if said.startswith(word) else f"{word} {said}"


def _value_edits(
    owner: Any, field: Any, word: str, value: Any, said: frozenset[str]
) -> Iterator[Edit]:
    name = field.name
    if isinstance(value, bool):
        change = "yes -> no" if value else "no -> yes"
        yield from _near(owner, name, word, iter([(change, not value)]))
    elif name in {"severity", "to"} and value in SEVERITIES:
        yield from _near(owner, name, word, nearby.severities(value))
    elif isinstance(value, int | float | DailyAmount | Share):
        near = nearby.numbers(value, _unit(owner, field), least=0 if name in _MAY_BE_ZERO else 1)
        yield from _near(owner, name, word, near)
        if not isinstance(value, int):
            yield from _comparison(owner, name, word, value)
    elif isinstance(value, DrugSet):
        yield from _inside((name,), "" if name in UNSAID else word, _set_edits(owner, name, value))
    elif isinstance(value, Conversion):
        yield from _near(owner, name, word, nearby.factors(value))
    elif isinstance(value, str):
        others = [one for one in field.metadata.get("choices", ()) if one != value]
        yield from _near(owner, name, word, ((f"{value} -> {one}", one) for one in others))
    elif isinstance(value, tuple):
        for at, one in enumerate(value):
            if dataclasses.is_dataclass(one):
                here = f"{word.removesuffix('s')} {at + 1}"
                if len(value) > 1:
                    yield Edit(
                        f"without: {here}, {described(one)}", (), (name,), partial(_drop, name, at)
                    )
                yield from _inside((name, at), here, _edits(one, said))
    else:
        yield from _inside((name,), "" if name in UNSAID else word, _edits(value, said))


def _comparison(owner: Any, name: str, word: str, value: Any) -> Iterator[Edit]:
    """The other side of "exactly": more_than and at_least, below and at_most."""
    stem = name.removesuffix("_share")
    found = max((end for end in nearby.TWINS if stem.endswith(end)), key=len, default=None)
    if found is None:
        return
    twins, sign = nearby.TWINS[found]
    start = stem.removesuffix(found)
    own = {f.name for f in dataclasses.fields(owner) if getattr(owner, f.name) is None}
    there = next((start + twin for twin in twins if start + twin in own), None)
    said = f"{word} {number_words(value)} -> {start}{twins[0].rstrip('_')} {number_words(value)}"
    if there:
        moved = partial(_move, name, there)
        yield Edit(said, (), (name, there), moved)
    else:
        edge = nearby.at_the_edge(value, sign)
        yield Edit(said, (), (name,), partial(_set, name, edge))


def _move(field: str, to: str, owner: Any) -> Any:
    return dataclasses.replace(owner, **{field: None, to: getattr(owner, field)})


def _set_edits(owner: Any, field: str, drugs: DrugSet) -> Iterator[Edit]:
    among = _that_count(owner, field, drugs)
    for name, new in nearby.members(drugs, among):
        change = partial(_set, "ingredients", new.ingredients)
        yield Edit(name, (), ("ingredients",), change)
    for name, new in nearby.ways(drugs):
        changed = "tracks" if new.tracks != drugs.tracks else "releases"
        yield Edit(name, (), (changed,), partial(_set, changed, getattr(new, changed)))
    if drugs.counted_as is not None:
        yield from _near(drugs, "counted_as", "counted as", nearby.factors(drugs.counted_as))


def _that_count(owner: Any, field: str, drugs: DrugSet) -> frozenset[str]:
    """The members that no other set of the same check takes in or leaves out anyway."""
    partners = getattr(owner, "with_", None)
    if field == "except_" and isinstance(partners, DrugSet):
        return drugs.ingredients & partners.ingredients
    others = [getattr(owner, name, None) for name in _ANYWAY.get(field, ())]
    return drugs.ingredients.difference(*(s.ingredients for s in others if s is not None))


def _may_be_missing(owner: Any, field: Any) -> bool:
    """A limit of which a check needs one stays, and so does the last bound of a condition."""
    if field.name == "severity":
        return False
    if "kind" in field.metadata:
        one_of = field.metadata.get("one_of")
        return one_of is None or one_of.endswith("?")
    others = [f for f in dataclasses.fields(owner) if f.default is None and f is not field]
    return any(getattr(owner, f.name) is not None for f in others)


def _unit(owner: Any, field: Any) -> str:
    if field.metadata.get("kind") == "days" or field.name in _DAYS | _MAY_BE_ZERO:
        return " days"
    return " years" if keyword(owner) == "age" or field.name.startswith("age_") else ""
