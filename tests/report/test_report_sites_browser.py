"""The page of sites and prescribers in a real Chromium: quiet, narrow, and on paper."""

# ruff: noqa: F811 (a fixture is imported, and named by the tests)
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_report_browser import Opened, browser  # noqa: F401

from screener.outputs.report import render
from tests.report.invented_clinic import clinic
from tests.report.invented_sites import many_sites

pytestmark = pytest.mark.browser


def opened_at(browser: Any, folder: Path, data: Any, width: int) -> Opened:
    path = folder / "report.html"
    path.write_bytes(render(data))
    return Opened(browser, path, width)


@pytest.mark.parametrize("width", [640, 1366])
def test_the_page_opens_from_its_tab_and_says_nothing(
    browser: Any,
    tmp_path: Path,
    width: int,
) -> None:
    report = opened_at(browser, tmp_path, many_sites(), width)
    page = report.go()
    assert not page.is_visible("#sites")
    page.click('.tabs a[href="#sites"]')
    assert page.is_visible("#sites .funnel > svg >> nth=0")
    assert page.evaluate("document.activeElement.id") == "h-sites"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert report.quiet()
    report.context.close()


def test_paper_shows_the_folded_tables(browser: Any, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine")
    report = opened_at(browser, tmp_path, clinic(), 1366)
    page = report.go("#sites")
    assert not page.is_visible("#sites details >> text=SITE-A")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "page.pdf"), "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    after = text[text.index("Sites, rule by rule") : text.index("Data quality")]
    assert after.count("SITE-A") >= 5
    report.context.close()


@pytest.mark.parametrize("data", [many_sites, clinic])
def test_axe_finds_nothing(browser: Any, tmp_path: Path, data: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    report = opened_at(browser, tmp_path, data(), 1366)
    page = report.go("#sites")
    for fold in page.query_selector_all("#sites details:not([open]) > summary"):
        fold.click()
    assert [one["id"] for one in axe.run(page).response["violations"]] == []
    report.context.close()
