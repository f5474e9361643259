"""The conditions of only_if, unless and escalate, each asked of one day (rule/model.py)."""

from __future__ import annotations

import datetime as dt

from screener.rule.model import (
    SEVERITIES,
    Age,
    Condition,
    HasCondition,
    KidneyFunction,
    NoKidneyTestWithin,
    Rule,
    SameCheckWith,
    Sex,
    Taking,
)
from tests.reference.days import of_set, stands
from tests.reference.found import World
from tests.reference.lines import DAY
from tests.reference.people import condition_days


def holds(condition: Condition, world: World, day: dt.date) -> bool | str:
    """Whether the condition holds on the day; the reason as text when nobody can say."""
    match condition:
        case Age():
            age = world.age(day)
            if age is None:
                return "age-unknown"
            old = condition.at_least is None or age >= condition.at_least
            return old and (condition.below is None or age < condition.below)
        case Sex():
            sex = world.patient.get("sex")
            return sex == condition.is_ if sex in {"F", "M"} else "sex-unknown"
        case HasCondition():
            if world.conditions is None:
                return "conditions-not-supplied"
            return day in condition_days(world.conditions, condition.names, world.last_day)
        case KidneyFunction():
            return _kidney_function(condition, world, day)
        case NoKidneyTestWithin():
            return _no_test(condition, world, day)
        case Taking():
            return any(stands(line, day) for line in of_set(world.days.lines, condition.drugs))
        case SameCheckWith():
            return False


def _kidney_function(condition: KidneyFunction, world: World, day: dt.date) -> bool | str:
    if day in world.kidney.dialysis_days:
        return condition.at_least is None
    if not world.kidney.supplied:
        return "labs-not-supplied"
    test = world.kidney.latest(day, condition.result_good_for)
    if test is None:
        return "no-recent-kidney-test"
    if test.level is None:
        return "missing-demographics"
    high_enough = condition.at_least is None or test.level >= (condition.at_least, 0)
    return high_enough and (condition.below is None or test.level < (condition.below, 0))


def _no_test(condition: NoKidneyTestWithin, world: World, day: dt.date) -> bool | str:
    """Dialysis counts as a test on its days."""
    if day in world.kidney.dialysis_days:
        return False
    if not world.kidney.supplied:
        return "labs-not-supplied"
    window = [day - n * DAY for n in range(condition.days + 1)]
    return not any(test.day in window for test in world.kidney.tests)


def removed(rule: Rule, world: World, day: dt.date) -> bool:
    """Whether some guard surely takes the day away."""
    not_wanted = any(holds(condition, world, day) is False for condition in rule.only_if)
    return not_wanted or any(holds(condition, world, day) is True for condition in rule.unless)


def guard_reasons(rule: Rule, world: World, day: dt.date) -> list[str]:
    """Why the guards cannot say whether the day is judged; none when they can."""
    if removed(rule, world, day):
        return []
    answers = [holds(condition, world, day) for condition in (*rule.only_if, *rule.unless)]
    return sorted({answer for answer in answers if isinstance(answer, str)})


def raised_to(rule: Rule, world: World, day: dt.date, severity: str) -> str:
    """The severity of a day after every escalation whose condition is known to hold on it."""
    ranks = [SEVERITIES.index(severity)]
    ranks += [SEVERITIES.index(e.to) for e in rule.escalate if holds(e.when, world, day) is True]
    return SEVERITIES[max(ranks)]
