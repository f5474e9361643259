"""What is said to follow is held against every value there is, one by one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from screener.checks.daily_dose import DailyDose
from screener.checks.taken import Taken
from screener.checks.taken_together import TakenTogether
from screener.rule.implied import atoms, covers, excludes, implies
from screener.rule.model import (
    Age,
    AllOf,
    Clause,
    Condition,
    HasCondition,
    KidneyFunction,
    LabResult,
    Recorded,
    SameCheckWith,
    Sex,
    SomeOf,
    Taking,
    Weight,
    one_check,
)
from screener.rule.values import DailyAmount, DrugSet, LabTest, Limits

BOUNDS = (None, 2, 3)
VALUES = [number / 2 for number in range(12)]
AGES = [Age(a, b) for a in BOUNDS for b in BOUNDS if (a, b) != (None, None)]
LIMITS = [
    Limits(more_than=a, at_least=b, below=c, at_most=d)
    for a, b, c, d in itertools.product(BOUNDS, repeat=4)
    if (a, b, c, d) != (None,) * 4 and None in (a, b) and None in (c, d)
]
KIDNEYS = [KidneyFunction(limits) for limits in LIMITS]
WEIGHTS = [Weight(limits) for limits in LIMITS]
POTASSIUM = LabTest("potassium", frozenset({"potassium"}), (("mmol/l", 1.0),))


def holds(condition: Condition, value: float) -> bool:
    """By the words of the model, for a value of the one quantity that the condition reads."""
    if isinstance(condition, AllOf):
        return all(holds(part, value) for part in condition.parts)
    if isinstance(condition, SomeOf):
        count = sum(holds(part, value) for part in condition.parts)
        return count >= (condition.at_least or 0) and (
            condition.fewer_than is None or count < condition.fewer_than
        )
    if isinstance(condition, Age):
        years = int(value)
        return (condition.at_least is None or years >= condition.at_least) and (
            condition.below is None or years < condition.below
        )
    assert isinstance(condition, KidneyFunction | Weight)
    limits = condition.limits
    return (
        (limits.more_than is None or value > limits.more_than)
        and (limits.at_least is None or value >= limits.at_least)
        and (limits.below is None or value < limits.below)
        and (limits.at_most is None or value <= limits.at_most)
    )


@pytest.mark.parametrize(
    "family", [AGES, KIDNEYS, WEIGHTS], ids=["age", "kidney function", "weight"]
)
def test_ranges_follow_and_exclude_as_their_values_do(family: list[Condition]) -> None:
    for one, other in itertools.product(family, repeat=2):
        days = [(holds(one, value), holds(other, value)) for value in VALUES]
        if not any(a for a, _ in days) or not any(b for _, b in days):
            continue  # the loader refuses what nobody can be
        assert implies(one, other) == all(b for a, b in days if a), (one, other)
        assert excludes(one, other) == (not any(a and b for a, b in days)), (one, other)


def test_what_is_put_together_never_follows_wrongly() -> None:
    pairs = list(itertools.combinations(AGES, 2))[::3]
    made: list[Condition] = [AllOf(pair) for pair in pairs]
    made += [SomeOf(pair, at_least=1) for pair in pairs]
    made += [SomeOf(pair, at_least=2) for pair in pairs]
    made += [SomeOf(pair, fewer_than=1) for pair in pairs]
    said = 0
    for one, other in itertools.product([*made, *AGES], repeat=2):
        days = [(holds(one, value), holds(other, value)) for value in VALUES]
        follows, apart = implies(one, other), excludes(one, other)
        said += follows + apart
        assert not follows or all(b for a, b in days if a), (one, other)
        assert not apart or not any(a and b for a, b in days), (one, other)
    assert said > 100


def drugs(*names: str, tracks: frozenset[str] = frozenset({"by mouth"})) -> DrugSet:
    return DrugSet(" or ".join(names), frozenset(names), tracks)


def mg(number: int) -> DailyAmount:
    return DailyAmount(number * 1000, f"{number} mg/day")


AB, A, C = drugs("a", "b"), drugs("a"), drugs("c")
PUMP = drugs("a", tracks=frozenset({"intrathecal"}))


@pytest.mark.parametrize(
    ("wide", "narrow", "follows"),
    [
        (DailyDose(A, more_than=mg(1)), DailyDose(A, more_than=mg(2)), True),
        (DailyDose(A, more_than=mg(2)), DailyDose(A, more_than=mg(1)), False),
        (DailyDose(A, less_than=mg(2)), DailyDose(A, less_than=mg(1)), True),
        (DailyDose(A, less_than=mg(1)), DailyDose(A, less_than=mg(2)), False),
        (DailyDose(A, at_least=mg(1)), DailyDose(A, more_than=mg(2)), False),
        (DailyDose(AB, more_than=mg(1)), DailyDose(A, more_than=mg(1)), True),
        (DailyDose(AB, less_than=mg(1)), DailyDose(A, less_than=mg(1)), False),
        (DailyDose(A, more_than=mg(1)), DailyDose(AB, more_than=mg(1)), False),
        (DailyDose(A, more_than=mg(1)), DailyDose(PUMP, more_than=mg(1)), False),
        (
            DailyDose(A, more_than=mg(1), for_at_least=7),
            DailyDose(A, more_than=mg(1), for_at_least=9),
            True,
        ),
        (Taken(AB), Taken(A), True),
        (Taken(A), Taken(AB), False),
        (Taken(A), DailyDose(A, more_than=mg(1)), False),
        (TakenTogether(A, AB), TakenTogether(A, drugs("b")), True),
        (TakenTogether(A, drugs("b", "c")), TakenTogether(A, C), True),
        (TakenTogether(A, drugs("b", "c"), except_=C), TakenTogether(A, C), False),
        (TakenTogether(AB, drugs("b", "c")), TakenTogether(A, drugs("b")), False),
    ],
)
def test_a_check_covers_another_of_which_it_finds_every_day(
    wide: object, narrow: object, follows: bool
) -> None:
    names = {DailyDose: "daily_dose", Taken: "taken", TakenTogether: "taken_together"}
    clauses = [one_check(names[type(one)], one) for one in (wide, narrow)]
    assert covers(*clauses) is follows


def test_drugs_and_sexes() -> None:
    assert implies(Taking(A), Taking(AB))
    assert not implies(Taking(AB), Taking(A))
    assert not implies(Taking(PUMP), Taking(A))
    released = DrugSet("a", frozenset({"a"}), A.tracks, frozenset({"modified-release"}))
    assert implies(Taking(released), Taking(A))
    assert not implies(Taking(A), Taking(released))
    assert excludes(Sex("F"), Sex("M"))
    assert not excludes(Sex("F"), Age(at_least=18))


def result(limits: Limits, test: LabTest = POTASSIUM, good_for: int = 90) -> LabResult:
    return LabResult(test, limits, "mmol/L", good_for)


ABOVE_5, ABOVE_6, BELOW_4 = Limits(more_than=5.0), Limits(more_than=6.0), Limits(below=4.0)


def test_a_result_follows_from_one_of_the_same_test_that_counts_as_long() -> None:
    assert implies(result(ABOVE_6), result(ABOVE_5))
    assert not implies(result(ABOVE_5), result(ABOVE_6))
    other = LabTest("sodium", frozenset({"sodium"}), POTASSIUM.units)
    assert not implies(result(ABOVE_6), result(ABOVE_5, other))
    assert not implies(result(ABOVE_6), result(ABOVE_5, good_for=91))


def test_of_two_results_of_a_day_one_may_be_above_and_the_other_below() -> None:
    """A limit from above takes the largest result of a day, one from below the smallest."""
    assert not excludes(result(ABOVE_5), result(BELOW_4))
    assert excludes(result(Limits(more_than=5.0)), result(Limits(at_least=3.0, below=5.0)))


def test_kidney_functions_are_compared_when_they_are_the_same_estimate_as_old() -> None:
    low, lower = Limits(below=60.0), Limits(below=30.0)
    assert implies(KidneyFunction(lower, 365), KidneyFunction(low, 365))
    assert not implies(KidneyFunction(lower, 365), KidneyFunction(low, 364))
    clearance = KidneyFunction(lower, 365, "creatinine_clearance")
    assert not implies(clearance, KidneyFunction(low, 365))


def test_a_condition_of_fewer_names_follows_but_never_from_another_kind() -> None:
    one, two = frozenset({"asthma"}), frozenset({"asthma", "copd"})
    assert implies(HasCondition("a", one), HasCondition("b", two))
    assert not implies(HasCondition("b", two), HasCondition("a", one))
    assert implies(Recorded("a", one), Recorded("b", two))
    assert not implies(HasCondition("a", one), Recorded("b", two))


def test_the_same_check_with_a_lower_limit_follows() -> None:
    def above(limit: int) -> SameCheckWith:
        return SameCheckWith("daily_dose", one_check("daily_dose", DailyDose(A, mg(limit))))

    assert implies(above(2), above(1))
    assert not implies(above(1), above(2))


def test_what_must_hold_is_taken_apart_but_alternatives_stay_whole() -> None:
    old, female, heavy = Age(at_least=65), Sex("F"), Weight(Limits(more_than=60))
    either = SomeOf((female, heavy), at_least=1)
    assert list(atoms(old)) == [old]
    assert list(atoms(AllOf((old, AllOf((female, heavy)))))) == [old, female, heavy]
    assert list(atoms(SomeOf((old, female), at_least=2))) == [old, female]
    assert list(atoms(AllOf((old, either)))) == [old, either]
    few = SomeOf((old, female), fewer_than=2)
    assert list(atoms(few)) == [few]


@pytest.mark.parametrize("change", ["only_if", "unless", "for_at_least"])
def test_a_clause_that_leaves_days_out_does_not_cover_one_that_does_not(change: str) -> None:
    plain = one_check("taken", Taken(A))
    less = {
        "only_if": replace(plain, only_if=(Sex("F"),)),
        "unless": replace(plain, unless=(Sex("F"),)),
        "for_at_least": replace(plain, for_at_least=2),
    }[change]
    assert covers(plain, less)
    assert covers(less, less)
    assert not covers(less, plain)


def test_clauses_put_together_are_compared_part_by_part() -> None:
    a, ab, c = (one_check("taken", Taken(drugs)) for drugs in (A, AB, C))
    wide = Clause("all_of", (ab, Age(at_least=65)))
    narrow = Clause("all_of", (a, Age(at_least=70)))
    assert covers(wide, narrow)
    assert not covers(narrow, wide)
    assert not covers(wide, Clause("all_of", (a, c)))
    assert not covers(Clause("all_of", (a, c)), wide)
    assert not covers(wide, Clause("any_of", (a, c)))
    assert not covers(wide, Clause("all_of", (a, Age(at_least=70), Sex("F"))))
