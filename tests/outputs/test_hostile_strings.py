"""A hundred hostile texts in the columns of an export, through every file that a run leaves."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from screener.cli import logs
from screener.cli.main import ended_with
from tests.cli.invented_clinic import MAX_DOSE

FORMULAS = (
    "=1+1", "=HYPERLINK(1)", "=cmd|' /C calc'!A0", "+1+1", "+cmd|x", "-1+1", "-2*3", "@SUM(1)",
    "@A1", "\t=1+1", "＝1+1", "＋1", "－1", "＠A1", "=IMPORTXML(1)", "=WEBSERVICE(1)", "|calc",
    "%0A=1+1", ";=1+1", "'=1+1", "\"=1+1", "=-1", "=DDE(1)", "+-1", "=\u202e1",
)  # fmt: skip
TAGS = (
    "<script>hit=1</script>", "</script><script>hit=1</script>", "<img src=x onerror=hit=1>",
    "<svg onload=hit=1>", "<a href='javascript:hit=1'>x</a>", "javascript:hit=1", "<!--", "-->",
    "<![CDATA[", "]]>", "<iframe src='http://x.invalid'>", "<base href='//x.invalid/'>",
    "<style>*{display:none}</style>", "<template>", "</template>", "<body onload=hit=1>",
    "'-hit=1-'", "\" autofocus onfocus=hit=1 x=\"", "&lt;script&gt;", "&#60;script&#62;", "&amp;",
    "<plaintext>", "<textarea>", "</textarea>", "<title>", "</title>", "<noscript>", "</noscript>",
    "<meta http-equiv=refresh content=0>", "<form action=//x.invalid>", "<math><mi//xlink:href>",
    "<object data=x>", "<embed src=x>", "<link rel=stylesheet href=//x.invalid>",
    "<input onfocus=hit=1>",
    "<details open ontoggle=hit=1>", "<video src=x onerror=hit=1>", "<table><td>",
    "</table>", "</html>",
)  # fmt: skip
OTHERS = (
    "{{7*7}}", "{% raw %}", "{#", "${7*7}", "#{7*7}", "<%= 7 %>", "{{constructor}}", "__proto__",
    "constructor", "toString", "\u202eabc", "\u2066abc\u2069", "a\u200bb", "\ufeffx", "a\u2028b",
    "a\u2029b", "a\x0bb", "a\x0cb", "a\x85b", "a\x1bb", "a\x7fb", "\\", "\\\\", "a\\nb", "a\"b",
    "a'b",
    "{x=\"y\"}", "a} 1", "# HELP x", "../../etc/x", "C:\\x", "%s%n", "x" * 900, "é" * 400, "🙂",
    "null",
)  # fmt: skip
STRINGS = (*FORMULAS, *TAGS, *OTHERS)
START = re.compile(r"^[\s\x00-\x1f\x7f-\x9f]*[=+\-@\t\r＝＋－＠]")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run: each text is a patient, an order, a prescriber, a site and a drug."""
    place = tmp_path_factory.mktemp("hostile")
    (place / "rules" / "baclofen").mkdir(parents=True)
    (place / "rules" / "baclofen" / "baclofen-max-dose.yaml").write_text(MAX_DOSE, encoding="utf-8")
    columns = ("prescription_id", "patient_id", "drug", "route", "form", "strength_value",
               "strength_unit", "dose_min", "dose_unit", "frequency_count",
               "frequency_period_days", "start_date", "days_supply", "prescriber_id", "site_id",
               "sig")  # fmt: skip
    with (place / "prescriptions.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        for text in STRINGS:
            dose = ("oral", "tablet", 20, "mg", 1, "tablet", 5, 1, "2026-03-01", 28)
            out.writerow((text, text, "baclofen", *dose, text, text, text))
            out.writerow((text + "2", text, text, *dose, text, text, ""))
    code = ended_with(["run", str(place / "prescriptions.csv"), "--rules", str(place / "rules"),
                       "--out", str(place / "out"), "--also", "fhir,prometheus",
                       "--log-format", "json", "--log-file", str(place / "log")])  # fmt: skip
    assert code in (0, 3)
    logs.current = logs.Log()
    share = ["report", "latest", "--out", str(place / "out"), "--share", str(place / "copy.html")]
    assert ended_with(share) == 0
    return next((place / "out").glob("2*/run.json")).parent


def test_there_are_a_hundred_and_nearly_all_get_as_far_as_a_finding(run: Path) -> None:
    assert len(set(STRINGS)) >= 100
    found = pl.read_parquet(run / "findings.parquet")
    assert found["patient_id"].n_unique() >= 95
    assert set(found["site_id"].drop_nulls()) <= {*STRINGS, *(text.strip() for text in STRINGS)}


def test_no_cell_of_a_table_is_a_formula(run: Path) -> None:
    cells: list[str] = []
    for path in run.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        assert {len(row) for row in rows} == {len(rows[0])}, path.name
        cells += [cell for row in rows for cell in row]
    assert len(cells) > 2000
    assert [cell for cell in cells if START.match(cell) and not _number(cell)] == []
    book = openpyxl.load_workbook(run / "review_list.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n", "inlineStr"}
    assert all(not cell.hyperlink for s in book for row in s.iter_rows() for cell in row)


def _number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


class Tags(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))


@pytest.mark.parametrize("name", ["report.html", "../../copy.html"])
def test_a_page_has_no_element_of_theirs_and_no_address_elsewhere(run: Path, name: str) -> None:
    page = (run / name).read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    theirs = {"iframe", "object", "embed", "base", "form", "video", "math", "img", "plaintext"}
    assert not theirs & {tag for tag, _ in tags.seen}
    assert "hit=1" not in "".join(re.findall(r"<script\b[^>]*>", page))
    assert [tag for tag, _ in tags.seen].count("script") == page.count("</script>")
    attributes = [(key, value or "") for _, pairs in tags.seen for key, value in pairs]
    assert [key for key, _ in attributes if key.startswith("on")] == []
    leading = ("src", "href", "action", "data", "srcset", "poster")
    away = [v for k, v in attributes if k in leading and not v.startswith(("#", "data:"))]
    assert away == []


def test_files_for_other_systems_parse(run: Path) -> None:
    exports = run.parent / "exports"
    lines = [line for path in exports.rglob("*.ndjson") for line in _lines(path)]
    assert len(lines) > 95
    assert all(isinstance(json.loads(line), dict) for line in lines)
    metrics = (exports / "screener.prom").read_text(encoding="utf-8")
    assert list(text_string_to_metric_families(metrics))
    assert [text for text in STRINGS if len(text) > 5 and text in metrics] == []
    told: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert told["counts"]["findings"] >= 95


def test_the_log_has_one_object_a_line(run: Path) -> None:
    lines = _lines(run.parents[1] / "log")
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]", "".join(lines))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.browser
def test_nothing_of_theirs_runs_in_chromium(run: Path) -> None:
    import shutil

    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((run / "report.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        first = pl.read_parquet(run / "findings.parquet")["finding_id"][0]
        for section in (
            "overview",
            "findings",
            f"finding/{first}",
            "rules",
            "sites",
            "quality",
            "about",
        ):
            page.evaluate("to => { location.hash = to }", section)
            page.wait_for_timeout(150)
            assert page.evaluate("typeof window.hit") == "undefined"
        assert said == []
        assert {url.split("#")[0] for url in asked} == {(run / "report.html").as_uri()}
        browser.close()
