"""The numbers of the data-quality page: files and their row law, flags, reasons, coverage."""

from __future__ import annotations

from typing import Any

import polars as pl

from screener.outputs.report.given import ReportInput
from screener.outputs.report.words import percent

ROW_CLASSES = ("used", "excluded", "duplicate", "superseded", "left_out", "set_aside", "blank")
COVERAGE = {
    "drugs_mapped": "Orders whose drug was recognised",
    "doses_known": "Orders whose daily dose is known",
    "patients_with_kidney_test": "Patients with a kidney test on any day",
}
_MOST_ROWS = 200
EXPLAINED = ["impossible-date"]  # flags whose few details say what it was


def file_rows(inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The inputs, each with `adds_up`: records + added = sum of the classes; None when not
    recorded."""
    rows = []
    for given in inputs:
        numbers = [given[name] for name in ROW_CLASSES]
        known = [n for n in numbers if isinstance(n, int)]
        whole = isinstance(given["records"], int) and bool(known)
        expected = given["records"] + (given["added"] or 0) if whole else None
        rows.append({**given, "adds_up": sum(known) == expected if whole else None})
    return rows


def coverage_rows(coverage: dict[str, Any]) -> list[dict[str, Any]]:
    """`what`, `part`, `of`, `share` for every pair of run.json's coverage."""
    rows = []
    for key, what in COVERAGE.items():
        pair = coverage.get(key)
        if isinstance(pair, list | tuple) and len(pair) == 2:
            part, of = pair
            rows.append({"what": what, "part": part, "of": of, "share": percent(part, of)})
        else:
            rows.append({"what": what, "part": None, "of": None, "share": None})
    return rows


def flag_rows(flags: pl.LazyFrame) -> list[dict[str, Any]]:
    """Data flags with how often they were raised and for how many patients, most first; `details`
    say what those of EXPLAINED were."""
    grouped = flags.group_by("flag").agg(raised=pl.len(), patients=pl.col("patient_id").n_unique())
    rows = grouped.sort("raised", "flag", descending=[True, False]).collect().to_dicts()
    whys = flags.filter(pl.col("flag").is_in(EXPLAINED)).group_by("flag", "detail").len("raised")
    told = whys.sort("raised", "detail", descending=[True, False]).collect().to_dicts()
    return [{**row, "details": [why for why in told if why["flag"] == row["flag"]]} for row in rows]


def excluded_rows(orders: pl.LazyFrame) -> list[dict[str, Any]]:
    """Why orders are excluded, and how many rows (an order of two drugs has one)."""
    rows = orders.filter(pl.col("row_class") == "excluded")
    grouped = rows.group_by("reason").agg(rows=pl.col("source_ref").n_unique())
    return grouped.sort("rows", "reason", descending=[True, False]).collect().to_dicts()


def not_assessed_rows(not_assessed: pl.LazyFrame) -> list[dict[str, Any]]:
    """Patients per rule and reason who could not be judged on some day, most first."""
    grouped = not_assessed.group_by("rule_id", "reason").agg(
        patients=pl.col("patient_id").n_unique()
    )
    ordered = grouped.sort("patients", "rule_id", "reason", descending=[True, False, False])
    return ordered.collect().to_dicts()


def set_aside_rows(set_aside: pl.LazyFrame) -> tuple[list[dict[str, Any]], int]:
    """Rows set aside per file, column and reason, and how many such lines are not shown."""
    grouped = set_aside.group_by("file", "column", "reason").agg(rows=pl.col("row").n_unique())
    ordered = grouped.sort(
        "rows", "file", "column", "reason", descending=[True, False, False, False]
    ).collect()
    return ordered.head(_MOST_ROWS).to_dicts(), max(0, ordered.height - _MOST_ROWS)


def quality(run: dict[str, Any], data: ReportInput[pl.LazyFrame]) -> dict[str, Any]:
    """Everything the data-quality page shows."""
    aside, aside_more = set_aside_rows(data.set_aside)
    return {
        "files": file_rows(run["inputs"]),
        "coverage": coverage_rows(run["coverage"]),
        "flags": flag_rows(data.data_flags),
        "excluded": excluded_rows(data.orders),
        "not_assessed": not_assessed_rows(data.not_assessed),
        "set_aside": aside,
        "set_aside_more": aside_more,
        "unmapped": run["unmapped"],
    }
