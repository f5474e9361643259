"""A table that nobody supplied leaves a rule undecided; it is never the same as an empty one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from screener.checks import test_overdue as overdue
from screener.checks.bucket import screen_bucket
from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.taken import Taken
from screener.rule.model import (
    Clause,
    Condition,
    HadTest,
    HasCondition,
    KidneyFunction,
    LabResult,
    NoKidneyTestWithin,
    Recorded,
    Rule,
    one_check,
)
from screener.rule.values import DrugSet, LabTest, Limits
from tests.reference.compare import differences
from tests.reference.drawn import day, order
from tests.reference.histories import Bucket, History
from tests.reference.one_rule import ADULT
from tests.reference.rules import a_rule

LITHIUM = DrugSet("lithium", frozenset({"lithium"}))
LEVEL = LabTest("lithium", frozenset({"lithium"}), (("mmol/l", 1.0),))
TAKEN = one_check("taken", Taken(of=LITHIUM))
BANDS = DoseForKidneyFunction(LITHIUM, (Band("high", below=30, or_on_dialysis=True),))
OVERDUE = overdue.TestOverdue(of=LITHIUM, test=LEVEL, within=45)
EPILEPSY = frozenset({"epilepsy"})


def guarded(condition: Condition) -> Rule:
    return replace(a_rule("it", "moderate", TAKEN), only_if=(condition,))


def plain(check: str, params: object) -> Rule:
    clause: Clause = one_check(check, params)
    return a_rule("it", "moderate", clause)


def outcome_and_reasons(rule: Rule, *supplied: str) -> tuple[str, list[str]]:
    """What becomes of one patient who takes lithium, both engines agreeing; lists are empty."""
    history = History([order("lithium", 0, 28, "400", 2)], ADULT)
    bucket = Bucket([history], day(27), frozenset({"patients", *supplied}), frozenset())
    results = screen_bucket(bucket.tables(), (rule,), bucket.as_of)
    assert differences(bucket, (rule,), results) == []
    (outcome,) = results.outcomes.filter(results.outcomes["patients"] > 0)["outcome"].to_list()
    return outcome, sorted(results.not_assessed["reason"].to_list())


@pytest.mark.parametrize(
    "rule",
    [
        guarded(LabResult(LEVEL, Limits(more_than=1.0), "mmol/L")),
        guarded(HadTest(LEVEL, 14)),
        guarded(KidneyFunction(Limits(below=60))),
        guarded(NoKidneyTestWithin(90)),
        plain("test_overdue", OVERDUE),
        plain("dose_for_kidney_function", BANDS),
    ],
    ids=["result", "tested", "kidney function", "no kidney test", "overdue", "bands"],
)
def test_without_a_table_of_tests_what_needs_one_is_undecided(rule: Rule) -> None:
    assert outcome_and_reasons(rule) == ("not_assessed", ["labs-not-supplied"])


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            guarded(LabResult(LEVEL, Limits(more_than=1.0), "mmol/L")),
            ("not_assessed", ["no-recent-test"]),
        ),
        (guarded(HadTest(LEVEL, 14)), ("clear", [])),
        (
            guarded(KidneyFunction(Limits(below=60))),
            ("not_assessed", ["no-recent-kidney-test"]),
        ),
        (guarded(NoKidneyTestWithin(90)), ("flagged", [])),
        (plain("test_overdue", OVERDUE), ("not_assessed", ["test-not-seen-at-site"])),
        (
            plain("dose_for_kidney_function", BANDS),
            ("not_assessed", ["no-recent-kidney-test"]),
        ),
    ],
    ids=["result", "tested", "kidney function", "no kidney test", "overdue", "bands"],
)
def test_an_empty_table_of_tests_says_that_nobody_was_tested(
    rule: Rule, said: tuple[str, list[str]]
) -> None:
    assert outcome_and_reasons(rule, "labs", "conditions") == said


def test_without_a_table_of_conditions_a_condition_is_undecided_and_a_record_is_none() -> None:
    has, recorded = HasCondition("epilepsy", EPILEPSY), Recorded("epilepsy", EPILEPSY)
    assert outcome_and_reasons(guarded(has)) == ("not_assessed", ["conditions-not-supplied"])
    assert outcome_and_reasons(guarded(recorded)) == ("clear", [])
    assert outcome_and_reasons(guarded(has), "conditions") == ("clear", [])


def test_bands_without_tests_still_know_who_is_on_dialysis() -> None:
    """A table of conditions alone: dialysis is a kidney function of 0, and the rest is unknown."""
    history = History(
        [order("lithium", 0, 28, "400", 2)],
        ADULT,
        conditions=[{"condition": "dialysis", "start_date": day(10)}],
    )
    bucket = Bucket([history], day(27), frozenset({"patients", "conditions"}))
    rule = plain("dose_for_kidney_function", BANDS)
    results = screen_bucket(bucket.tables(), (rule,), bucket.as_of)
    assert differences(bucket, (rule,), results) == []
    assert results.findings["date"].to_list() == [day(10)]
    assert results.not_assessed["from_date"].to_list() == [day(0)]
