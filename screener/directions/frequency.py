"""How often a dose is taken, from all that was said of it: everything must agree."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from screener.directions.grammar import (
    Mark,
    Moment,
    Phrase,
    Rate,
    UnreadableError,
    Weekdays,
)


@dataclass(frozen=True, slots=True)
class Frequency:
    """Times a day (low and high); whether only "up to"; what was used, for the overlaps of days."""

    low: Fraction
    high: Fraction
    up_to: bool = False
    moments: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    others: bool = False


def frequency_of(phrases: list[Phrase]) -> Frequency | None:
    """The frequency that timings of one dose agree on; null when there are none.

    UnreadableError: they contradict each other, or can be read in several ways.
    """
    rates = [phrase for phrase in phrases if isinstance(phrase, Rate) and not phrase.up_to]
    up_to = [phrase for phrase in phrases if isinstance(phrase, Rate) and phrase.up_to]
    moments = [phrase for phrase in phrases if isinstance(phrase, Moment)]
    weekdays = [phrase for phrase in phrases if isinstance(phrase, Weekdays)]
    hard = [rate for rate in rates if not rate.soft]
    soft = [rate for rate in rates if rate.soft]
    rate = _agreed(hard, soft)
    if len(up_to) > 1 or len(weekdays) > 1:
        raise _at(*(up_to + weekdays))
    counts = _counts(phrases) if moments else {1}
    names = frozenset(moment.name for moment in moments)
    if weekdays:
        return _on_weekdays(weekdays[0], rate, counts, names, soft=bool(soft))
    if up_to and (rate is not None or moments or soft):
        return _capped(rate, soft, moments, up_to[0], counts)
    if up_to:
        return Frequency(up_to[0].low, up_to[0].high, up_to=True)
    if rate is not None:
        low = high = rate.low
        if moments and not _fits(rate, counts):
            raise _at(rate, moments[0])
        if rate.low < 1 and any(moment.each for moment in moments):
            raise _at(rate, *moments)  # once weekly every morning
        return Frequency(rate.low, rate.high if high == low else high, moments=names)
    if moments:
        if len(counts) > 1:
            raise _at(*moments)
        return Frequency(Fraction(*counts), Fraction(*counts), moments=names)
    if soft:
        return Frequency(Fraction(1), Fraction(1))
    return None


def _agreed(hard: list[Rate], soft: list[Rate]) -> Rate | None:
    """The one rate that all of them mean; "daily" agrees with once a day alone."""
    for one, two in pairwise(hard):
        if (one.low, one.high) != (two.low, two.high):
            raise _at(two, one)
    if hard and soft and not _each_day(hard[0]):
        raise _at(hard[0], soft[0])
    return hard[0] if hard else None


def _at(*phrases: Phrase) -> UnreadableError:
    start, end = min(p.start for p in phrases), max(p.end for p in phrases)
    return UnreadableError("contradiction", start, end)


def _each_day(rate: Rate) -> bool:
    """Once a day: the only rate that a further "daily" may stand beside."""
    return rate.low == rate.high == 1


def _fits(rate: Rate, counts: set[int]) -> bool:
    """Whether the moments are the times of the rate: twice daily, morning and night."""
    if rate.low != rate.high:
        return False
    return rate.low in counts if rate.low >= 1 else counts == {1} and rate.low.numerator == 1


def _on_weekdays(
    on: Weekdays, rate: Rate | None, counts: set[int], names: frozenset[str], *, soft: bool
) -> Frequency:
    """So many times on each of these days; "once weekly" must name one day."""
    if len(counts) > 1:
        raise _at(on)
    (each,) = counts
    days = len(on.days) or on.count
    per_day = Fraction(each)
    high = per_day
    if rate is not None and rate.low >= 1 and rate.low.denominator == 1:
        if names and not _fits(rate, counts):
            raise _at(on, rate)
        per_day, high = rate.low, rate.high
    elif rate is not None:
        weeks = rate.low
        agreed = weeks * 7 == days or (
            days == 1 and weeks.numerator == 1 and weeks <= Fraction(1, 7)
        )
        if not agreed or on.others or each != 1 or rate.low != rate.high or soft:
            raise _at(on, rate)
        return Frequency(rate.low, rate.low, moments=names, weekdays=on.days)
    share = Fraction(days, 7) if not on.others else Fraction(1)
    return Frequency(
        per_day * share, high * share, moments=names, weekdays=on.days, others=on.others
    )


def _capped(
    rate: Rate | None,
    soft: list[Rate],
    moments: list[Moment],
    up_to: Rate,
    counts: set[int],
) -> Frequency:
    """Every 4 to 6 hours, up to 4 times a day: as needed, and never more often than that."""
    if moments or soft or rate is None or len(counts) > 1:
        raise _at(up_to, *soft, *moments, *([rate] if rate else []))
    return Frequency(min(rate.low, up_to.high), min(rate.high, up_to.high), up_to=True)


def _counts(phrases: list[Phrase]) -> set[int]:
    """How many moments of a day are named: two numbers where one may explain the other."""
    counts = {0}
    before: list[Moment] = []
    sign = ""
    for phrase in phrases:
        if isinstance(phrase, Mark) and phrase.kind in ("and", "comma"):
            sign = "and" if "and" in (sign, phrase.kind) else "comma"
        elif isinstance(phrase, Moment):
            counts = _one_more(counts, before, phrase, sign)
            before.append(phrase)
            sign = ""
        elif not isinstance(phrase, Mark):
            sign = "comma"
    return counts


def _one_more(counts: set[int], before: list[Moment], moment: Moment, sign: str) -> set[int]:
    more = {count + 1 for count in counts}
    if not before:
        return more
    same = any(one.name == moment.name for one in before)
    if same and before[-1].name == moment.name and sign != "and":
        return counts  # said again
    if same:
        raise _at(*before, moment)
    last = before[-1]
    overlap = last.hours[0] <= moment.hours[1] and moment.hours[0] <= last.hours[1]
    if sign == "" and not overlap and not (last.one_word and moment.one_word):
        raise _at(last, moment)  # every morning at bedtime
    if sign == "and" or not overlap:
        return more
    return counts if sign == "" else counts | more
