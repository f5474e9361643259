"""One count everywhere: page, list, tables, run.json, FHIR and metrics of any small run agree."""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.findings import FINDINGS, OUTCOMES
from screener.outputs.exports import prometheus
from screener.outputs.exports.fhir import detected_issues, measure_reports
from screener.outputs.report import ReportInput, render
from screener.outputs.report.given import SHAPES
from screener.outputs.report.words import counted
from screener.outputs.run_json import found_in
from screener.rule.model import SEVERITIES
from tests.exports.test_exports import RUN
from tests.outputs.invented_run import finding, frame, outcome
from tests.report.unpacked import unpack

RULES = ("max", "stop", "pair")
PATIENTS = 6
ROWS = st.lists(
    st.tuples(
        st.integers(0, PATIENTS - 1),
        st.sampled_from(RULES),
        st.sampled_from(sorted(SEVERITIES)),
        st.integers(1, 3),
        st.sampled_from(["new", "continuing", "waived"]),
    ),
    max_size=8,
    unique_by=lambda row: row[:2],
)


def a_run(rows: list[tuple[int, str, str, int, str]]) -> ReportInput:
    """A run in which some patients have one to three findings of some rules, at two sites."""
    findings = [
        finding(finding_id=f"{patient:x}{RULES.index(rule)}{n:014}", patient_id=f"P-{patient}",
                rule_id=rule, severity=severity, state=state, subject=str(n), site_id="north")
        for patient, rule, severity, times, state in rows for n in range(times)
    ]  # fmt: skip
    outcomes = []
    for rule in RULES:
        flagged = len({row[0] for row in rows if row[1] == rule})
        numbers = {"flagged": flagged, "clear": PATIENTS - flagged}
        outcomes += [
            outcome(rule_id=rule, site_id="north", outcome=name, patients=n, in_scope=PATIENTS)
            for name, n in numbers.items()
        ]
    tables = {name: pl.DataFrame(schema=shape) for name, shape in SHAPES.items()}
    tables |= {"findings": frame(FINDINGS, findings), "outcomes": frame(OUTCOMES, outcomes)}
    counts = found_in(tables["findings"], tables["pilot_findings"])
    cards = [{**RUN["rules"][0], "id": rule, "severity": "high"} for rule in RULES]
    counts |= {"patients": PATIENTS, "orders": 9, "set_aside": 0, "data_flags": {}}
    return ReportInput(run={**RUN, "rules": cards, "counts": counts}, **tables)


def numerators(chunks: Any) -> int:
    made = [json.loads(line) for line in b"".join(chunks).splitlines()]
    return sum(p["count"] for one in made for p in one["group"][0]["population"]
               if p["code"]["coding"][0]["code"] == "numerator")  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(rows=ROWS)
def test_page_list_tables_run_json_fhir_and_metrics_agree(
    rows: list[tuple[int, str, str, int, str]],
) -> None:
    data = a_run(rows)
    findings, counts = data.findings, data.run["counts"]
    page = render(data)
    header, tables = unpack(page)
    assert "Numbers do not agree" not in page.decode()
    assert header["facts"]["counts"] == {
        "findings": findings.height, "patients": findings["patient_id"].n_unique(),
    }  # fmt: skip
    assert len(tables["findings"]) == counts["findings"] == findings.height
    patients = counted(findings["patient_id"].n_unique(), "patient")
    assert f"<p>{counted(findings.height, 'finding')} for {patients}.</p>" in page.decode()
    issues = b"".join(detected_issues(findings.lazy(), data.run)).splitlines()
    assert len(issues) == findings.height
    flagged = findings.select("patient_id", "rule_id").n_unique()
    assert numerators(measure_reports(data.outcomes.lazy(), data.run)) == flagged
    text = prometheus.metrics(data.run, findings.lazy(), data.outcomes.lazy(), None).decode()
    told = [int(n) for n in re.findall(r"^screener_findings\{.*\} (\d+)$", text, re.MULTILINE)]
    assert sum(told) == findings.height
