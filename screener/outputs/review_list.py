"""The review list: the worst findings, short, with blank columns for the reviewer; XLSX and CSV.

Every cell is text, so nothing a name or a message contains can run as a formula or open a link.
`reviews` reads the list again when it comes back filled in.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from screener.outputs.report.order import briefly
from screener.outputs.tables import Table, csv_bytes, rows_at

ROWS = 5_000  # a list that a person can work through; the rest is in findings.csv
CELL = 32_767  # characters that a cell can hold; a longer text is shortened with a mark
MADE = dt.datetime(2000, 1, 1)  # noqa: DTZ001  the same bytes for the same findings
COLUMNS = {
    "severity": 10,
    "certainty": 10,
    "active": 8,
    "rule_id": 30,
    "patient_id": 16,
    "subject": 22,
    "date": 12,
    "end_date": 12,
    "value": 10,
    "limit": 10,
    "unit": 12,
    "message": 60,
    "derivation": 60,
    "prescription_ids": 24,
    "prescriber_id": 14,
    "site_id": 12,
    "finding_id": 18,
    "state": 12,
    "first_seen": 12,
}
FOR_THE_REVIEWER = {"reviewed_by": 16, "reviewed_on": 12, "outcome": 22, "comment": 40}
NOTES = (
    "Prompts for clinical review, not confirmed errors. No finding does not mean a list is safe.",
    "Outcome: write one of confirmed, not confirmed, already known, cannot tell.",
    "Hand the list to the next run with --reviews FILE: only finding_id, outcome, reviewed_on and "
    "reviewed_by are read, the comment never leaves this file.",
    "Every cell is text. The finding_id joins a row to findings.csv and to the report.",
)


def review_list(findings: Table, run: Mapping[str, Any]) -> dict[str, bytes]:
    """File name -> content: the list as a workbook, and its first sheet as CSV."""
    brief = briefly(findings.lazy())
    return {
        "review_list.xlsx": workbook_bytes(findings, run, brief),
        "review_list.csv": _csv_bytes(findings, brief),
    }


def workbook_bytes(
    findings: Table, run: Mapping[str, Any], brief: pl.DataFrame | None = None
) -> bytes:
    """The workbook: at most 5,000 findings, worst first, those waived on a sheet of their own.

    `brief`: the findings as `briefly` gives them, where somebody has them already.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": MADE, "title": f"Review list of run {run['run_id']}"})
    brief = briefly(findings.lazy()) if brief is None else brief
    is_waived = pl.col("state").eq_missing("waived")
    waived, open_ = brief.filter(is_waived), brief.filter(~is_waived)
    shown = _sheet(book, "review", _worst(open_, findings), COLUMNS | FOR_THE_REVIEWER)
    listed = _sheet(book, "waived", _worst(waived, findings), COLUMNS) if waived.height else 0
    notes = book.add_worksheet("notes")
    notes.set_column(0, 0, 110)
    texts = _notes(open_.height, shown, run)
    if waived.height:
        texts.append(f"{listed} of {waived.height} waived findings stand on the sheet waived.")
    for at_row, text in enumerate(texts):
        notes.write_string(at_row, 0, text)
    book.close()
    return buffer.getvalue()


def _csv_bytes(findings: Table, brief: pl.DataFrame) -> bytes:
    shown = as_text(_worst(brief.filter(pl.col("state").ne_missing("waived")), findings))
    blank = [pl.lit(None, pl.String).alias(name) for name in FOR_THE_REVIEWER]
    return csv_bytes(shown.with_columns(blank))


def _worst(brief: pl.DataFrame, findings: Table) -> pl.DataFrame:
    """The whole rows of the first ROWS of `brief`."""
    return rows_at(findings.lazy().select(*COLUMNS), brief["place"].head(ROWS))


def _sheet(book: Any, name: str, shown: pl.DataFrame, columns: dict[str, int]) -> int:
    """A sheet of findings; gives how many it holds."""
    head = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(name)
    for at, (column, width) in enumerate(columns.items()):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, column, head)
    for at_row, row in enumerate(as_text(shown).iter_rows(), start=1):
        for at, text in enumerate(row):
            sheet.write_string(at_row, at, text, wrap)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(shown.height, 1), len(columns) - 1)
    return shown.height


def as_text(findings: pl.DataFrame, columns: Iterable[str] = COLUMNS) -> pl.DataFrame:
    """Every cell as text, blank for unknown, shortened to what a cell can hold."""
    cells = []
    for name in columns:
        column, dtype = pl.col(name), findings.schema[name]
        if isinstance(dtype, pl.List):
            column = column.list.join(";", ignore_nulls=True)
        elif isinstance(dtype, pl.Boolean):
            column = pl.when(column).then(pl.lit("yes")).otherwise(pl.lit("no"))
        elif isinstance(dtype, pl.Float64):
            column = column.round(6).cast(pl.String).str.strip_suffix(".0")
        text = column.cast(pl.String).fill_null("")
        short = pl.concat_str(text.str.head(CELL - 20), pl.lit(" … (shortened)"))
        cells.append(pl.when(text.str.len_chars() > CELL).then(short).otherwise(text).alias(name))
    return findings.select(cells)


def _notes(found: int, shown: int, run: Mapping[str, Any]) -> list[str]:
    incomplete = [] if run["complete"] else ["This run is incomplete:", *run["incomplete_reasons"]]
    return [
        *incomplete,
        f"Run {run['run_id']}, data up to {run['as_of']}.",
        f"{shown} of {found} finding{'' if found == 1 else 's'}, worst first; all of them are "
        "in findings.csv.",
        *NOTES,
    ]
