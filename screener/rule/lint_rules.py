"""Rules of one folder held against each other: the same twice, and the ones another makes vain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from screener.rule.implied import covers, implies, meaning
from screener.rule.linted import IN_USE, LintedRule, Note
from screener.rule.model import (
    SEVERITIES,
    Age,
    Clause,
    Condition,
    Rule,
)
from screener.rule.values import DrugSet

_COMPARED = ("flag_when", "escalate", "downgrade", "only_if", "unless")


def alike(all_of_them: Sequence[LintedRule]) -> Iterator[tuple[LintedRule, Note]]:
    """Rules that say what another one says; of two the later one, by its id, is told."""
    alike_ones: dict[object, list[LintedRule]] = {}
    for one in all_of_them:
        if one.rule.status in IN_USE:
            checks = tuple(use.check for use in one.rule.uses)
            alike_ones.setdefault((one.rule.flag_when.kind, checks), []).append(one)
    for group in alike_ones.values():
        shapes = [_shape(one.rule) for one in group]
        for a, b in _that_share_a_drug(group):
            told = _said_of(group[a], group[b], same_shape=shapes[a] == shapes[b])
            if told is not None:
                yield told


def _that_share_a_drug(group: Sequence[LintedRule]) -> list[tuple[int, int]]:
    """Pairs of rules of which some ingredient is in both; others cannot say the same."""
    by_drug: dict[str, list[int]] = {}
    for at, one in enumerate(group):
        for name in _ingredients(one.rule):
            by_drug.setdefault(name, []).append(at)
    return sorted({pair for places in by_drug.values() for pair in combinations(places, 2)})


def _ingredients(rule: Rule) -> set[str]:
    return {
        name
        for use in rule.uses
        for field in dataclasses.fields(use.params)
        if isinstance(drugs := getattr(use.params, field.name), DrugSet)
        for name in drugs.ingredients
    }


def _said_of(
    first: LintedRule, second: LintedRule, *, same_shape: bool
) -> tuple[LintedRule, Note] | None:
    a, b = first.rule, second.rule
    if a.fingerprint == b.fingerprint:
        return second, (second.at("rule"), f"this says the same as {a.id}; retire one of them")
    for narrow, wide in ((second, first), (first, second)):
        if shadows(wide.rule, narrow.rule):
            what = f"every day that this finds is found by {wide.rule.id} too"
            fix = "retire one of them, or give this one a higher severity"
            return narrow, (narrow.at("rule"), f"{what}, at no lower severity; {fix}")
    if same_shape and a.severity == b.severity:
        what = f"but for a number this says the same as {a.id}"
        return second, (second.at("rule"), f"{what}; for two severities, write one with escalate")
    return None


def shadows(wide: Rule, narrow: Rule) -> bool:
    """Whether every finding of `narrow` is one of `wide` as well, at no lower severity."""
    if wide.status not in ("active", narrow.status):
        return False  # nobody need run it
    guards = (*narrow.only_if, *((Age(at_least=18),) if narrow.adults_only else ()))
    needed = (*wide.only_if, *((Age(at_least=18),) if wide.adults_only else ()))
    if not _all_implied(needed, guards) or wide.downgrade:
        return False
    if not all(any(implies(out, kept) for kept in narrow.unless) for out in wide.unless):
        return False
    return covers(wide.flag_when, narrow.flag_when) and max(_ranks(narrow)) <= min(_lowest(wide))


def _all_implied(needed: tuple[Condition, ...], given: tuple[Condition, ...]) -> bool:
    return all(any(implies(has, needs) for has in given) for needs in needed)


def _lowest(rule: Rule) -> list[int]:
    """The ranks of severity that a finding of the rule has without any `escalate`."""
    return list(_of_clause(rule.flag_when, rule.severity))


def _ranks(rule: Rule) -> list[int]:
    return _lowest(rule) + [SEVERITIES.index(one.to) for one in rule.escalate]


def _of_clause(clause: Clause, around: str) -> Iterator[int]:
    severity = clause.severity or around
    for part in clause.parts:
        if isinstance(part, Clause):
            yield from _of_clause(part, severity)
        elif hasattr(part, "params"):
            bands = getattr(part.params, "bands", ())
            yield from (SEVERITIES.index(band.severity) for band in bands)
            if not bands:
                yield SEVERITIES.index(severity)


def _shape(rule: Rule) -> Any:
    """What a rule means, without its figures."""
    parts = tuple(meaning(getattr(rule, name), numbers=False) for name in _COMPARED)
    return (rule.adults_only, *parts)
