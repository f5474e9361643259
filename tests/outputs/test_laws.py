from __future__ import annotations

from typing import Any

import pytest

from screener.findings import FINDINGS, ORDERS, OUTCOMES
from screener.outputs.facts import dangling_orders
from screener.outputs.laws import findings_laws, outcome_law, row_laws
from tests.outputs.invented_run import finding, frame, order, outcome

NONE = frame(FINDINGS, [])


def entry(**values: int) -> dict[str, Any]:
    classes = dict.fromkeys(
        ("used", "excluded", "duplicate", "superseded", "set_aside", "blank", "left_out"), 0
    )
    return {"file": "p.csv", "records": 10} | classes | values


@pytest.mark.parametrize(
    "name", ["excluded", "duplicate", "superseded", "set_aside", "blank", "left_out"]
)
def test_every_class_counts_in_the_sum_of_a_files_rows(name: str) -> None:
    assert row_laws([entry(used=9, **{name: 1})])[0].ok
    assert not row_laws([entry(used=9)])[0].ok


def test_a_row_too_many_breaks_the_law_too() -> None:
    assert not row_laws([entry(used=11)])[0].ok


def outcomes(*rows: dict[str, Any]) -> Any:
    return frame(OUTCOMES, list(rows))


def test_every_patient_needs_an_outcome_of_every_rule_asked_for() -> None:
    table = outcomes(
        outcome(patients=3, in_scope=3), outcome(outcome="out_of_scope", patients=2, in_scope=0)
    )
    assert outcome_law(table, ["max"], 5).ok
    assert not outcome_law(table, ["max"], 6).ok
    missing = outcome_law(table, ["max", "stop"], 5)
    assert not missing.ok
    assert "stop" in missing.detail


def test_an_outcome_of_a_rule_that_nobody_asked_for_breaks_the_law() -> None:
    assert not outcome_law(outcomes(outcome()), [], 1).ok


def test_in_scope_must_be_the_sum_of_its_outcomes() -> None:
    assert not outcome_law(outcomes(outcome(patients=3, in_scope=4)), ["max"], 3).ok


def names_broken(*laws: Any) -> list[str]:
    return [law.name for law in laws if not law.ok]


def test_flagged_patients_are_counted_once_however_many_findings_they_have() -> None:
    both = frame(FINDINGS, [finding(), finding(finding_id="ff")])
    assert names_broken(*findings_laws(both, NONE, outcomes(outcome()), 0)) == []


def test_a_finding_without_a_flagged_patient_and_the_other_way_round_are_noticed() -> None:
    one = frame(FINDINGS, [finding()])
    broken = ["flagged patients are those with a finding"]
    assert names_broken(*findings_laws(one, NONE, outcomes(), 0)) == broken
    assert names_broken(*findings_laws(NONE, NONE, outcomes(outcome()), 0)) == broken


def test_a_finding_id_given_twice_is_noticed_also_across_pilot_findings() -> None:
    one = frame(FINDINGS, [finding()])
    pilot = frame(FINDINGS, [finding(rule_id="pilot")])
    table = outcomes(outcome(), outcome(rule_id="pilot"))
    assert names_broken(*findings_laws(one, pilot, table, 0)) == ["every finding once"]


def test_an_order_of_another_patient_is_no_order_of_the_finding() -> None:
    one = frame(FINDINGS, [finding(prescription_ids=["RX-1", "RX-2"])])
    mine = frame(ORDERS, [order(), order(prescription_id="RX-2", patient_id="P-2")])
    assert dangling_orders(one, mine) == 1
    assert names_broken(*findings_laws(one, NONE, outcomes(outcome()), 1)) == [
        "findings name orders of their patient"
    ]
