"""A patient's page as a pharmacist reads it: which orders count, which dose, what came after."""

# ruff: noqa: F811 (a fixture is imported, and named by the tests)
from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import pytest
from test_report_browser import browser, finding_of, opened  # noqa: F401

from tests.report.invented_clinic import clinic

pytestmark = pytest.mark.browser
FACTS = (
    "dl => [...dl.querySelectorAll('dt')].map((dt) => [dt.textContent, dt.nextSibling.textContent])"
)


def facts(page: Any) -> dict[str, str]:
    return dict(page.eval_on_selector("dl.facts-list", FACTS))


def order_rows(page: Any) -> list[str]:
    rows: list[str] = page.locator("table.orders tbody tr").all_inner_texts()
    return rows


def test_an_order_that_counts_only_after_the_finding_is_not_marked(opened: Any) -> None:
    data = clinic()
    chosen = next(r for r in data.findings.to_dicts() if r["rule_id"] == "baclofen-supplied-twice")
    last = chosen["prescription_ids"][-1]
    is_last = pl.col("prescription_id") == last
    before = opened(data).go("#finding/" + chosen["finding_id"])
    marked = [row for row in order_rows(before) if "in this finding" in row]
    assert any(last in row for row in marked)
    later = data.orders.with_columns(
        counted_from=pl.when(is_last).then(pl.lit(chosen["end_date"]).dt.offset_by("1d"))
        .otherwise("counted_from"),
    )  # fmt: skip
    page = opened(dataclasses.replace(data, orders=later)).go("#finding/" + chosen["finding_id"])
    after = [row for row in order_rows(page) if "in this finding" in row]
    assert len(after) == len(marked) - 1
    assert not any(last in row for row in after)


def test_a_brand_stands_with_its_ingredient_and_a_plain_name_alone(opened: Any) -> None:
    data = clinic()
    page = opened(data).go("#finding/" + finding_of(data, "baclofen-max-dose"))
    names = page.locator("table.orders tbody td:first-child bdi").all_inner_texts()
    assert "Lioresal 10 mg tablets (baclofen)" in names
    assert "Baclofen 20 mg tablets" in names


def test_an_excluded_order_says_so_beside_its_name_and_has_no_dose(opened: Any) -> None:
    data = clinic()
    out = data.orders.filter(pl.col("row_class") == "excluded").to_dicts()[0]
    chosen = next(
        r for r in data.findings.to_dicts() if r["patient_id"] == out["patient_id"]
    )  # fmt: skip
    page = opened(data).go("#finding/" + chosen["finding_id"])
    (row,) = [row for row in order_rows(page) if out["prescription_id"] in row]
    cells = row.split("\t")
    assert "excluded" in cells[0]
    assert cells[1:3] == ["not read: the order does not count", "none"]
    assert "not known" not in row


def test_a_finding_whose_number_is_no_dose_tells_the_dose(opened: Any) -> None:
    data = clinic()
    report = opened(data)
    kidney = facts(report.go("#finding/" + finding_of(data, "baclofen-renal-dose")))
    assert kidney["Daily dose in these days"].startswith("baclofen ")
    assert kidney["Daily dose in these days"].endswith("mg/day")
    assert "Its band: below" in kidney
    dose = facts(report.go("#finding/" + finding_of(data, "baclofen-max-dose")))
    assert "Daily dose in these days" not in dose


def test_after_a_stop_the_dose_lies_at_zero_to_the_end_of_what_is_drawn(opened: Any) -> None:
    data = clinic()
    page = opened(data).go("#finding/" + finding_of(data, "baclofen-stopped-abruptly"))
    path = page.locator("svg.chart path.dose-low").first.get_attribute("d")
    zero = page.evaluate(
        "() => Math.max(...[...document.querySelectorAll('svg.chart .rule-line')]"
        ".map((line) => Number(line.getAttribute('y1'))))"
    )
    assert path is not None
    height, reach = path.rsplit("V", 1)[1].split("H")
    assert float(height) == zero
    found = page.locator("svg.chart rect.days-found")
    ends = float(found.get_attribute("x") or 0) + float(found.get_attribute("width") or 0)
    assert float(reach) > ends + 50  # a month, not the day alone


@pytest.mark.parametrize("rule", ["baclofen-max-dose", "baclofen-stopped-abruptly"])
def test_the_legend_names_the_dot_and_the_tint_only_where_they_are_drawn(
    opened: Any, rule: str
) -> None:
    data = clinic()
    page = opened(data).go("#finding/" + finding_of(data, rule))
    legend = page.locator("ul.legend").inner_text()
    drawn = {
        "highest dose of the finding": page.locator("svg.chart circle.peak").count(),
        "above the limit": page.locator("svg.chart rect.above").count(),
        "other order": page.locator("svg.chart .bar-context").count(),
    }
    for words, count in drawn.items():
        assert (words in legend) == (count > 0), words


def test_a_narrow_chart_says_its_unit(opened: Any) -> None:
    data = clinic()
    page = opened(data, width=640).go("#finding/" + finding_of(data, "baclofen-max-dose"))
    assert page.locator("svg.chart text:has-text('mg/day')").first.is_visible()
    said = page.locator("svg.chart .lane-name").all_text_contents()
    assert any(text.endswith(", mg/day") for text in said)
