"""What the report is made from, and the one place where missing facts get their defaults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import polars as pl

from screener import findings as shapes
from screener.outputs.report.words import SEVERITY_ORDER, number_text

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True, slots=True)
class ReportInput(Generic[Frame]):
    """The content of run.json and the frames of a run, columns as in `screener.findings`.

    Where they are lazy, only what is counted or shown is read: few columns of all rows, and the
    rows of patients with findings.
    """

    run: Mapping[str, Any]
    findings: Frame
    pilot_findings: Frame
    outcomes: Frame
    not_assessed: Frame
    data_flags: Frame
    set_aside: Frame
    orders: Frame
    timeline: Frame
    kidney: Frame


SHAPES: dict[str, dict[str, pl.DataType]] = {
    "findings": shapes.FINDINGS,
    "pilot_findings": shapes.FINDINGS,
    "outcomes": shapes.OUTCOMES,
    "not_assessed": shapes.NOT_ASSESSED,
    "data_flags": shapes.DATA_FLAGS,
    "set_aside": shapes.SET_ASIDE,
    "orders": shapes.ORDERS,
    "timeline": shapes.TIMELINE,
    "kidney": shapes.KIDNEY,
}

_INPUT: dict[str, Any] = dict.fromkeys(
    ("file", "table", "bytes", "sha256", "records", "blank", "set_aside", "used", "excluded",
     "duplicate", "superseded", "left_out", "added")
)  # fmt: skip
_RULE: dict[str, Any] = {
    **dict.fromkeys(("id", "title", "version", "fingerprint", "status", "severity", "topic")),
    **dict.fromkeys(("sentence", "why", "action", "message", "reason")),
    "evidence": [], "owners": {}, "ran": None, "check": None,
}  # fmt: skip
_ADJUSTMENT: dict[str, Any] = dict.fromkeys(
    ("rule", "parameter", "was", "now", "because", "by", "until", "line", "state")
)
_WAIVER: dict[str, Any] = {
    **dict.fromkeys(("reason", "by", "until", "line", "findings", "state")),
    "rules": [], "names": [],
}  # fmt: skip


_REVIEWED: dict[str, Any] = dict.fromkeys(
    ("confirmed", "not_confirmed", "already_known", "cannot_tell", "reviewed"), 0
)


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _dicts(value: Any, defaults: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple):
        return []
    return [{**defaults, **item} for item in value if isinstance(item, Mapping)]


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def rule_entry(given: Mapping[str, Any]) -> dict[str, Any]:
    """One rule of run.json with every key that the templates read."""
    rule = {**_RULE, **given}
    evidence = _dicts(rule["evidence"], dict.fromkeys(("source", "where", "read_on")))
    owners = {**dict.fromkeys(("wrote", "checked", "next_review")), **_mapping(rule["owners"])}
    checked = owners["checked"]
    owners["checked"] = [checked] if isinstance(checked, str) else _texts(checked)
    severity = rule["severity"] if rule["severity"] in SEVERITY_ORDER else None
    return {
        **rule,
        "id": str(rule["id"] or "unnamed rule"),
        "title": str(rule["title"] or rule["id"] or "unnamed rule"),
        "severity": severity,
        "evidence": evidence,
        "owners": owners,
        "ran": rule["ran"] is not False,
    }


def site_entry(given: Any) -> dict[str, Any] | None:
    """The site file of run.json with every key that the templates read; None without one."""
    if not isinstance(given, Mapping):
        return None
    adjustments = _dicts(given.get("adjustments"), _ADJUSTMENT)
    waivers = _dicts(given.get("waivers"), _WAIVER)
    return {
        **{key: given.get(key) for key in ("title", "file", "sha256")},
        "adjustments": adjustments,
        "waivers": [
            {**one, "rules": _texts(one["rules"]), "names": _texts(one["names"])} for one in waivers
        ],
        "in_force": {
            rule: [a for a in adjustments if a["rule"] == rule and a["state"] == "in force"]
            for rule in {a["rule"] for a in adjustments}
        },
    }


def reviews_of(given: Any) -> dict[str, dict[str, Any]]:
    """Rule id -> what reviewers said of its findings; rules of which none was reviewed are out."""
    by_rule = _mapping(_mapping(given).get("by_rule"))
    found = {rule: {**_REVIEWED, "interval": None, **_mapping(n)} for rule, n in by_rule.items()}
    return {rule: one for rule, one in found.items() if one["reviewed"] and one["interval"]}


def rule_set(rules: list[dict[str, Any]]) -> str:
    """12 hex digits of ids, versions, statuses and meanings of all rules: equal where they are."""
    told = sorted(
        [str(rule.get(key)) for key in ("id", "version", "status", "fingerprint")] for rule in rules
    )
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=6).hexdigest()


def settings_of(given: Any) -> list[tuple[str, str]]:
    """`configuration` of run.json as pairs of words, by name; what is off or empty is "none"."""
    pairs = []
    for name, value in sorted(_mapping(given).items()):
        listed = value if isinstance(value, list | tuple) else [value]
        words = [
            ("no", "yes")[one] if isinstance(one, bool) else number_text(one) for one in listed
        ]
        pairs.append((str(name).replace("_", " "), ", ".join(words) or "none"))
    return pairs


def expected(run: Mapping[str, Any]) -> dict[str, int] | None:
    """How many of the sites that were expected sent orders, and `of` how many; None without any."""
    asked = set(_texts(_mapping(run.get("configuration")).get("expected_sites")))
    here = asked & set(_texts(run.get("sites")))
    return {"here": len(here), "of": len(asked)} if asked else None


STATES = ("new", "worsened", "continuing", "reopened", "not_compared", "no_longer_found")


def comparison(given: Any) -> dict[str, Any]:
    """`compared` of run.json with every key that the templates read; empty for a first run."""
    told = _mapping(given)
    return {
        "previous_run": told.get("previous_run"),
        "previous_as_of": told.get("previous_as_of"),
        "why_not": told.get("why_not"),
        "rules": _texts(told.get("rules")),
        "rules_not": _dicts(told.get("rules_not"), {"rule": None, "why": None}),
        "sites_not": _dicts(told.get("sites_not"), {"site": None, "why": None}),
        "states": dict.fromkeys(STATES, 0) | _mapping(told.get("states")),
        "by_rule": _mapping(told.get("by_rule")),
        "new_by_severity": dict.fromkeys(SEVERITY_ORDER, 0) | _mapping(told.get("new_by_severity")),
    }


def series(given: Any) -> dict[str, Any]:
    """`trends` of run.json with every key that the templates read."""
    told = _mapping(given)
    night = dict.fromkeys((
        "as_of", "run_id", "complete", "patients", "patients_with_findings", "findings",
        "by_severity", "rules_changed", "inputs_changed",
    ))  # fmt: skip
    week = dict.fromkeys(("week", "nights", "screened", "new", "new_critical_high", "complete"))
    return {
        "nights": _dicts(told.get("nights"), night),
        "weeks": _dicts(told.get("weeks"), week),
        "by_rule": _mapping(told.get("by_rule")),
    }


def with_defaults(run: Mapping[str, Any]) -> dict[str, Any]:
    """Every key that the templates read; None where run.json is silent ("not recorded").

    Clock, host and durations are left behind, so that equal inputs give equal bytes.
    """
    counts = dict.fromkeys(("patients", "orders", "patients_with_findings", "findings",
                            "findings_by_severity", "pilot_findings", "set_aside"))  # fmt: skip
    coverage = dict.fromkeys(("drugs_mapped", "doses_known", "patients_with_kidney_test"))
    return {
        "run_id": run.get("run_id"),
        "version": run.get("version"),
        "as_of": run.get("as_of"),
        "as_of_from": run.get("as_of_from"),
        "complete": run.get("complete") is True,
        "incomplete_reasons": _texts(run.get("incomplete_reasons")),
        "basis": run.get("basis"),
        "expected_sites": expected(run),
        "settings": settings_of(run.get("configuration")),
        "rule_set": rule_set(_dicts(run.get("rules"), {})),
        "inputs": _dicts(run.get("inputs"), _INPUT),
        "counts": counts | _mapping(run.get("counts")),
        "coverage": coverage | _mapping(run.get("coverage")),
        "unmapped": _dicts(run.get("unmapped"), {"text": None, "orders": None}),
        "rules": [rule_entry(rule) for rule in _dicts(run.get("rules"), {})],
        "site_rules": site_entry(run.get("site_rules")),
        "notices": _texts(run.get("notices")),
        "checks": _dicts(run.get("checks"), {"name": "unnamed", "ok": None, "detail": ""}),
        "lists": _mapping(run.get("lists")),
        "command": run.get("command"),
        "previous_run": run.get("previous_run"),
        "compared": comparison(run.get("compared")),
        "trends": series(run.get("trends")),
        "reviews": reviews_of(run.get("reviews")),
    }
