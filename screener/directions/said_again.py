"""What agrees with words before it: "15 mg weekly (six 2.5 mg tablets)", "weekly, not daily"."""

from __future__ import annotations

from fractions import Fraction

from screener.directions.amounts import dose_at
from screener.directions.grammar import (
    Dose,
    Found,
    Mark,
    Phrase,
    Rate,
    Strength,
    Weekdays,
    at,
    unreadable,
)
from screener.directions.products import Timing, timed
from screener.directions.tokens import Token
from screener.directions.weekdays import weekdays_at


def not_daily_at(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """Once weekly, not daily; 6 days a week, not on methotrexate day: it must agree with that."""
    if not tokens[i].is_a("not_daily", "not_mtx_day"):
        return None
    said = [p for p in before if isinstance(p, Timing)]
    if tokens[i].is_a("not_daily"):
        seldom = any(isinstance(p, Weekdays) or (isinstance(p, Rate) and p.high < 1) for p in said)
        return Found(None, i + 1) if seldom else None
    six = any(isinstance(p, Weekdays) and p.count == 6 for p in said)
    weekly = any(isinstance(p, Rate) and p.high <= Fraction(1, 7) for p in said)
    return Found(None, i + 1) if six or weekly else None


def restated_at(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """15 mg once weekly (six 2.5 mg tablets): the same mass in units of the product."""
    if tokens[i].text != "(":
        return None
    doses = [phrase for phrase in before if isinstance(phrase, Dose)]
    if len(doses) != 1 or not timed(before):
        return None
    found = dose_at(tokens, i + 1) if at(tokens, i + 1).number is not None else None
    again = found.phrase if found is not None else None
    (dose,) = doses
    if found is None or not isinstance(again, Dose) or at(tokens, found.after).text != ")":
        return None
    if dose.unit is None or dose.unit.kind != "mass" or again.unit is None:
        return None
    if again.unit.kind != "countable" or again.also_unit is None or again.low != again.high:
        return None
    each = (again.also_high or Fraction(0)) * Fraction(again.also_unit.factor)
    if (dose.low, dose.high) != (each / Fraction(dose.unit.factor),) * 2:
        raise unreadable("contradiction", tokens[i], at(tokens, found.after))
    one = (again.also_high or Fraction(0)) / again.high
    strength = Strength(again.start, again.end, one, again.also_unit, again.unit)
    return Found(strength, found.after + 1)


def all_but_at(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """Daily except 2.5 mg on Sundays: the daily dose is that of all other days."""
    if not tokens[i].is_a("except") or not before or not isinstance(before[-1], Rate):
        return None
    rate = before[-1]
    dose = dose_at(tokens, i + 1) if at(tokens, i + 1).number is not None else None
    if dose is None or not rate.soft or sum(isinstance(p, Dose) for p in before) != 1:
        return None
    if weekdays_at(tokens, dose.after) is None:
        return None
    before[-1] = Weekdays(rate.start, rate.end, others=True)
    return Found(Mark(tokens[i].start, tokens[i].end, "comma"), i + 1)


def between_routes(tokens: list[Token], i: int) -> bool:
    """The sign of "PO/IV" and the word of "PO or IV"."""
    either = tokens[i].text == "/" or tokens[i].is_a("or")
    return (
        either
        and i > 0
        and (tokens[i - 1].kinds.get("note") == at(tokens, i + 1).kinds.get("note") == "route")
    )
