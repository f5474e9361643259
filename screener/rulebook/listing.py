"""The library as a list, and one rule in full."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from screener.rule.model import Rule
from screener.rule.values import Conversion, DrugSet
from screener.rulebook.read import sentence
from screener.rulebook.stories import in_words

_WIDE = 8  # ingredients a line


def rows(rules: tuple[Rule, ...]) -> list[tuple[str, ...]]:
    """id, status, severity, version, stories and title of every rule."""
    return [
        (r.id, r.status, r.severity, str(r.version), str(len(r.stories)), r.title) for r in rules
    ]


def in_full(rule: Rule) -> list[str]:
    """Everything that a reader may want to know of a rule, as lines."""
    reviewed = rule.owners.get("next_review")
    checked = ", ".join(rule.owners.get("checked", ()))
    lines = [
        f"{rule.id}, version {rule.version}, {rule.status}, fingerprint {rule.fingerprint}",
        rule.title,
        "",
        sentence(rule),
        "",
        f"why: {rule.why}",
        f"action: {rule.action}",
        f"message: {rule.message or 'made from the check'}",
        f"file: {rule.file}",
        f"wrote: {rule.owners.get('wrote', '')}; checked: {checked}; next review: {reviewed}",
        f"sites may adjust: {', '.join(rule.sites_may_adjust) or 'nothing'}",
    ]
    lines += ["", "evidence:", *(f"  {_evidence(one)}" for one in rule.evidence)]
    lines += ["", "drugs:", *_drugs_of(rule)]
    lines += ["", "stories:"]
    for story in rule.stories:
        expected = ", ".join(in_words(one) for one in story.expect)
        lines.append(f"  {story.story}: {expected}")
    return lines


def _evidence(one: dict[str, str]) -> str:
    rest = "; ".join(value for key, value in one.items() if key != "source")
    return f"{one.get('source', '')}; {rest}" if rest else one.get("source", "")


def _drugs_of(rule: Rule) -> list[str]:
    """Every drug set of the rule with its ingredients and routes, every conversion with factors."""
    lines: dict[str, None] = {}
    for name, value in _values_in(rule):
        for line in _drug_lines(name, value) if isinstance(value, DrugSet) else _factors(value):
            lines[line] = None
    return list(lines)


def _values_in(rule: Rule) -> Iterator[tuple[str, DrugSet | Conversion]]:
    """Parameter or condition, and its drugs, of all that the rule looks at."""
    when = [*(one.when for one in rule.escalate), *(one.when for one in rule.downgrade)]
    for part in (rule.flag_when, *rule.only_if, *rule.unless, *when):
        yield from _inside("", part)


def _inside(name: str, value: Any) -> Iterator[tuple[str, DrugSet | Conversion]]:
    if isinstance(value, DrugSet | Conversion):
        yield name, value
    elif isinstance(value, tuple):
        for one in value:
            yield from _inside(name, one)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _inside(field.name.rstrip("_"), getattr(value, field.name))


def _drug_lines(name: str, drugs: DrugSet) -> list[str]:
    members = sorted(drugs.ingredients)
    head = f"  {name}: {drugs.text} ({', '.join(sorted(drugs.tracks))})"
    if members == [drugs.text]:
        return [head]
    each = [", ".join(members[at : at + _WIDE]) for at in range(0, len(members), _WIDE)]
    return [head, *(f"    {line}" for line in each)]


def _factors(conversion: Conversion) -> list[str]:
    head = f"  counted as {conversion.text}, milligrams for each milligram:"
    return [
        head,
        *(
            f"    {one.ingredient} ({one.track}): {one.number / one.per:g}"
            for one in conversion.factors
        ),
    ]
