"""A run for other systems: valid FHIR, metrics that a parser reads, tables safe in spreadsheets."""

from __future__ import annotations

import datetime as dt
import json
import re
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from screener.cli.export import FORMS as COMMAND_LINE
from screener.findings import FINDINGS, OUTCOMES
from screener.outputs.exports import FORMS, fhir, prometheus
from screener.outputs.exports.fhir import detected_issues, measure_reports
from tests.cli.conftest import clinic, screener
from tests.cli.invented_clinic import Ended, Place, order
from tests.outputs.invented_run import finding, frame, outcome

__all__ = ["clinic", "screener"]  # fixtures
RUN: dict[str, Any] = {
    "run_id": "0123456789ab", "version": "0.1.0", "as_of": "2026-10-31", "complete": True,
    "exit_code": 0, "ended_at": "2026-11-01T03:15:42+00:00", "timings": {"read": 1.5, "screen": 2},
    "rules": [
        {"id": "max", "title": "Too much", "version": 1, "status": "active", "asked": True,
         "ran": True},
        {"id": "trial", "title": "On trial", "version": 1, "status": "pilot", "asked": True,
         "ran": True},
    ],
    "counts": {"patients": 20, "patients_with_findings": 2, "orders": 100, "set_aside": 0},
}  # fmt: skip

# Required bindings (strength "required") of the two resources in FHIR R4, 4.0.1: value sets
# observation-status, detectedissue-severity, measure-report-status, measure-report-type and
# measure-improvement-notation at hl7.org/fhir/R4.
CODES = {
    ("DetectedIssue", "status"): {"registered", "preliminary", "final", "amended", "corrected",
                                  "cancelled", "entered-in-error", "unknown"},
    ("DetectedIssue", "severity"): {"high", "moderate", "low"},
    ("MeasureReport", "status"): {"complete", "pending", "error"},
    ("MeasureReport", "type"): {"individual", "subject-list", "summary", "data-collection"},
    ("MeasureReport", "improvementNotation"): {"increase", "decrease"},
}  # fmt: skip
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def wrong_in(resource: dict[str, Any]) -> list[str]:
    """What of a resource breaks R4: its structure (fhir.resources) or a required code (above)."""
    models = pytest.importorskip("fhir.resources.R4B", reason="fhir.resources is not installed")
    kind = resource["resourceType"]
    wrong = []
    try:
        models.get_fhir_model_class(kind).model_validate(resource)
    except ValueError as error:
        wrong.append(f"structure: {error}")
    for (of, element), codes in CODES.items():
        if of != kind or element not in resource:
            continue
        value = resource[element]
        found = [c["code"] for c in value["coding"]] if isinstance(value, dict) else [value]
        wrong += [f"{element}: {code}" for code in found if code not in codes]
    if not ID.fullmatch(resource["id"]):
        wrong.append("id")
    wrong += [f"empty: {path}" for path in empties(resource)]
    return wrong


def empties(value: Any, path: str = "") -> list[str]:
    """Where null, an empty text, list or object stands, which FHIR's JSON does not allow."""
    if value in (None, "", [], {}):
        return [path]
    if isinstance(value, dict):
        return [p for name, item in value.items() for p in empties(item, f"{path}.{name}")]
    if isinstance(value, list):
        return [p for at, item in enumerate(value) for p in empties(item, f"{path}[{at}]")]
    return []


def resources(chunks: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(chunks).splitlines()]


