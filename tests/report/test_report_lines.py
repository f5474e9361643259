"""Where lines break, in Chromium: never inside a number with its unit, and no tab off the edge."""

# ruff: noqa: F811 (a fixture is imported, and named by the tests)
from __future__ import annotations

import dataclasses
import re
from typing import Any

import polars as pl
import pytest
from test_report_browser import browser, finding_of, opened  # noqa: F401

from screener.outputs.report.words import KEPT, kept
from tests.report.invented_clinic import clinic

# Of every match of the pattern in the text of the elements, how many lines it stands on.
LINES = """(all, [pattern]) => all.flatMap((one) => {
  const texts = [], walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode);
  const whole = texts.map((text) => text.data).join("");
  const place = (at) => {
    for (const text of texts) {
      if (at <= text.length) return [text, at];
      at -= text.length;
    }
  };
  return [...whole.matchAll(new RegExp(pattern, "gu"))].map((match) => {
    const range = document.createRange();
    range.setStart(...place(match.index + 1));
    range.setEnd(...place(match.index + match[0].length - 1));
    const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
    return [match[0], tops.size];
  });
})"""


def long_worded() -> Any:
    """The clinic with sentences of which every width breaks some number."""
    data = clinic()
    words = " ".join(f"up to {n:,} mg/day" + " or so" * (n % 5) for n in range(995, 1030))
    message = f"Baclofen: {words}, eGFR 13.1 mL/min/1.73 m² on 14 Sep 2026."
    findings = data.findings.with_columns(message=pl.lit(message), derivation=pl.lit(message))
    orders = data.orders.with_columns(derivation=pl.lit(message))
    return dataclasses.replace(data, findings=findings, orders=orders)


@pytest.mark.parametrize("width", [640, 977, 1366])
def test_no_line_break_parts_a_number_from_its_unit(opened: Any, width: int) -> None:
    data = long_worded()
    report = opened(data, width=width)
    for address, places in (
        ("#overview", ".first td:nth-child(3)"),
        ("#findings?by=finding", "#list-body td:nth-child(3)"),
        ("#findings", ".lines li a"),
        ("#finding/" + finding_of(data, "baclofen-max-dose"), ".lead-text, .sums li, .orders td"),
    ):
        page = report.go(address)
        seen = page.eval_on_selector_all(places, LINES, [r"\d [a-z]+/day|\d{1,2} Sep \d{4}"])
        assert len(seen) > 10, address
        assert [one for one in seen if one[1] > 1] == [], address
    labels = page.locator("svg.chart .lane-dose").all_text_contents()
    assert len(labels) > 5
    assert labels.count("mg/day") <= 1  # the unit of the band of doses
    assert not [one for one in labels if re.match(r"(mg(/day)?|Sep|2026)[ ,;.]", one)]
    assert not [one for one in labels if re.search(r"\d$", one) and not one.endswith("2026")]
    assert report.quiet()


def test_the_text_reads_the_same_with_and_without_its_breaks_kept() -> None:
    text = "Up to 1,000 mg/day <b> on 14 Sep 2026, 3 days; 13.1 mL/min/1.73 m² & 5 % of it"
    marked = kept(text)
    spans = re.findall(r'<span class="kept">(.*?)</span>', marked)
    assert spans == ["1,000 mg/day", "14 Sep 2026", "3 days", "13.1 mL/min/1.73 m²", "5 %"]
    assert marked.striptags() == text
    assert "<b>" not in marked
    assert re.fullmatch(KEPT, "2 tablets")


@pytest.mark.parametrize("width", [360, 640, 800, 1366])
def test_every_tab_of_the_navigation_is_inside_the_window(opened: Any, width: int) -> None:
    page = opened(clinic(), width=width).go()
    edges = page.eval_on_selector_all(
        ".tabs a", "all => all.map((one) => [one.getBoundingClientRect()])"
        ".map(([box]) => [box.left, box.right])"
    )  # fmt: skip
    assert len(edges) == 7
    assert all(left >= 0 and right <= width for left, right in edges), edges


def test_the_table_of_rules_fits_an_office_screen_on_a_later_run(opened: Any) -> None:
    data = clinic()
    rules = [rule["id"] for rule in data.run["rules"]]
    told = {"previous_run": "abc", "previous_as_of": "2026-09-13", "rules": rules[1:]}
    trends = {"by_rule": {rule: [1234, 5678, 1000] for rule in rules}}
    run = {**data.run, "previous_run": "abc", "compared": told, "trends": trends}
    page = opened(dataclasses.replace(data, run=run)).go()
    card = page.locator('[aria-labelledby="h-byrule"]')
    assert card.evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize(
    ("value", "limit", "unit", "told"),
    [
        (46.06, 60.0, "mL/min/1.73 m2", ("46.1 mL/min/1.73 m2", "60 mL/min/1.73 m2")),
        (59.96, 60.0, "mL/min/1.73 m2", ("59.96 mL/min/1.73 m2", "60 mL/min/1.73 m2")),
        (1.0, 2.0, "doses a day", ("1 dose a day", "2 doses a day")),
        (8000.0, 4000.0, "mg/day", ("8,000 mg/day", "4,000 mg/day")),
    ],
)
def test_a_value_is_told_as_its_sentence_tells_it(
    opened: Any, value: float, limit: float, unit: str, told: tuple[str, str]
) -> None:
    data = clinic()
    changed = data.findings.with_columns(
        value=pl.lit(value), limit=pl.lit(limit), unit=pl.lit(unit)
    )
    data = dataclasses.replace(data, findings=changed)
    page = opened(data).go("#finding/" + finding_of(data, "baclofen-max-dose"))
    facts = page.inner_text(".facts-list")
    assert f"Daily dose, at its worst\n{told[0]}\n" in facts
    assert f"Limit\n{told[1]}\n" in facts


def test_a_bound_that_is_no_limit_is_not_called_one(opened: Any) -> None:
    data = clinic()
    report = opened(data)
    for rule, found, bound in (
        ("baclofen-stopped-abruptly", "Last steady dose", "Counts from"),
        ("baclofen-raised-too-fast", "Rise", "Limit of a rise"),
    ):
        page = report.go("#finding/" + finding_of(data, rule))
        terms = page.locator(".facts-list dt").all_inner_texts()
        row = next(r for r in data.findings.to_dicts() if r["rule_id"] == rule)
        assert terms[0] == found
        assert (bound in terms) == (row["limit"] is not None)
        assert "Limit" not in terms
