"""One stretch of a treatment: what a phase holds, and the amount a day at a rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from screener.directions.frequency import Frequency
from screener.directions.grammar import (
    Dose,
    Limit,
    Mark,
    Moment,
    Phrase,
    Problem,
    Rate,
    UnreadableError,
    Weekdays,
)
from screener.units import Unit

Timing = Rate | Moment | Weekdays


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch: the dose each time, times in so many days, and the amount a day.

    dose × count ÷ period is the amount a day; where doses of a day differ, dose is their mean.
    """

    dose: tuple[Fraction, Fraction]
    unit: Unit | None
    count: tuple[int, int] | None
    period: int | None
    daily: tuple[Fraction, Fraction | None]
    prn: bool = False
    limit: Limit | None = None
    days: int | None = None
    also: tuple[Fraction, Fraction] | None = None
    also_unit: Unit | None = None
    parts: tuple[tuple[Dose, Frequency | None], ...] = ()
    once_daily: bool = False
    frequency_said: bool = True
    dose_said: bool = True
    single: bool = False
    strengths: frozenset[Fraction] = frozenset()  # micrograms in a unit of the product, or in 1 mL


def stopped(problem: Problem, *phrases: Phrase) -> UnreadableError:
    start = min((phrase.start for phrase in phrases), default=0)
    return UnreadableError(problem, start, max((phrase.end for phrase in phrases), default=0))


def first_mark(phrases: list[Phrase], kind: str) -> Phrase:
    return next(phrase for phrase in phrases if isinstance(phrase, Mark) and phrase.kind == kind)


MEASURED = frozenset({"mass", "volume", "activity", "amount"})


def at_rate(phase: Phase, low: Fraction, high: Fraction) -> Phase:
    """The phase taken so often: count and period as whole numbers."""
    period = lcm(low.denominator, high.denominator)
    count = (int(low * period), int(high * period))
    most = phase.dose[1] * high
    least = Fraction(0) if phase.prn else phase.dose[0] * low
    return replace(
        phase, count=count, period=period, daily=(least, most), once_daily=low == high == 1
    )
