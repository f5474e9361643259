"""One rule as the linters see it: compiled, as it stands in its file, and judged on a day."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from screener.rule.amounts import Wrong, daily_amount, days
from screener.rule.drugs import drug_set
from screener.rule.model import Rule
from screener.rule.params import parameters_of
from screener.rule.problems import Mark, SourceFile
from screener.rule.reading import Reading
from screener.rule.values import DailyAmount, DrugSet
from screener.rule.yaml_reader import Entry, Node, Scalar, Sequence
from screener.rule.yaml_reader import Mapping as YamlMapping

Note = tuple[Mark, str]
# What decides; the rest of a rule's file is wording.
DECIDING = ("flag_when", "escalate", "downgrade", "only_if", "unless")
# Rules that somebody may run; a draft is still being written.
IN_USE = ("pilot", "active", "off")


@dataclass(frozen=True, slots=True)
class DrugFacts:
    """What is known of drugs beside the rules.

    implausible_above_ug: micrograms a day that nobody takes. codes: ingredient -> its codes in
    the systems that lists are written from (ATC, RxNorm), in upper case.
    """

    implausible_above_ug: Mapping[str, int]
    codes: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class LintedRule:
    """A rule, the file that it was compiled from, and what it is held against."""

    rule: Rule
    reading: Reading
    root: YamlMapping
    as_of: dt.date
    facts: DrugFacts

    def at(self, key: str) -> Mark:
        """The place of a key of the envelope, else of the file's first line."""
        found = next((e.key.mark for e in self.root.entries if e.key.text == key), None)
        return found or self.root.mark


def items(node: Node | None) -> tuple[Node, ...]:
    """A list's items, one value as a list of one, nothing as none."""
    if node is None:
        return ()
    return node.items if isinstance(node, Sequence) else (node,)


def entries_below(node: Node) -> Iterator[Entry]:
    """Every `key: value` below a node, in the order of the file."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from entries_below(item)
    elif isinstance(node, YamlMapping):
        for entry in node.entries:
            yield entry
            yield from entries_below(entry.value)


def scalars_below(node: Node) -> Iterator[Scalar]:
    """Every single value below a node, in the order of the file."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars_below(item)
    else:
        for entry in node.entries:
            yield from scalars_below(entry.value)


def deciding(linted: LintedRule) -> Iterator[Entry]:
    """The entries of the envelope that decide what is found."""
    yield from (entry for entry in linted.root.entries if entry.key.text in DECIDING)


def checks_in(linted: LintedRule) -> Iterator[tuple[str, YamlMapping]]:
    """Every check that stands somewhere in the rule, by name, with its parameters."""
    for section in deciding(linted):
        for entry in entries_below(section.value):
            if entry.key.text in linted.reading.checks and isinstance(entry.value, YamlMapping):
                yield entry.key.text, entry.value


def drugs_at(linted: LintedRule, node: Node) -> DrugSet | None:
    """A drug expression of the file, resolved once more and without a word to anybody."""
    apart = dataclasses.replace(linted.reading, source=SourceFile(""), lists_used=set())
    return drug_set(apart, node, "")


def amounts_below(node: Node) -> Iterator[tuple[Mark, DailyAmount]]:
    """Every amount a day below a node."""
    for one in scalars_below(node):
        try:
            yield one.mark, daily_amount(one.text)
        except Wrong:
            continue


def windows_below(node: Node) -> Iterator[tuple[Mark, int]]:
    """Every number of days below a node."""
    for one in scalars_below(node):
        try:
            yield one.mark, days(one.text)
        except Wrong:
            continue


def drugs_of_check(linted: LintedRule, name: str, node: YamlMapping) -> DrugSet | None:
    """The first drug set of a check; of one in `when` the rule's own, which it only changes."""
    known = parameters_of(linted.reading.checks[name])
    key, field = next((p.key, p.field) for p in known.values() if p.kind == "drugs")
    written = node.get(key)
    if written is not None:
        return drugs_at(linted, written)
    own = (getattr(use.params, field) for use in linted.rule.uses if use.check == name)
    return next(own, None)
