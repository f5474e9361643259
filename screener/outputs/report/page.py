"""Renders the report: templates, one style sheet, one script, one packed block, one strict policy.

The Content-Security-Policy lets the page run its own script and nothing else: no network, no
eval, no HTML made from text (Trusted Types). It is the proof that the page cannot phone home.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from screener.outputs.report import words
from screener.outputs.report.evidence import FINDING_COLUMNS, gather, with_charts, with_sums
from screener.outputs.report.given import SHAPES, ReportInput, with_defaults
from screener.outputs.report.glossary import GLOSSARY, LIMITS
from screener.outputs.report.order import LeftOut, briefly, keep_at_most
from screener.outputs.report.packing import pack
from screener.outputs.report.quality import quality
from screener.outputs.report.sites import sites_of
from screener.outputs.report.summary import Summary, summarise
from screener.outputs.report.trends import trends_of
from screener.outputs.tables import rows_at

MOST_FINDINGS = 250_000
MOST_ORDERS = 600_000
STYLES = ("page.css", "findings.css", "patient.css", "sites.css", "print.css", "copy.css")
SCRIPTS = ("unpack.js", "words.js", "dom.js", "filters.js", "listing.js", "lanes.js", "doses.js",
           "chart.js", "patient.js", "tables.js", "main.js")  # fmt: skip


def _own_file(folder: str, name: str) -> str:
    return (files("screener.outputs.report") / folder / name).read_text("utf-8")


def _template(name: str) -> str:
    return _own_file("templates", name)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache  # the templates are compiled once, however many reports a process makes
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda v: words.visible(v) if isinstance(v, str) and not hasattr(v, "__html__")
        else v,
    )  # fmt: skip
    made.filters.update(
        day=words.date_text, n=words.number_text, size=words.size_text,
        reason=words.reason_text, flag=words.flag_text, kept=words.kept, said=words.said,
        known=lambda v: words.NOT_RECORDED if v is None or v == "" else v,
    )  # fmt: skip
    made.tests["before"] = words.is_before
    made.globals.update(
        state_words=words.STATES, counted=words.counted, per_thousand=words.per_thousand,
        percent=words.percent,
        prompt=words.PROMPT, severities=words.SEVERITY_ORDER, glossary=GLOSSARY, limits=LIMITS,
    )  # fmt: skip
    return made


def _style(run_id: Any) -> str:
    safe = re.sub(r"[^0-9A-Za-z-]", "", str(run_id or ""))
    return "".join(_own_file("css", name) for name in STYLES).replace("{run_id}", safe)


def _script() -> str:
    body = "".join(_own_file("js", name) for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{body}}})();\n'


def _as_of_day(as_of: Any) -> int | None:
    try:
        return (dt.date.fromisoformat(str(as_of)) - dt.date(1970, 1, 1)).days
    except ValueError:
        return None


def facts_of(run: dict[str, Any], summary: Summary, left_out: LeftOut | None,
             orders_left_out: int) -> dict[str, Any]:  # fmt: skip
    """What the browser is told besides the tables."""
    shown = ("id", "title", "version", "fingerprint", "status", "severity", "sentence", "why",
             "action", "evidence")  # fmt: skip
    return {
        "as_of": _as_of_day(run["as_of"]),
        "first_run": run["previous_run"] is None,
        "rules": [
            {key: row.rule[key] for key in shown}
            | {"labels": words.VALUE_WORDS.get(row.rule["check"], words.OTHER_VALUE)}
            for row in summary.rules
        ],
        "severities": words.SEVERITY_ORDER,
        "hidden": words.HIDDEN_SEVERITIES,
        "counts": {"findings": summary.all.findings, "patients": summary.all.patients},
        "left_out": left_out.findings if left_out else 0,
        "orders_left_out": orders_left_out,
        "months": words.MONTHS,
        "reasons": words.REASONS,
        "flags": words.FLAGS,
        "prompt": words.PROMPT,
        "kept": words.KEPT,
        "states": words.STATES,
    }


def packed_tables(
    data: ReportInput[pl.LazyFrame], run: dict[str, Any], kept: pl.DataFrame, most_orders: int
) -> tuple[dict[str, pl.DataFrame], int]:
    """What is packed: the findings of `kept` and the rows behind them; and orders left out."""
    rows = pl.concat([
        rows_at(frame.select(*FINDING_COLUMNS), places["place"]).with_columns(places["pilot"])
        for frame, places in (
            (data.findings, kept.filter(~pl.col("pilot"))),
            (data.pilot_findings, kept.filter("pilot")),
        )
    ])  # fmt: skip
    evidence = gather(rows, data, most_orders)
    charted = with_charts(rows, evidence.timeline, run["rules"])
    return {
        "findings": with_sums(charted.select(*FINDING_COLUMNS, "pilot", "chart", "limit_ug")),
        "orders": evidence.orders,
        "timeline": evidence.timeline,
        "kidney": evidence.kidney,
        "data_flags": evidence.data_flags,
        "not_assessed": evidence.not_assessed,
    }, evidence.orders_left_out


def first_day(orders: pl.LazyFrame) -> dt.date | None:
    """When the earliest order that counts began."""
    used = orders.filter(pl.col("row_class") == "used")
    day = used.select(pl.col("start_date").min()).collect().item()
    return day if isinstance(day, dt.date) else None


def days_apart(run: dict[str, Any]) -> int | None:
    """How many days lie between the data of this run and of the one that it is compared with."""
    days = [_as_of_day(day) for day in (run["as_of"], run["compared"]["previous_as_of"])]
    return None if days[0] is None or days[1] is None else days[0] - days[1]


def in_shape(data: ReportInput[Any]) -> ReportInput[pl.LazyFrame]:
    """The frames, lazy, with exactly the columns and types of `screener.findings`."""

    def shaped(name: str) -> pl.LazyFrame:
        frame: pl.LazyFrame = getattr(data, name).lazy()
        return frame.select(pl.col(c).cast(t) for c, t in SHAPES[name].items())

    return ReportInput(run=data.run, **{name: shaped(name) for name in SHAPES})


def render(
    data: ReportInput[Any], *, most_findings: int = MOST_FINDINGS, most_orders: int = MOST_ORDERS
) -> bytes:
    """The report as one UTF-8 HTML file.

    Equal input gives equal bytes. Findings above `most_findings` and context orders above
    `most_orders` are left out of the file, and the page says how many. Raises polars'
    ColumnNotFoundError when a frame lacks a column of `screener.findings`.
    """
    run = with_defaults(data.run)
    lazy = in_shape(data)
    brief, pilot = briefly(lazy.findings), briefly(lazy.pilot_findings)
    summary = summarise(run, lazy, brief, pilot)
    both = pl.concat([
        brief.with_columns(pilot=pl.lit(value=False)), pilot.with_columns(pilot=pl.lit(value=True))
    ])  # fmt: skip
    kept, left_out = keep_at_most(both, most_findings)
    tables, orders_left_out = packed_tables(lazy, run, kept, most_orders)
    packed = pack(tables, facts_of(run, summary, left_out, orders_left_out))
    return document(
        "page.html.j2", packed,
        run=run, summary=summary, quality=quality(run, lazy), left_out=left_out,
        titles={row.rule["id"]: row.rule["title"] for row in summary.rules},
        pilots={row.rule["id"] for row in summary.rules if row.rule["status"] == "pilot"},
        highest={row.rule["id"]: row.highest for row in summary.rules},
        scopes={row.rule["id"]: row.in_scope for row in summary.rules},
        places=sites_of(lazy, summary.rules), trends=trends_of(run["trends"]),
        first_run=run["previous_run"] is None, since=first_day(lazy.orders), apart=days_apart(run),
    )  # fmt: skip


def document(template: str, packed: str, **context: Any) -> bytes:
    """One HTML file from a template with the style, the script and the policy that fits both."""
    style, script = _style(context["run"]["run_id"]), _script()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    text = (
        _environment()
        .get_template(template)
        .render(**context, policy=policy, packed=packed, style=Markup(style), script=Markup(script))
    )
    return text.encode("utf-8", "replace")
