"""What the sections say so that a number is not misread: spans, orders, shares and reasons."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import polars as pl
import pytest
from test_report_page import text_of

from screener.outputs.report import ReportInput, render
from screener.outputs.report.page import days_apart, first_day
from screener.outputs.report.quality import excluded_rows, flag_rows, not_assessed_rows
from screener.outputs.report.summary import Count, RuleRow
from tests.report.invented_clinic import clinic


def section(data: ReportInput[Any], name: str) -> str:
    """The text of one section."""
    html = render(data).decode().split(f'<section class="page" id="{name}"')[1]
    return text_of(html.split("</section>")[0].encode())


def test_the_overview_says_from_when_the_orders_are() -> None:
    data = clinic()
    used = data.orders.filter(pl.col("row_class") == "used")
    first = used["start_date"].min()
    assert isinstance(first, dt.date)
    earlier = data.orders.filter(pl.col("row_class") == "used").head(1).with_columns(
        start_date=pl.lit(first - dt.timedelta(days=9)), row_class=pl.lit("excluded")
    )  # fmt: skip
    assert first_day(pl.concat([data.orders, earlier]).lazy()) == first
    assert first_day(data.orders.clear().lazy()) is None
    said = f"orders from {first.day} {first:%b} {first.year}, data to 14 Sep 2026"
    assert said in section(data, "overview")


@pytest.mark.parametrize(
    ("before", "days"), [("2026-09-13", 1), ("2026-09-07", 7), (None, None), ("?", None)]
)
def test_runs_need_not_be_a_night_apart(before: str | None, days: int | None) -> None:
    assert days_apart({"as_of": "2026-09-14", "compared": {"previous_as_of": before}}) == days


@pytest.mark.parametrize(
    ("unjudged", "scope", "doubtful"),
    [(9, 100, False), (10, 100, True), (1, 10, True), (0, 0, False), (None, None, False)],
)
def test_a_rate_is_marked_where_a_tenth_could_not_be_judged(
    unjudged: int | None, scope: int | None, doubtful: bool
) -> None:
    row = RuleRow({}, Count(), 0, None, unjudged, scope, None)
    assert row.doubtful is doubtful


def test_critical_findings_that_are_past_are_told_beside_what_is_first() -> None:
    data = clinic()
    found = data.findings
    assert isinstance(found, pl.DataFrame)
    old = found.filter((pl.col("severity") == "critical") & ~pl.col("active")).height
    verb = "is" if old == 1 else "are"
    told = f"Of the critical findings {old} {verb} past: all critical findings"
    assert (told in section(data, "overview")) == (old > 0)
    all_past = dataclasses.replace(data, findings=found.with_columns(active=pl.lit(value=False)))
    critical = found.filter(pl.col("severity") == "critical").height
    assert critical
    assert f"Of the critical findings {critical} " in section(all_past, "overview")


@pytest.mark.parametrize(("severity", "active"), [("critical", True), ("critical", False),
                                                  ("high", True)])  # fmt: skip
def test_a_pilot_finding_that_is_critical_and_active_is_told_apart(
    severity: str, active: bool
) -> None:
    data = clinic()
    pilot = data.pilot_findings.with_columns(severity=pl.lit(severity), active=pl.lit(active))
    text = section(dataclasses.replace(data, pilot_findings=pilot), "overview")
    count = pilot.height
    assert count
    told = f"pilot rules have {count} finding{'' if count == 1 else 's'} that"
    assert (told in text) == (severity == "critical" and active)


def test_impossible_dates_and_excluded_orders_say_why() -> None:
    flags = pl.DataFrame({
        "patient_id": ["a", "a", "b", "c"],
        "flag": ["impossible-date"] * 3 + ["weight"],
        "detail": ["late; not counted", "born; not counted", "late; not counted", "78 kg"],
    })  # fmt: skip
    first, second = flag_rows(flags.lazy())
    assert [(d["detail"], d["raised"]) for d in first["details"]] == [
        ("late; not counted", 2), ("born; not counted", 1),
    ]  # fmt: skip
    assert second["details"] == []
    orders = pl.DataFrame({
        "row_class": ["excluded", "excluded", "excluded", "used"],
        "reason": ["zero_length", "impossible_date", "impossible_date", None],
        "source_ref": ["p:1", "p:2", "p:2", "p:3"],  # an order of two drugs is one row
    })  # fmt: skip
    assert [(r["reason"], r["rows"]) for r in excluded_rows(orders.lazy())] == [
        ("impossible_date", 1), ("zero_length", 1),
    ]  # fmt: skip


def test_what_could_not_be_judged_stands_by_how_many() -> None:
    rows = pl.DataFrame({
        "rule_id": ["a", "b", "b", "b"], "patient_id": ["p", "p", "q", "q"], "reason": ["x"] * 4,
    })  # fmt: skip
    assert [(r["rule_id"], r["patients"]) for r in not_assessed_rows(rows.lazy())] == [
        ("b", 2), ("a", 1),
    ]  # fmt: skip


def test_a_rule_that_found_worse_than_its_own_severity_stands_with_those() -> None:
    data = clinic()
    found = data.findings
    assert isinstance(found, pl.DataFrame)
    low = next(rule["id"] for rule in data.run["rules"] if rule["severity"] == "low")
    worse = found.head(1).with_columns(
        rule_id=pl.lit(low), severity=pl.lit("critical"), finding_id=pl.lit("f" * 16)
    )
    text = section(dataclasses.replace(data, findings=pl.concat([found, worse])), "overview")
    titles = {rule["id"]: rule["title"] for rule in data.run["rules"]}
    moderate = next(rule["id"] for rule in data.run["rules"] if rule["severity"] == "moderate")
    table = text.split("Findings by rule")[1]
    assert table.index(titles[low]) < table.index(titles[moderate])


def test_the_words_come_before_the_hashes() -> None:
    text = section(clinic(), "about")
    assert text.index("Limits of use") < text.index("Words") < text.index("Provenance")
    for word in ("Critical, high, moderate, low, info", "No longer found", "Excluded", "Waived"):
        assert word in text
