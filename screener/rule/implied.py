"""What follows from what: conditions and checks that hold whenever another one does.

Only what is certain counts: False means "not known to".
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from screener.rule.limits import edges
from screener.rule.model import (
    Age,
    AllOf,
    CheckUse,
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
)
from screener.rule.values import DailyAmount, DrugSet, Limits, Share

# Parameters of which a smaller, or a larger, number lets a check find more days.
_SMALLER_FINDS_MORE = {
    "more_than",
    "at_least",
    "by_more_than",
    "by_at_least",
    "for_at_least",
    "taken_for_at_least",
    "stable_dose_at_least",
    "stable_dose_more_than",
    "last_dose_more_than",
    "when_daily_dose_at_least",
}
_LARGER_FINDS_MORE = {
    "less_than",
    "fewer_than",
    "to_at_most",
    "at_most",
    "partner_started_within",
}
# Checks that look at single days, where a larger set finds more of them. Where the course of a
# set decides (starts, stops, falls), a larger set can find less.
_LARGER_SET = {"daily_dose": "of", "taken": "of", "several_of": "from_"}
_PAIR = ("this", "with_", "except_")
_Span = tuple[float, bool, float, bool]  # low, whether it is outside, high, whether it is outside


def atoms(condition: Condition) -> Iterator[Condition]:
    """The conditions that must all hold when this one does."""
    parts = condition.parts if isinstance(condition, AllOf | SomeOf) else ()
    if isinstance(condition, SomeOf) and condition.at_least != len(parts):
        parts = ()
    for part in parts:
        yield from atoms(part)
    if not parts:
        yield condition


def implies(one: Condition, other: Condition) -> bool:
    """Whether `other` holds on every day on which `one` does."""
    if one == other:
        return True
    if isinstance(other, AllOf):
        return all(implies(one, part) for part in other.parts)
    if isinstance(other, SomeOf) and other.at_least == 1:
        return any(implies(one, part) for part in other.parts)
    if isinstance(one, SomeOf) and one.at_least == 1:
        return all(implies(part, other) for part in one.parts)
    if isinstance(one, AllOf):
        return any(implies(part, other) for part in one.parts)
    if isinstance(one, SameCheckWith) and isinstance(other, SameCheckWith):
        return covers(other.clause, one.clause)
    if isinstance(one, Taking) and isinstance(other, Taking):
        return within(one.drugs, other.drugs)
    if isinstance(one, HasCondition | Recorded) and isinstance(other, HasCondition | Recorded):
        return type(one) is type(other) and one.names <= other.names
    spans = _spans(one, other)
    return spans is not None and _lies_in(*spans)


def excludes(one: Condition, other: Condition) -> bool:
    """Whether the two can never hold on one day."""
    for alternatives, whole in ((one, other), (other, one)):
        if isinstance(alternatives, SomeOf) and alternatives.at_least is not None:
            possible = [part for part in alternatives.parts if not excludes(part, whole)]
            return len(possible) < alternatives.at_least
        if isinstance(alternatives, AllOf):
            return any(excludes(part, whole) for part in alternatives.parts)
    if isinstance(one, Sex) and isinstance(other, Sex):
        return one.is_ != other.is_
    spans = _spans(one, other)
    return spans is not None and _is_empty(_shared(*spans))


def within(one: DrugSet, other: DrugSet) -> bool:
    """Whether every line of the first set is one of the second."""
    releases = not other.releases or (bool(one.releases) and one.releases <= other.releases)
    return one.ingredients <= other.ingredients and one.tracks <= other.tracks and releases


def covers(wide: Clause, narrow: Clause) -> bool:
    """Whether `wide` finds every day that `narrow` finds; severities are left aside."""
    if (wide.kind, len(wide.parts)) != (narrow.kind, len(narrow.parts)):
        return False
    if wide.for_at_least > narrow.for_at_least:
        return False
    if not all(any(implies(has, needs) for has in narrow.only_if) for needs in wide.only_if):
        return False
    if not all(any(implies(out, kept) for kept in narrow.unless) for out in wide.unless):
        return False
    pairs = zip(wide.parts, narrow.parts, strict=True)
    return all(_part_covers(one, other) for one, other in pairs)


def _part_covers(wide: Any, narrow: Any) -> bool:
    if isinstance(wide, CheckUse):
        return isinstance(narrow, CheckUse) and finds_more(wide, narrow)
    if isinstance(wide, Clause):
        return isinstance(narrow, Clause) and covers(wide, narrow)
    return not isinstance(narrow, CheckUse | Clause) and implies(narrow, wide)


def finds_more(wide: CheckUse, narrow: CheckUse) -> bool:
    """Whether the same check with the parameters of `wide` finds every day of `narrow`."""
    if wide.check != narrow.check or type(wide.params) is not type(narrow.params):
        return False
    for field in dataclasses.fields(wide.params):
        a, b = getattr(wide.params, field.name), getattr(narrow.params, field.name)
        if same(a, b) or (field.name in _PAIR and _more_pairs(wide.params, narrow.params)):
            continue
        if field.name == _LARGER_SET.get(wide.check):
            if getattr(wide.params, "less_than", None) is not None or not within(b, a):
                return False
        elif not _looser(field.name, a, b):
            return False
    return True


def _more_pairs(wide: Any, narrow: Any) -> bool:
    """Whether every drug and partner of one pair check are drug and partner of the other."""
    if not all(hasattr(wide, name) for name in _PAIR):
        return False
    sides = within(narrow.this, wide.this) and within(narrow.with_, wide.with_)
    return sides and partners_of(narrow) <= partners_of(wide)


def partners_of(params: Any) -> frozenset[str]:
    """The partners that a pair check is left with."""
    left_out: frozenset[str] = params.except_.ingredients if params.except_ else frozenset()
    left: frozenset[str] = params.with_.ingredients - params.this.ingredients - left_out
    return left


def _looser(name: str, a: Any, b: Any) -> bool:
    """Whether the value `a` of a parameter finds every day that the value `b` finds."""
    if a is None or b is None:  # a limit that is missing is another limit, or none
        return False
    if name in _SMALLER_FINDS_MORE:
        return number(a) <= number(b)
    return name in _LARGER_FINDS_MORE and number(a) >= number(b)


def number(value: Any) -> float:
    """The number of an amount, a share or a plain number."""
    if isinstance(value, DailyAmount):
        return value.ug
    return value.percent if isinstance(value, Share) else float(value)


def same(a: Any, b: Any) -> bool:
    """Equal but for the words that a rule uses for it."""
    alike: bool = meaning(a) == meaning(b)
    return alike


@lru_cache(maxsize=None, typed=True)
def meaning(value: Any, *, numbers: bool = True) -> Any:
    """A value of the model without its words; without `numbers` also without its figures."""
    if isinstance(value, DailyAmount | Share):
        return number(value) if numbers else "a number"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value) if f.name not in ("text", "severity")]
        parts = tuple(meaning(getattr(value, name), numbers=numbers) for name in fields)
        return (type(value).__name__, *parts)
    if isinstance(value, tuple):
        return tuple(meaning(one, numbers=numbers) for one in value)
    if isinstance(value, int | float) and not isinstance(value, bool) and not numbers:
        return "a number"
    return value


def _spans(one: Condition, other: Condition) -> tuple[_Span, _Span] | None:
    """The ranges of two conditions on the same quantity."""
    if isinstance(one, Age) and isinstance(other, Age):
        return _years(one), _years(other)
    if isinstance(one, Weight) and isinstance(other, Weight):
        return _range(one.limits), _range(other.limits)
    if isinstance(one, KidneyFunction) and isinstance(other, KidneyFunction):
        alike = one.estimate == other.estimate and one.result_good_for == other.result_good_for
        return (_range(one.limits), _range(other.limits)) if alike else None
    if isinstance(one, LabResult) and isinstance(other, LabResult):
        alike = one.test.analytes == other.test.analytes and _same_worst(one.limits, other.limits)
        alike = alike and one.result_good_for == other.result_good_for
        return (_range(one.limits), _range(other.limits)) if alike else None
    return None


def _same_worst(one: Limits, other: Limits) -> bool:
    """Of several results of a day a limit from above takes the largest, else the smallest."""
    from_above = [x.more_than is not None or x.at_least is not None for x in (one, other)]
    return from_above[0] == from_above[1]


def _years(age: Age) -> _Span:
    high = math.inf if age.below is None else age.below
    return age.at_least or 0, False, high, True


def _range(limits: Limits) -> _Span:
    return edges(limits.more_than, limits.at_least, limits.below, limits.at_most)


def _shared(a: _Span, b: _Span) -> _Span:
    low, low_open = max(a[:2], b[:2])
    high, high_closed = min((a[2], not a[3]), (b[2], not b[3]))
    return low, low_open, high, not high_closed


def _is_empty(one: _Span) -> bool:
    low, low_open, high, high_open = one
    return low > high or (low == high and (low_open or high_open))


def _lies_in(a: _Span, b: _Span) -> bool:
    return a[:2] >= b[:2] and (a[2], not a[3]) <= (b[2], not b[3])
