"""The JSON Schema (draft-07) of rule files, made from the registry of checks.

Editors complete and explain with it. It is looser than the loader where a schema cannot say what
is meant (names of drugs and lists, bands with gaps); `rules check` has the last word.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from screener import terminology
from screener.checks import CHECKS
from screener.checks.spec import Check
from screener.rule.model import SEVERITIES, STATUSES
from screener.rule.params import parameters_of
from screener.rule.values import DailyAmount, Share
from screener.rulebook.schema_conditions import (
    condition_schemas,
    measure_schema,
    schemas_beside,
    story_schema,
)
from screener.rulebook.schema_values import (
    Schema,
    about,
    mapping,
    names,
    one_or_more,
    ref,
    value_definitions,
    written_as,
)

DRAFT = "http://json-schema.org/draft-07/schema#"
SHIPPED = "rule.schema.json"
# What an editor writes for a value of this kind; `${1:...}` is a place to fill in.
_SHOWN = {
    "drugs": "a drug by mouth",
    "daily_amount": "80 mg/day",
    "days": "14 days",
    "share": "50 %",
    "number": "2",
    "count": "3",
    "test": "potassium",
}
_BAND = {"from": 30, "below": 60, "dose": {"at_least": "20 mg/day"}, "severity": "high"}
_PLACEHOLDERS = "`{subject}`, `{value}`, `{limit}`, `{unit}`, `{date}`, `{days}`, `{severity}`"


def rule_schema(checks: Mapping[str, Check] = CHECKS) -> Schema:
    """The schema of a rule file, as JSON data."""
    definitions = value_definitions(
        terminology.condition_list_names(), terminology.lab_test_names()
    )
    for check in checks.values():
        definitions[f"check {check.name}"] = _check(check)
        definitions[f"change of {check.name}"] = _change(check)
    conditions = condition_schemas()
    whole = {name: ref(f"check {name}") for name in checks}
    changes = {name: ref(f"change of {name}") for name in checks}
    beside = schemas_beside()
    line = whole | conditions | measure_schema() | beside | {"severity": ref("severity")}
    definitions |= {
        "conditions": about(
            mapping(conditions | whole, minProperties=1), "Conditions; each holds on some days."
        ),
        "guards": one_or_more(ref("conditions")),
        "change or condition": mapping(conditions | changes, minProperties=1, maxProperties=1),
        "line": mapping(line, minProperties=1, defaultSnippets=_snippets(checks)),
        "lines": {"type": "array", "items": ref("line"), "minItems": 2},
        "story": story_schema(),
    }
    root = mapping(_envelope(checks, whole | measure_schema()), _REQUIRED)
    about_it = "A rule of screener: what is wrong, in one file that can be read aloud and signed."
    head = {"$schema": DRAFT, "title": "screener rule", "description": about_it}
    return head | root | {"defaultSnippets": [_new_rule()], "definitions": definitions}


def schema_text(schema: Schema) -> str:
    """The schema as a file: stable, readable in a comparison, ending in a line break."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


_REQUIRED = ("schema", "rule", "title", "version", "status", "severity", "flag_when")


def _envelope(checks: Mapping[str, Check], flagged: dict[str, Schema]) -> dict[str, Schema]:
    """The top-level keys, in the order of the manual."""
    text: Schema = {"type": "string", "minLength": 1}
    adjustable = sorted({key for check in checks.values() for key in parameters_of(check)})
    statuses = "draft, pilot (runs, its findings are kept apart), active, off (runs when asked)"
    return {
        "schema": about({"const": 1}, "The version of the rule language: 1."),
        "rule": written_as(
            "[a-z0-9]+(-[a-z0-9]+)*", "The id; the same as the file name.", "baclofen-max-dose"
        ),
        "title": about(text, "One line that names the rule in lists and reports."),
        "version": about(
            {"type": "integer", "minimum": 1}, "Counts up with every change of meaning.", 1
        ),
        "status": about({"enum": list(STATUSES)}, f"{statuses}, deprecated, retired."),
        "severity": ref("severity"),
        "for": about({"enum": ["adults", "everyone"]}, "adults: no day before 18 is judged."),
        "flag_when": about(_flag_when(flagged, checks), "What is wrong: one check, or several."),
        "escalate": about(
            _steps({"to": ref("severity")}), "A higher severity on days when something holds."
        ),
        "downgrade": about(
            _steps({"to": {"enum": ["one step lower", *reversed(SEVERITIES)]}}),
            "A lower severity on days when something holds; taken after escalate.",
        ),
        "only_if": about(ref("guards"), "All of these must hold on a day."),
        "unless": about(ref("guards"), "Any one of these takes the day out."),
        "message": about(text, f"The sentence of a finding. It may use {_PLACEHOLDERS}."),
        "why": about(text, "For the reader of the report: why it matters."),
        "action": about(text, "For the reader of the report: what to do."),
        "evidence": about(_evidence(), "Where it comes from; an active rule needs one."),
        "owners": about(_owners(), "Who stands for it; an active rule needs them."),
        "sites_may_adjust": about(
            {"type": "array", "items": names(("severity", "status", *adjustable))},
            "What a site file may change: parameters of the check, severity or status.",
        ),
        "examples": about(
            {"type": "array", "items": ref("story")},
            "Stories: an invented patient, and what must come out.",
        ),
    }


