"""A copy in a real Chromium: it opens, lists and draws as the report does, and stays silent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from screener.outputs.share import copy_bytes
from tests.report.invented_clinic import clinic

pytestmark = pytest.mark.browser
KEY = bytes(range(32))
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: `make browser` installs one where it can")
    driver = pytest.importorskip("playwright.sync_api")
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "copy.html"
    path.write_bytes(copy_bytes(clinic(), KEY))
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.said = []
    page.on("console", lambda m: page.said.append(m.text))
    page.on("pageerror", lambda e: page.said.append(str(e)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=10_000)
    yield page
    context.close()


def test_every_section_opens_and_nothing_is_said(page: Any) -> None:
    for section in ("findings", "rules", "sites", "about", "overview"):
        page.click(f'.tabs a[href="#{section}"]')
        page.wait_for_selector(f"main > #{section}:visible")
    assert page.said == []


def test_the_band_says_that_it_is_a_copy_and_is_blue(page: Any) -> None:
    band = page.locator(".band")
    assert "PSEUDONYMISED COPY" in band.inner_text()
    colour = band.evaluate("node => getComputedStyle(node).backgroundColor")
    assert colour == "rgb(11, 83, 148)"


def test_a_finding_opens_with_its_timeline_and_names_no_patient(page: Any) -> None:
    page.click('.tabs a[href="#findings"]')
    page.click("#list-body a >> nth=0")
    page.wait_for_selector("#patient:visible svg.chart")
    text = page.inner_text("main")
    assert "P0" not in text
    assert "RX" not in text
    assert page.said == []


def test_axe_finds_nothing_on_any_section(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for section in ("overview", "findings", "rules", "sites", "about"):
        page.click(f'.tabs a[href="#{section}"]')
        page.wait_for_selector(f"main > #{section}:visible")
        assert [one["id"] for one in axe.run(page).response["violations"]] == []
    page.click('.tabs a[href="#findings"]')
    page.click("#list-body a >> nth=0")
    page.wait_for_selector("#patient:visible svg.chart")
    assert [one["id"] for one in axe.run(page).response["violations"]] == []
