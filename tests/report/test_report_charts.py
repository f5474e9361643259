"""The patient's chart, kind by kind: what is drawn, from which day to which, and in what words.

`drawn/*.txt` holds one line a mark: its kind and classes, where it begins and how wide it is (in
pixels of a page 1366 wide) or what it says. Heights are left out, since they hang on the fonts of
the machine. To draw them anew after a change that is meant: SCREENER_DRAW=1, and read the diff.
"""

# ruff: noqa: F811 (a fixture is imported, and named by the tests)
from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from test_report_browser import browser, finding_of, opened  # noqa: F401

from tests.report.invented_clinic import clinic

pytestmark = pytest.mark.browser

DRAWN = Path(__file__).parent / "drawn"
MARKS = """svg => [...svg.querySelectorAll("rect, line, path, circle, text")]
  .filter((mark) => !mark.closest("defs")).map((mark) => {
    const whole = (name) => Math.round(Number(mark.getAttribute(name)));
    const kind = `${mark.tagName} ${mark.getAttribute("class") || ""}`.trim();
    if (mark.tagName === "text") {
      const before = mark.previousElementSibling;
      const goesOn = before && before.tagName === "text" && !mark.matches(".tick")
        && before.getAttribute("class") === mark.getAttribute("class");
      return goesOn ? `+ ${mark.textContent}` : `${kind}: ${mark.textContent}`;
    }
    if (mark.tagName === "rect") return `${kind} ${whole("x")} +${whole("width")}`;
    if (mark.tagName === "line") return `${kind} ${whole("x1")} +${whole("x2") - whole("x1")}`;
    return mark.tagName === "circle" ? `${kind} ${whole("cx")}` : kind;
  })"""
KINDS = {
    "dose-and-limit": "baclofen-max-dose",
    "rise": "baclofen-raised-too-fast",
    "fall-and-gap": "baclofen-stopped-abruptly",
    "overlap": "baclofen-supplied-twice",
    "kidney": "baclofen-renal-dose",
    "together": "baclofen-with-cns-depressant",
    "days-of-the-week": "methotrexate-not-weekly",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_chart_is_drawn_as_agreed(opened: Any, kind: str) -> None:
    data = clinic()
    page = opened(data).go("#finding/" + finding_of(data, KINDS[kind]))
    # Where a label is broken into lines hangs on the fonts too.
    seen = "\n".join(page.eval_on_selector("svg.chart", MARKS)).replace("\n+ ", " ").split("\n")
    file = DRAWN / f"{kind}.txt"
    if os.environ.get("SCREENER_DRAW"):
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(seen) + "\n", encoding="utf-8")
    assert seen == file.read_text("utf-8").splitlines()


@pytest.mark.parametrize("width", [640, 1366])
@pytest.mark.parametrize("kind", KINDS)
def test_every_medicine_and_dose_of_the_orders_behind_stands_whole(
    opened: Any, kind: str, width: int
) -> None:
    data = clinic()
    chosen = next(r for r in data.findings.to_dicts() if r["rule_id"] == KINDS[kind])
    page = opened(data, width=width).go("#finding/" + chosen["finding_id"])
    labels = page.eval_on_selector_all(
        "svg.chart .lane-name, svg.chart .lane-dose", "all => all.map((one) => one.textContent)"
    )
    said = " ".join(labels)
    for order in data.orders.to_dicts():
        if order["prescription_id"] in chosen["prescription_ids"]:
            assert order["drug"] in said
            assert order["derivation"] in said
    drawing = page.eval_on_selector("svg.chart", "svg => svg.getBoundingClientRect().right")
    reach = page.eval_on_selector_all(
        "svg.chart text", "all => Math.max(...all.map((one) => one.getBoundingClientRect().right))"
    )
    assert reach <= drawing + 1


def test_orders_that_overlap_are_hatched_and_others_are_not(opened: Any) -> None:
    data = clinic()
    report = opened(data)
    orders = {o["prescription_id"]: o for o in data.orders.to_dicts()}
    hatched = {True: 0, False: 0}
    for rule in KINDS.values():
        chosen = next(r for r in data.findings.to_dicts() if r["rule_id"] == rule)
        days = sorted(
            (o["counted_from"], o["counted_to"])
            for o in (orders[i] for i in chosen["prescription_ids"])
            if o["counted_from"] is not None
        )
        meet = any(later[0] <= max(d[1] for d in days[:n])
                   for n, later in enumerate(days) if n)  # fmt: skip
        page = report.go("#finding/" + chosen["finding_id"])
        assert (page.locator("svg.chart rect.overlap").count() > 0) == meet, rule
        hatched[meet] += 1
    assert all(hatched.values())
    assert report.quiet()


def test_the_limit_steps_where_an_earlier_finding_of_the_rule_had_another(opened: Any) -> None:
    data = clinic()
    chosen = next(r for r in data.findings.to_dicts() if r["rule_id"] == "baclofen-max-dose")
    mine = pl.col("finding_id") == chosen["finding_id"]
    earlier = data.findings.filter(mine).with_columns(
        finding_id=pl.lit("00000000000000aa"), limit=pl.lit(60.0),
        date=pl.col("date").dt.offset_by("-12d"), end_date=pl.col("date").dt.offset_by("-1d"),
    )  # fmt: skip
    before = data.timeline.filter(
        (pl.col("patient_id") == chosen["patient_id"]) & (pl.col("ingredient") == "baclofen")
        & (pl.col("from_date") < chosen["date"]) & (pl.col("to_date") >= earlier["date"][0])
    )  # fmt: skip
    value = before["high_ug"].drop_nulls()[-1]
    earlier = earlier.with_columns(value=pl.lit(value / 1000))
    both = dataclasses.replace(data, findings=pl.concat([data.findings, earlier]))
    page = opened(both).go("#finding/" + chosen["finding_id"])
    assert page.locator("svg.chart text.limit-text").all_text_contents() == [
        "limit 60 mg/day", "limit 80 mg/day"
    ]  # fmt: skip
    lines = page.locator("svg.chart line.limit")
    assert lines.count() == 5
    assert len(set(lines.evaluate_all("all => all.map((one) => one.getAttribute('y1'))"))) == 2
