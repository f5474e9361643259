"""The conditions of a rule, each asked of one day (docs/checks.md, Conditions)."""

from __future__ import annotations

import datetime as dt

from screener.rule.model import (
    Age,
    AllOf,
    Condition,
    CrossTaper,
    DoseLowered,
    Finds,
    HadTest,
    HasCondition,
    KidneyFunction,
    LabResult,
    NoKidneyTestWithin,
    Recorded,
    SameCheckWith,
    Sex,
    SomeOf,
    StartedWithin,
    StoppedWithin,
    Taking,
    Weight,
)
from tests.reference import courses
from tests.reference.asked import said_of
from tests.reference.days import of_set, stands
from tests.reference.found import World
from tests.reference.lines import DAY
from tests.reference.people import condition_days
from tests.reference.results import result_on, tested_between, within

Answer = bool | str  # the text says why nobody can tell


def holds(condition: Condition, world: World, day: dt.date) -> Answer:
    """Whether the condition holds on the day; the reason as text when nobody can say."""
    if (condition, day) not in world.known:
        world.known[condition, day] = _holds(condition, world, day)
    answer: Answer = world.known[condition, day]
    return answer


def _holds(condition: Condition, world: World, day: dt.date) -> Answer:  # noqa: PLR0912
    match condition:
        case Age() | Sex() | Weight():
            return _person(condition, world, day)
        case HasCondition() | Recorded():
            if world.conditions is None:
                return False if isinstance(condition, Recorded) else "conditions-not-supplied"
            return day in condition_days(world.conditions, condition.names, world.last_day)
        case KidneyFunction():
            return _kidney_function(condition, world, day)
        case NoKidneyTestWithin():
            return _no_test(condition, world, day)
        case LabResult():
            return _lab(condition, world, day)
        case HadTest():
            if world.labs is None:
                return "labs-not-supplied"
            span = condition.within * DAY
            return tested_between(world.labs, condition.test, day - span, day + span)
        case Taking():
            return any(stands(line, day) for line in of_set(world.days.lines, condition.drugs))
        case StartedWithin():
            return courses.started_within(condition, world, day)
        case StoppedWithin():
            return courses.stopped_within(condition, world, day)
        case DoseLowered():
            return courses.dose_lowered(condition, world, day)
        case CrossTaper():
            return day in courses.cross_taper_days(condition, world)
        case Finds():
            return _finds(condition, world, day)
        case AllOf():
            answers = [holds(part, world, day) for part in condition.parts]
            reasons = [answer for answer in answers if isinstance(answer, str)]
            return False if False in answers else reasons[0] if reasons else True
        case SomeOf():
            return _some_of(condition, world, day)
        case SameCheckWith():  # the engine asks what the changed check finds
            return False


def _person(condition: Age | Sex | Weight, world: World, day: dt.date) -> Answer:
    if isinstance(condition, Sex):
        sex = world.patient.get("sex")
        return sex == condition.is_ if sex in {"F", "M"} else "sex-unknown"
    if isinstance(condition, Weight):
        weight = world.weight(day)
        return "weight-unknown" if weight is None else within((weight, 0), condition.limits)
    age = world.age(day)
    if age is None:
        return "age-unknown"
    old = condition.at_least is None or age >= condition.at_least
    return old and (condition.below is None or age < condition.below)


def _kidney_function(condition: KidneyFunction, world: World, day: dt.date) -> Answer:
    """Dialysis is no kidney function at all."""
    if day in world.kidney.dialysis_days:
        return within((0.0, 0), condition.limits)
    answer = world.kidney_level(day, condition.estimate, condition.result_good_for)
    return answer if isinstance(answer, str) else within(answer[0], condition.limits)


def _no_test(condition: NoKidneyTestWithin, world: World, day: dt.date) -> Answer:
    """Dialysis counts as a test on its days."""
    if day in world.kidney.dialysis_days:
        return False
    if not world.kidney.supplied:
        return "labs-not-supplied"
    window = [day - n * DAY for n in range(condition.days + 1)]
    return not any(test.day in window for test in world.kidney.tests)


def _lab(condition: LabResult, world: World, day: dt.date) -> Answer:
    if world.labs is None:
        return "labs-not-supplied"
    good_for, limits = condition.result_good_for, condition.limits
    result = result_on(world.labs, condition.test, limits, day, good_for)
    return "no-recent-test" if result is None else within(result, limits)


def _finds(condition: Finds, world: World, day: dt.date) -> Answer:
    said = said_of(world, condition.use)
    if said is None:
        return False
    if any(piece.day == day for piece in said.pieces):
        return True
    return next((why for when, why in said.unknown if when == day), False)


def _some_of(condition: SomeOf, world: World, day: dt.date) -> Answer:
    answers = [holds(part, world, day) for part in condition.parts]
    fewest = sum(answer is True for answer in answers)
    most = fewest + sum(isinstance(answer, str) for answer in answers)
    if condition.at_least is not None:
        decided, answer = fewest >= condition.at_least, most >= condition.at_least
    else:
        assert condition.fewer_than is not None
        decided, answer = most < condition.fewer_than, fewest < condition.fewer_than
    if decided or not answer:  # whatever the undecided ones are
        return answer
    return next(answer for answer in answers if isinstance(answer, str))


def verdict_of(
    only_if: tuple[Condition, ...], unless: tuple[Condition, ...], world: World, day: dt.date
) -> list[str] | None:
    """None: the guards take the day away. Else why they cannot say; [] when the day is judged."""
    wanted = [holds(condition, world, day) for condition in only_if]
    unwanted = [holds(condition, world, day) for condition in unless]
    if False in wanted or True in unwanted:
        return None
    return sorted({answer for answer in wanted + unwanted if isinstance(answer, str)})
