"""The slow reference's clauses and conditions held to small histories worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from screener.checks.daily_dose import DailyDose
from screener.checks.several_of import SeveralOf
from screener.checks.taken import Taken
from screener.rule.model import (
    Age,
    AllOf,
    CheckUse,
    Clause,
    Condition,
    CrossTaper,
    DoseLowered,
    Downgrade,
    Escalation,
    Finds,
    HadTest,
    KidneyFunction,
    LabResult,
    Recorded,
    Sex,
    SomeOf,
    StartedWithin,
    StoppedWithin,
    Taking,
    Weight,
    one_check,
)
from screener.rule.values import DrugSet, LabTest, Limits, Share
from tests.reference.drawn import Row, day, order
from tests.reference.one_rule import days_of, level_on, reasons, said
from tests.reference.rules import a_rule, mg

MORPHINE = DrugSet("morphine", frozenset({"morphine"}))
OXYCODONE = DrugSet("oxycodone", frozenset({"oxycodone"}))
OPIOIDS = DrugSet("class opioid", frozenset({"morphine", "oxycodone"}))
LEVEL = LabTest("lithium", frozenset({"lithium"}), (("mmol/l", 1.0),))
TAKEN = one_check("taken", Taken(of=MORPHINE))
COURSE = order("morphine", 0, 60)
UNKNOWN = LabResult(LEVEL, Limits(below=1.0), "mmol/L")  # of who has no level


def dose(least: float, drugs: DrugSet = MORPHINE) -> Clause:
    """A daily dose of at least so many mg."""
    return one_check("daily_dose", DailyDose(of=drugs, at_least=mg(least)))


def judged(
    condition: Condition, *others: Row, labs: list[Row] | None = None
) -> list[tuple[int, int]]:
    """The days, of 60 on morphine, on which the condition holds."""
    rule = a_rule("it", "moderate", TAKEN)
    return days_of(said(replace(rule, only_if=(condition,)), COURSE, *others, labs=labs))


def test_an_alternative_has_its_own_severity_guards_and_length() -> None:
    both = Clause(
        "any_of",
        (
            replace(dose(30), severity="high", for_at_least=5),
            replace(dose(10), severity="low", only_if=(Taking(OXYCODONE),)),
        ),
    )
    found = said(both, order("morphine", 0, 10), order("morphine", 10, 5, "30")).findings
    assert [(f.severity, f.date, f.end_date) for f in found] == [("high", day(10), day(14))]
    assert days_of(said(both, order("morphine", 10, 4, "30"))) == []
    assert days_of(said(both, COURSE, order("oxycodone", 20, 5))) == [(20, 24)]


def test_all_of_is_about_the_first_clause_and_doubts_add_up() -> None:
    many = one_check("several_of", SeveralOf(from_=OPIOIDS, at_least=2))
    orders = [order("morphine", 0, 60, dose_max=2.0), order("oxycodone", 30, 60)]
    (found,) = said(Clause("all_of", (dose(20), many)), *orders).findings
    assert (found.subject, found.certainty, found.value) == ("morphine", "possible", 20.0)
    assert (found.date, found.end_date) == (day(30), day(59))
    (turned,) = said(Clause("all_of", (many, dose(20))), *orders).findings
    assert (turned.subject, turned.value) == ("class opioid", 2.0)


def test_all_of_is_not_assessed_where_only_something_undecided_is_missing() -> None:
    parts = (TAKEN, UNKNOWN, Taking(OXYCODONE))
    verdicts = said(Clause("all_of", parts), COURSE, order("oxycodone", 30, 5), labs=[])
    assert reasons(verdicts) == {"no-recent-test": 30}
    assert reasons(said(Clause("all_of", parts), COURSE, labs=[])) == {}


def test_an_alternative_that_flags_a_day_settles_what_another_cannot_tell() -> None:
    unreadable = order("morphine", 0, 60, dose_min=None)
    assert reasons(said(Clause("any_of", (dose(10),)), unreadable)) == {"dose-unknown": 0}
    verdicts = said(Clause("any_of", (dose(10), TAKEN)), unreadable)
    assert (days_of(verdicts), reasons(verdicts)) == ([(0, 59)], {})


def test_short_runs_fall_away_before_the_guards_of_the_rule() -> None:
    rule = a_rule("it", "moderate", replace(TAKEN, for_at_least=28))
    guarded = replace(rule, only_if=(Taking(OXYCODONE),))
    assert days_of(said(guarded, COURSE, order("oxycodone", 10, 5))) == [(10, 14)]
    assert days_of(said(rule, order("morphine", 0, 27))) == []


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (SomeOf((UNKNOWN, Sex("M")), at_least=1), "flagged"),
        (SomeOf((UNKNOWN, Sex("F")), at_least=1), "not_assessed"),
        (SomeOf((UNKNOWN, Sex("F")), at_least=2), "clear"),
        (SomeOf((UNKNOWN, Sex("F")), fewer_than=2), "flagged"),
        (SomeOf((UNKNOWN, Sex("M")), fewer_than=1), "clear"),
        (SomeOf((UNKNOWN, Sex("M")), fewer_than=2), "not_assessed"),
        (AllOf((UNKNOWN, Sex("F"))), "clear"),
        (AllOf((UNKNOWN, Sex("M"))), "not_assessed"),
    ],
)
def test_an_answer_is_given_as_soon_as_nothing_undecided_can_change_it(
    condition: Condition, answer: str
) -> None:
    rule = replace(a_rule("it", "moderate", TAKEN), only_if=(condition,))
    assert said(rule, COURSE, labs=[]).outcomes["it"] == answer


def test_conditions_about_other_drugs_hold_for_as_many_days_as_they_say() -> None:
    other = order("oxycodone", 20, 10)
    assert judged(StartedWithin(OXYCODONE, 7), other) == [(20, 27)]
    assert judged(StartedWithin(OXYCODONE, 0), other) == [(20, 20)]
    assert judged(StoppedWithin(OXYCODONE, 7), other) == [(30, 36)]
    assert judged(Finds(CheckUse("taken", Taken(OXYCODONE, for_at_least=10))), other) == [(20, 29)]
    assert judged(Finds(CheckUse("taken", Taken(OXYCODONE, for_at_least=11))), other) == []


def test_conditions_about_tests_hold_until_they_are_old() -> None:
    labs = [level_on(10, 0.8), level_on(30, 1.2)]
    high = LabResult(LEVEL, Limits(at_least=0.8), "mmol/L", result_good_for=5)
    assert judged(high, labs=labs) == [(10, 15), (30, 35)]
    assert judged(replace(high, limits=Limits(more_than=0.8)), labs=labs) == [(30, 35)]
    just_below = labs[0] | {"comparator": "<"}
    assert judged(high, labs=[just_below]) == []
    assert judged(replace(high, limits=Limits(below=0.8)), labs=[just_below]) == [(10, 15)]
    assert judged(HadTest(LEVEL, 3), labs=labs) == [(7, 13), (27, 33)]


def test_of_two_results_of_a_day_the_worse_one_counts() -> None:
    labs = [level_on(10, 0.4), level_on(10, 1.2)]
    assert judged(LabResult(LEVEL, Limits(more_than=1.0), "mmol/L", 0), labs=labs) == [(10, 10)]
    assert judged(LabResult(LEVEL, Limits(below=0.5), "mmol/L", 0), labs=labs) == [(10, 10)]


def test_a_weight_holds_for_a_year_and_then_the_undated_one() -> None:
    old = {"analyte": "weight", "value": 60.0, "unit": "kg", "date": day(-364)}
    assert judged(Weight(Limits(at_most=60)), labs=[old]) == [(0, 1)]
    assert judged(Weight(Limits(more_than=60)), labs=[old]) == [(2, 59)]


def test_dialysis_is_no_kidney_function_at_all() -> None:
    row = {"condition": "dialysis", "start_date": day(5), "end_date": day(7)}
    rule = a_rule("it", "moderate", TAKEN)
    for limits, found in ((Limits(at_most=0), [(5, 7)]), (Limits(more_than=0), [])):
        only = replace(rule, only_if=(KidneyFunction(limits),))
        assert days_of(said(only, COURSE, labs=[], conditions=[row])) == found
    seizures = Recorded("epilepsy", frozenset({"epilepsy"}))
    assert days_of(said(replace(rule, unless=(seizures,)), COURSE)) == [(0, 59)]


@pytest.mark.parametrize(("share", "found"), [(50, [(30, 59)]), (49.9, [])])
def test_a_lowered_dose_is_compared_with_the_highest_before(
    share: float, found: list[tuple[int, int]]
) -> None:
    rule = replace(a_rule("it", "moderate", TAKEN), only_if=(DoseLowered(MORPHINE, Share(share)),))
    orders = [order("morphine", 0, 30, "10", 2), order("morphine", 30, 30, "10", 1)]
    assert days_of(said(rule, *orders)) == found


@pytest.mark.parametrize(("within", "found"), [(14, [(46, 59)]), (13, [])])
def test_a_change_from_one_drug_to_the_other_is_a_short_overlap_down_and_up(
    within: int, found: list[tuple[int, int]]
) -> None:
    rule = replace(a_rule("it", "moderate", TAKEN), only_if=(CrossTaper(OPIOIDS, None, within),))
    down = [order("morphine", 0, 53, "10", 2), order("morphine", 53, 7, "10", 1)]
    up = [order("oxycodone", 46, 7, "10", 1), order("oxycodone", 53, 30, "10", 2)]
    assert days_of(said(rule, *down, *up)) == found
    assert days_of(said(rule, *down, up[0] | {"days_supply": 30})) == []


def test_lowering_comes_after_raising_and_before_the_step_for_possible() -> None:
    rule = a_rule("it", "moderate", TAKEN, escalate=(Escalation("critical", Sex("M")),))
    lowered = replace(
        rule, downgrade=(Downgrade("high", Age(at_least=18)), Downgrade(None, Sex("M")))
    )
    assert [f.severity for f in said(rule, COURSE).findings] == ["critical"]
    assert [f.severity for f in said(lowered, COURSE).findings] == ["moderate"]
    as_needed = COURSE | {"prn": True, "max_doses_per_day": 2.0}
    assert [f.severity for f in said(lowered, as_needed).findings] == ["low"]
