"""FHIR R4 (4.0.1): a DetectedIssue a finding and a MeasureReport a rule and site, as plain dicts.

Shapes and codes are those of hl7.org/fhir/R4/detectedissue.html and measurereport.html. What FHIR
has no word for (our five severities, certainty, state, the numbers) stands in extensions, whose
addresses are names (urn:), no links. Ids of patients and orders are those of the export.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from screener.outputs.tables import height

SYSTEM = "urn:screener"
SLICE = 20_000  # findings that are held at once
# detectedissue-severity has three words; ours stand in an extension beside it.
SEVERITY = {
    "critical": "high",
    "high": "high",
    "moderate": "moderate",
    "low": "low",
    "info": "low",
}
_POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
_IMPROVEMENT = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # what FHIR allows as an id
# FHIR's `string` holds no control character but tab, line feed and carriage return.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def detected_issues(findings: pl.LazyFrame, run: Mapping[str, Any]) -> Iterator[bytes]:
    """NDJSON of all findings in slices, in the order of the table."""
    titles = {rule["id"]: rule["title"] for rule in run["rules"]}
    for first in range(0, height(findings), SLICE):
        rows = findings.slice(first, SLICE).collect()
        yield _lines(_issue(row, run, titles) for row in rows.iter_rows(named=True))


def measure_reports(outcomes: pl.LazyFrame, run: Mapping[str, Any]) -> Iterator[bytes]:
    """NDJSON of the summary of every rule at every site: patients flagged of those in scope.

    Rules on trial (pilot) are left out, as they are of every other sum.
    """
    cards = {rule["id"]: rule for rule in run["rules"] if rule["status"] != "pilot"}
    patients = pl.col("patients")
    counted = (
        outcomes.filter(pl.col("rule_id").is_in(list(cards)))
        .group_by("rule_id", "site_id")
        .agg(
            flagged=patients.filter(pl.col("outcome") == "flagged").sum(),
            unjudged=patients.filter(pl.col("outcome") == "not_assessed").sum(),
            in_scope=patients.filter(pl.col("outcome") != "out_of_scope").sum(),
        )
        .sort("rule_id", "site_id")
        .collect()
    )
    yield _lines(_report(row, run, cards[row["rule_id"]]) for row in counted.iter_rows(named=True))


def _issue(row: Mapping[str, Any], run: Mapping[str, Any], titles: Mapping[str, str]) -> Any:
    rule = row["rule_id"]
    title = _string(titles.get(rule)) or rule
    how = _string(row["derivation"])
    issue: dict[str, Any] = {
        "resourceType": "DetectedIssue",
        "id": row["finding_id"],
        "meta": {"versionId": run["run_id"], "source": f"{SYSTEM}:{run['version']}"},
        "extension": _extensions(row),
        "identifier": [{"system": f"{SYSTEM}:finding-id", "value": row["finding_id"]}],
        "status": "final",
        "code": {
            "coding": [
                {
                    "system": f"{SYSTEM}:rule",
                    "version": str(row["rule_version"]),
                    "code": rule,
                    "display": title,
                }
            ],
            "text": title,
        },
        "severity": SEVERITY[row["severity"]],
        "patient": _reference("Patient", row["patient_id"]),
        "identifiedPeriod": _without_empty(
            {"start": _day(row["date"]), "end": _day(row["end_date"])}
        ),
        "author": {"type": "Device", "display": f"screener {run['version']}"},
        "implicated": [
            _reference("MedicationRequest", one) for one in row["prescription_ids"] or ()
        ],
        "evidence": [{"code": [{"text": how}]}] if how else [],
        "detail": _string(row["message"]),
    }
    return _without_empty(issue)


def _extensions(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts = ("severity", "certainty", "state", "subject", "unit", "rule_fingerprint")
    codes = {"severity", "certainty", "state"}
    made = [
        {
            "url": f"{SYSTEM}:{name.replace('_', '-')}",
            "valueCode" if name in codes else "valueString": text,
        }
        for name, text in ((name, _string(row[name])) for name in texts)
        if text
    ]
    made += [
        {"url": f"{SYSTEM}:{name}", "valueDecimal": row[name]}
        for name in ("value", "limit")
        if row[name] is not None
    ]
    if row["active"] is not None:
        made.append({"url": f"{SYSTEM}:active", "valueBoolean": row["active"]})
    first_seen = row.get("first_seen")
    if first_seen is not None:
        made.append({"url": f"{SYSTEM}:first-seen", "valueDate": first_seen.isoformat()})
    return made


def _report(row: Mapping[str, Any], run: Mapping[str, Any], card: Mapping[str, Any]) -> Any:
    rule, site = row["rule_id"], row["site_id"]
    mark = "\x1f".join((run["run_id"], rule, site))
    counts = {"denominator": row["in_scope"], "numerator": row["flagged"]}
    group: dict[str, Any] = {
        "code": {"text": _string(card["title"]) or rule},
        "population": [
            {"code": {"coding": [{"system": _POPULATION, "code": name}]}, "count": count}
            for name, count in counts.items()
        ],
        "extension": [{"url": f"{SYSTEM}:not-assessed", "valueInteger": row["unjudged"]}],
    }
    if row["in_scope"]:  # without anybody in scope there is no rate
        group["measureScore"] = {"value": round(row["flagged"] / row["in_scope"], 6)}
    return _without_empty(
        {
            "resourceType": "MeasureReport",
            "id": hashlib.blake2b(mark.encode(), digest_size=16).hexdigest(),
            "meta": {"versionId": run["run_id"], "source": f"{SYSTEM}:{run['version']}"},
            "status": "complete" if card["ran"] and run["complete"] else "pending",
            "type": "summary",
            "measure": f"{SYSTEM}:rule:{rule}|{card['version']}",
            "date": run["as_of"],
            "reporter": _site(site),
            "period": {"end": run["as_of"]},
            "improvementNotation": {"coding": [{"system": _IMPROVEMENT, "code": "decrease"}]},
            "group": [group],
        }
    )


def _site(site: str) -> dict[str, Any] | None:
    if not site:
        return {"display": "no site recorded"}
    named = {"system": f"{SYSTEM}:site-id", "value": _value(site)}
    return {"type": "Organization", "identifier": named}


def _reference(kind: str, name: str) -> dict[str, Any]:
    """A reference by identifier; also by address where the id can be one."""
    made: dict[str, Any] = {
        "type": kind,
        "identifier": {"system": f"{SYSTEM}:{kind.lower()}-id", "value": _value(name)},
    }
    return {"reference": f"{kind}/{name}", **made} if _ID.fullmatch(name) else made


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _string(text: str | None) -> str | None:
    """FHIR's string: not empty, no control characters; None where nothing is left."""
    return _CONTROLS.sub("\ufffd", text).strip() or None if text else None


def _value(name: str) -> str:
    return _string(name) or "\ufffd"


def _without_empty(element: dict[str, Any]) -> dict[str, Any]:
    """The same without null, empty lists and empty objects, which FHIR does not allow."""
    return {name: value for name, value in element.items() if value not in (None, [], {})}


def _lines(resources: Iterable[Any]) -> bytes:
    made = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in resources)
    return "".join(line + "\n" for line in made).encode("utf-8", "replace")
