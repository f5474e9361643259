"""The slow reference's checks held to small histories that were worked out by hand."""

from __future__ import annotations

import pytest

from screener.checks import test_overdue as overdue
from screener.checks.daily_dose import DailyDose
from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.doses_per_week import DosesPerWeek
from screener.checks.several_of import SeveralOf
from screener.checks.starts import Starts
from screener.checks.stops_suddenly import LoweredTo, StopsSuddenly
from screener.checks.supply_gap import SupplyGap
from screener.checks.taken_together import CheckedBy, TakenTogether
from screener.checks.taken_without import TakenWithout
from screener.rule.model import one_check
from screener.rule.values import Conversion, DrugSet, Factor, LabTest
from tests.reference.drawn import START, Row, day, order
from tests.reference.one_rule import days_of, level_on, reasons, said
from tests.reference.rules import mg

OPIOIDS = DrugSet("class opioid", frozenset({"morphine", "oxycodone", "codeine", "tramadol"}))
MORPHINE_TIMES = Conversion(
    "oral morphine",
    (Factor("codeine", "by mouth", 3, 20), Factor("oxycodone", "by mouth", 3, 2)),
)
NSAID = DrugSet("class nsaid", frozenset({"ibuprofen"}))
OMEPRAZOLE = DrugSet("omeprazole", frozenset({"omeprazole"}))
LITHIUM = DrugSet("lithium", frozenset({"lithium"}))
FUROSEMIDE = DrugSet("furosemide", frozenset({"furosemide"}))
METHOTREXATE = DrugSet("methotrexate", frozenset({"methotrexate"}))
LEVEL = LabTest("lithium", frozenset({"lithium"}), (("mmol/l", 1.0),))


@pytest.mark.parametrize(("limit", "found"), [(60, True), (60.001, False)])
def test_a_converted_dose_is_the_sum_of_each_drug_times_its_factor(
    limit: float, found: bool
) -> None:
    rule = one_check(
        "daily_dose", DailyDose(OPIOIDS, at_least=mg(limit), counted_as=MORPHINE_TIMES)
    )
    verdicts = said(rule, order("codeine", 0, 28, "50", 4), order("oxycodone", 0, 28, "10", 2))
    assert [f.value for f in verdicts.findings] == ([60.0] if found else [])


def test_a_drug_without_factor_hides_no_limit_that_the_others_break() -> None:
    rule = one_check("daily_dose", DailyDose(OPIOIDS, at_least=mg(30), counted_as=MORPHINE_TIMES))
    verdicts = said(rule, order("oxycodone", 0, 10, "10", 2), order("tramadol", 0, 28, "50", 2))
    assert days_of(verdicts) == [(0, 9)]
    assert reasons(verdicts) == {"no-conversion-factor": 10}


@pytest.mark.parametrize(("grace_day", "outcome"), [(98, "clear"), (99, "clear"), (100, "flagged")])
def test_a_switch_in_time_to_another_drug_of_the_class_is_no_stop(
    grace_day: int, outcome: str
) -> None:
    rule = one_check("stops_suddenly", StopsSuddenly(OPIOIDS, taken_for_at_least=30))
    first, second = order("oxycodone", 0, 85, "10", 2), order("morphine", grace_day, 200, "10", 2)
    verdicts = said(rule, first, second)
    assert verdicts.outcomes["it"] == outcome
    assert [f.subject for f in verdicts.findings] == ["oxycodone"] * (outcome == "flagged")


@pytest.mark.parametrize(("last_days", "outcome"), [(0, "flagged"), (1, "clear"), (2, "clear")])
def test_a_taper_without_a_length_needs_one_lower_day(last_days: int, outcome: str) -> None:
    lowered = LoweredTo(to_at_most=mg(10))
    check = StopsSuddenly(OPIOIDS, 30, unless_lowered=lowered)
    orders = [order("morphine", 0, 60, "10", 3), order("morphine", 60, last_days or None, "10", 1)]
    verdicts = said(one_check("stops_suddenly", check), *orders[: 2 if last_days else 1])
    assert verdicts.outcomes["it"] == outcome


@pytest.mark.parametrize(("times", "outcome"), [(2, "clear"), (3, "flagged")])
def test_a_stable_dose_of_exactly_the_limit_is_not_more_than_it(times: float, outcome: str) -> None:
    check = StopsSuddenly(OPIOIDS, 30, stable_dose_more_than=mg(20))
    verdicts = said(one_check("stops_suddenly", check), order("morphine", 0, 60, "10", times))
    assert verdicts.outcomes["it"] == outcome


def test_a_start_is_seen_only_after_90_watched_days() -> None:
    rule = one_check("starts", Starts(OPIOIDS))
    first, again = order("morphine", 0, 10), order("oxycodone", 38, 10)
    assert days_of(said(rule, first, again)) == [(0, 0), (38, 38)]
    assert days_of(said(rule, first, again | {"start_date": day(37)})) == [(0, 0)]
    watched = said(rule, first, patient={"observation_start": day(-89)})
    assert reasons(watched) == {"history-not-observed": 0}


