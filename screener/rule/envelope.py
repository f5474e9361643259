"""One rule file: the envelope that every rule shares, around its check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from screener.rule.amounts import ERROR_PRONE, whole_number
from screener.rule.clauses import flagged
from screener.rule.conditions import guards
from screener.rule.drugs import own_name
from screener.rule.examples import read_stories
from screener.rule.fingerprint import fingerprint
from screener.rule.grading import downgrades, escalations
from screener.rule.model import (
    SEVERITIES,
    STATUSES,
    Age,
    Clause,
    Condition,
    Rule,
    Severity,
    Status,
)
from screener.rule.params import parameters_of
from screener.rule.reading import Reading, items_of, keys_of, one_of, read_with, text_of
from screener.rule.signing import demand_signature, read_evidence, read_owners
from screener.rule.suggest import closest, did_you_mean
from screener.rule.yaml_reader import Entry, Mapping, Node, Sequence

SCHEMA = "1"
ADULT = 18  # years; `for: adults` begins on this birthday
PLACEHOLDERS = ("subject", "drugs", "value", "limit", "unit", "date", "days", "severity")
_REQUIRED = ("schema", "rule", "title", "version", "status", "severity", "flag_when")
_OPTIONAL = (
    "escalate",
    "downgrade",
    "only_if",
    "unless",
    "for",
    "message",
    "why",
    "action",
    "evidence",
    "owners",
    "sites_may_adjust",
    "examples",
)
_ADJUSTABLE = ("flag_when", "escalate", "downgrade", "only_if", "unless")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def read_rule(reading: Reading, root: Mapping, file_name: str, topic: str) -> Rule | None:
    """The compiled rule, or None with every problem of the file noted."""
    astray = [e.key for e in root.entries if e.key.text in reading.checks]
    if astray and root.get("flag_when") is None:
        reading.problem(astray[0], f"{astray[0].text} is a check, and stands under flag_when")
        return None
    found = keys_of(reading, root, "a rule", required=_REQUIRED, optional=_OPTIONAL)
    if found is None:
        return None
    _check_identity(reading, found, file_name)
    version = _version(reading, found)
    status = _word(reading, found, "status", STATUSES)
    severity = _word(reading, found, "severity", SEVERITIES)
    people = _word(reading, found, "for", ("adults", "everyone")) if "for" in found else "everyone"
    clause = flagged(reading, found["flag_when"]) if "flag_when" in found else None
    raised = escalations(reading, found.get("escalate"), clause, severity)
    lowered = downgrades(reading, found.get("downgrade"), clause, severity, raised)
    only_if = _guards(reading, found, "only_if")
    if people == "adults":
        _refuse_children(reading, found.get("only_if"), only_if)
    unless = _guards(reading, found, "unless")
    texts = {key: _prose(reading, found, key) for key in ("title", "message", "why", "action")}
    _check_placeholders(reading, found.get("message"))
    evidence = read_evidence(reading, found.get("evidence"))
    owners = read_owners(reading, found.get("owners"))
    adjustable = _adjustable(reading, found, clause)
    stories = (
        read_stories(reading, found["examples"].value, severity) if "examples" in found else ()
    )
    if status == "active":
        demand_signature(reading, root, found, known=(*_REQUIRED, *_OPTIONAL))
    if reading.source.problems or version is None or clause is None:
        return None
    rule_severity = cast(Severity, severity)
    return Rule(
        id=file_name,
        title=texts["title"] or "",
        version=version,
        status=cast(Status, status),
        severity=rule_severity,
        flag_when=clause,
        adults_only=people == "adults",
        escalate=raised,
        downgrade=lowered,
        only_if=only_if,
        unless=unless,
        message=texts["message"],
        why=texts["why"] or "",
        action=texts["action"] or "",
        evidence=evidence,
        owners=owners,
        sites_may_adjust=adjustable,
        stories=stories,
        fingerprint=fingerprint(
            flag_when=clause,
            severity=rule_severity,
            adults_only=people == "adults",
            escalate=raised,
            downgrade=lowered,
            only_if=only_if,
            unless=unless,
        ),
        topic=topic,
        file=reading.relative,
    )


def _check_identity(reading: Reading, found: dict[str, Entry], file_name: str) -> None:
    if "schema" in found:
        said = text_of(reading, found["schema"].value, "schema")
        if said is not None and said != SCHEMA:
            what = f'schema "{said}" is not known'
            reading.problem(found["schema"].value, what, f"expected {SCHEMA}")
    if "rule" in found:
        own_name(reading, found["rule"].value, file_name, "rule")
        said = text_of(reading, found["rule"].value, "rule")
        if said == file_name and not _ID.fullmatch(said):
            expected = "expected small letters, digits and single hyphens"
            reading.problem(found["rule"].value, f'"{said}" is no rule id', expected)


def _refuse_children(reading: Reading, entry: Entry | None, only_if: tuple[Condition, ...]) -> None:
    """`for: adults` with an age that no adult has would be silent for ever."""
    below = [one.below for one in only_if if isinstance(one, Age) and one.below is not None]
    if entry is None or not below or min(below) > ADULT:
        return
    lines = [e for i in items_of(entry.value) if isinstance(i, Mapping) for e in i.entries]
    at = next((line.key for line in lines if line.key.text == "age"), entry.key)
    reading.problem(at, f"for: adults leaves nobody below {min(below)} years")


def _version(reading: Reading, found: dict[str, Entry]) -> int | None:
    if "version" not in found:
        return None
    number = read_with(reading, found["version"].value, "version", whole_number)
    if number == 0:
        reading.problem(found["version"].value, "versions begin at 1")
    return number


def _word(
    reading: Reading, found: dict[str, Entry], key: str, options: tuple[str, ...]
) -> str | None:
    return one_of(reading, found[key].value, key, options) if key in found else None


def _prose(reading: Reading, found: dict[str, Entry], key: str) -> str | None:
    """A text for people, with no dose in it that can be misread."""
    if key not in found:
        return None
    text = text_of(reading, found[key].value, key)
    for pattern, danger in ERROR_PRONE:
        hit = pattern.search(text or "")
        if hit:
            reading.problem(found[key].value, f'"{hit[0].strip()}" in {key}: {danger}')
    return " ".join(text.split()) if text else None


def _check_placeholders(reading: Reading, entry: Entry | None) -> None:
    text = text_of(reading, entry.value, "message") if entry else None
    for name in re.findall(r"\{([^{}]*)\}", text or ""):
        if name not in PLACEHOLDERS and entry:
            expected = f"expected one of {', '.join(PLACEHOLDERS)}"
            near = closest(name.partition(":")[0], PLACEHOLDERS)
            hint = f'did you mean "{{{near}}}"?' if near else ""
            reading.problem(entry.value, f'unknown placeholder "{{{name}}}"', expected, hint)
    bare = re.sub(r"\{[^{}]*\}", "", text or "")
    if entry and ("{" in bare or "}" in bare):
        half = re.search(r"\{(\w+)|(\w+)\}", bare)
        right = f'write "{{{half[1] or half[2]}}}"' if half else ""
        reading.problem(entry.value, "a brace of the message is not closed or not opened", right)


def _guards(reading: Reading, found: dict[str, Entry], key: str) -> tuple[Condition, ...]:
    return guards(reading, found[key].value, key) if key in found else ()


def _adjustable(
    reading: Reading, found: dict[str, Entry], clause: Clause | None
) -> tuple[str, ...]:
    """Parameters of the rule's checks, keys of its conditions, severity and status."""
    if "sites_may_adjust" not in found:
        return ()
    known = ["severity", "status"]
    for use in clause.uses if clause else ():
        known += [key for key in parameters_of(reading.checks[use.check]) if key not in known]
    for section in _ADJUSTABLE:
        if section in found:
            known += [key for key in _keys_in(found[section].value) if key not in known]
    names = items_of(found["sites_may_adjust"].value)
    made = [text_of(reading, item, "sites_may_adjust") for item in names]
    for item, name in zip(names, made, strict=True):
        if name and clause and name.startswith("("):
            right = f"[{name.strip('()')}]"
            reading.problem(item, "brackets of a list are square", f"write {right}")
        elif name and clause and name not in known:
            what = f'sites_may_adjust names "{name}", which this rule does not have'
            hint = did_you_mean(name, known)
            reading.problem(item, what, f"expected one of {', '.join(known)}", hint)
    return tuple(name for name in made if name)


def _keys_in(node: Node) -> Iterator[str]:
    """Every key with a value of its own below a node, in the order of the file."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _keys_in(item)
    elif isinstance(node, Mapping):
        for entry in node.entries:
            inner = entry.value
            lines = inner.items if isinstance(inner, Sequence) else (inner,)
            if not any(isinstance(line, Mapping) for line in lines) or entry.key.text == "bands":
                yield entry.key.text
            yield from _keys_in(inner)
