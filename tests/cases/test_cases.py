"""The hand-written patients: first the slow reference, then the production engine.

Groups A to E are about baclofen and are also held against rules built by hand; all groups, G
included, against every shipped rule that is on by default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from screener.checks.bucket import screen_bucket
from screener.rulebook.library import load_library
from screener.tables import Tables
from tests.cases.expectations import against_expectations, case_rows, expected_findings
from tests.reference.engine import screen_patient
from tests.reference.histories import typed_frame
from tests.reference.rules import RULES

GROUPS = "ABCDEG"
SHIPPED = tuple(
    rule
    for rule in load_library(Path(__file__).parents[2] / "rules")
    if rule.status in ("active", "pilot")
)
# Rules, the groups they are held against, and which rules those are.
SETS = {"by hand": (RULES, "ABCDE", "baclofen-"), "shipped": (SHIPPED, GROUPS, "")}


def test_the_reference_finds_what_was_written_by_hand_and_nothing_else() -> None:
    rules, groups, prefix = SETS["by hand"]
    rows = case_rows()
    as_of = max(patient["observation_end"] for patient in rows["patients"])
    found, flagged = set(), set()
    for patient in rows["patients"]:
        patient_id = patient["patient_id"]
        if patient_id[0] not in groups:
            continue
        orders, labs, conditions, admissions = (
            [row for row in rows[table] if row["patient_id"] == patient_id]
            for table in ("prescriptions", "labs", "conditions", "admissions")
        )
        said = screen_patient(
            patient, orders, labs, conditions, admissions, rules=rules, as_of=as_of
        )
        found |= {
            (patient_id, f.rule_id, f.severity, f.certainty, f.date.isoformat())
            for f in said.findings
        }
        flagged |= {(patient_id, flag, day.isoformat()) for flag, day in said.flags}
    assert against_expectations(found, flagged, groups, prefix) == []


@pytest.mark.parametrize("name", SETS)
def test_the_engine_finds_what_was_written_by_hand_and_nothing_else(name: str) -> None:
    rules, groups, prefix = SETS[name]
    rows = case_rows()
    as_of = max(patient["observation_end"] for patient in rows["patients"])

    def frame(table: str) -> Any:
        return typed_frame(table, [row for row in rows[table] if row["patient_id"][0] in groups])

    tables = Tables(
        **{table: frame(table) for table in rows},
        supplied={table: frozenset(rows[table][0]) for table in rows},
    )
    results = screen_bucket(tables, rules, as_of)
    columns = ("patient_id", "rule_id", "severity", "certainty", "date")
    found = {(*row[:4], row[4].isoformat()) for row in results.findings.select(*columns).rows()}
    flags = results.data_flags.select("patient_id", "flag", "date").rows()
    flagged = {(patient, flag, day.isoformat()) for patient, flag, day in flags}
    assert against_expectations(found, flagged, groups, prefix) == []


def test_a_missing_and_an_extra_finding_are_both_told() -> None:
    found = expected_findings("ABCDE", "baclofen-")
    first = min(found)
    found = found - {first} | {("A01", "baclofen-max-dose", "high", "definite", "2024-03-04")}
    lines = against_expectations(found, set(), "ABCDE", "baclofen-")
    assert sum(line.startswith("missing finding") for line in lines) == 1
    assert sum(line.startswith("extra finding") for line in lines) == 1
    assert sum(line.startswith("missing flag") for line in lines) == 12
