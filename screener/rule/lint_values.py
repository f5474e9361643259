"""Numbers of a rule that can be read but hardly be meant: doses, windows, severities in vain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from screener.rule.implied import atoms, covers, excludes, implies
from screener.rule.linted import (
    LintedRule,
    Note,
    amounts_below,
    checks_in,
    deciding,
    drugs_of_check,
    entries_below,
    items,
    windows_below,
)
from screener.rule.model import (
    SEVERITIES,
    Age,
    Clause,
    Condition,
    Downgrade,
    Escalation,
    KidneyFunction,
    LabResult,
    SameCheckWith,
    Severity,
    Taking,
)
from screener.rule.problems import Mark
from screener.rule.values import DailyAmount, DrugSet
from screener.rule.yaml_reader import Mapping, Node

_NOBODY_TAKES_UG = 50_000_000_000  # 50 g a day, of drugs of which nothing better is known
_SLIP = 100  # limits of one drug lie closer together; a slip between mg and mcg is a thousand
_LONGEST_WINDOW = 3650  # days
_OLDEST = 105  # years; of more age there is hardly anybody


def doubtful_changes(linted: LintedRule) -> Iterator[Note]:
    """Amounts that cannot be meant; else changes of severity in vain, which may follow from it."""
    for look in (implausible_amounts, unit_slips, vain_changes):
        notes = list(look(linted))
        yield from notes
        if notes:
            return


def implausible_amounts(linted: LintedRule) -> Iterator[Note]:
    """An amount that nobody takes of these drugs: the rule is silent, or mg were meant for g."""
    seen: set[Mark] = set()
    for name, node in checks_in(linted):
        drugs = drugs_of_check(linted, name, node)
        if drugs is None or node.get("counted_as") is not None:
            continue
        most = _most(linted, drugs)
        for mark, amount in amounts_below(node):
            if amount.ug > most and mark not in seen:
                what = f"nobody takes {amount.text} of {drugs.text}"
                yield mark, f"{what}: more than {_mg(most)} a day is taken for an error of a record"
            seen.add(mark)


def _most(linted: LintedRule, drugs: DrugSet) -> int:
    known = linted.facts.implausible_above_ug
    if all(one in known for one in drugs.ingredients):
        return sum(known[one] for one in drugs.ingredients)
    return _NOBODY_TAKES_UG


def _mg(ug: int) -> str:
    return f"{ug / 1000:g} mg" if ug < 1_000_000_000 else f"{ug / 1_000_000:g} g"


def unit_slips(linted: LintedRule) -> Iterator[Note]:
    """Two amounts of one drug that lie a hundredfold apart: mg and mcg were mixed up."""
    first: dict[object, tuple[Mark, DailyAmount]] = {}
    seen: set[Mark] = set()
    for name, node in checks_in(linted):
        drugs = drugs_of_check(linted, name, node)
        if drugs is None:
            continue
        key = (drugs.ingredients, drugs.tracks, node.get("counted_as") is not None)
        for mark, amount in amounts_below(node):
            if mark in seen or amount.ug == 0:
                continue
            seen.add(mark)
            line, other = first.setdefault(key, (mark, amount))
            ratio = max(amount.ug, other.ug) / min(amount.ug, other.ug)
            if ratio >= _SLIP:
                what = f"{amount.text} is {ratio:,.0f} times {_compared(amount, other)}"
                yield mark, f"{what} {other.text} of line {line.line}; is the unit right?"


def _compared(amount: DailyAmount, other: DailyAmount) -> str:
    return "more than" if amount.ug > other.ug else "less than"


def hardly_windows(linted: LintedRule) -> Iterator[Note]:
    """Windows and ages that are hardly ever met."""
    for section in deciding(linted):
        for mark, length in windows_below(section.value):
            if length > _LONGEST_WINDOW:
                what = f"{length} days are more than ten years: exports hardly reach so far"
                yield mark, what
        for entry in entries_below(section.value):
            lower = entry.value.get("at_least") if isinstance(entry.value, Mapping) else None
            if entry.key.text == "age" and lower is not None:
                yield from _hardly_anybody(lower)
    yield from _runs_longer_than_results(linted, linted.rule.flag_when)


def _hardly_anybody(node: Node) -> Iterator[Note]:
    text = getattr(node, "text", "").removesuffix("years").strip()
    if text.isdigit() and int(text) >= _OLDEST:
        yield node.mark, f"hardly anybody is {text} years old"


def _runs_longer_than_results(linted: LintedRule, clause: Clause) -> Iterator[Note]:
    """A run of days that some result must outlive, though none counts for so long."""
    for part in clause.parts:
        if isinstance(part, Clause):
            yield from _runs_longer_than_results(linted, part)
    conditions = [p for p in clause.parts if not isinstance(p, Clause) and not hasattr(p, "params")]
    held = [
        one
        for guard in (*clause.only_if, *(conditions if clause.kind == "all_of" else ()))
        for one in atoms(guard)
        if isinstance(one, LabResult | KidneyFunction) and one.result_good_for < clause.for_at_least
    ]
    if held:
        what = f"a run of {clause.for_at_least} days needs several results in a row"
        where = _key_with(linted, "for_at_least", clause.for_at_least)
        yield where, f"{what}, since each counts for {held[0].result_good_for} days only"


def _key_with(linted: LintedRule, key: str, length: int) -> Mark:
    """The first entry of that name and length, in the order of the file."""
    for section in deciding(linted):
        for entry in entries_below(section.value):
            if entry.key.text == key and (entry.value.mark, length) in set(
                windows_below(entry.value)
            ):
                return entry.value.mark
    return linted.at("flag_when")


def vain_changes(linted: LintedRule) -> Iterator[Note]:
    """`escalate` and `downgrade` that can never, or must always, change the severity."""
    both: tuple[tuple[str, tuple[Escalation | Downgrade, ...]], ...] = (
        ("escalate", linted.rule.escalate),
        ("downgrade", linted.rule.downgrade),
    )
    for key, changes in both:
        nodes = items(linted.root.get(key))
        marks = [_when(node) for node in nodes]
        for at, change in enumerate(changes):
            if reason := _never(linted, change.when):
                yield marks[at], f"this can never hold: {reason}"
                continue
            if key == "escalate":
                yield from _always(linted, change.when, marks[at], str(change.to))
            for before, other in enumerate(changes[:at]):
                if _as_strong(key, other.to, change.to) and implies(change.when, other.when):
                    line = marks[before].line
                    yield marks[at], f"this changes nothing: the one on line {line} holds as well"
                    break


def _when(node: Node) -> Mark:
    when = node.get("when") if isinstance(node, Mapping) else None
    return (when or node).mark


def _as_strong(key: str, first: Severity | None, second: Severity | None) -> bool:
    """Whether the first change leaves the second nothing to do on days when both hold."""
    if first is None or second is None:  # one step lower
        return first == second
    raised = SEVERITIES.index(first) - SEVERITIES.index(second)
    return raised >= 0 if key == "escalate" else raised <= 0


def _always(linted: LintedRule, when: Condition, mark: Mark, to: str) -> Iterator[Note]:
    if not isinstance(when, SameCheckWith):
        return
    base = linted.rule.flag_when
    if base != when.clause and covers(when.clause, base):
        what = f"this holds whenever the rule does, so every finding is {to}"
        yield mark, f"{what}; a higher severity needs a limit that is harder to break"


def _never(linted: LintedRule, when: Condition) -> str:
    """Why a condition cannot hold on a day that the rule finds; empty when it can."""
    rule = linted.rule
    if rule.adults_only and excludes(Age(at_least=18), when):
        return "the rule is for adults"
    if any(excludes(guard, when) for guard in rule.only_if):
        return "only_if leaves out such days"
    if any(implies(when, guard) for guard in rule.unless):
        return "unless takes out such days"
    return ""


def vain_guards(linted: LintedRule) -> Iterator[Note]:
    """Guards that take out every day, so that the rule is silent."""
    rule = linted.rule
    for at, guard in enumerate(rule.only_if):
        mark = _guard_mark(linted, "only_if", at)
        if rule.adults_only and excludes(Age(at_least=18), guard):
            yield mark, "the rule is for adults, so this can never hold"
        elif any(excludes(other, guard) for other in rule.only_if[:at]):
            yield mark, "this cannot hold together with the condition above it"
        elif any(implies(guard, out) for out in rule.unless):
            yield mark, "unless takes out every day on which this holds"
    for at, guard in enumerate(rule.unless):
        if isinstance(guard, Taking) and _takes_out_all(linted, guard):
            what = f"{guard.drugs.text} holds what the rule is about"
            yield _guard_mark(linted, "unless", at), f"{what}, so this takes out every day"


def _takes_out_all(linted: LintedRule, guard: Taking) -> bool:
    """Whether every drug of the rule is in the guard, and the rule finds days of those drugs."""
    for use in linted.rule.flag_when.leading:
        if any(hasattr(use.params, key) for key in ("taken_for_at_least", "at_most", "in_last")):
            return False  # found after the last day of the drug, or in a gap
        sets = [
            value
            for field in dataclasses.fields(use.params)
            if isinstance(value := getattr(use.params, field.name), DrugSet)
        ]
        if not sets or not implies(Taking(sets[0]), guard):
            return False
    return True


def _guard_mark(linted: LintedRule, key: str, at: int) -> Mark:
    nodes = items(linted.root.get(key))
    return nodes[at].mark if at < len(nodes) else linted.at(key)
