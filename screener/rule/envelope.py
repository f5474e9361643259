"""One rule file: the envelope that every rule shares, around its check."""

from __future__ import annotations

import re
from typing import cast

from screener.rule.amounts import ERROR_PRONE, whole_number
from screener.rule.conditions import condition, guards
from screener.rule.drugs import own_name
from screener.rule.examples import read_stories
from screener.rule.fingerprint import fingerprint
from screener.rule.model import (
    SEVERITIES,
    STATUSES,
    CheckUse,
    Condition,
    Escalation,
    Rule,
    SameCheckWith,
    Severity,
    Status,
)
from screener.rule.params import changed_params, parameters_of, read_params
from screener.rule.reading import (
    Reading,
    items_of,
    keys_of,
    one_of,
    read_with,
    single_entry,
    text_of,
)
from screener.rule.signing import demand_signature, read_evidence, read_owners
from screener.rule.suggest import did_you_mean
from screener.rule.yaml_reader import Entry, Mapping, Sequence

SCHEMA = "1"
PLACEHOLDERS = ("subject", "value", "limit", "unit", "date", "days", "severity")
_REQUIRED = ("schema", "rule", "title", "version", "status", "severity", "flag_when")
_OPTIONAL = (
    "escalate",
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
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def read_rule(reading: Reading, root: Mapping, file_name: str, topic: str) -> Rule | None:
    """The compiled rule, or None with every problem of the file noted."""
    found = keys_of(reading, root, "a rule", required=_REQUIRED, optional=_OPTIONAL)
    if found is None:
        return None
    _check_identity(reading, found, file_name)
    version = _version(reading, found)
    status = _word(reading, found, "status", STATUSES)
    severity = _word(reading, found, "severity", SEVERITIES)
    people = _word(reading, found, "for", ("adults", "everyone")) if "for" in found else "everyone"
    uses = _uses(reading, found["flag_when"]) if "flag_when" in found else ()
    escalations = _escalations(reading, found.get("escalate"), uses, severity)
    only_if = _guards(reading, found, "only_if")
    unless = _guards(reading, found, "unless")
    texts = {key: _prose(reading, found, key) for key in ("title", "message", "why", "action")}
    _check_placeholders(reading, found.get("message"))
    evidence = read_evidence(reading, found.get("evidence"))
    owners = read_owners(reading, found.get("owners"))
    adjustable = _adjustable(reading, found.get("sites_may_adjust"), uses)
    stories = read_stories(reading, found["examples"].value) if "examples" in found else ()
    if status == "active":
        demand_signature(reading, root, found, known=(*_REQUIRED, *_OPTIONAL))
    if reading.source.problems or version is None or not uses:
        return None
    rule_severity = cast(Severity, severity)
    return Rule(
        id=file_name,
        title=texts["title"] or "",
        version=version,
        status=cast(Status, status),
        severity=rule_severity,
        uses=uses,
        adults_only=people == "adults",
        escalate=escalations,
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
            uses=uses,
            severity=rule_severity,
            adults_only=people == "adults",
            escalate=escalations,
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
            hint = did_you_mean(name, PLACEHOLDERS)
            reading.problem(entry.value, f'unknown placeholder "{{{name}}}"', expected, hint)
    bare = re.sub(r"\{[^{}]*\}", "", text or "")
    if entry and ("{" in bare or "}" in bare):
        reading.problem(entry.value, "a brace of the message is not closed or not opened")


def _uses(reading: Reading, flag_when: Entry) -> tuple[CheckUse, ...]:
    """One check, or the alternatives of `any_of`."""
    example = "the name of one check, for example `daily_dose:`"
    if isinstance(flag_when.value, Mapping):
        named = next((e for e in flag_when.value.entries if e.key.text == "check"), None)
        if named is not None:
            fix = "write the name of the check as the key, and its parameters below it"
            reading.problem(named.key, 'flag_when has no "check"', fix)
            return ()
    entry = single_entry(reading, flag_when.value, "flag_when", f"{example}; for two, any_of")
    if entry is None:
        return ()
    if entry.key.text != "any_of":
        use = _use(reading, entry)
        return (use,) if use else ()
    if not isinstance(entry.value, Sequence) or not entry.value.items:
        reading.problem(entry.value, "any_of must be a list of checks", "expected `- check:` lines")
        return ()
    made: list[CheckUse] = []
    for item in entry.value.items:
        one = single_entry(reading, item, "an alternative of any_of", example)
        use = _use(reading, one) if one else None
        if use:
            made.append(use)
    return tuple(made)


def _use(reading: Reading, entry: Entry) -> CheckUse | None:
    check = reading.checks.get(entry.key.text)
    if check is None:
        expected = f"expected one of {', '.join(sorted(reading.checks))}, any_of"
        hint = did_you_mean(entry.key.text, (*reading.checks, "any_of"))
        if entry.key.text in {key for c in reading.checks.values() for key in parameters_of(c)}:
            hint = "the name of the check comes first, its parameters below it"
        reading.problem(entry.key, f'there is no check "{entry.key.text}"', expected, hint)
        return None
    params = read_params(reading, check, entry.value)
    return None if params is None else CheckUse(check.name, params)


def _escalations(
    reading: Reading, entry: Entry | None, uses: tuple[CheckUse, ...], severity: str | None
) -> tuple[Escalation, ...]:
    made: list[Escalation] = []
    for item in items_of(entry.value) if entry else ():
        found = keys_of(reading, item, "escalate", required=("to", "when"))
        if found is None or len(found) < 2:
            continue
        to = one_of(reading, found["to"].value, "to", SEVERITIES)
        if to and severity in SEVERITIES and _rank(to) <= _rank(severity):
            what = f'the rule is "{severity}" already, so "{to}" raises nothing'
            reading.problem(found["to"].value, what)
        when = single_entry(reading, found["when"].value, "when", "one condition")
        holds = _when(reading, when, uses) if when else None
        if to and holds is not None:
            made.append(Escalation(cast(Severity, to), holds))
    return tuple(made)


def _rank(severity: str | None) -> int:
    return [str(one) for one in SEVERITIES].index(str(severity))


def _when(reading: Reading, entry: Entry, uses: tuple[CheckUse, ...]) -> Condition | None:
    """A condition, or the rule's own check with other parameters."""
    name = entry.key.text
    if name not in reading.checks:
        return condition(reading, entry, tuple(use.check for use in uses))
    own = [use for use in uses if use.check == name]
    if not own:
        if uses:  # else the rule's own check is already reported
            expected = f"expected {' or '.join(use.check for use in uses)}, or a condition"
            reading.problem(entry.key, f'"{name}" is not the check of this rule', expected)
        return None
    params = changed_params(reading, reading.checks[name], own[0].params, entry.value)
    return None if params is None else SameCheckWith(name, params)


def _guards(reading: Reading, found: dict[str, Entry], key: str) -> tuple[Condition, ...]:
    return guards(reading, found[key].value, key) if key in found else ()


def _adjustable(
    reading: Reading, entry: Entry | None, uses: tuple[CheckUse, ...]
) -> tuple[str, ...]:
    if entry is None:
        return ()
    known = ["severity", "status"]
    for use in uses:
        known += [key for key in parameters_of(reading.checks[use.check]) if key not in known]
    names = items_of(entry.value)
    made = [text_of(reading, item, "sites_may_adjust") for item in names]
    for item, name in zip(names, made, strict=True):
        if name and uses and name not in known:
            what = f'sites_may_adjust names "{name}", which this rule does not have'
            reading.problem(item, what, f"expected one of {', '.join(known)}")
    return tuple(name for name in made if name)
