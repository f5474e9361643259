"""Whether two tables of bands mean the same: where bands overlap, the more severe one counts.

A bound that is moved into a more severe band changes nothing, and no story could notice it.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

from screener.rule.model import SEVERITIES
from screener.rule.values import DailyAmount

_DIALYSIS = "dialysis"
_BESIDE = 1e-6
_KIDNEY = ("from_", "below", "above", "at_most")
_AGE = ("age_at_least", "age_below")
_DOSE = ("dose_at_least", "dose_more_than", "dose_less_than")


def same_bands(one: tuple[Any, ...], two: tuple[Any, ...]) -> bool:
    """Compares the outcome at, below and above every bound of either table.

    Bands are those of `dose_for_kidney_function`: kidney function, age, dose, severity.
    """
    both = (*one, *two)
    points = product(
        [*_around(both, _KIDNEY), _DIALYSIS], [*_around(both, _AGE), None], _around(both, _DOSE)
    )
    known = all(_worst(one, point) == _worst(two, point) for point in points)
    unread = product([*_around(both, _KIDNEY), _DIALYSIS], [*_around(both, _AGE), None])
    return known and all(_unread(one, *at) == _unread(two, *at) for at in unread)


def _around(bands: tuple[Any, ...], bounds: tuple[str, ...]) -> list[float]:
    """Numbers at and beside every bound, and one when there is none."""
    written = {
        float(value.ug if isinstance(value, DailyAmount) else value)
        for band in bands
        for bound in bounds
        if (value := getattr(band, bound)) is not None
    }
    beside = {value + step for value in written for step in (-_BESIDE, 0.0, _BESIDE)}
    return sorted(beside | {1.0})


def _worst(bands: tuple[Any, ...], point: tuple[Any, ...]) -> int:
    """The severity of a dose at a kidney function and an age; -1 for none."""
    kidney, age, dose = point
    return max((_level(b) for b in bands if _holds(b, kidney, age) and _dosed(b, dose)), default=-1)


def _unread(bands: tuple[Any, ...], kidney: Any, age: float | None) -> tuple[int, float | None]:
    """What is said of an unreadable dose: bands of any dose, and those that ask for one."""
    there = [band for band in bands if _holds(band, kidney, age)]
    worst = max((_level(band) for band in there if not _asks(band)), default=-1)
    if worst >= 0:  # a band of any dose is broken, however much it is
        return worst, None
    # More drug can only be ruled out by a bound from above, and the highest of them rules.
    most = [None if b.dose_less_than is None else b.dose_less_than.ug for b in there]
    if not most:
        return worst, None
    return worst, math.inf if None in most else max(ug for ug in most if ug is not None)


def _level(band: Any) -> int:
    return SEVERITIES.index(band.severity)


def _asks(band: Any) -> bool:
    return any(getattr(band, bound) is not None for bound in _DOSE)


def _holds(band: Any, kidney: Any, age: float | None) -> bool:
    if kidney == _DIALYSIS:
        inside = bool(band.or_on_dialysis)
    else:
        inside = (
            (band.from_ is None or kidney >= band.from_)
            and (band.above is None or kidney > band.above)
            and (band.below is None or kidney < band.below)
            and (band.at_most is None or kidney <= band.at_most)
        )
    old = band.age_at_least is None or (age is not None and age >= band.age_at_least)
    young = band.age_below is None or age is None or age < band.age_below
    return inside and old and young


def _dosed(band: Any, dose: float) -> bool:
    return (
        (band.dose_at_least is None or dose >= band.dose_at_least.ug)
        and (band.dose_more_than is None or dose > band.dose_more_than.ug)
        and (band.dose_less_than is None or dose < band.dose_less_than.ug)
    )
