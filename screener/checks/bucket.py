"""One bucket of patients from tables to results: the unit of work of every engine.

`screen_bucket` is a pure function: same tables, rules and date, same results.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from screener.checks import CHECKS
from screener.checks.assemble import findings_of, not_assessed_of, stacked
from screener.checks.judge import Judged, judge
from screener.checks.outcomes import outcomes_of
from screener.findings import (
    DATA_FLAGS,
    KIDNEY,
    NOT_ASSESSED,
    ORDERS,
    TIMELINE,
    Results,
)
from screener.rule.model import Rule
from screener.tables import Tables
from screener.terminology import DRUG
from screener.timeline import Timeline, build, dose_steps
from screener.timeline.kidney import result_steps
from screener.timeline.runs import outside

RESULT_GOOD_FOR = 365  # days; how the published kidney table draws a result's reach
ONCE_A_PATIENT = ("no-recent-kidney-test", "child", "weight")


def screen_bucket(tables: Tables, rules: tuple[Rule, ...], as_of: dt.date) -> Results:
    """Screen the patients of one bucket with every rule, up to `as_of` (the last day of data).

    Rules of status `pilot` give pilot findings; every rule passed here runs.
    """
    timeline = build(tables, as_of)
    judged = [(rule, judge(timeline, rule, CHECKS)) for rule in rules]
    found = findings_of(timeline, judged)
    timeline.forget()
    pilot = found["rule_id"].is_in([rule.id for rule in rules if rule.status == "pilot"])
    return Results(
        findings=found.filter(~pilot),
        pilot_findings=found.filter(pilot),
        outcomes=outcomes_of(timeline, judged),
        not_assessed=stacked((not_assessed_of(timeline, r, j) for r, j in judged), NOT_ASSESSED),
        data_flags=_flags(timeline, judged),
        orders=_orders(timeline),
        timeline=_timeline(timeline),
        kidney=_kidney(timeline),
        row_classes=timeline.rows.group_by("source_file", "row_class")
        .agg(rows=pl.len().cast(pl.Int64))
        .sort("source_file", "row_class"),
    )


def _flags(timeline: Timeline, judged: list[tuple[Rule, Judged]]) -> pl.DataFrame:
    """Every data flag once; some once a patient, on their first day. Pilot rules raise none."""
    raised = [j.flags for r, j in judged if r.status != "pilot"]
    columns = timeline.flags.columns
    flags = pl.concat([timeline.flags, *(f.select(columns) for f in raised)])
    once = pl.col("flag").is_in(ONCE_A_PATIENT)
    first = flags.filter(once).sort("day").unique(["patient", "flag"], keep="first")
    kept = pl.concat([flags.filter(~once), first]).unique()
    return (
        kept.join(timeline.people.select("patient", "patient_id"), on="patient")
        .with_columns(date=pl.from_epoch("day", time_unit="d"))
        .select(pl.col(c).cast(t) for c, t in DATA_FLAGS.items())
        .sort("patient_id", "date", "flag", "ref", "detail", nulls_last=False)
    )


def _orders(timeline: Timeline) -> pl.DataFrame:
    """Every row of prescriptions, one line per ingredient, with how it was counted."""
    shown = timeline.lines.select(
        "row", "ingredient", "track", "as_needed", "line", "drug_kind", "doses_per_day",
        end_date=pl.from_epoch("raw_to", time_unit="d"),
        counted_from=pl.from_epoch("from_day", time_unit="d"),
        counted_to=pl.from_epoch("to_day", time_unit="d"),
        dose_low_ug="low", dose_high_ug="high", derivation="how",
    )  # fmt: skip
    own = [c for c in ORDERS if c not in shown.columns]
    rows = timeline.rows.select("patient", "row", "prn", *own).sort("patient", "row")
    return (
        rows.join(shown.sort("line"), on="row", how="left", maintain_order="left_right")
        .with_columns(
            reason=pl.when(pl.col("drug_kind") != DRUG)
            .then(pl.format("not_a_drug: {}", "drug_kind"))
            .otherwise("reason"),
            as_needed=pl.col("as_needed").fill_null(pl.col("prn")),
        )
        .select(pl.col(c).cast(t) for c, t in ORDERS.items())
    )


def _timeline(timeline: Timeline) -> pl.DataFrame:
    lines = timeline.dosed.table.filter(pl.col("from_day").is_not_null())
    steps = dose_steps(lines, timeline.other.table, ["patient", "ingredient", "track"])
    high = pl.col("sched_high") + pl.col("prn_high")
    return (
        steps.join(timeline.people.select("patient", "patient_id"), on="patient")
        .with_columns(
            from_date=pl.from_epoch("from_day", time_unit="d"),
            to_date=pl.from_epoch("to_day", time_unit="d"),
            low_ug="sched_low",
            high_ug=high,
            other_reading_high_ug=high + pl.col("other_high"),
            dose_known=pl.col("unknown") == 0,
            orders=pl.col("scheduled") + pl.col("as_needed"),
        )
        .select(pl.col(c).cast(t) for c, t in TIMELINE.items())
        .sort("patient_id", "ingredient", "track", "from_date")
    )


def _kidney(timeline: Timeline) -> pl.DataFrame:
    """Which kidney result held when, with days of recorded dialysis in front."""
    results = outside(result_steps(timeline.results, RESULT_GOOD_FOR), timeline.dialysis)
    last = timeline.people.select("patient", "patient_id", "last_day")
    both = pl.concat(
        [
            results.with_columns(on_dialysis=pl.lit(value=False)),
            timeline.dialysis.with_columns(on_dialysis=True, how=pl.lit("dialysis recorded")),
        ],
        how="diagonal",
    ).join(last, on="patient")
    return (
        both.with_columns(to_day=pl.min_horizontal("to_day", "last_day"))
        .with_columns(from_day=pl.max_horizontal("from_day", pl.lit(-25567)))  # 1 Jan 1900
        .filter(pl.col("from_day") <= pl.col("to_day"))
        .with_columns(
            from_date=pl.from_epoch("from_day", time_unit="d"),
            to_date=pl.from_epoch("to_day", time_unit="d"),
            lab_ref=pl.col("ref"),
        )
        .select(pl.col(c).cast(t) for c, t in KIDNEY.items())
        .sort("patient_id", "from_date")
    )
