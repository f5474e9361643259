"""Holds the production engine against the slow reference and lists every difference."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import polars as pl

from screener.findings import Results
from screener.rule.model import Rule
from tests.reference.engine import Verdicts
from tests.reference.histories import Bucket

Key = tuple[Any, ...]
# Checks whose findings have a number; a finding of presence has none.
VALUED = frozenset(
    {
        "daily_dose",
        "starting_dose",
        "dose_rises",
        "dose_falls",
        "stops_suddenly",
        "supplied_twice",
        "doses_per_day",
        "dose_for_kidney_function",
        "doses_per_week",
        "several_of",
        "test_overdue",
        "supply_gap",
    }
)
CLOSE = 1e-6


def findings_of_results(results: Results) -> dict[Key, float | None]:
    """(patient, rule, subject, first day, last day, severity, certainty) -> value."""
    columns = ("patient_id", "rule_id", "subject", "date", "end_date", "severity", "certainty")
    rows = results.findings.select(*columns, "value").rows()
    return {row[:-1]: row[-1] for row in rows}


def findings_of_reference(verdicts: dict[str, Verdicts]) -> dict[Key, float | None]:
    """The same shape from the reference."""
    return {
        (patient, f.rule_id, f.subject, f.date, f.end_date, f.severity, f.certainty): f.value
        for patient, said in verdicts.items()
        for f in said.findings
    }


def differences(bucket: Bucket, rules: tuple[Rule, ...], results: Results) -> list[str]:
    """Every disagreement on findings, outcomes, reasons and data flags, one line each."""
    verdicts = bucket.reference(rules)
    lines = _finding_differences(verdicts, results, rules)
    wanted: dict[str, set[Key]] = {
        "outcome": {
            (rule, patient, outcome)
            for patient, said in verdicts.items()
            for rule, outcome in said.outcomes.items()
            if outcome != "out_of_scope"
        }
        | _out_of_scope(verdicts),
        "not assessed": {
            (patient, *key, day)
            for patient, said in verdicts.items()
            for key, day in said.not_assessed.items()
        },
        "flag": {(patient, *flag) for patient, said in verdicts.items() for flag in said.flags},
    }
    got: dict[str, set[Key]] = {
        "outcome": _outcomes(results),
        "not assessed": set(
            results.not_assessed.select("patient_id", "rule_id", "reason", "from_date").rows()
        ),
        "flag": set(results.data_flags.select("patient_id", "flag", "date").rows()),
    }
    for what, keys in wanted.items():
        lines += [
            f"{what}: only the reference says {_show(k)}" for k in sorted(keys - got[what], key=str)
        ]
        lines += [
            f"{what}: only the engine says {_show(k)}" for k in sorted(got[what] - keys, key=str)
        ]
    return lines


def _outcomes(results: Results) -> set[Key]:
    """Every patient of a bucket is a site of its own; who is out of scope is only counted."""
    counted: Counter[str] = Counter()
    in_scope: set[Key] = set()
    rows = results.outcomes.filter(pl.col("patients") > 0)
    for rule, site, outcome, patients in rows.select(
        "rule_id", "site_id", "outcome", "patients"
    ).rows():
        if outcome == "out_of_scope":
            counted[rule] += patients
        else:
            in_scope.add((rule, site, outcome))
    return in_scope | {(rule, patients, "out_of_scope") for rule, patients in counted.items()}


def _out_of_scope(verdicts: dict[str, Verdicts]) -> set[Key]:
    """(rule, how many patients never took the drug, out_of_scope)."""
    counted = Counter(
        rule
        for said in verdicts.values()
        for rule, outcome in said.outcomes.items()
        if outcome == "out_of_scope"
    )
    return {(rule, patients, "out_of_scope") for rule, patients in counted.items()}


def _finding_differences(
    verdicts: dict[str, Verdicts], results: Results, rules: tuple[Rule, ...]
) -> list[str]:
    wanted, got = findings_of_reference(verdicts), findings_of_results(results)
    valued = {rule.id for rule in rules if _has_one_number(rule)}
    lines = [f"finding: only the reference says {_show(k)}" for k in wanted if k not in got]
    lines += [f"finding: only the engine says {_show(k)}" for k in got if k not in wanted]
    for key in wanted.keys() & got.keys():
        ours, theirs = wanted[key], got[key]
        if key[1] not in valued or ours is None:
            continue
        if theirs is None or abs(ours - theirs) > CLOSE:
            lines.append(f"value of {_show(key)}: reference {ours}, engine {theirs}")
    return lines


def _has_one_number(rule: Rule) -> bool:
    """Numbers of different checks, one or the other, cannot be compared."""
    checks = {use.check for use in rule.uses}
    return checks <= VALUED and (len(checks) == 1 or rule.flag_when.kind == "all_of")


def timeline_differences(bucket: Bucket, results: Results) -> list[str]:
    """Every covered day of every ingredient and track: low, high, other reading, known.

    Not of local tracks: they join no rule, and nobody is told their dose.
    """
    wanted: dict[Key, Key] = {}
    for patient, said in bucket.reference(()).items():
        for (ingredient, track), days in said.timeline.items():
            for row in days if track != "local" else ():
                amounts = (row.low, row.high, row.other_reading_high, row.known)
                wanted[patient, ingredient, track, row.day] = amounts
    got: dict[Key, Key] = {}
    for run in results.timeline.filter(pl.col("track") != "local").iter_rows(named=True):
        day, known = run["from_date"], run["dose_known"]
        while day <= run["to_date"]:
            high = run["high_ug"] if known else None
            other = run["other_reading_high_ug"] if known else None
            key = (run["patient_id"], run["ingredient"], run["track"], day)
            got[key] = (run["low_ug"], high, other, known)
            day += dt.timedelta(days=1)
    last_days = {key[0]: key[3] for key in sorted(wanted, key=lambda k: k[3])}
    lines = [
        f"day {_show(key)}: reference {amounts}, engine {got.get(key)}"
        for key, amounts in wanted.items()
        if got.get(key) != amounts
    ]
    lines += [
        f"day {_show(key)}: only the engine has it, {amounts}"
        for key, amounts in got.items()
        if key not in wanted and key[3] <= last_days.get(key[0], dt.date.min)
    ]
    return sorted(lines)


def row_class_differences(bucket: Bucket, results: Results) -> list[str]:
    """The class of every row: used, excluded, duplicate."""
    wanted = {
        row.order["prescription_id"]: row.row_class
        for said in bucket.reference(()).values()
        for row in said.rows
    }
    got = dict(results.orders.select("prescription_id", "row_class").rows())
    return [
        f"{order}: reference {wanted.get(order)}, engine {got.get(order)}"
        for order in sorted(wanted.keys() | got.keys())
        if wanted.get(order) != got.get(order)
    ]


def _show(key: Key) -> str:
    return " ".join(str(part) for part in key)
