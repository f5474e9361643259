"""What a monitor wants to know of the last run, in the text format of Prometheus.

The lines follow prometheus.io/docs/instrumenting/exposition_formats (text format 0.0.4). No
patient, prescriber, site or rule is named, and a rule's count is left out below MENTIONED.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from screener.rule.model import SEVERITIES

FILE = "screener.prom"
MENTIONED = 8  # findings from which a rule is named: fewer might say whom it is about
Samples = list[tuple[dict[str, str], float]]


def metrics(
    run: Mapping[str, Any],
    findings: pl.LazyFrame,
    outcomes: pl.LazyFrame,
    last_complete: Mapping[str, Any] | None,
) -> bytes:
    """The metrics of a run; `last_complete` is run.json of the newest complete one, if any."""
    counts = run["counts"]
    seconds = sum(run["timings"].values()) if run["timings"] else None
    families: list[tuple[str, str, Samples]] = [
        ("last_run_timestamp_seconds", "When the last run ended.", _moment(run)),
        ("last_complete_timestamp_seconds", "When the last complete run ended.",
         _moment(last_complete)),
        ("last_run_complete", "1 when the last run screened everything it was asked to.",
         [({}, int(run["complete"]))]),
        ("last_run_exit_code", "The exit code of the last run.", [({}, run["exit_code"])]),
        ("data_timestamp_seconds", "The last day of the data, as its midnight in UTC.",
         [({}, _midnight(run["as_of"]))]),
        ("last_run_duration_seconds", "How long the last run took.",
         [] if seconds is None else [({}, round(seconds, 3))]),
        ("patients", "Patients screened.", [({}, counts["patients"])]),
        ("patients_with_findings", "Patients with a finding.",
         [({}, counts["patients_with_findings"])]),
        ("orders", "Orders used.", [({}, counts["orders"])]),
        ("records_set_aside", "Records that could not be used.", [({}, counts["set_aside"])]),
        ("unjudged_ratio", "Share of patients in scope of a rule, over all rules, who could not "
         "be judged.", _unjudged(outcomes)),
        ("rules_run", "Rules that ran.", [({}, sum(rule["ran"] for rule in run["rules"]))]),
        ("rules_not_run", "Rules that were asked for and did not run.",
         [({}, sum(rule["asked"] and not rule["ran"] for rule in run["rules"]))]),
        ("findings", "Findings by severity and state.", _findings(findings)),
        ("findings_no_longer_found", "Findings of the run before that this one no longer has, "
         "where both could be compared.", _gone(run)),
        ("rule_findings", f"Findings of rules that have {MENTIONED} or more.",
         _by_rule(findings)),
    ]  # fmt: skip
    lines = (line for name, text, samples in families for line in _family(name, text, samples))
    return "".join(lines).encode()


def _moment(run: Mapping[str, Any] | None) -> Samples:
    """Seconds since 1970 at which a run ended; nothing of a run that records no clock."""
    if run is None or run.get("ended_at") is None:
        return []
    return [({}, dt.datetime.fromisoformat(run["ended_at"]).timestamp())]


def _midnight(day: str) -> float:
    return dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp()


def _unjudged(outcomes: pl.LazyFrame) -> Samples:
    patients = pl.col("patients")
    row = outcomes.select(
        unjudged=patients.filter(pl.col("outcome") == "not_assessed").sum(),
        in_scope=patients.filter(pl.col("outcome") != "out_of_scope").sum(),
    ).collect()
    unjudged, in_scope = row.row(0)
    return [({}, round(unjudged / in_scope, 6))] if in_scope else []


def _findings(findings: pl.LazyFrame) -> Samples:
    """Every severity is there, with state "new" where nothing was found: an absent series is no
    zero to a monitor."""
    rows = findings.group_by("severity", "state").len().collect()
    counted = {(severity, state): n for severity, state, n in rows.iter_rows()}
    for severity in SEVERITIES:
        counted.setdefault((severity, "new"), 0)
    return [({"severity": a, "state": b}, n) for (a, b), n in sorted(counted.items())]


def _gone(run: Mapping[str, Any]) -> Samples:
    """Nothing of a run that had no earlier one to be compared with."""
    compared = run.get("compared") or {}
    gone = (compared.get("states") or {}).get("no_longer_found")
    return [] if gone is None or compared.get("previous_run") is None else [({}, gone)]


def _by_rule(findings: pl.LazyFrame) -> Samples:
    rows = findings.group_by("rule_id").len().filter(pl.col("len") >= MENTIONED)
    return [({"rule": rule}, n) for rule, n in rows.sort("rule_id").collect().iter_rows()]


def _family(name: str, text: str, samples: Samples) -> Iterable[str]:
    if not samples:
        return
    yield f"# HELP screener_{name} {text}\n# TYPE screener_{name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"screener_{name}{'{' + inside + '}' if inside else ''} {_number(value)}\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
