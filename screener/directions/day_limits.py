"""What is said of the whole day or course: the most, the total, the length."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from screener.directions.grammar import Length, Limit, OnDays, Phrase, Total
from screener.directions.phase import MEASURED, Phase, stopped


def limited(phase: Phase, limits: list[Limit]) -> Phase:
    """The phase with the stated most in a day."""
    if not limits:
        return phase
    if len(limits) > 1:
        raise stopped("several readings", *limits)
    (limit,) = limits
    often = phase.count is not None and phase.period == 1
    if not (limit.per_day_said or often):
        raise stopped("no length", limit)
    most = _most(phase, limit)
    if limit.unit is None and most is not None and most != limit.amount:
        limit = replace(limit, doses=True)
    phase = replace(phase, limit=limit)
    if most is None:
        return phase
    least, high = phase.daily
    if most < least or most < phase.dose[0]:
        raise stopped("contradiction", limit)
    if not phase.prn and phase.count is not None and least == high and high != most:
        if most < (high or most):
            raise stopped("contradiction", limit)
        return phase
    return replace(phase, daily=(least, most if high is None else min(high, most)))


def check_totals(phase: Phase, totals: list[Total]) -> None:
    """ "10 mg tds (total daily dose 30 mg)": a total in the unit of the dose must agree."""
    for total in totals:
        unit = total.unit or phase.unit
        if unit == phase.unit or phase.unit is None:
            if phase.daily != (total.amount, total.amount):
                raise stopped("contradiction", total)
        elif unit == phase.also_unit and phase.also is not None:
            same = (total.amount * phase.dose[0], total.amount * phase.dose[1])
            most = phase.daily[1] or Fraction(0)
            if same != (phase.daily[0] * phase.also[0], most * phase.also[1]):
                raise stopped("contradiction", total)
        elif unit is None or unit.kind == phase.unit.kind:
            raise stopped("several readings", total)


def _most(phase: Phase, limit: Limit) -> Fraction | None:
    """The limit in the unit of the dose; null where they cannot be compared."""
    low, high = phase.dose
    unit = phase.unit
    if limit.doses:
        return limit.amount * high
    if limit.unit is None or unit is None:
        measured = unit is not None and unit.kind in MEASURED
        other = limit.unit is not None and limit.unit.kind not in ("countable", "local")
        if limit.unit is not None and limit.unit.kind == "activity":
            other = True
        if other:
            return None
        if not measured:
            return limit.amount
        if limit.amount < low:
            return limit.amount * high  # 500 mg, max 4: doses
        raise stopped("several readings", limit)
    if limit.unit == unit:
        return limit.amount
    if limit.unit.kind == unit.kind and unit.kind in ("mass", "volume"):
        return limit.amount * Fraction(limit.unit.factor) / Fraction(unit.factor)
    if (
        phase.also is not None
        and phase.also_unit is not None
        and (phase.also_unit.kind == limit.unit.kind and phase.also[1])
    ):
        size = Fraction(limit.unit.factor) / Fraction(phase.also_unit.factor)
        return limit.amount * size * high / phase.also[1]
    if limit.unit.kind == unit.kind:
        raise stopped("contradiction", limit)
    return None


def days_of(phase: Phase, phrases: list[Phrase]) -> int | None:
    """How long the phase lasts, as said."""
    said: list[int | None] = []
    for phrase in phrases:
        if isinstance(phrase, Length) and phrase.doses is None:
            said.append(phrase.days)
        elif isinstance(phrase, Length) and phrase.doses is not None:
            said.append(_days_of_doses(phase, phrase))
        elif isinstance(phrase, OnDays):
            said.append(None if phrase.onwards else phrase.last - phrase.first + 1)
    if phase.single:
        said.append(1)
    if len(said) > 1 and any(one != said[0] for one in said):
        raise stopped("contradiction", *phrases)
    return said[0] if said else None


def _days_of_doses(phase: Phase, length: Length) -> int | None:
    if phase.count is None or phase.period is None or length.doses is None or phase.prn:
        raise stopped("no length", length)
    if phase.count[0] != phase.count[1]:
        raise stopped("no length", length)
    days = length.doses * phase.period / phase.count[0]
    if days.denominator != 1:
        raise stopped("no length", length)
    return int(days)
