"""Conditions as sentences after "on days when"."""

from __future__ import annotations

from collections.abc import Callable

from screener.rule.model import (
    Age,
    AllOf,
    CheckUse,
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
from screener.rule.values import Limits
from screener.rulebook.say_values import (
    KIDNEY_NAMES,
    KIDNEY_UNITS,
    between,
    days_of,
    drugs_of,
    unit_of_test,
)

CheckAloud = Callable[[CheckUse], tuple[str, str]]


def when_of(condition: Condition, check: CheckAloud, *, inside: bool = False) -> str:
    """A condition after "when"; `check` says what a check finds, and its edge.

    A group that stands inside another (`inside`) is put in brackets.
    """
    match condition:
        case Finds(use=use):
            what, edge = check(use)
            remark = f" ({_remark(edge)})" if edge else ""
            return f"{as_sentence(what)}{remark}"
        case SameCheckWith(check=name, clause=clause):
            uses = [use for use in clause.uses if use.check == name]
            return ", or ".join(as_sentence(check(use)[0]) for use in uses)
        case AllOf(parts=parts):
            return _joined([when_of(one, check, inside=True) for one in parts], "and", inside)
        case SomeOf(parts=parts, at_least=1):
            return _joined([when_of(one, check, inside=True) for one in parts], "or", inside)
        case SomeOf(parts=parts, at_least=least, fewer_than=fewer):
            number = f"at least {least}" if least is not None else f"fewer than {fewer}"
            said = "; ".join(when_of(one, check, inside=True) for one in parts)
            return f"{number} of these {len(parts)} hold ({said})"
        case _:
            return _of_the_patient(condition) or _of_the_drugs(condition)


_SUBJECTS = (
    ("whose ", "the patient's "),
    ("who ", "the patient "),
    ("with ", "the patient has "),
    ("for whom ", ""),
)


def as_sentence(what: str) -> str:
    """What stands after "a patient", as a sentence that shares its day with others."""
    what = what.removesuffix("on any day").rstrip(" ,") if what.endswith("on any day") else what
    for words, subject in _SUBJECTS:
        if what.startswith(words):
            return subject + what.removeprefix(words)
    return what


def _remark(edge: str) -> str:
    """Sentences as one remark in brackets."""
    remark = edge.rstrip(".").replace(". ", "; ")
    return remark[0].lower() + remark[1:]


def _joined(parts: list[str], word: str, inside: bool) -> str:
    said = f", {word} ".join(parts)
    return f"({said})" if inside else said


def _of_the_patient(condition: Condition) -> str | None:
    match condition:
        case Age(at_least=low, below=high):
            return f"the patient is {between(Limits(at_least=low, below=high), ' years')}"
        case Sex(is_=sex):
            return f"the patient is a {'woman' if sex == 'F' else 'man'}"
        case Weight(limits=limits):
            return f"the patient weighs {between(limits, ' kg')}"
        case HasCondition(text=text):
            return f'the condition "{text}" is recorded'
        case Recorded(text=text):
            return f'the condition "{text}" is recorded (an export without conditions records none)'
        case KidneyFunction(limits=limits, result_good_for=days, estimate=estimate):
            held = between(limits, f" {KIDNEY_UNITS[estimate]}")
            return f"the {KIDNEY_NAMES[estimate]} is {held} (a result counts for {days_of(days)})"
        case NoKidneyTestWithin(days=days):
            return f"kidney function has not been tested in the last {days_of(days)}"
        case LabResult(test=test, limits=limits, unit=unit, result_good_for=days):
            held = between(limits, unit_of_test(unit))
            return f"the latest {test.text} is {held} (a result counts for {days_of(days)})"
        case HadTest(test=test, within=days):
            return (
                f'the test "{test.text}" is done at most {days_of(days)} before or after that day'
            )
    return None


def _of_the_drugs(condition: Condition) -> str:
    match condition:
        case Taking(drugs=drugs):
            return f"the patient takes {drugs_of(drugs)}"
        case StartedWithin(drugs=drugs, days=days, new_after=new, or_restart_after=again):
            return (
                f"{drugs_of(drugs)} was started on that day or at most {days_of(days)} before (a "
                f"start comes after at least {days_of(new)} observed without it, or "
                f"{days_of(again)} uncovered)"
            )
        case StoppedWithin(drugs=drugs, days=days):
            return (
                f"{drugs_of(drugs)} was taken at most {days_of(days)} before and is no longer taken"
            )
        case DoseLowered(drugs=drugs, to_at_most=share):
            return (
                f"the daily dose of {drugs_of(drugs)} is at most {share.percent:g} % of the "
                "highest dose before"
            )
        case CrossTaper(of=drugs, and_=other, within=days):
            with_whom = "another of them" if other is None else drugs_of(other)
            return (
                f"one drug goes over into another: {drugs_of(drugs)} stands together with "
                f"{with_whom} for at most {days_of(days)}, while the dose of one falls and that of "
                "the other rises"
            )
    return str(condition)
