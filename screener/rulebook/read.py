"""A rule as English sentences, made from its compiled form: what it says, not what it means to say.

Checks are put into words by `say_checks`, conditions by `say_conditions`; here they are put
together, with their severities.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from screener.rule.model import (
    CheckUse,
    Clause,
    Condition,
    Rule,
    SameCheckWith,
)
from screener.rulebook import say_conditions
from screener.rulebook.say_checks import CLAUSES, check_aloud, parameter_name
from screener.rulebook.say_values import run_of, value_of

__all__ = ["CLAUSES", "clause_of", "sentence", "when_of"]


def sentence(rule: Rule) -> str:
    """The whole rule in one paragraph: what is flagged, the edges, who, and how severe."""
    clause = rule.flag_when
    if _has_cases(clause):
        parts = _cases(clause, rule.severity)
    else:
        parts = [f"Flag a patient {_words(clause)}.", *_edges(clause)]
    parts += [f"Only on days when {when_of(one)}." for one in rule.only_if]
    parts += [f"Not on days when {when_of(one)}." for one in rule.unless]
    if rule.adults_only:
        parts.append("Only adults (18 years or older) are judged.")
    parts.append(_severity(rule))
    return " ".join(parts)


def clause_of(use: CheckUse) -> tuple[str, str]:
    """The clause of one check and the sentence about its edge ("" when there is none)."""
    return check_aloud(use)


def when_of(condition: Condition) -> str:
    """A condition after "when"."""
    return say_conditions.when_of(condition, check_aloud)


def _alternatives(clause: Clause) -> list[Clause]:
    return [part for part in clause.parts if isinstance(part, Clause)]


def _is_bare(clause: Clause) -> bool:
    """One check with nothing beside it."""
    return clause == Clause("check", clause.parts)


def _has_cases(clause: Clause) -> bool:
    """Whether alternatives differ in more than their check, or one check has several edges."""
    if clause.kind != "any_of":
        return False
    if clause.for_at_least > 1 or not all(_is_bare(part) for part in _alternatives(clause)):
        return True
    edges = {(use.check, check_aloud(use)[1]) for use in clause.uses}
    return len(edges) > len({use.check for use in clause.uses})


def _cases(clause: Clause, severity: str) -> list[str]:
    """Each alternative of `any_of` by its number, with its severity, guards and edges."""
    made = [f"Flag a patient in any of these cases{_lasting(clause)}."]
    alternatives = _alternatives(clause)
    edges = [_edges(part) for part in alternatives]
    shared = [one for one in edges[0] if all(one in others for others in edges)]
    for number, part in enumerate(alternatives, start=1):
        level = "as each line says" if _has_bands(part) else part.severity or severity
        made.append(f"Case {number} ({level}): a patient {_words(part)}.")
        made += [one for one in edges[number - 1] if one not in shared]
    return [*made, "In every case:", *shared] if shared else made


def _edges(clause: Clause) -> list[str]:
    """The sentences about the edges of every check, each once."""
    said = [check_aloud(use)[1] for use in clause.uses]
    each = [f"{one.rstrip('.')}." for edge in said if edge for one in edge.split(". ")]
    return list(dict.fromkeys(each))


def _lasting(clause: Clause) -> str:
    return f", {run_of(clause.for_at_least)}" if clause.for_at_least > 1 else ""


def _words(clause: Clause) -> str:
    """After "a patient": the check or the group, and what stands beside it."""
    guards = [f"only on days when {when_of(one)}" for one in clause.only_if]
    guards += [f"not on days when {when_of(one)}" for one in clause.unless]
    if clause.kind == "check":
        (use,) = clause.uses
        return ", ".join((check_aloud(use)[0] + _lasting(clause), *guards))
    if _is_plain(clause):
        return ", or ".join(check_aloud(use)[0] for use in clause.uses)
    parts = [_line(part) for part in clause.parts if not isinstance(part, CheckUse)]
    holds = "all of this holds on the same day" if clause.kind == "all_of" else "any of this holds"
    word = "and" if clause.kind == "all_of" else "or"
    beside = f" ({'; '.join(guards)})" if guards else ""
    return f"for whom {holds}{_lasting(clause)}{beside}: {f'; {word} '.join(parts)}"


def _is_plain(clause: Clause) -> bool:
    """Alternatives without anything beside them."""
    bare = all(_is_bare(part) for part in _alternatives(clause))
    return bare and clause == Clause("any_of", clause.parts)


def _line(part: Clause | Condition) -> str:
    """One line of a group; a group inside it stands in brackets."""
    if not isinstance(part, Clause):
        return say_conditions.when_of(part, check_aloud, inside=True)
    said = say_conditions.as_sentence(_words(part))
    if part.severity is not None:
        said += f" (severity {part.severity})"
    return said if part.kind == "check" else f"({said})"


def _severity(rule: Rule) -> str:
    text = f"Severity: {rule.severity}"
    if _has_cases(rule.flag_when):
        text = "Severity: as each case says"
    elif _has_bands(rule.flag_when):
        text = "Severity: as each line says"
    for raised in rule.escalate:
        text += f"; {raised.to} {_on_days(rule, raised.when)}"
    for lowered in rule.downgrade:
        to = f"at most {lowered.to}" if lowered.to is not None else "one step lower"
        text += f"; {to} {_on_days(rule, lowered.when)}"
    return f"{text}."


def _on_days(rule: Rule, when: Condition) -> str:
    if isinstance(when, SameCheckWith):
        return _changes(rule.flag_when, when)
    return f"on days when {when_of(when)}"


def _has_bands(clause: Clause) -> bool:
    return any(getattr(use.params, "bands", ()) for use in clause.uses)


def _changes(base: Clause, changed: SameCheckWith) -> str:
    """`when more than 100 mg/day`: only the parameters that change, of whichever use of a check."""
    words: dict[str, None] = {}
    for before, after in zip(base.uses, changed.clause.uses, strict=True):
        for f in dataclasses.fields(after.params) if after.check == changed.check else ():
            value = getattr(after.params, f.name)
            if value is not None and value != getattr(before.params, f.name):
                words[f"{parameter_name(f)} {_said(value)}"] = None
    return f"when {' and '.join(words)}" if words else "on every day that is flagged"


def _said(value: Any) -> str:
    bands = value if isinstance(value, tuple) else ()
    return f"as in {len(bands)} other lines" if bands else value_of(value)
