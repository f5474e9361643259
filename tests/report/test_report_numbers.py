"""Every number comes from one aggregate, and agrees with the frames and with the packed data."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_report_page import text_of, with_run

from screener.outputs.report import render, words
from screener.outputs.report.evidence import DOSE, DOSE_AND_LIMIT, LANES_ONLY
from screener.outputs.report.given import with_defaults
from screener.outputs.report.interval import wilson
from screener.outputs.report.order import briefly, keep_at_most, pressing
from screener.outputs.report.page import in_shape
from screener.outputs.report.summary import summarise
from tests.report.big_run import big_run
from tests.report.invented_clinic import AS_OF, clinic
from tests.report.unpacked import unpack

EPOCH = dt.date(1970, 1, 1)


def test_the_packed_findings_are_the_frame_row_by_row() -> None:
    data = clinic()
    _, tables = unpack(render(data))
    packed = {row["finding_id"]: row for row in tables["findings"] if not row["pilot"]}
    assert len(packed) == data.findings.height
    for row in data.findings.to_dicts():
        seen = packed[row["finding_id"]]
        for name in ("rule_id", "patient_id", "subject", "severity", "certainty", "value", "limit",
                     "unit", "message", "prescription_ids", "lab_refs", "active",
                     "prescriber_id", "site_id", "state"):  # fmt: skip
            assert seen[name] == row[name], name
        sums = zip(seen["prescription_ids"], seen["sums"], strict=False)
        told = "; ".join(f"{order}: {text}" for order, text in sums)
        assert " | ".join(filter(None, [seen["derivation"], told])) == row["derivation"]
        assert EPOCH + dt.timedelta(days=seen["date"]) == row["date"]
        assert EPOCH + dt.timedelta(days=seen["end_date"]) == row["end_date"]


def test_overview_frames_and_packed_data_agree() -> None:
    data = clinic()
    page = render(data)
    header, tables = unpack(page)
    listed = [row for row in tables["findings"] if not row["pilot"]]
    patients = {row["patient_id"] for row in listed}
    assert header["facts"]["counts"] == {"findings": len(listed), "patients": len(patients)}
    text = text_of(page)
    assert f"{len(patients)} patients have a finding" in text
    assert f"{len(listed)} findings {sum(r['active'] for r in listed)} active" in text
    for severity in words.SEVERITY_ORDER:
        own = [row for row in listed if row["severity"] == severity]
        people = len({row["patient_id"] for row in own})
        assert f"{severity} {len(own)} {words.counted(people, 'patient')}" in text


def test_the_review_list_is_the_head_of_the_packed_list() -> None:
    page = render(clinic())
    _, tables = unpack(page)
    first: list[str] = []
    seen: set[str] = set()
    for row in tables["findings"]:
        if row["pilot"] or row["severity"] in ("low", "info") or row["patient_id"] in seen:
            continue
        seen.add(row["patient_id"])
        first.append(row["finding_id"])
    review = page.decode().split('id="h-first"')[1].split("</table>")[0]
    assert re.findall(r'href="#finding/([0-9a-f]+)"', review) == first[:10]


def test_rule_numbers_are_those_of_the_outcomes() -> None:
    data = clinic()
    text = text_of(render(data))
    for rule_id, title in (("baclofen-max-dose", "Oral baclofen above 80 mg a day"),
                           ("baclofen-renal-dose", "Baclofen dose not adjusted")):  # fmt: skip
        own = data.outcomes.filter(pl.col("rule_id") == rule_id)
        by = dict(own.group_by("outcome").agg(pl.col("patients").sum()).iter_rows())
        scope = by["flagged"] + by["clear"] + by.get("not_assessed", 0)
        assert title in text
        assert (
            f"{by['flagged']} flagged, {by['clear']} clear, {by.get('not_assessed', 0)} could not "
            f"be judged, of {scope} in scope"
        ) in text


def test_numbers_of_run_json_that_the_tables_do_not_bear_out_are_named() -> None:
    data = clinic()
    wrong = with_run(data, counts={**data.run["counts"], "findings": 61})
    assert "run.json gives 61 findings, the tables give 60." in text_of(render(wrong))
    assert "Numbers do not agree" not in text_of(render(data))


def test_a_flagged_patient_without_a_finding_is_named() -> None:
    data = clinic()
    lost = data.findings.filter(pl.col("rule_id") != "baclofen-max-dose")
    text = text_of(render(dataclasses.replace(data, findings=lost)))
    assert "Rule baclofen-max-dose: 10 patients in the outcomes, 0 in the findings." in text


def test_only_orders_of_patients_with_findings_go_in() -> None:
    data = clinic()
    _, tables = unpack(render(data))
    people = set(data.findings["patient_id"]) | set(data.pilot_findings["patient_id"])
    assert {row["patient_id"] for row in tables["orders"]} == people
    own = data.orders.filter(pl.col("patient_id").is_in(sorted(people)))
    assert len(tables["orders"]) == own.height < data.orders.height
    for name in ("orders", "timeline", "kidney", "data_flags", "not_assessed"):
        patients = [row["patient_id"] for row in tables[name]]
        assert patients == sorted(patients), name


def test_a_limit_line_stands_only_where_the_value_is_a_dose_of_the_timeline() -> None:
    _, tables = unpack(render(clinic()))
    charts = {row["rule_id"]: (row["chart"], row["limit_ug"]) for row in tables["findings"]}
    assert charts["baclofen-max-dose"] == (DOSE_AND_LIMIT, 80_000)
    assert charts["baclofen-raised-too-fast"] == (DOSE, None)
    assert charts["baclofen-stopped-abruptly"] == (DOSE, None)
    assert charts["baclofen-renal-dose"] == (DOSE, None)
    assert charts["baclofen-with-cns-depressant"] == (LANES_ONLY, None)


def test_without_check_names_a_single_day_gets_no_limit_line() -> None:
    data = clinic()
    rules = [{k: v for k, v in rule.items() if k != "check"} for rule in data.run["rules"]]
    _, tables = unpack(render(with_run(data, rules=rules)))
    charts = {row["rule_id"]: row["chart"] for row in tables["findings"]}
    assert charts["baclofen-max-dose"] == DOSE_AND_LIMIT
    assert charts["baclofen-raised-too-fast"] != DOSE_AND_LIMIT


def test_a_value_that_no_day_of_the_timeline_shows_gets_no_limit_line() -> None:
    data = clinic()
    moved = data.findings.with_columns(value=pl.col("value") + 0.01)
    _, tables = unpack(render(dataclasses.replace(data, findings=moved)))
    assert DOSE_AND_LIMIT not in {row["chart"] for row in tables["findings"]}


def test_too_many_findings_keep_critical_and_high_and_say_what_was_left_out() -> None:
    data = clinic()
    page = render(data, most_findings=30)
    header, tables = unpack(page)
    assert len(tables["findings"]) == 30
    assert [r["severity"] for r in tables["findings"]].count("critical") == 10
    assert [r["severity"] for r in tables["findings"]].count("high") >= 15
    assert header["facts"]["left_out"] == 35
    text = text_of(page)
    assert "35 of 65 are not in the findings list" in text
    assert "60 findings 35 active" in text


def test_new_findings_outrank_old_ones_below_high() -> None:
    findings = clinic().findings.with_columns(
        state=pl.when(pl.col("severity") == "low").then(pl.lit("new")).otherwise(pl.lit("old"))
    )
    kept, lost = keep_at_most(findings.sort(pressing(), maintain_order=True), 40)
    assert lost is not None
    assert lost.by_severity == {"moderate": 20}
    assert kept["severity"].value_counts().sort("severity")["count"].to_list() == [10, 15, 15]
    assert kept.sort(pressing(), maintain_order=True).equals(kept)


def test_exactly_as_many_findings_as_fit_leave_nothing_out() -> None:
    findings = clinic().findings.sort(pressing(), maintain_order=True)
    assert keep_at_most(findings, findings.height)[1] is None
    assert keep_at_most(findings, findings.height - 1)[1] is not None


def test_too_many_orders_keep_those_behind_findings_and_say_so() -> None:
    header, tables = unpack(render(clinic(), most_orders=50))
    named = {i for row in tables["findings"] for i in row["prescription_ids"]}
    assert {row["prescription_id"] for row in tables["orders"]} == named
    assert header["facts"]["orders_left_out"] > 0


def test_waived_findings_are_counted_and_not_in_the_review_list() -> None:
    data = clinic()
    waived = data.findings.with_columns(
        state=pl.when(pl.col("severity") == "critical").then(pl.lit("waived")).otherwise("state")
    )
    page = render(dataclasses.replace(data, findings=waived))
    assert "10 waived" in text_of(page)
    review = page.decode().split('id="h-first"')[1].split("</table>")[0]
    assert "sev-critical" not in review


def test_a_rule_with_few_patients_in_scope_does_not_set_the_scale_of_the_intervals() -> None:
    data = clinic()
    lazy = in_shape(data)
    brief, pilot = briefly(lazy.findings), briefly(lazy.pilot_findings)
    rules = summarise(with_defaults(data.run), lazy, brief, pilot)
    few = next(r for r in rules.rules if r.rule["id"] == "methotrexate-not-weekly")
    assert few.in_scope == 5
    assert few.rate is not None
    assert few.rate[2] > rules.scale
    assert rules.scale == max(
        r.rate[2] for r in rules.rules if r.rate is not None and (r.in_scope or 0) >= 30
    )


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Altman, Machin, Bryant, Gardner: Statistics with Confidence (2000), and Newcombe 1998 table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
     (1, 29, 0.0061, 0.1718), (20, 20, 0.8389, 1.0)],
)  # fmt: skip
def test_wilson_gives_the_published_limits(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_wilson_refuses_what_is_no_proportion() -> None:
    for part, whole in ((0, 0), (-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="rate"):
            wilson(part, whole)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_rate_lies_inside_its_interval(pair: tuple[int, int]) -> None:
    low, high = wilson(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(6000.0, "6,000"), (80.01, "80.01"), (0.5, "0.5"), (80.0, "80"), (1234567, "1,234,567"),
     (-0.0001, "0"), (None, "not recorded"), (float("nan"), "not recorded"), (100.0, "100")],
)  # fmt: skip
def test_numbers_have_commas_and_no_trailing_zeros(value: float | None, text: str) -> None:
    assert words.number_text(value) == text


def test_small_and_nearly_whole_shares_are_not_rounded_away() -> None:
    assert words.per_thousand(1, 100_000) == "<0.1"
    assert words.per_thousand(1, 10_000) == "0.1"
    assert words.per_thousand(0, 10_000) == "0"
    assert words.per_thousand(0, 0) == "not applicable"
    assert words.percent(1, 100_000) == "<0.1 %"
    assert words.percent(99_999, 100_000) == ">99.9 %"
    assert words.percent(5, 5) == "100 %"


def test_dates_are_written_out() -> None:
    assert words.date_text(AS_OF) == "14 Sep 2026"
    assert words.date_text("2026-01-01") == "1 Jan 2026"
    assert words.date_text("soon") == "soon"
    assert words.date_text(None) == "not recorded"


def test_long_runs_of_numbered_ids_and_following_days_come_back_as_they_were() -> None:
    data = big_run(2_000)
    header, tables = unpack(render(data))
    assert header["dictionaries"]["order"] == sorted(header["dictionaries"]["order"])
    rows = [(r["patient_id"], r["prescription_id"]) for r in tables["orders"]]
    keys = pl.DataFrame(rows, schema=["patient_id", "prescription_id"], orient="row")
    given = data.orders.select("patient_id", "prescription_id")
    people = data.findings["patient_id"].unique()
    assert keys.equals(given.filter(pl.col("patient_id").is_in(people.implode())))
    days = [(r["patient_id"], EPOCH + dt.timedelta(days=r["from_date"]),
             EPOCH + dt.timedelta(days=r["to_date"])) for r in tables["timeline"]]  # fmt: skip
    steps = data.timeline.filter(pl.col("patient_id").is_in(people.implode()))
    assert days == steps.select("patient_id", "from_date", "to_date").rows()
