"""The table of sites in a copy: recounted from the tables, rounded, small sites put together."""

from __future__ import annotations

import dataclasses
import re

import polars as pl
import pytest

from screener.outputs.report import ReportInput
from screener.outputs.share import copy_bytes
from screener.outputs.share.small_counts import rounded
from tests.report.invented_clinic import clinic

KEY = bytes(range(32))


def at_sites(big: int, small: dict[str, int]) -> ReportInput:
    """The clinic with its first patients at one site, and the next ones at others."""
    names = ["big"] * big + [name for name, count in small.items() for _ in range(count)]
    patients = [f"P{n:04d}" for n in range(1, 61)]
    site = pl.col("patient_id").replace_strict(
        dict(zip(patients, names, strict=True)), return_dtype=pl.String
    )
    data = clinic()
    frames = {
        name: getattr(data, name).with_columns(site_id=site)
        for name in ("findings", "pilot_findings", "orders")
    }
    outcomes = pl.DataFrame(
        [("baclofen-max-dose", name, "", "clear", names.count(name), names.count(name))
         for name in sorted(set(names))],
        schema=data.outcomes.schema, orient="row",
    )  # fmt: skip
    return dataclasses.replace(data, outcomes=outcomes, **frames)


def table_of(data: ReportInput) -> dict[str, tuple[str, str, str]]:
    html = copy_bytes(data, KEY).decode()
    section = html.split('id="sites"')[1].split("</section>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th>' + 3 * r'<td class="num">(.*?)</td>', section)
    return {re.sub(r"<.*?>", "", site): (whole, part, rate) for site, whole, part, rate in rows}


def recounted(data: ReportInput, sites: set[str]) -> tuple[int, int]:
    """Patients with an order that counts, and with an active critical or high finding."""
    orders = [o for o in data.orders.to_dicts() if o["row_class"] == "used"]
    found = [
        f for f in data.findings.to_dicts()
        if f["severity"] in ("critical", "high") and f["active"] and f["state"] != "waived"
    ]  # fmt: skip
    wholes = {o["patient_id"] for o in orders if o["site_id"] in sites}
    parts = {f["patient_id"] for f in found if f["site_id"] in sites}
    return len(wholes | parts), len(parts)


def as_shown(count: int) -> str:
    return "*" if rounded(count) is None else f"{rounded(count)}"


def test_a_large_site_is_named_and_a_few_patients_of_others_are_not() -> None:
    data = at_sites(53, {"x": 7})
    table = table_of(data)
    assert set(table) == {"big", "no site recorded, or too few patients to name it"}
    whole, part = recounted(data, {"big"})
    assert part > 7
    assert table["big"][:2] == (as_shown(whole), as_shown(part))
    shown_rate = 1000 * (rounded(part) or 0) / (rounded(whole) or 1)
    assert table["big"][2] == f"{round(shown_rate)}"
    rest = recounted(data, {"x"})
    assert 1 <= rest[0] <= 7
    assert table["no site recorded, or too few patients to name it"] == (
        "*",
        as_shown(rest[1]),
        "*",
    )


def test_small_sites_together_count_a_patient_of_both_once() -> None:
    data = at_sites(1, {"y": 30, "z": 29})
    both = pl.concat([data.orders, data.orders.with_columns(site_id=pl.lit("y"))])
    twice = dataclasses.replace(
        data, orders=both.sort("patient_id", "prescription_id", maintain_order=True)
    )
    assert table_of(twice)["smaller sites"][:2] == table_of(data)["smaller sites"][:2]
    whole, part = recounted(data, {"big", "y", "z"})
    assert table_of(data)["smaller sites"][:2] == (as_shown(whole), as_shown(part))


@pytest.mark.parametrize("word", ["SITE-A", "SITE-B", "DR100", '<svg viewBox="0 0 720'])
def test_nothing_of_small_sites_prescribers_or_charts_is_there(word: str) -> None:
    html = copy_bytes(clinic(), KEY).decode()
    assert word not in html.split('id="sites"')[1].split("</section>")[0]


def test_without_a_site_it_says_so() -> None:
    data = clinic()
    none = pl.lit(None, pl.String).alias("site_id")
    changed = dataclasses.replace(
        data, orders=data.orders.with_columns(none), findings=data.findings.with_columns(none),
        outcomes=data.outcomes.with_columns(site_id=pl.lit("")),
    )  # fmt: skip
    html = copy_bytes(changed, KEY).decode()
    assert "No site of these data has 50 or more patients." in html
