"""All that a run folder holds of one patient or one finding: what `explain` prints."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from screener.errors import UsageError
from screener.outputs.run_folder import table

AROUND = dt.timedelta(days=30)  # days shown before and after a finding
SHORTEST_ID = 6  # characters of a finding id that may stand for the whole


@dataclass(frozen=True, slots=True)
class Evidence:
    """The rows of one patient in each table of the run."""

    findings: pl.DataFrame
    pilot_findings: pl.DataFrame
    not_assessed: pl.DataFrame
    data_flags: pl.DataFrame
    orders: pl.DataFrame
    timeline: pl.DataFrame
    kidney: pl.DataFrame


def finding_called(folder: Path, name: str) -> dict[str, Any]:
    """One finding (pilot or not) by its id or the beginning of it. Raises UsageError."""
    both = pl.concat([table(folder, "findings"), table(folder, "pilot_findings")])
    wanted = name.lower()
    if len(wanted) < SHORTEST_ID:
        raise UsageError(f"A finding id needs at least {SHORTEST_ID} characters.")
    rows = both.filter(pl.col("finding_id").str.starts_with(wanted)).collect()
    if rows.height != 1:
        what = "No finding has" if rows.is_empty() else f"{rows.height} findings have"
        raise UsageError(
            f"{what} an id that begins like this.",
            where=folder.name,
            fix="finding_id stands in findings.csv and in the report.",
        )
    return rows.row(0, named=True)


def of_patient(folder: Path, patient_id: str) -> Evidence:
    """Every row of one patient. Raises UsageError when the run has none."""
    frames = {
        name: table(folder, name).filter(pl.col("patient_id") == patient_id).collect()
        for name in Evidence.__dataclass_fields__
    }
    if all(frame.is_empty() for frame in frames.values()):
        raise UsageError(
            "This run has no order, flag or finding of that patient.",
            where=folder.name,
            fix="Patient ids are compared exactly, leading zeros included.",
        )
    return Evidence(**frames)


def around(finding: dict[str, Any], evidence: Evidence) -> Evidence:
    """The evidence behind one finding: its drugs, and the days around it."""
    first, last = finding["date"] - AROUND, (finding["end_date"] or finding["date"]) + AROUND
    named = pl.col("prescription_id").is_in(finding["prescription_ids"] or [])
    drugs = evidence.orders.filter(named)["ingredient"].drop_nulls().unique().implode()
    same_drug = pl.col("ingredient").is_in(drugs)
    near = (pl.col("from_date") <= last) & (
        pl.col("to_date").is_null() | (pl.col("to_date") >= first)
    )
    return Evidence(
        findings=evidence.findings,
        pilot_findings=evidence.pilot_findings,
        not_assessed=evidence.not_assessed.filter(pl.col("rule_id") == finding["rule_id"]),
        data_flags=evidence.data_flags,
        orders=evidence.orders.filter(
            named | (same_drug & (pl.col("start_date") <= last) & (pl.col("end_date") >= first))
        ),
        timeline=evidence.timeline.filter(same_drug, near),
        kidney=evidence.kidney.filter(near),
    )
