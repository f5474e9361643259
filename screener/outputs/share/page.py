"""The page of a copy: own templates that name every number they show, and nothing else of the run.

Sums are those of the report (`summarise`), rounded; the list and the timelines are made from
`without_names`. Who counts the rows of the list gets exact numbers of rows: docs/sharing.md.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from screener.outputs.report.given import ReportInput, with_defaults
from screener.outputs.report.order import briefly, keep_at_most
from screener.outputs.report.packing import pack
from screener.outputs.report.page import (
    MOST_FINDINGS,
    MOST_ORDERS,
    document,
    facts_of,
    in_shape,
    packed_tables,
)
from screener.outputs.report.summary import RuleRow, Summary, summarise
from screener.outputs.report.words import SEVERITY_ORDER
from screener.outputs.share.frames import without_names
from screener.outputs.share.sites import sites_shown
from screener.outputs.share.small_counts import rate_shown, rounded, shown

# What the browser is told; any other fact of the report is withheld until it is named here.
_FACTS = (
    "rules",
    "severities",
    "hidden",
    "months",
    "reasons",
    "flags",
    "prompt",
    "first_run",
    "kept",
    "states",
)
_TABLES = ("findings", "pilot_findings", "outcomes", "not_assessed", "data_flags", "orders",
           "timeline", "kidney")  # fmt: skip


def copy_bytes(data: ReportInput[Any], key: bytes, *, prescribers: bool = False) -> bytes:
    """The pseudonymised copy of a run's report as one HTML file.

    The same key and run give the same bytes. Prescribers are in it only if `prescribers`, under
    new names.
    """
    run = with_defaults(data.run)
    lazy = in_shape(data)
    summary = summarise(run, lazy, briefly(lazy.findings), briefly(lazy.pilot_findings))
    tables = {name: getattr(lazy, name) for name in _TABLES}
    last_day = dt.date.fromisoformat(run["as_of"]) if run["as_of"] else None
    made = without_names(tables, key, last_day=last_day, prescribers=prescribers)
    safe = in_shape(ReportInput(run={}, **made))
    both = pl.concat(
        [
            briefly(safe.findings).with_columns(pilot=pl.lit(value=False)),
            briefly(safe.pilot_findings).with_columns(pilot=pl.lit(value=True)),
        ]
    )
    kept, left_out = keep_at_most(both, MOST_FINDINGS)
    packed, orders_left_out = packed_tables(safe, run, kept, MOST_ORDERS)
    known = facts_of(run, summary, left_out, orders_left_out)
    facts = {name: known[name] if name in _FACTS else None for name in known}
    facts["left_out"] = rounded(known["left_out"]) or 0
    facts["orders_left_out"] = int(bool(known["orders_left_out"]))
    return document(
        "copy_page.html.j2",
        pack(packed, facts),
        run={"run_id": "copy", "version": run["version"], "complete": run["complete"]},
        year=str(run["as_of"] or "")[:4],
        numbers=_numbers(run, summary),
        rules=[_rule(row) for row in summary.rules],
        prescribers=prescribers,
        sites=sites_shown(lazy),
    )


def _numbers(run: dict[str, Any], summary: Summary) -> dict[str, Any]:
    """Every sum that the copy shows, ready to be shown."""
    patients = run["counts"]["patients"]
    return {
        "patients": shown(patients),
        "orders": shown(run["counts"]["orders"]),
        "findings": shown(summary.all.findings),
        "with_findings": shown(summary.all.patients),
        "rate": rate_shown(summary.all.patients, patients),
        "unjudged": shown(summary.unjudged_patients),
        "by_severity": [
            {
                "severity": name,
                "findings": shown(summary.by_severity[name].findings),
                "patients": shown(summary.by_severity[name].patients),
            }
            for name in SEVERITY_ORDER
        ],
    }


def _rule(row: RuleRow) -> dict[str, Any]:
    rule = row.rule
    return {
        **{name: rule[name] for name in ("id", "title", "severity", "status", "version", "ran")},
        **{name: rule[name] for name in ("sentence", "why", "action", "evidence")},
        "findings": shown(row.count.findings),
        "flagged": shown(row.flagged),
        "in_scope": shown(row.in_scope),
        "unjudged": shown(row.not_assessed),
        "rate": rate_shown(row.flagged, row.in_scope),
    }
