"""The one aggregate behind every number of the report: nothing else counts findings.

A browser that clears all filters must arrive at the same numbers; the tests hold both together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from screener.outputs.report.given import ReportInput, rule_entry
from screener.outputs.report.interval import wilson
from screener.outputs.report.order import severity_rank
from screener.outputs.report.words import HIDDEN_SEVERITIES, SEVERITY_ORDER
from screener.outputs.tables import height, rows_at

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
    was in scope. `highest` is the highest severity among its findings, None without any.
    """

    rule: dict[str, Any]
    count: Count
    flagged: int
    clear: int | None
    not_assessed: int | None
    in_scope: int | None
    rate: tuple[float, float, float] | None
    highest: str | None = None

    @property
    def doubtful(self) -> bool:
        """Whether a tenth or more of those in scope could not be judged."""
        return 10 * (self.not_assessed or 0) >= (self.in_scope or 0) > 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that the overview shows and the browser checks itself against."""

    all: Count
    by_severity: dict[str, Count]
    hidden: Count
    waived: int
    pilot: Count
    pilot_pressing: int  # critical and active
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


def _highest(findings: pl.DataFrame) -> dict[str, str]:
    """Rule id -> the highest severity among its findings."""
    ranked = findings.group_by("rule_id").agg(rank=severity_rank().min())
    return {
        rule: SEVERITY_ORDER[rank]
        for rule, rank in ranked.iter_rows()
        if rank < len(SEVERITY_ORDER)
    }


def _outcomes(outcomes: pl.LazyFrame) -> dict[str, dict[str, int]]:
    grouped = outcomes.group_by("rule_id", "outcome").agg(pl.col("patients").sum()).collect()
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


def _rule_rows(
    rules: Iterable[dict[str, Any]],
    counts: dict[str, Count],
    outcomes: pl.LazyFrame,
    highest: dict[str, str],
) -> tuple[RuleRow, ...]:
    seen = _outcomes(outcomes)
    known = {rule["id"]: rule for rule in rules}
    for rule_id in sorted((counts.keys() | seen.keys()) - known.keys()):
        known[rule_id] = rule_entry({"id": rule_id})
    rows = [
        replace(
            _rule_row(rule, counts.get(rule["id"], Count()), seen.get(rule["id"])),
            highest=highest.get(rule["id"]),
        )
        for rule in known.values()
    ]
    ranks = {name: rank for rank, name in enumerate(SEVERITY_ORDER)}
    return tuple(sorted(rows, key=lambda row: (
        row.rule["ran"] is False,
        min(ranks.get(word or "", 9) for word in (row.rule["severity"], row.highest)),
        row.rule["id"],
    )))  # fmt: skip


def _review_first(
    brief: pl.DataFrame, findings: pl.LazyFrame
) -> tuple[tuple[dict[str, Any], ...], int]:
    """The worst finding of the most pressing patients, and how many more patients there are.

    What is critical and new or found again stands first, then what is worse than in the run before,
    then what is active: a critical finding that ended months ago must not hide an active high one.
    """
    news = pl.col("state").is_in(["new", "reopened"]) & (pl.col("severity") == "critical")
    wanted = brief.filter(
        ~pl.col("severity").is_in(HIDDEN_SEVERITIES) & pl.col("state").ne_missing("waived")
    ).sort(
        pl.when(news).then(0).when(pl.col("state") == "worsened").then(1).otherwise(2),
        pl.col("active").fill_null(value=False).not_(),
        maintain_order=True,
    )
    others = wanted.group_by("patient_id").agg(others=pl.len() - 1)
    worst = wanted.unique("patient_id", keep="first", maintain_order=True)
    first = worst.head(REVIEW_FIRST).join(
        others, on="patient_id", how="left", maintain_order="left"
    )
    top = rows_at(findings, first["place"]).with_columns(first["others"])
    return tuple(top.to_dicts()), max(0, worst.height - REVIEW_FIRST)


def _disagreements(
    run: dict[str, Any],
    total: Count,
    pilot: Count,
    by_rule: dict[str, Count],
    data: ReportInput[pl.LazyFrame],
) -> tuple[str, ...]:
    """Sentences on numbers of run.json or outcomes that the tables do not bear out."""
    counts = run["counts"]
    pairs = (
        ("findings", counts["findings"], total.findings),
        ("patients with findings", counts["patients_with_findings"], total.patients),
        ("pilot findings", counts["pilot_findings"], pilot.findings),
        ("rows set aside", counts["set_aside"], height(data.set_aside.unique(["file", "row"]))),
    )
    said = [
        f"run.json gives {claimed} {what}, the tables give {real}."
        for what, claimed, real in pairs
        if isinstance(claimed, int) and claimed != real
    ]
    flagged = {rule: seen.get("flagged", 0) for rule, seen in _outcomes(data.outcomes).items()}
    listed = {rule: count.patients for rule, count in by_rule.items()}
    said += [
        f"Rule {rule}: {flagged.get(rule, 0)} patients in the outcomes, {listed.get(rule, 0)} in "
        "the findings."
        for rule in sorted(flagged.keys() | listed.keys())
        if flagged.get(rule, 0) != listed.get(rule, 0)
    ]
    return tuple(said)


def _scale(rules: Iterable[RuleRow]) -> float:
    """Where the drawn intervals end, per 1,000: the widest of rules with SMALL in scope or more.

    Intervals of a handful of patients reach far and would press all others together.
    """
    ends = [(row.in_scope or 0, row.rate[2]) for row in rules if row.rate is not None]
    steady = [end for scope, end in ends if scope >= SMALL]
    return max([1.0, *(steady or [end for _, end in ends])])


def summarise(
    run: dict[str, Any],
    data: ReportInput[pl.LazyFrame],
    findings: pl.DataFrame,
    pilot: pl.DataFrame,
) -> Summary:
    """Count everything once. `findings` and `pilot` are those of `data` as `briefly` gives them."""
    found = _counts_by(findings, "severity")
    total, apart = _count(findings), _count(pilot)
    by_rule = _counts_by(findings, "rule_id") | _counts_by(pilot, "rule_id")
    first, more = _review_first(findings, data.findings)
    hidden = findings.filter(severity_rank() >= SEVERITY_ORDER.index(HIDDEN_SEVERITIES[0]))
    rules = _rule_rows(run["rules"], by_rule, data.outcomes, _highest(findings) | _highest(pilot))
    unjudged = data.not_assessed.select(pl.col("patient_id").n_unique()).collect()
    sites = data.outcomes.filter(pl.col("site_id") != "").select(pl.col("site_id").n_unique())
    return Summary(
        all=total,
        by_severity={name: found.get(name, Count()) for name in SEVERITY_ORDER},
        hidden=_count(hidden),
        waived=findings.filter(pl.col("state") == "waived").height,
        pilot=apart,
        pilot_pressing=_counts_by(pilot.filter(pl.col("severity") == "critical"), "severity")
        .get("critical", Count())
        .active,
        rules=rules,
        scale=_scale(rules),
        review_first=first,
        review_more=more,
        unjudged_patients=unjudged.item(),
        sites=sites.collect().item(),
        disagreements=_disagreements(run, total, apart, by_rule, data),
    )
