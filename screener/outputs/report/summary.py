"""The one aggregate behind every number of the report: nothing else counts findings.

A browser that clears all filters must arrive at the same numbers; the tests hold both together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from screener.outputs.report.given import ReportInput, rule_entry
from screener.outputs.report.interval import wilson
from screener.outputs.report.order import severity_rank
from screener.outputs.report.words import HIDDEN_SEVERITIES, SEVERITY_ORDER

REVIEW_FIRST = 10
SMALL = 30  # patients in scope below which an interval does not set the scale of the drawing


@dataclass(frozen=True, slots=True)
class Count:
    """Findings, the patients who have them, and how many of the findings are active."""

    findings: int = 0
    patients: int = 0
    active: int = 0


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule: its facts, what it found, and its denominator (None = no outcomes recorded).

    `rate` holds flagged / in_scope with Wilson's 95 % limits, each per 1,000; None when nobody
    was in scope.
    """

    rule: dict[str, Any]
    count: Count
    flagged: int
    clear: int | None
    not_assessed: int | None
    in_scope: int | None
    rate: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that the overview shows and the browser checks itself against."""

    all: Count
    by_severity: dict[str, Count]
    hidden: Count
    waived: int
    pilot: Count
    rules: tuple[RuleRow, ...]
    review_first: tuple[dict[str, Any], ...]
    review_more: int
    unjudged_patients: int
    sites: int
    scale: float
    disagreements: tuple[str, ...]


def _count(findings: pl.DataFrame) -> Count:
    active = findings["active"].fill_null(False).sum() if findings.height else 0
    return Count(findings.height, findings["patient_id"].n_unique(), int(active))


def _counts_by(findings: pl.DataFrame, column: str) -> dict[str, Count]:
    grouped = findings.group_by(column).agg(
        findings=pl.len(),
        patients=pl.col("patient_id").n_unique(),
        active=pl.col("active").fill_null(False).sum(),
    )
    rows = grouped.select(column, "findings", "patients", "active").iter_rows()
    return {name: Count(*numbers) for name, *numbers in rows}


def _outcomes(outcomes: pl.DataFrame) -> dict[str, dict[str, int]]:
    grouped = outcomes.group_by("rule_id", "outcome").agg(pl.col("patients").sum())
    found: dict[str, dict[str, int]] = {}
    for rule_id, outcome, patients in grouped.iter_rows():
        found.setdefault(rule_id, {})[outcome] = patients
    return found


def _rule_row(rule: dict[str, Any], count: Count, seen: dict[str, int] | None) -> RuleRow:
    if seen is None:
        return RuleRow(rule, count, count.patients, None, None, None, None)
    flagged, clear, unjudged = (seen.get(o, 0) for o in ("flagged", "clear", "not_assessed"))
    in_scope = flagged + clear + unjudged
    rate = None
    if in_scope and count.patients <= in_scope:
        low, high = wilson(count.patients, in_scope)
        rate = (1000 * count.patients / in_scope, 1000 * low, 1000 * high)
    return RuleRow(rule, count, count.patients, clear, unjudged, in_scope, rate)


def _rule_rows(rules: Iterable[dict[str, Any]], data: ReportInput) -> tuple[RuleRow, ...]:
    counts = _counts_by(data.findings, "rule_id") | _counts_by(data.pilot_findings, "rule_id")
    seen = _outcomes(data.outcomes)
    known = {rule["id"]: rule for rule in rules}
    for rule_id in sorted((counts.keys() | seen.keys()) - known.keys()):
        known[rule_id] = rule_entry({"id": rule_id})
    rows = [_rule_row(r, counts.get(r["id"], Count()), seen.get(r["id"])) for r in known.values()]
    ranks = {name: rank for rank, name in enumerate(SEVERITY_ORDER)}
    return tuple(sorted(rows, key=lambda row: (
        row.rule["ran"] is False, ranks.get(row.rule["severity"] or "", 9), row.rule["id"],
    )))  # fmt: skip


def _review_first(findings: pl.DataFrame) -> tuple[tuple[dict[str, Any], ...], int]:
    """The worst finding of the most pressing patients, and how many more patients there are."""
    wanted = findings.filter(
        ~pl.col("severity").is_in(HIDDEN_SEVERITIES) & pl.col("state").ne_missing("waived")
    )
    others = wanted.group_by("patient_id").agg(others=pl.len() - 1)
    worst = wanted.unique("patient_id", keep="first", maintain_order=True)
    top = worst.head(REVIEW_FIRST).join(others, on="patient_id", how="left", maintain_order="left")
    return tuple(top.to_dicts()), max(0, worst.height - REVIEW_FIRST)


def _disagreements(run: dict[str, Any], total: Count, data: ReportInput) -> tuple[str, ...]:
    """Sentences on numbers of run.json or outcomes that the tables do not bear out."""
    counts = run["counts"]
    pairs = (
        ("findings", counts["findings"], total.findings),
        ("patients with findings", counts["patients_with_findings"], total.patients),
        ("pilot findings", counts["pilot_findings"], data.pilot_findings.height),
        ("rows set aside", counts["set_aside"], data.set_aside.n_unique(["file", "row"])),
    )
    said = [
        f"run.json gives {claimed} {what}, the tables give {real}."
        for what, claimed, real in pairs
        if isinstance(claimed, int) and claimed != real
    ]
    flagged = data.outcomes.filter(pl.col("outcome") == "flagged").group_by("rule_id").agg(
        pl.col("patients").sum()
    )  # fmt: skip
    listed = pl.concat([data.findings, data.pilot_findings]).group_by("rule_id").agg(
        listed=pl.col("patient_id").n_unique()
    )  # fmt: skip
    both = flagged.join(listed, on="rule_id", how="full", coalesce=True).fill_null(0)
    odd = both.filter(pl.col("patients") != pl.col("listed")).sort("rule_id")
    said += [
        f"Rule {rule_id}: {patients} patients in the outcomes, {listed} in the findings."
        for rule_id, patients, listed in odd.iter_rows()
    ]
    return tuple(said)


def _scale(rules: Iterable[RuleRow]) -> float:
    """Where the drawn intervals end, per 1,000: the widest of rules with SMALL in scope or more.

    Intervals of a handful of patients reach far and would press all others together.
    """
    ends = [(row.in_scope or 0, row.rate[2]) for row in rules if row.rate is not None]
    steady = [end for scope, end in ends if scope >= SMALL]
    return max([1.0, *(steady or [end for _, end in ends])])


def summarise(run: dict[str, Any], data: ReportInput) -> Summary:
    """Count everything once. `data.findings` is in the order of `most_pressing_first`."""
    found = _counts_by(data.findings, "severity")
    total = _count(data.findings)
    first, more = _review_first(data.findings)
    hidden = data.findings.filter(severity_rank() >= SEVERITY_ORDER.index(HIDDEN_SEVERITIES[0]))
    rules = _rule_rows(run["rules"], data)
    return Summary(
        all=total,
        by_severity={name: found.get(name, Count()) for name in SEVERITY_ORDER},
        hidden=_count(hidden),
        waived=data.findings.filter(pl.col("state") == "waived").height,
        pilot=_count(data.pilot_findings),
        rules=rules,
        scale=_scale(rules),
        review_first=first,
        review_more=more,
        unjudged_patients=data.not_assessed["patient_id"].n_unique(),
        sites=data.outcomes.filter(pl.col("site_id") != "")["site_id"].n_unique(),
        disagreements=_disagreements(run, total, data),
    )