def issues(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return resources(detected_issues(frame(FINDINGS, list(rows)).lazy(), RUN))


HOSTILE = [
    finding(),
    finding(severity="critical", state="reopened", certainty="possible"),
    finding(severity="info", value=None, limit=None, unit=None),
    finding(patient_id="ward 3/7 ü", prescription_ids=["a b", "x" * 100], derivation=None),
    finding(message="line\nbreak \x00 and </script>", derivation="\x01 ", active=None),
    finding(prescription_ids=[], lab_refs=None, rule_id="gone"),
]


@pytest.mark.parametrize("row", HOSTILE)
def test_a_finding_becomes_a_valid_detected_issue(row: dict[str, Any]) -> None:
    (made,) = issues(row)
    assert wrong_in(made) == []
    assert made["identifier"][0]["value"] == row["finding_id"]
    ours = {e["url"]: e for e in made["extension"]}
    assert ours["urn:screener:severity"]["valueCode"] == row["severity"]


FAULTS: dict[str, dict[str, Any]] = {
    "no status": {"status": None},
    "another status": {"status": "done"},
    "our own severity": {"severity": "critical"},
    "an unknown element": {"subject_": "x"},
    "no date": {"identifiedPeriod": {"start": "5 Jan 2026"}},
    "an empty list": {"evidence": []},
    "an id with a blank": {"id": "a b"},
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_validation_of_these_tests_notices_faults(name: str) -> None:
    (made,) = issues(finding())
    made |= FAULTS[name]
    if made["status"] is None:
        del made["status"]
    assert wrong_in(made)


def test_references_have_an_address_only_where_the_id_can_be_one() -> None:
    (made,) = issues(finding(patient_id="ward 3/7", prescription_ids=["RX-1"]))
    assert "reference" not in made["patient"]
    assert made["patient"]["identifier"]["value"] == "ward 3/7"
    assert made["implicated"][0]["reference"] == "MedicationRequest/RX-1"


def test_findings_are_written_in_slices_that_join_without_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [finding(finding_id=f"{n:016x}") for n in range(11)]
    whole = issues(*rows)
    monkeypatch.setattr(fhir, "SLICE", 4)
    chunks = list(detected_issues(frame(FINDINGS, rows).lazy(), RUN))
    assert len(chunks) == 3
    assert resources(chunks) == whole
    assert [one["id"] for one in whole] == [row["finding_id"] for row in rows]


def test_a_measure_report_holds_the_patients_of_a_rule_at_a_site() -> None:
    rows = [
        outcome(site_id="north", prescriber_id="A", patients=2, in_scope=5),
        outcome(site_id="north", prescriber_id="A", outcome="clear", patients=3, in_scope=5),
        outcome(site_id="north", prescriber_id="B", outcome="not_assessed", patients=1, in_scope=1),
        outcome(site_id="", outcome="out_of_scope", patients=9, in_scope=0),
        outcome(rule_id="trial", patients=4, in_scope=4),
    ]
    made = resources(measure_reports(frame(OUTCOMES, rows).lazy(), RUN))
    assert [wrong_in(one) for one in made] == [[], []]
    none, north = made
    numbers = {p["code"]["coding"][0]["code"]: p["count"] for p in north["group"][0]["population"]}
    assert numbers == {"denominator": 6, "numerator": 2}
    assert north["group"][0]["measureScore"]["value"] == pytest.approx(2 / 6, abs=1e-6)
    assert north["reporter"]["identifier"]["value"] == "north"
    assert "measureScore" not in none["group"][0]  # nobody in scope: no rate


def test_a_rule_that_did_not_run_is_no_complete_report() -> None:
    run = {**RUN, "rules": [{**RUN["rules"][0], "ran": False}]}
    (made,) = resources(measure_reports(frame(OUTCOMES, [outcome()]).lazy(), run))
    assert made["status"] == "pending"
    assert wrong_in(made) == []


# ---- Prometheus


def parsed(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """The samples as Prometheus' own client reads them, each family declared and used once."""
    parser = pytest.importorskip("prometheus_client.parser")
    families = list(parser.text_string_to_metric_families(text))
    assert max(Counter(family.name for family in families).values()) == 1
    assert all(family.type == "gauge" and family.documentation for family in families)
    return {
        family.name: {tuple(sorted(s.labels.items())): s.value for s in family.samples}
        for family in families
    }


def metrics_of(*rows: dict[str, Any], **run: Any) -> str:
    unjudged = outcome(outcome="not_assessed", patients=1, in_scope=4)
    outcomes = frame(OUTCOMES, [outcome(patients=3, in_scope=4), unjudged])
    found = frame(FINDINGS, list(rows)).lazy()
    return prometheus.metrics({**RUN, **run}, found, outcomes.lazy(), RUN).decode()


def test_metrics_are_read_back_as_they_were_meant() -> None:
    got = parsed(metrics_of(finding(), finding(severity="low", state="waived")))
    ended = dt.datetime(2026, 11, 1, 3, 15, 42, tzinfo=dt.UTC).timestamp()
    assert got["screener_last_run_timestamp_seconds"] == {(): ended}
    assert got["screener_last_run_duration_seconds"] == {(): 3.5}
    assert got["screener_unjudged_ratio"] == {(): 0.25}
    assert got["screener_patients"] == {(): 20}
    counts = got["screener_findings"]
    assert counts[("severity", "high"), ("state", "new")] == 1
    assert counts[("severity", "low"), ("state", "waived")] == 1
    assert counts[("severity", "critical"), ("state", "new")] == 0


def test_an_incomplete_run_says_so_and_keeps_the_time_of_the_last_complete_one() -> None:
    later = "2026-11-02T03:15:42+00:00"
    got = parsed(metrics_of(complete=False, exit_code=3, ended_at=later))
    assert got["screener_last_run_complete"] == {(): 0}
    assert got["screener_last_run_exit_code"] == {(): 3}
    run, complete = (got[f"screener_last_{which}_timestamp_seconds"][()] for which in
                     ("run", "complete"))  # fmt: skip
    assert run - complete == 24 * 3600


def test_what_is_no_longer_found_is_told_only_where_runs_were_compared() -> None:
    name = "screener_findings_no_longer_found"
    states = {"new": 1, "no_longer_found": 3}
    first = {"previous_run": None, "states": {**states, "no_longer_found": 0}}
    assert name not in parsed(metrics_of())
    assert name not in parsed(metrics_of(compared=first))
    later = {"previous_run": "0" * 12, "states": states}
    assert parsed(metrics_of(compared=later))[name] == {(): 3}


def test_no_rule_is_named_with_fewer_than_eight_findings() -> None:
    rows = [finding(finding_id=str(n), rule_id="rare") for n in range(7)]
    rows += [finding(finding_id=f"m{n}", rule_id='ma"x\\') for n in range(8)]
    text = metrics_of(*rows)
    assert "rare" not in text
    assert parsed(text)["screener_rule_findings"] == {(("rule", 'ma"x\\'),): 8}


# ---- on the command line


def test_every_form_is_written_and_none_touches_the_run(
    clinic: Place, screener: Callable[..., Ended], tmp_path: Path
) -> None:
    assert screener(*clinic.run()).code == 0
    for form in ("csv", "parquet", "xlsx", "fhir", "prometheus"):
        ended = screener(
            "export", "latest", "--out", str(clinic.out), "--to", form,
            "--into", str(tmp_path / form),
        )  # fmt: skip
        assert ended.code == 0, ended.err
        written = sorted(tmp_path.joinpath(form).iterdir())
        assert [f"Written: {path}" for path in written] == sorted(ended.out.splitlines())
        modes = {stat.S_IMODE(path.stat().st_mode) for path in written}
        assert modes == {0o644 if form == "prometheus" else 0o600}
    (run,) = clinic.published()
    for name in ("findings", "outcomes", "orders"):
        ours, theirs = (p / f"{name}.parquet" for p in (run, tmp_path / "parquet"))
        assert ours.read_bytes() == theirs.read_bytes()
    assert (run / "findings.csv").read_bytes() == (tmp_path / "csv/findings.csv").read_bytes()
    assert screener("verify", "latest", "--out", str(clinic.out)).code == 0


def test_counts_agree_between_tables_run_json_fhir_and_metrics(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    clinic.prescriptions(*(order(n, f"P-{n}", 5 if n < 3 else 3) for n in range(1, 4)))
    assert screener(*clinic.run("--also", "fhir,prometheus")).code == 0
    (run,) = clinic.published()
    counts = json.loads((run / "run.json").read_text())["counts"]
    exports = clinic.out / "exports"
    made = resources([(exports / run.name / "DetectedIssue.ndjson").read_bytes()])
    reports = resources([(exports / run.name / "MeasureReport.ndjson").read_bytes()])
    metrics = parsed((exports / prometheus.FILE).read_text())
    table = pl.read_parquet(run / "findings.parquet")
    flagged = sum(p["count"] for one in reports for p in one["group"][0]["population"]
                  if p["code"]["coding"][0]["code"] == "numerator")  # fmt: skip
    assert [wrong_in(one) for one in made + reports if wrong_in(one)] == []
    assert len(made) == counts["findings"] == table.height == 2
    assert sum(metrics["screener_findings"].values()) == counts["findings"]
    assert flagged == counts["patients_with_findings"] == table["patient_id"].n_unique()
    assert {one["id"] for one in made} == set(table["finding_id"])


def test_no_patient_order_prescriber_or_site_is_in_the_metrics(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run("--also", "prometheus")).code == 0
    text = (clinic.out / "exports" / prometheus.FILE).read_text()
    for word in ("P-1", "RX-1", "PR-1", "north", "south", "baclofen"):
        assert word not in text


def test_a_workbook_holds_text_only(
    clinic: Place, screener: Callable[..., Ended], tmp_path: Path
) -> None:
    clinic.prescriptions(order(1, "=P-1+1", 5))
    (clinic.exports / "patients.csv").unlink()
    assert screener(*clinic.run("--as-of", "2026-10-31")).code == 0
    assert screener("export", "--out", str(clinic.out), "--to", "xlsx", "--into",
                    str(tmp_path / "x")).code == 0  # fmt: skip
    sheet = openpyxl.load_workbook(tmp_path / "x" / "findings.xlsx")["findings"]
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s"}
    assert "=P-1+1" in {cell.value for row in sheet.iter_rows() for cell in row}


def test_the_command_line_knows_every_form() -> None:
    assert set(FORMS) == set(COMMAND_LINE)


def test_a_form_that_there_is_not_ends_with_2_before_anything_is_read(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run("--also", "sarif")).code == 2
    assert clinic.published() == []
    assert screener("export", "--to", "csv,fhir", "--out", str(clinic.out)).code == 2