@pytest.mark.parametrize(
    ("days", "certainty"), [(7.0, None), (3.5, "possible"), (3.0, "definite"), (1.0, "definite")]
)
def test_once_a_week_is_once_in_seven_days(days: float, certainty: str | None) -> None:
    check = DosesPerWeek(METHOTREXATE, at_least=2, may_be_split_up_to=2)
    weekly = order("methotrexate", 0, 28, "2.5", 1, frequency_period_days=days)
    found = said(one_check("doses_per_week", check), weekly).findings
    assert [f.certainty for f in found] == ([certainty] if certainty else [])


def test_three_drugs_are_counted_on_the_days_they_share() -> None:
    rule = one_check("several_of", SeveralOf(OPIOIDS, at_least=3))
    orders = [order("morphine", 0, 20), order("oxycodone", 5, 20), order("codeine", 10, 20)]
    assert days_of(said(rule, *orders)) == [(10, 19)]
    orders[2] |= {"prn": True, "max_doses_per_day": 2.0}
    assert [f.severity for f in said(rule, *orders).findings] == ["low"]


@pytest.mark.parametrize(("last_day_with", "outcome"), [(109, "flagged"), (110, "clear")])
def test_a_drug_protects_if_it_stood_in_the_last_91_days(last_day_with: int, outcome: str) -> None:
    rule = one_check("taken_without", TakenWithout(NSAID, OMEPRAZOLE))
    without = order("omeprazole", last_day_with - 27, 28)
    verdicts = said(rule, order("ibuprofen", 100, 20), without)
    assert verdicts.outcomes["it"] == outcome
    assert days_of(verdicts) == ([(100, 119)] if outcome == "flagged" else [])


def test_a_test_is_overdue_on_the_day_after_the_window() -> None:
    rule = one_check("test_overdue", overdue.TestOverdue(LITHIUM, LEVEL, within=30))
    course = order("lithium", 0, 100)
    assert days_of(said(rule, course, labs=[level_on(20)])) == [(51, 99)]
    assert days_of(said(rule, course, labs=[level_on(-1), level_on(70)])) == [(31, 69)]
    assert reasons(said(rule, course)) == {"labs-not-supplied": 0}
    due = one_check(
        "test_overdue", overdue.TestOverdue(LITHIUM, LEVEL, within=30, already_due=True)
    )
    assert days_of(said(due, course, labs=[])) == [(0, 99)]
    fresh = said(due, course, labs=[], patient={"observation_start": day(-10)})
    assert (days_of(fresh), reasons(fresh)) == ([(20, 99)], {"history-not-observed": 0})


@pytest.mark.parametrize(("gap", "found"), [(2, False), (3, True), (7, True), (8, False)])
def test_a_gap_of_so_many_days_is_found_from_its_first_to_its_last_day(
    gap: int, found: bool
) -> None:
    rule = one_check("supply_gap", SupplyGap(LITHIUM, at_least=3, at_most=7))
    verdicts = said(rule, order("lithium", 0, 28), order("lithium", 28 + gap, 28))
    assert days_of(verdicts) == ([(28, 27 + gap)] if found else [])


def test_only_the_weeks_after_a_start_of_the_partner_count() -> None:
    new = TakenTogether(LITHIUM, FUROSEMIDE, partner_started_within=14)
    orders = [order("lithium", 0, 100), order("furosemide", 10, 60)]
    assert days_of(said(one_check("taken_together", new), *orders)) == [(10, 24)]
    checked = TakenTogether(LITHIUM, FUROSEMIDE, checked_by=CheckedBy(LEVEL, 7))
    rule = one_check("taken_together", checked)
    assert days_of(said(rule, *orders, labs=[level_on(17)])) == [(10, 69)]
    assert days_of(said(rule, *orders, labs=[level_on(18)])) == []
    assert days_of(said(rule, *orders)) == []


@pytest.mark.parametrize(
    ("creatinine", "found"), [(1.84, True), (1.83, False)]
)  # 48 years, 72 kg: 92 / creatinine, so 50.0 and 50.3 mL/min
def test_clearance_is_that_of_cockcroft_and_gault(creatinine: float, found: bool) -> None:
    bands = (Band("high", at_most=50),)
    check = DoseForKidneyFunction(LITHIUM, bands, estimate="creatinine_clearance")
    lab = {"analyte": "creatinine", "value": creatinine, "unit": "mg/dL", "date": day(-1)}
    verdicts = said(
        one_check("dose_for_kidney_function", check), order("lithium", 0, 28), labs=[lab]
    )
    assert bool(verdicts.findings) is found


def test_a_clearance_without_a_weight_raises_the_flag() -> None:
    check = DoseForKidneyFunction(
        LITHIUM, (Band("high", at_most=50),), estimate="creatinine_clearance"
    )
    lab = {"analyte": "creatinine", "value": 1.0, "unit": "mg/dL", "date": day(-1)}
    rule = one_check("dose_for_kidney_function", check)
    weightless: Row = {"weight_kg": None}
    verdicts = said(rule, order("lithium", 0, 28), labs=[lab], patient=weightless)
    assert reasons(verdicts) == {"weight-unknown": 0}
    assert ("weight", START) in verdicts.flags
    weighed = {"analyte": "weight", "value": 72_000.0, "unit": "g", "date": day(5)}
    in_time = order("lithium", 5, 28)
    assert reasons(said(rule, in_time, labs=[lab, weighed], patient=weightless)) == {}
