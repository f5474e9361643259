"""Invented results of a bucket, as small as a test needs them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from screener.findings import (
    DATA_FLAGS,
    FINDINGS,
    KIDNEY,
    NOT_ASSESSED,
    ORDERS,
    OUTCOMES,
    TIMELINE,
    Results,
)

ROW_CLASSES = {"source_file": pl.String(), "row_class": pl.String(), "rows": pl.Int64()}
FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 1, 28)


def frame(schema: dict[str, Any], rows: list[dict[str, Any]], **usual: Any) -> pl.DataFrame:
    """Rows with every column of a schema; what a row leaves out is `usual` or null."""
    full = [{name: row.get(name, usual.get(name)) for name in schema} for row in rows]
    return pl.DataFrame(full, schema=schema)


def finding(**values: Any) -> dict[str, Any]:
    """One finding of patient P-1, with what the test changes."""
    usual = {
        "finding_id": "0123456789abcdef",
        "rule_id": "max",
        "rule_version": 1,
        "patient_id": "P-1",
        "subject": "baclofen",
        "date": FIRST,
        "end_date": LAST,
        "active": True,
        "severity": "high",
        "certainty": "definite",
        "value": 100.0,
        "limit": 80.0,
        "unit": "mg/day",
        "message": "Too much.",
        "derivation": "5 × 20 mg = 100 mg/day",
        "prescription_ids": ["RX-1"],
        "lab_refs": [],
        "source_refs": ["prescriptions.csv:1"],
        "state": "new",
    }
    return usual | values


def order(**values: Any) -> dict[str, Any]:
    """One used order of patient P-1, with what the test changes."""
    usual = {
        "patient_id": "P-1",
        "prescription_id": "RX-1",
        "source_ref": "prescriptions.csv:1",
        "row_class": "used",
        "drug": "Baclofen 20mg tablets",
        "ingredient": "baclofen",
        "track": "by mouth",
        "as_needed": False,
        "start_date": FIRST,
        "end_date": LAST,
        "counted_from": FIRST,
        "counted_to": LAST,
        "dose_low_ug": 100_000,
        "dose_high_ug": 100_000,
        "doses_per_day": 5.0,
        "derivation": "5 × 20 mg = 100 mg/day",
    }
    return usual | values


def outcome(**values: Any) -> dict[str, Any]:
    """One row of outcomes with what the test changes."""
    usual = {"rule_id": "max", "site_id": "", "prescriber_id": "", "outcome": "flagged"}
    return usual | {"patients": 1, "in_scope": 1} | values


def results(
    *,
    findings: list[dict[str, Any]] | None = None,
    pilot: list[dict[str, Any]] | None = None,
    outcomes: list[dict[str, Any]] | None = None,
    not_assessed: list[dict[str, Any]] | None = None,
    flags: list[dict[str, Any]] | None = None,
    orders: list[dict[str, Any]] | None = None,
    timeline: list[dict[str, Any]] | None = None,
    kidney: list[dict[str, Any]] | None = None,
    classes: list[dict[str, Any]] | None = None,
) -> Results:
    """Results with these rows and empty tables otherwise."""
    return Results(
        findings=frame(FINDINGS, findings or []),
        pilot_findings=frame(FINDINGS, pilot or []),
        outcomes=frame(OUTCOMES, outcomes or []),
        not_assessed=frame(NOT_ASSESSED, not_assessed or []),
        data_flags=frame(DATA_FLAGS, flags or []),
        orders=frame(ORDERS, orders or []),
        timeline=frame(TIMELINE, timeline or []),
        kidney=frame(KIDNEY, kidney or []),
        row_classes=pl.DataFrame(classes or [], schema=ROW_CLASSES),
    )
