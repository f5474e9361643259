"""run.json: what was read, with which rules, what came out and whether the counts add up.

Only this file knows the clock, the host and how long things took; everything that the report
shows is the same for the same inputs, rules, configuration and as-of date.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from screener.outputs import unmapped
from screener.outputs.facts import BucketFacts, added
from screener.outputs.tables import Table, height
from screener.rule.model import SEVERITIES, Rule

# What makes a run itself: equal values, equal run id. All of them stand in run.json.
IDENTITY = ("version", "as_of", "as_of_from", "configuration", "inputs", "rules", "lists")
IDENTITY_OF_INPUT = ("file", "table", "sha256")


class CountedFile(Protocol):
    """What this module reads of intake's file counts (intake is a stranger on this floor)."""

    @property
    def name(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def records(self) -> int: ...
    @property
    def blank(self) -> int: ...
    @property
    def set_aside(self) -> int: ...
    @property
    def kept(self) -> int: ...
    @property
    def left_out(self) -> int: ...
    @property
    def added(self) -> int: ...


def run_id(run: Mapping[str, Any]) -> str:
    """12 hex digits of the hash of a run's identity; `verify` makes it again from run.json."""
    identity = {name: run[name] for name in IDENTITY}
    identity["inputs"] = sorted(
        [file[name] for name in IDENTITY_OF_INPUT] for file in run["inputs"]
    )
    # Whether a rule could run is an outcome, not part of what was asked.
    identity["rules"] = [
        {k: v for k, v in rule.items() if k not in ("ran", "reason")} for rule in run["rules"]
    ]
    text = json.dumps(identity, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def inputs_of(
    files: Sequence[CountedFile], row_classes: Mapping[tuple[str, str], int]
) -> list[dict[str, Any]]:
    """One entry a file; the rows of prescriptions by class, of other tables `used` = kept."""
    entries = []
    for file in files:
        entry: dict[str, Any] = {
            "file": file.name,
            "table": file.table,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "records": file.records,
            "blank": file.blank,
            "set_aside": file.set_aside,
            "left_out": file.left_out,  # a mapping's filter says that they are none of ours
            "added": file.added,  # rows that records gave beyond their first
        }
        for name in ("used", "excluded", "duplicate", "superseded"):
            entry[name] = row_classes.get((file.name, name), 0)
        if file.table != "prescriptions":
            entry["used"] = file.kept
        entries.append(entry)
    return entries


def rule_card(rule: Rule, sentence: str, *, asked: bool, reason: str | None) -> dict[str, Any]:
    """What run.json and the report say of one rule."""
    return {
        "id": rule.id,
        "title": rule.title,
        "version": rule.version,
        "fingerprint": rule.fingerprint,
        "status": rule.status,
        "severity": rule.severity,
        "topic": rule.topic,
        "check": rule.uses[0].check if len(rule.uses) == 1 else None,
        "sentence": sentence,
        "why": rule.why,
        "action": rule.action,
        "message": rule.message,
        "evidence": [_plain(item) for item in rule.evidence],
        "owners": _plain(rule.owners),
        "asked": asked,
        "ran": asked,
        "reason": reason,
    }


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: dates as text, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def counts_of(
    facts: Sequence[BucketFacts],
    findings: Table,
    pilot: Table,
    flags: Table,
    inputs: Iterable[dict[str, Any]],
) -> dict[str, Any]:
    """The numbers of the overview."""
    by_flag = flags.lazy().group_by("flag").len().sort("flag").collect()
    files = list(inputs)
    return found_in(findings, pilot) | {
        "patients": sum(f.patients for f in facts),
        "orders": sum(f["used"] for f in files if f["table"] == "prescriptions"),
        "data_flags": dict(by_flag.iter_rows()),
        "set_aside": sum(f["set_aside"] for f in files),
    }


def found_in(findings: Table, pilot: Table) -> dict[str, Any]:
    """The counts of findings, by severity too, and of patients who have one."""
    severity = dict(findings.lazy().group_by("severity").len().collect().iter_rows())
    patients = findings.lazy().select(pl.col("patient_id").n_unique()).collect()
    both = pl.concat([findings.lazy(), pilot.lazy()]).group_by("rule_id").len().sort("rule_id")
    return {
        "patients_with_findings": patients.item(),
        "findings": sum(severity.values()),
        "findings_by_severity": {name: severity.get(name, 0) for name in SEVERITIES},
        "pilot_findings": height(pilot),
        "findings_by_rule": dict(both.collect().iter_rows()),
    }


def coverage_of(facts: Sequence[BucketFacts]) -> dict[str, list[int]]:
    """How much of the input could be judged, as [n, of]."""
    return {
        "drugs_mapped": added([f.drugs_mapped for f in facts]),
        "not_a_drug": added([f.not_a_drug for f in facts]),
        "doses_known": added([f.doses_known for f in facts]),
        "patients_with_kidney_test": added([f.kidney_tested for f in facts]),
    }


def basis_of(facts: Sequence[BucketFacts]) -> str:
    """Whether the orders say that they were dispensed: all, some or none of them."""
    said, orders = added([f.dispensed for f in facts])
    if not said:
        return "prescribed"
    return "dispensed" if said == orders else "mixed"


def exit_code_of(run: Mapping[str, Any], fail_on: str) -> int:
    """0 complete, 1 `--fail-on` met by a finding not waived, 3 incomplete (which outranks 1)."""
    if not run["complete"]:
        return 3
    worst_first = [*reversed(SEVERITIES)]
    failing = worst_first[: worst_first.index(fail_on) + 1] if fail_on in SEVERITIES else []
    found = run["counts"]["findings_by_severity"]
    waived = run["counts"].get("waived_by_severity", {})
    return int(any(found.get(name, 0) > waived.get(name, 0) for name in failing))


def why_incomplete(
    facts: Sequence[BucketFacts],
    inputs: Iterable[dict[str, Any]],
    expected_sites: frozenset[str],
    max_set_aside: float,
    max_unmapped: float = 100.0,
) -> list[str]:
    """One sentence for each thing that was asked for and is missing; empty when complete."""
    reasons = []
    here = frozenset[str]().union(*(f.sites for f in facts))
    if missing := sorted(expected_sites - here):
        reasons.append(
            f"{len(missing)} of {len(expected_sites)} expected sites sent no order: "
            f"{', '.join(missing)}."
        )
    files = list(inputs)
    for file in files:
        records = file["records"] - file["blank"]
        if records and 100 * file["set_aside"] > max_set_aside * records:
            share = 100 * file["set_aside"] / records
            reasons.append(
                f"{file['file']}: records set aside: {file['set_aside']:,} of {records:,} "
                f"({share:.1f} %), more than the {max_set_aside:g} % allowed."
            )
    reasons += unmapped.too_many(facts, files, max_unmapped)
    for rule, kind in sorted(broken_rules(facts).items()):
        reasons.append(f"Rule {rule} could not run on every patient ({kind}).")
    return reasons


def broken_rules(facts: Sequence[BucketFacts]) -> dict[str, str]:
    """Rule id -> kind of failure, of the rules that broke in some bucket."""
    return {rule: kind for f in reversed(facts) for rule, kind in f.broke.items()}
