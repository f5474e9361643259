"""The report in a real Firefox: ready, silent, counted, by keyboard, narrow, on paper."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from screener.outputs.report import ReportInput, render
from tests.report.big_run import big_run
from tests.report.firefox import Firefox, firefox, program
from tests.report.invented_clinic import clinic

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(program() is None, reason="no Firefox on this machine"),
]
SECTIONS = ("overview", "findings", "rules", "sites", "trends", "quality", "about")
COUNT = "return document.querySelector('.count').innerText"
CHOOSE = """const control = document.getElementById(arguments[0]), start = performance.now();
control.value = arguments[1];
control.dispatchEvent(new Event("change"));
document.body.offsetHeight;
return performance.now() - start;"""
READY_MS = "return performance.getEntriesByName('ready')[0].startTime"
Open = Callable[..., Firefox]


@pytest.fixture(scope="module")
def fox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox") / "profile") as started:
        yield started


@pytest.fixture
def opened(fox: Firefox, tmp_path: Path) -> Iterator[Open]:
    """Opens a report at an address; afterwards nothing was said and nothing asked for."""
    path = tmp_path / "report.html"

    def open_(data: ReportInput, address: str = "", width: int = 1366) -> Firefox:
        path.write_bytes(render(data))
        fox.go(path.as_uri() + address)
        fox.width(width)
        return fox

    yield open_
    assert fox.run("return performance.getEntriesByType('resource').map((one) => one.name)") == []
    assert fox.said(path.as_uri()) == []


def patient_of(data: ReportInput) -> str:
    row = data.findings.filter(rule_id="baclofen-max-dose").row(0, named=True)
    return f"#finding/{row['finding_id']}"


def shown(page: Firefox) -> int:
    return int(page.run(COUNT).split(" finding")[0].replace(",", ""))


def test_the_watch_sees_an_error_and_a_breach_of_the_policy(fox: Firefox, tmp_path: Path) -> None:
    path = tmp_path / "wrong.html"
    path.write_text(
        "<!doctype html><meta charset=utf-8><script>noSuchName()</script>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
        "<img src=http://127.0.0.1:9/x.png>"
    )
    fox.go(path.as_uri(), ready=False)
    words = " ".join(fox.said(path.as_uri()))
    assert "noSuchName" in words
    assert "Content-Security-Policy" in words


def test_every_section_opens(opened: Open) -> None:
    page = opened(clinic())
    for section in SECTIONS:
        page.click(f'.tabs a[href="#{section}"]')
        page.wait(f"document.querySelector('main > #{section}').offsetHeight")


def test_the_list_counts_what_the_parquet_holds(opened: Open, tmp_path: Path) -> None:
    data = clinic()
    data.findings.write_parquet(tmp_path / "findings.parquet")
    table = pl.read_parquet(tmp_path / "findings.parquet")
    page = opened(data, "#findings?low=1")
    assert shown(page) == table.height == data.run["counts"]["findings"]
    for name, column in (("f-severity", "severity"), ("f-rule", "rule_id"), ("f-site", "site_id")):
        for value, count in table[column].value_counts().iter_rows():
            page.run(CHOOSE, name, value)
            assert shown(page) == count, value
        page.run(CHOOSE, name, "")


def test_the_keyboard_alone_leads_to_a_timeline_and_back(opened: Open) -> None:
    page = opened(clinic())

    def tab_to(what: str) -> None:
        for _ in range(60):
            page.press("Tab")
            if page.run("return document.activeElement.matches(arguments[0])", what):
                return
        raise AssertionError(f"{what} cannot be reached by Tab")

    tab_to('.tabs a[href="#findings"]')
    page.press("Enter")
    page.wait("document.querySelector('#list-body table')")
    tab_to("#list-body tbody a")
    page.press("Enter")
    page.wait("document.querySelector('svg.chart rect.bar-counted')")
    assert page.run("return document.activeElement.id") == "h-patient"
    page.ask("WebDriver:Back")
    page.wait("document.querySelector('#list-body table')?.offsetHeight")


@pytest.mark.parametrize("width", [640, 1366])
@pytest.mark.parametrize("section", [*SECTIONS, "finding"])
def test_no_section_is_too_wide_and_axe_finds_nothing(
    opened: Open, section: str, width: int
) -> None:
    data = clinic()
    page = opened(data, patient_of(data) if section == "finding" else f"#{section}", width)
    assert page.run("return document.documentElement.scrollWidth") <= width
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe-playwright-python is not installed")
    axe = (Path(found.origin).parent / "axe.min.js").read_text("utf-8")
    passes, faults = page.run(
        axe + "\n;return (window.axe || axe).run(document).then((r) => [r.passes.length, "
        "r.violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 200))])]);"
    )
    assert passes > 10
    assert faults == []


def test_without_scripts_all_but_the_list_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(render(clinic()))
    with firefox(tmp_path / "profile", javascript__enabled=False) as page:
        page.go(path.as_uri(), ready=False)
        found = page.ask("WebDriver:FindElement", using="css selector", value="body")
        text = page.ask("WebDriver:GetElementText", id=next(iter(found.values())))
        for words in ("Review first", "findings.csv", "Findings by rule", "Provenance", "Row law"):
            assert words in text


def test_a_patient_prints_with_the_medicine(opened: Open, tmp_path: Path) -> None:
    data = clinic()
    page = opened(data, patient_of(data))
    page.pdf(tmp_path / "page.pdf")
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine")
    text = subprocess.run(["pdftotext", "-layout", str(tmp_path / "page.pdf"), "-"],
                          check=True, capture_output=True, text=True).stdout  # fmt: skip
    assert text.count("\f") >= 1
    assert "Baclofen" in text


@pytest.mark.alone
@pytest.mark.skipif(
    os.environ.get("SCREENER_HYPOTHESIS_PROFILE") != "deep", reason="takes a minute: make test-deep"
)
def test_a_hundred_thousand_findings_are_fast(opened: Open) -> None:
    page = opened(big_run(100_000), "#findings")
    readies = [page.run(READY_MS)]
    steps = [("f-severity", "high"), ("f-severity", ""), ("f-state", "new"), ("f-state", ""),
             ("f-rule", "baclofen-max-dose"), ("f-rule", "")]  # fmt: skip
    url, slowest = page.run("return location.href"), []
    for _ in range(3):
        slowest.append(max(page.run(CHOOSE, *step) for step in steps))
        page.go(url)
        readies.append(page.run(READY_MS))
    print(f"ready {readies} ms, slowest filter {slowest} ms")
    assert min(readies) <= 1500
    assert min(slowest) <= 300
