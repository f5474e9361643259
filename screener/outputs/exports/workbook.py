"""All findings as a workbook, for people who have nothing but a spreadsheet. Every cell is text."""

from __future__ import annotations

import io

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from screener.outputs.review_list import MADE, as_text


def findings_workbook(findings: pl.DataFrame) -> bytes:
    """One sheet of findings with a header; rows are written as they come, so memory stays low."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"constant_memory": True})
    book.set_properties({"created": MADE})
    sheet = book.add_worksheet("findings")
    for at, name in enumerate(findings.columns):
        sheet.write_string(0, at, name)
    for at_row, row in enumerate(as_text(findings, findings.columns).iter_rows(), start=1):
        for at, text in enumerate(row):
            sheet.write_string(at_row, at, text)
    sheet.freeze_panes(1, 0)
    book.close()
    return buffer.getvalue()
