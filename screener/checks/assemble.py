"""From judged runs to rows of findings and not_assessed: words, orders, identity."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from screener.checks.grounds import grounds
from screener.checks.judge import Judged
from screener.checks.message import message_of
from screener.checks.orders_behind import orders_behind
from screener.findings import FINDINGS, NOT_ASSESSED, finding_id
from screener.rule.model import SEVERITIES, Rule
from screener.timeline import Timeline

RECENT = 30  # days for which an event stays active


def findings_of(timeline: Timeline, judged: list[tuple[Rule, Judged]]) -> pl.DataFrame:
    """Rows of `findings.FINDINGS` of all rules, by patient, rule, date and subject."""
    flagged = [(rule, found.runs) for rule, found in judged if not found.runs.is_empty()]
    if not flagged:
        return pl.DataFrame(schema=FINDINGS)
    rules = [rule for rule, _ in flagged]
    numbered = [runs.with_columns(rule=pl.lit(i, pl.UInt32)) for i, (_, runs) in enumerate(flagged)]
    runs = pl.concat(numbered).with_row_index("finding")
    runs = runs.hstack(timeline.people.select("patient_id", "last_day")[runs["patient"]])
    runs = runs.join(orders_behind(timeline, rules, runs), on="finding", how="left",
                     maintain_order="left")  # fmt: skip
    said = [grounds(timeline, rule, part) for rule, part in _by_rule(rules, runs)]
    runs = runs.join(pl.concat(said), on="finding", how="left", maintain_order="left")
    active = (
        pl.when("event")
        .then(pl.col("to_day") >= pl.col("last_day") - RECENT)
        .otherwise(pl.col("to_day") >= pl.col("last_day"))
    )
    about = pl.DataFrame(
        [(rule.id, rule.version, rule.fingerprint) for rule in rules],
        schema=["rule_id", "rule_version", "rule_fingerprint"], orient="row",
    )  # fmt: skip
    runs = runs.hstack(about[runs["rule"]]).with_columns(
        date=pl.from_epoch("from_day", time_unit="d"),
        end_date=pl.from_epoch("to_day", time_unit="d"),
        active=active,
        severity=pl.lit(pl.Series(SEVERITIES)).gather("level"),
        certainty=pl.when("definite").then(pl.lit("definite")).otherwise(pl.lit("possible")),
        derivation=pl.concat_str(
            "how", "grounds", "orders_how", separator=" | ", ignore_nulls=True
        ),
        lab_refs=pl.concat_list("lab_ref", pl.col("ground_refs").fill_null([]))
        .list.drop_nulls()
        .list.unique(maintain_order=True),
        state=pl.lit("new"),
        first_seen=pl.lit(None, pl.Date),
    )
    sentences = [part.select(message=message_of(rule)) for rule, part in _by_rule(rules, runs)]
    named = runs.select("patient_id", "rule_id", "subject", pl.col("date").cast(pl.String))
    return (
        runs.hstack(pl.concat(sentences))
        .with_columns(finding_id=pl.Series([finding_id(*row) for row in named.iter_rows()]))
        .select(pl.col(c).cast(t) for c, t in FINDINGS.items())
        .sort("patient_id", "rule_id", "date", "subject")
    )


def _by_rule(rules: list[Rule], runs: pl.DataFrame) -> list[tuple[Rule, pl.DataFrame]]:
    """The findings of each rule; they stand together."""
    ends = runs["rule"].search_sorted(pl.Series(range(1, len(rules) + 1)), side="left").to_list()
    begins = [0, *ends[:-1]]
    return [(rule, runs[a:b]) for rule, a, b in zip(rules, begins, ends, strict=True)]


def not_assessed_of(timeline: Timeline, rule: Rule, judged: Judged) -> pl.DataFrame:
    """Rows of `findings.NOT_ASSESSED` for one rule: patient, reason, first day."""
    return (
        judged.unknown.join(timeline.people.select("patient", "patient_id"), on="patient")
        .select(
            "patient_id",
            rule_id=pl.lit(rule.id),
            reason="reason",
            from_date=pl.from_epoch("from_day", time_unit="d"),
        )
        .select(pl.col(c).cast(t) for c, t in NOT_ASSESSED.items())
        .sort("patient_id", "reason")
    )


def stacked(frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Frames under one another, an empty one of the schema if there are none."""
    return pl.concat([pl.DataFrame(schema=schema), *frames])
