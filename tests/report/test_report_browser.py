"""The report in a real Chromium: opened from a file, by keyboard, silent on the console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_report_page import HOSTILE, hostile_clinic

from screener.outputs.report import ReportInput, render
from tests.report.invented_clinic import clinic, empty

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--no-first-run"]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser",
                                                   "google-chrome"))), None)  # fmt: skip
    if program is None:
        pytest.skip("no Chromium on this machine: `make browser` installs one where it can")
    driver = pytest.importorskip("playwright.sync_api")
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


class Opened:
    """A page with everything it said and asked for."""

    def __init__(self, browser: Any, path: Path, width: int = 1366, **more: Any) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": 768}, **more)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.said.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.said.append(f"error: {e}"))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.url = path.as_uri()

    def go(self, address: str = "") -> Any:
        self.page.goto("about:blank")
        self.page.goto(self.url + address)
        self.page.wait_for_selector("html[data-ready]", timeout=10_000)
        return self.page

    def quiet(self) -> bool:
        """Nothing on the console, and no request but the file itself."""
        assert self.said == []
        assert {url.split("#")[0] for url in self.asked} <= {self.url, "about:blank"}
        return True


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    made: list[Opened] = []

    def open_(data: ReportInput, **more: Any) -> Opened:
        path = tmp_path / "report.html"
        path.write_bytes(render(data))
        made.append(Opened(browser, path, **more))
        return made[-1]

    yield open_
    for one in made:
        one.context.close()


def finding_of(data: ReportInput, rule_id: str) -> str:
    row = next(r for r in data.findings.to_dicts() if r["rule_id"] == rule_id)
    return str(row["finding_id"])


def test_it_opens_from_a_file_without_a_word_and_without_a_request(
    opened: Any, tmp_path: Path
) -> None:
    report = opened(clinic())
    page = report.go()
    assert page.locator("h1:visible").inner_text() == "Overview"
    for section in ("findings", "rules", "sites", "trends", "quality", "about"):
        page.click(f'.tabs a[href="#{section}"]')
        page.wait_for_selector(f"main > #{section}:visible")
        assert page.locator("main > .page:visible").get_attribute("id") == section
        assert page.evaluate("scrollY") == 0
    page.screenshot(path=tmp_path / "about.png")
    assert (tmp_path / "about.png").stat().st_size > 10_000
    assert report.quiet()


def test_the_list_with_every_filter_open_counts_what_the_overview_counts(opened: Any) -> None:
    page = opened(clinic()).go("#findings?low=1")
    assert page.inner_text(".count") == "60 findings for 50 patients."


def test_low_and_info_are_hidden_and_counted_aloud(opened: Any) -> None:
    page = opened(clinic()).go("#findings")
    assert page.inner_text(".count") == (
        "45 findings for 40 patients. 15 low or info findings not shown."
    )
    page.check("#f-low")
    assert page.inner_text(".count") == "60 findings for 50 patients."
    page.select_option("#f-severity", "low")
    assert page.inner_text(".count") == "15 findings for 15 patients."


def test_filters_combine_and_stand_in_the_address_but_not_the_search(opened: Any) -> None:
    report = opened(clinic())
    page = report.go("#findings")
    page.select_option("#f-rule", "baclofen-max-dose")
    page.select_option("#f-severity", "high")
    assert page.inner_text(".count").startswith("5 findings for 5 patients.")
    page.fill("#f-text", "p0001")
    page.wait_for_timeout(300)
    assert page.inner_text(".count").startswith("1 finding for 1 patient.")
    assert "severity=high" in page.url
    assert "rule=baclofen-max-dose" in page.url
    assert "p0001" not in page.url.lower()
    page.click("text=Clear filters")
    assert page.inner_text(".count").startswith("45 findings")
    assert report.quiet()


def test_search_finds_a_brand_name_on_the_orders_behind_a_finding(opened: Any) -> None:
    page = opened(clinic()).go("#findings")
    page.fill("#f-text", "lioresal")
    page.wait_for_timeout(300)
    assert page.inner_text(".count").startswith("5 findings for 5 patients.")


def test_an_empty_filter_says_so_and_offers_to_clear(opened: Any) -> None:
    page = opened(clinic()).go("#findings")
    page.fill("#f-text", "no such medicine")
    page.wait_for_timeout(300)
    assert "Nothing matches these filters" in page.inner_text("#list-body")
    page.click("#list-body >> text=Clear filters")
    assert page.inner_text(".count").startswith("45 findings")


def test_pilot_findings_are_listed_apart(opened: Any) -> None:
    page = opened(clinic()).go("#findings")
    page.select_option("#f-set", "pilot")
    assert page.inner_text(".count") == "5 pilot findings for 5 patients."


def test_sorting_says_its_direction_and_turns_round(opened: Any) -> None:
    page = opened(clinic()).go("#findings?by=finding")
    page.click("#sort-patient")
    assert page.get_attribute("th:has(> #sort-patient)", "aria-sort") == "ascending"
    assert page.inner_text("#list-body tbody tr:first-child td:nth-child(2)") == "P0001"
    page.click("#sort-patient")
    assert page.get_attribute("th:has(> #sort-patient)", "aria-sort") == "descending"
    assert page.inner_text("#list-body tbody tr:first-child td:nth-child(2)") == "P0056"


def test_more_than_fifty_findings_come_in_pages(opened: Any) -> None:
    page = opened(clinic()).go("#findings?by=finding&low=1")
    assert page.locator("#list-body tbody tr").count() == 50
    page.click("text=Next")
    assert page.locator("#list-body tbody tr").count() == 10
    assert "Page 2 of 2" in page.inner_text(".pager")


def test_the_keyboard_alone_leads_to_a_timeline_and_back(opened: Any) -> None:
    report = opened(clinic())
    page = report.go()

    def tab_to(what: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({what!r})"):
                return
        raise AssertionError(f"{what} cannot be reached by Tab")

    tab_to('.tabs a[href="#findings"]')
    page.keyboard.press("Enter")
    page.wait_for_selector("#list-body table")
    assert page.evaluate("document.activeElement.id") == "h-findings"
    tab_to("#f-severity")
    page.keyboard.press("h")
    page.wait_for_selector(".count:has-text('15 findings')")
    tab_to("#list-body tbody a")
    page.keyboard.press("Enter")
    page.wait_for_selector("svg.chart")
    assert page.evaluate("document.activeElement.id") == "h-patient"
    page.evaluate("document.activeElement.blur()")
    tab_to(".back a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list-body table")
    assert page.input_value("#f-severity") == "high"
    assert report.quiet()


def test_the_timeline_draws_orders_doses_limit_and_says_it_in_words(
    opened: Any, tmp_path: Path
) -> None:
    data = clinic()
    report = opened(data)
    page = report.go("#finding/" + finding_of(data, "baclofen-max-dose"))
    chart = page.locator("svg.chart")
    words = chart.text_content()
    for text in ("Baclofen 20 mg tablets", "Lioresal 10 mg tablets", "limit 80 mg/day",
                 "up to 120 mg/day, 25 Aug 2026", "4 × 1 tablet × 10 mg = 40 mg/day"):  # fmt: skip
        assert text in words
    assert chart.get_attribute("role") == "img"
    assert "100 mg/day (limit 80)" in page.text_content("#chart-desc")
    assert chart.locator("rect.bar-counted").count() == 4
    assert chart.locator("rect.bar-context").count() == 3
    assert chart.locator("rect.bar-prn").count() == 2
    assert chart.locator("line.limit").count() == 1
    page.click("summary:has-text('The timeline as a table')")
    assert "100 mg/day" in page.inner_text("details[open] table")
    page.click("text=Show whole record")
    assert chart.locator("rect.bar-context").count() == 4
    page.screenshot(path=tmp_path / "timeline.png", full_page=True)
    assert report.quiet()


def test_kidney_results_are_marked(opened: Any) -> None:
    data = clinic()
    page = opened(data).go("#finding/" + finding_of(data, "baclofen-renal-dose"))
    words = page.text_content("svg.chart")
    assert "eGFR 13.1" in words
    assert "eGFR 41.2 of 18 Nov 2025" in words
    assert page.locator("svg.chart line.limit").count() == 0


@pytest.mark.parametrize("width", [640, 1366])
def test_no_section_is_wider_than_the_window(opened: Any, width: int) -> None:
    data = clinic()
    report = opened(data, width=width)
    for address in ("#overview", "#findings", "#rules", "#quality", "#about",
                    "#finding/" + finding_of(data, "baclofen-max-dose")):  # fmt: skip
        page = report.go(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_hostile_strings_are_shown_as_text(opened: Any) -> None:
    data = hostile_clinic()
    report = opened(data)
    page = report.go("#findings")
    assert page.locator("img").count() == 0
    assert HOSTILE.split("\x00")[0] in page.inner_text("#list-body")
    page = report.go("#finding/" + finding_of(data, "baclofen-max-dose"))
    assert page.locator("img").count() == 0
    assert "x" * 20 in page.text_content("svg.chart")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert report.quiet()


def test_an_unknown_finding_says_so(opened: Any) -> None:
    page = opened(clinic()).go("#finding/ffffffffffffffff")
    assert "Finding not in this file" in page.inner_text("#patient")


def test_a_run_without_findings_opens_too(opened: Any) -> None:
    report = opened(empty())
    page = report.go("#findings")
    assert "No findings" in page.inner_text("#list-body")
    assert report.quiet()


def test_without_scripts_all_but_the_list_is_readable(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(render(clinic()))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    text = page.locator("body").inner_text()
    for words in ("Review first", "findings.csv", "Findings by rule", "Provenance", "Row law"):
        assert words in text
    context.close()


def test_print_shows_every_section_but_the_list(opened: Any, tmp_path: Path) -> None:
    report = opened(clinic())
    page = report.go()
    page.emulate_media(media="print")
    shown = page.evaluate(
        "[...document.querySelectorAll('main > .page')]"
        ".filter((s) => s.offsetHeight).map((s) => s.id)"
    )
    assert shown == ["overview", "rules", "sites", "trends", "quality", "about"]
    page.emulate_media(media=None)
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    page = report.go("#finding/" + finding_of(clinic(), "baclofen-max-dose"))
    page.emulate_media(media="print")
    assert page.locator("main > .page:visible").get_attribute("id") == "patient"