def _flag_when(flagged: dict[str, Schema], checks: Mapping[str, Check]) -> Schema:
    joined = {
        "any_of": about(ref("lines"), "Alternatives: one of them is enough."),
        "all_of": about(ref("lines"), "All of these must hold on the same day."),
    }
    length = {"for_at_least": about(ref("days"), "Only runs of at least this many days.")}
    one: list[Schema] = [{"type": "object", "required": [name]} for name in (*flagged, *joined)]
    return mapping(
        flagged | joined | length,
        oneOf=one,
        dependencies={"for_at_least": {"anyOf": [{"required": [word]} for word in joined]}},
        defaultSnippets=_snippets(checks),
    )


def _check(check: Check) -> Schema:
    """All parameters of a check, with those it needs and the groups of which one is given."""
    known = parameters_of(check)
    needed = tuple(key for key, one in known.items() if one.required)
    properties = {key: _parameter(check, key) for key in known}
    groups: dict[str, list[str]] = {}
    for key, one in known.items():
        if one.one_of:
            groups.setdefault(one.one_of, []).append(key)
    rules: list[Schema] = []
    for group, keys in groups.items():
        if group.endswith("?"):
            rules.append({"not": {"required": keys}})
        else:
            rules.append({"oneOf": [{"required": [key]} for key in keys]})
    made = about(mapping(properties, needed), f"Flags {check.about}.")
    return made | ({"allOf": rules} if rules else {})


def _change(check: Check) -> Schema:
    """Some parameters of a check: what `when` changes, or all of them for another check."""
    properties = {key: _parameter(check, key) for key in parameters_of(check)}
    return about(mapping(properties, minProperties=1), f"{check.name}, with what changes.")


def _parameter(check: Check, key: str) -> Schema:
    known = parameters_of(check)
    one = known[key]
    field = next(f for f in dataclasses.fields(check.params) if f.name == one.field)
    schema = {"enum": list(one.choices)} if one.kind == "choice" else ref(one.kind)
    others = [word for word, other in known.items() if one.one_of and other.one_of == one.one_of]
    if one.required:
        need = "It must be given."
    elif others:
        how_many = "At most one" if str(one.one_of).endswith("?") else "Exactly one"
        need = f"{how_many} of {', '.join(others)} is given."
    else:
        need = _default(field.default, one.kind)
    text = f"{one.help[:1].upper()}{one.help[1:]}. {need}"
    return schema | {"description": text, "markdownDescription": f"**{key}**: {text}"}


def _default(value: Any, kind: str) -> str:
    if value is None:
        return "May be missing."
    if isinstance(value, DailyAmount):
        return f"If missing: {value.text}."
    if isinstance(value, Share):
        return f"If missing: {value.percent:g} %."
    if isinstance(value, bool):
        return f"If missing: {'yes' if value else 'no'}."
    return f"If missing: {value}{' days' if kind == 'days' and value != 1 else ''}."


def _snippets(checks: Mapping[str, Check]) -> list[Schema]:
    """What an editor writes when a check is chosen."""
    return [
        {"label": name, "description": check.about, "body": {name: _body(check)}}
        for name, check in checks.items()
    ]


def _body(check: Check) -> Schema:
    made: Schema = {}
    first_of: set[str] = set()
    for place, (key, one) in enumerate(parameters_of(check).items(), start=1):
        group = one.one_of or ""
        if one.required or (group and not group.endswith("?") and group not in first_of):
            first_of.add(group)
            shown = _SHOWN.get(one.kind, "")
            made[key] = [_BAND] if one.kind == "bands" else f"${{{place}:{shown}}}"
    return made


def _steps(to: dict[str, Schema]) -> Schema:
    one = mapping({**to, "when": ref("change or condition")}, ("to", "when"))
    return one_or_more(one)


def _evidence() -> Schema:
    text: Schema = {"type": "string"}
    keys = {"source": text, "where": text, "read_on": ref("date"), "note": text, "link": text}
    return one_or_more(mapping(keys, ("source",)))


def _owners() -> Schema:
    keys = {
        "wrote": about({"type": "string"}, "Who wrote it."),
        "checked": about(one_or_more({"type": "string"}), "Who else has checked it."),
        "next_review": about(ref("date"), "When it must be looked at again."),
    }
    return mapping(keys, ("wrote", "checked", "next_review"))


def _new_rule() -> Schema:
    return {
        "label": "a new rule",
        "description": "the keys that every rule needs",
        "body": {
            "schema": 1,
            "rule": "${1:rule-id}",
            "title": "${2:title}",
            "version": 1,
            "status": "draft",
            "severity": "${3:moderate}",
            "flag_when": {
                "daily_dose": {"of": "${4:drug by mouth}", "more_than": "${5:80 mg/day}"}
            },
        },
    }
