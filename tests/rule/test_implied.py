"""What is said to follow is held against every value there is, one by one."""

from __future__ import annotations

import itertools

import pytest

from screener.checks.daily_dose import DailyDose
from screener.checks.taken import Taken
from screener.checks.taken_together import TakenTogether
from screener.rule.implied import covers, excludes, implies
from screener.rule.model import (
    Age,
    AllOf,
    Condition,
    KidneyFunction,
    Sex,
    SomeOf,
    Taking,
    one_check,
)
from screener.rule.values import DailyAmount, DrugSet, Limits

BOUNDS = (None, 2, 3)
VALUES = [number / 2 for number in range(12)]
AGES = [Age(a, b) for a in BOUNDS for b in BOUNDS if (a, b) != (None, None)]
LIMITS = [
    Limits(more_than=a, at_least=b, below=c, at_most=d)
    for a, b, c, d in itertools.product(BOUNDS, repeat=4)
    if (a, b, c, d) != (None,) * 4 and None in (a, b) and None in (c, d)
]
KIDNEYS = [KidneyFunction(limits) for limits in LIMITS]


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
    assert isinstance(condition, KidneyFunction)
    limits = condition.limits
    return (
        (limits.more_than is None or value > limits.more_than)
        and (limits.at_least is None or value >= limits.at_least)
        and (limits.below is None or value < limits.below)
        and (limits.at_most is None or value <= limits.at_most)
    )


@pytest.mark.parametrize("family", [AGES, KIDNEYS], ids=["age", "kidney function"])
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
