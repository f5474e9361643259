from __future__ import annotations

import io
import re
import zipfile

from screener.findings import FINDINGS
from screener.outputs.report.order import briefly
from screener.outputs.review_list import CELL, ROWS, workbook_bytes
from tests.outputs.invented_run import finding, frame

RUN = {"run_id": "abc", "as_of": "2026-10-31", "complete": True, "incomplete_reasons": []}


def part(book: bytes, name: str) -> str:
    return zipfile.ZipFile(io.BytesIO(book)).read(name).decode()


def test_the_worst_come_first_then_active_then_definite() -> None:
    rows = [
        finding(finding_id="d", severity="moderate"),
        finding(finding_id="c", severity="high", certainty="possible"),
        finding(finding_id="b", severity="high", active=False),
        finding(finding_id="a", severity="critical"),
        finding(finding_id="e", severity="info"),
        finding(finding_id="f", severity="high"),
    ]
    places = briefly(frame(FINDINGS, rows).lazy())["place"].to_list()
    assert [rows[place]["finding_id"] for place in places] == ["a", "f", "c", "b", "d", "e"]
    sheet = part(workbook_bytes(frame(FINDINGS, rows), RUN), "xl/sharedStrings.xml")
    ids = re.findall(r">([a-f])<", sheet)
    assert ids == ["a", "f", "c", "b", "d", "e"]


def test_no_cell_is_a_formula_a_number_or_a_link() -> None:
    hostile = ['=HYPERLINK("http://x")', "@SUM(1)", "+1", "http://x.example", "42"]
    rows = [finding(finding_id=str(i), message=text) for i, text in enumerate(hostile)]
    book = workbook_bytes(frame(FINDINGS, rows), RUN)
    sheet = part(book, "xl/worksheets/sheet1.xml")
    assert "<f>" not in sheet
    assert sheet.count("<c ") == sheet.count('t="s"')
    assert not any(
        "rels" in name and "sheet" in name for name in zipfile.ZipFile(io.BytesIO(book)).namelist()
    )
    assert "=HYPERLINK" in part(book, "xl/sharedStrings.xml")


def test_it_holds_5000_findings_at_most_and_says_how_many_there_are() -> None:
    rows = [finding(finding_id=f"{i:05}") for i in range(ROWS + 1)]
    book = workbook_bytes(frame(FINDINGS, rows), RUN)
    assert part(book, "xl/worksheets/sheet1.xml").count("<row ") == ROWS + 1
    assert f"{ROWS} of {ROWS + 1} findings" in part(book, "xl/sharedStrings.xml")


def test_a_text_too_long_for_a_cell_is_shortened_and_says_so() -> None:
    book = workbook_bytes(frame(FINDINGS, [finding(derivation="x" * (CELL + 1))]), RUN)
    shared = part(book, "xl/sharedStrings.xml")
    assert "x (shortened)" not in shared
    assert "… (shortened)" in shared
    assert "x" * CELL not in shared


def test_the_same_findings_give_the_same_bytes() -> None:
    table = frame(FINDINGS, [finding()])
    assert workbook_bytes(table, RUN) == workbook_bytes(table, RUN)


def test_no_finding_still_gives_a_list_with_its_columns_for_the_reviewer() -> None:
    shared = part(workbook_bytes(frame(FINDINGS, []), RUN), "xl/sharedStrings.xml")
    assert "reviewed_by" in shared
    assert "0 of 0 findings" in shared
