"""`escalate` and `downgrade`: on which days a finding is more, or less, severe than the rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from screener.rule.clauses import changed_clause
from screener.rule.conditions import condition
from screener.rule.model import (
    SEVERITIES,
    CheckUse,
    Clause,
    Condition,
    Downgrade,
    Escalation,
    SameCheckWith,
    Severity,
)
from screener.rule.reading import Reading, items_of, keys_of, one_of, single_entry
from screener.rule.yaml_reader import Entry, Sequence

ONE_STEP = "one step lower"


def escalations(
    reading: Reading, entry: Entry | None, clause: Clause | None, severity: str | None
) -> tuple[Escalation, ...]:
    """Each `to` and `when`; a severity that every finding has already raises nothing."""
    made: list[Escalation] = []
    for to_entry, when_entry in _both(reading, entry, "escalate"):
        to = one_of(reading, to_entry.value, "to", SEVERITIES)
        lowest = min(_ranks(clause, severity), default=None)
        if to and lowest is not None and _rank(to) <= lowest:
            what = f'the rule is "{SEVERITIES[lowest]}" already, so "{to}" raises nothing'
            fix = "a lower severity stands in downgrade" if _rank(to) < lowest else ""
            reading.problem(to_entry.value, what, fix)
        holds = _when(reading, when_entry, clause)
        if to and holds is not None:
            made.append(Escalation(cast(Severity, to), holds))
    return tuple(made)


def downgrades(
    reading: Reading,
    entry: Entry | None,
    clause: Clause | None,
    severity: str | None,
    raised: tuple[Escalation, ...],
) -> tuple[Downgrade, ...]:
    """Each `to` and `when`; a severity that no finding lies above lowers nothing."""
    made: list[Downgrade] = []
    ranks = [*_ranks(clause, severity), *(_rank(one.to) for one in raised)]
    for to_entry, when_entry in _both(reading, entry, "downgrade"):
        to = one_of(reading, to_entry.value, "to", (*SEVERITIES, ONE_STEP))
        step = to == ONE_STEP
        highest = max(ranks, default=None)
        if to and highest is not None and (highest == 0 if step else _rank(to) >= highest):
            what = f'no finding is more than "{SEVERITIES[highest]}", so "{to}" lowers nothing'
            raises = not step and _rank(to) > highest
            fix = "a higher severity stands in escalate" if raises else ""
            reading.problem(to_entry.value, what, fix)
        holds = _when(reading, when_entry, clause)
        if to and holds is not None:
            made.append(Downgrade(None if step else cast(Severity, to), holds))
    return tuple(made)


def _both(reading: Reading, entry: Entry | None, what: str) -> Iterator[tuple[Entry, Entry]]:
    """The `to` and the only line of `when` of each item."""
    if entry is not None and not isinstance(entry.value, Sequence):
        reading.problem(entry.value, f"{what} must be a list", "expected `- to:` lines")
        return
    for item in items_of(entry.value) if entry else ():
        found = keys_of(reading, item, what, required=("to", "when"))
        if found is None or len(found) < 2:
            continue
        when = single_entry(
            reading, found["when"].value, "when", "one condition; for several, all_of"
        )
        if when is not None:
            yield found["to"], when


def _ranks(clause: Clause | None, severity: str | None) -> list[int]:
    """Every severity that a finding of the clause can have, before anything raises it."""
    if severity not in SEVERITIES:
        return []
    if clause is None:
        return [_rank(severity)]
    inner = clause.severity or severity
    found: list[int] = []
    for part in clause.parts:
        if isinstance(part, CheckUse):
            bands = [_rank(band.severity) for band in getattr(part.params, "bands", ())]
            found += bands or [_rank(inner)]
        elif isinstance(part, Clause):
            found += _ranks(part, inner)
    return found


def _rank(severity: str) -> int:
    return [str(one) for one in SEVERITIES].index(severity)


def _when(reading: Reading, entry: Entry, clause: Clause | None) -> Condition | None:
    """A condition, or the rule's own check with other parameters."""
    name = entry.key.text
    if name not in reading.checks:
        return condition(reading, entry)
    if clause is None:
        return None  # what is wrong with the rule's own check has been reported
    if name not in {use.check for use in clause.uses}:
        return condition(reading, entry)
    changed = changed_clause(reading, clause, name, entry.value)
    return None if changed is None else SameCheckWith(name, changed)
