"""The page of sites and prescribers: what is counted, who is named, and who is not."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from test_report_page import text_of

from screener.outputs.report import ReportInput, render
from screener.outputs.report.funnel import Unit
from screener.outputs.report.given import with_defaults
from screener.outputs.report.order import briefly
from screener.outputs.report.page import in_shape
from screener.outputs.report.sites import by_rule, compare, units_of
from screener.outputs.report.summary import RuleRow, summarise
from tests.report.invented_clinic import clinic, empty
from tests.report.invented_sites import SITES, many_sites


def lazy(data: ReportInput) -> ReportInput[pl.LazyFrame]:
    return in_shape(data)


def rules_of(data: ReportInput) -> tuple[RuleRow, ...]:
    lazily, run = lazy(data), with_defaults(data.run)
    brief, pilot = briefly(lazily.findings), briefly(lazily.pilot_findings)
    return summarise(run, lazily, brief, pilot).rules


def page_of(data: ReportInput) -> str:
    """The text of the section alone."""
    page = render(data).decode()
    section = re.search(r'<section class="page" id="sites".*?</section>', page, re.DOTALL)
    assert section
    return text_of(section.group().encode())


def test_every_site_has_its_patients_and_those_with_a_finding() -> None:
    counted = {u.name: (u.whole, u.part) for u in units_of(lazy(many_sites()))["site_id"]}
    assert counted == SITES


@pytest.mark.parametrize(
    "change", [{"active": False}, {"severity": "moderate"}, {"state": "waived"}, {"active": None}]
)
def test_past_waived_and_lesser_findings_are_not_counted(change: dict[str, object]) -> None:
    units = units_of(lazy(many_sites(**change)))["site_id"]
    assert {u.part for u in units} == {0}
    assert sum(u.whole for u in units) == sum(whole for whole, _ in SITES.values())


def test_a_patient_counts_once_at_a_site_and_at_each_of_two() -> None:
    data = many_sites({"A": (1, 1), "B": (1, 0)})
    twice = pl.concat([data.findings, data.findings])
    moved = data.orders.with_columns(patient_id=pl.lit("S0-00000"))
    both = dataclasses.replace(data, findings=twice, orders=pl.concat([moved, moved]))
    assert units_of(lazy(both))["site_id"] == [Unit("A", 1, 1), Unit("B", 0, 1)]


def test_orders_that_were_not_in_force_make_nobody_a_patient_of_a_site() -> None:
    data = many_sites({"A": (3, 0), "B": (2, 0)})
    left = pl.when(pl.col("site_id") == "B").then(pl.lit("excluded")).otherwise("row_class")
    data = dataclasses.replace(data, orders=data.orders.with_columns(row_class=left))
    assert units_of(lazy(data))["site_id"] == [Unit("A", 0, 3)]


@pytest.mark.parametrize("slice_rows", [1, 2, 7, 139, 140, 141])
def test_reading_in_slices_changes_no_number(slice_rows: int) -> None:
    data = many_sites({"A": (40, 0), "B": (30, 0)})
    moved = data.orders.with_columns(site_id=pl.lit("B"), prescriber_id=pl.lit("PR-99"))
    twice = pl.concat([data.orders, moved]).sort("patient_id", maintain_order=True)
    units = units_of(lazy(dataclasses.replace(data, orders=twice)), slice_rows)
    assert units["site_id"] == [Unit("A", 0, 40), Unit("B", 0, 70)]
    assert units["prescriber_id"][-1] == Unit("PR-99", 0, 70)
    assert sum(u.whole for u in units["prescriber_id"]) == 140


def test_the_sites_hold_every_patient_whom_the_findings_hold() -> None:
    """Nobody has orders of two sites in the clinic, so the sum is that of the list."""
    data = clinic()
    pressing = data.findings.filter(
        pl.col("active") & pl.col("severity").is_in(["critical", "high"])
    )
    units = units_of(lazy(data))["site_id"]
    assert sum(u.part for u in units) == pressing["patient_id"].n_unique() > 0
    assert sum(u.whole for u in units) == data.run["counts"]["patients"]


def test_only_the_site_above_the_limit_is_named_and_in_these_words() -> None:
    text = page_of(many_sites())
    assert "Higher than chance would explain; look at case mix first: Oak." in text
    assert text.count("higher than chance would explain") == 1
    assert "7 of them with 50 or more patients" in text
    assert "Maple 40 9 225 123.2 to 375 too few patients to compare" in text
    assert "Site not recorded 30 2 66.7" in text


def test_small_prescribers_are_counted_and_neither_named_nor_drawn() -> None:
    page = render(many_sites()).decode()
    small = [u for u in units_of(lazy(many_sites()))["prescriber_id"] if u.whole < 10]
    assert small
    text = page_of(many_sites())
    assert f"Prescribers with fewer than 10 patients: {len(small)}." in text
    section = page[page.index('id="sites"') : page.index('id="quality"')]
    for unit in small:
        assert unit.name not in section
    assert ">PR-55<" in section  # 10 patients: named


def test_units_stand_in_order_of_name_and_not_of_rate() -> None:
    compared = compare([Unit("", 1, 60), Unit("B", 1, 60), Unit("A", 9, 60), Unit("C", 30, 60)])
    assert [row.name for row in compared.rows] == ["A", "B", "C", ""]
    assert compared.units == 3


def test_a_table_that_is_full_keeps_the_largest_and_whoever_is_above() -> None:
    units = [Unit(f"U{n:02}", 10, 100 + n) for n in range(20)] + [Unit("Z", 50, 90)]
    compared = compare(units, most=3)
    assert [row.name for row in compared.rows] == ["U18", "U19", "Z"]
    assert compared.named == ("Z",)
    assert compared.left_out == 18


def test_four_sites_have_a_table_and_no_limits() -> None:
    text = page_of(many_sites({name: (100, 10) for name in "ABCD"}))
    assert "they need 5 or more sites with 50 or more patients each; there are 4." in text
    assert "No control limits (95 % and 99.8 %) are drawn" in text
    assert "upper 99.8 % limit" not in text.split("Prescribers")[0]


def test_no_findings_and_no_data_are_said() -> None:
    quiet = page_of(many_sites({name: (100, 0) for name in "ABCDE"}))
    assert "nobody has such a finding" in quiet
    assert "A 100 0 0 up to 37 no limits" in quiet
    text = page_of(empty())
    assert "Sites are not recorded in these data." in text
    assert "Prescribers are not recorded in these data." in text
    assert "One site: nothing to compare with." in page_of(many_sites({"A": (100, 3)}))


def test_an_incomplete_run_is_said_before_any_number() -> None:
    assert "This run is incomplete." in page_of(many_sites()).split("Higher than")[0]
    assert "This run is incomplete." not in page_of(clinic())


def test_the_sites_of_each_rule_add_up_to_the_overview() -> None:
    data = clinic()
    rules = rules_of(data)
    tables, left_out = by_rule(rules, lazy(data).outcomes)
    rows = {row.rule["id"]: row for row in rules}
    assert left_out == 0
    assert {t.rule["id"] for t in tables} == {
        row.rule["id"] for row in rules if row.flagged and row.rule["status"] != "pilot"
    }
    for table in tables:
        row = rows[table.rule["id"]]
        assert sum(site.part for site in table.rows) == row.flagged == table.flagged
        assert sum(site.whole for site in table.rows) == row.in_scope == table.in_scope
        assert sum(site.unjudged or 0 for site in table.rows) == row.not_assessed


def test_rules_that_do_not_fit_are_counted() -> None:
    data = clinic()
    whole, _ = by_rule(rules_of(data), lazy(data).outcomes)
    one = len(whole[0].rows)
    kept, left_out = by_rule(rules_of(data), lazy(data).outcomes, most=one)
    assert kept == whole[:1]
    assert left_out == len(whole) - 1 > 0


def test_each_chart_says_its_numbers_and_has_no_style_attribute() -> None:
    page = render(many_sites()).decode()
    charts = re.findall(r'<svg viewBox="0 0 720 340".*?</svg>', page, re.DOTALL)
    assert len(charts) == 2
    for text in charts:
        chart = ET.fromstring(text)
        ids = {node.get("id") for node in chart.iter()} - {None}
        assert set((chart.get("aria-labelledby") or "").split()) == ids
        title, desc = chart.find("title"), chart.find("desc")
        assert title is not None
        assert desc is not None
        assert "with 50 or more patients" in (desc.text or "")
        assert all("style" not in node.attrib for node in chart.iter())


def test_a_hostile_site_name_is_text() -> None:
    name = "</svg><script>alert(1)</script>"
    page = render(many_sites({**{n: (100, 10) for n in "ABCDE"}, name: (100, 90)})).decode()
    section = page[page.index('id="sites"') : page.index('id="quality"')]
    assert "<script" not in section
    assert "&lt;/svg&gt;&lt;script&gt;" in section
