"""FHIR Timing to a frequency: how often a dose is taken, and from when to when.

Source of every meaning: HL7 FHIR R4, data type Timing, and the code systems GTSAbbreviation and
EventTiming. A statement that contradicts itself, or that this page does not know, is unreadable:
no frequency is made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from screener.sources.fhir_values import (
    DAYS_IN,
    Json,
    amount,
    codings,
    days_of,
    number,
    part,
    texts,
    word,
)

# GTSAbbreviation: times and the days that they stand in.
TIMING_CODES: dict[str, tuple[int, Fraction]] = {
    "QD": (1, Fraction(1)),
    "BID": (2, Fraction(1)),
    "TID": (3, Fraction(1)),
    "QID": (4, Fraction(1)),
    "QOD": (1, Fraction(2)),
    "AM": (1, Fraction(1)),
    "PM": (1, Fraction(1)),
    "BED": (1, Fraction(1)),
    "WK": (1, Fraction(7)),
    "MO": (1, DAYS_IN["mo"]),
    **{f"Q{hours}H": (1, Fraction(hours, 24)) for hours in (1, 2, 3, 4, 6, 8)},
}
MEALS = ("AC", "PC", "C")  # "with meals" does not say how many
MOMENTS = frozenset(
    ("MORN", "MORN.early", "MORN.late", "NOON", "AFT", "AFT.early", "AFT.late", "EVE", "EVE.early",
     "EVE.late", "NIGHT", "PHS", "HS", "WAKE", "CM", "CD", "CV", "ACM", "ACD", "ACV", "PCM", "PCD",
     "PCV")
)  # fmt: skip
WEEK = frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many times in so many days; `most` where a range is given. Period null: not said."""

    least: Fraction
    most: Fraction
    period: Fraction | None
    period_most: Fraction | None = None

    @property
    def per_day(self) -> Fraction | None:
        """The highest number of times a day."""
        return self.most / self.period if self.period else None

    @property
    def share(self) -> Fraction:
        """The lowest rate as a part of the highest."""
        longest = self.period_most or self.period
        slower = self.period / longest if self.period and longest else Fraction(1)
        return self.least / self.most * slower


@dataclass(frozen=True, slots=True)
class Schedule:
    """When doses are taken. rate: null when nothing is said of it, or when it is unreadable.

    days: the length that the bounds or the count give. start and end: dates as written; the end
    is the last day. duration: the length of one dose in days (infusions).
    """

    rate: Rate | None = None
    unreadable: bool = False
    days: int | None = None
    start: str | None = None
    end: str | None = None
    duration: Fraction | None = None


def schedule_of(timing: Json) -> Schedule:
    """The meaning of a Timing."""
    repeat = part(timing, "repeat")
    events = texts(timing, "event")
    by_code = _coded(timing)
    by_repeat = _repeated(repeat)
    once = amount(number(repeat, "countMax") or number(repeat, "count"))
    if by_repeat is None and by_code is None and (len(events) == 1 or (not events and once == 1)):
        one = Rate(Fraction(1), Fraction(1), Fraction(1))
        start = events[0] if events else _bounds(repeat)[1]
        return Schedule(one, days=1, start=start)
    rate, unreadable = _agreed(by_code, by_repeat)
    if events or (rate is None and word(part(timing, "code"), "text") is not None):
        rate, unreadable = None, True
    days, start, end = _bounds(repeat)
    if once is not None and rate is not None and rate.per_day:
        counted = max(ceil(once / rate.per_day), 1)
        days = counted if days is None else min(days, counted)
    return Schedule(rate, unreadable, days, start, end, _duration(repeat))


def _agreed(by_code: Rate | str | None, by_repeat: Rate | str | None) -> tuple[Rate | None, bool]:
    """A code is a complete statement of the repeat beside it, so the two may not differ."""
    said = [one for one in (by_code, by_repeat) if one is not None]
    rates = [one for one in said if isinstance(one, Rate)]
    if len(rates) < len(said):
        return None, True
    if len(rates) == 2 and (rates[0].per_day, rates[0].share) != (
        rates[1].per_day,
        rates[1].share,
    ):
        return None, True
    return (rates[-1] if rates else None), False


def _coded(timing: Json) -> Rate | str | None:
    concept = part(timing, "code")
    said = [code for _, code in codings(concept)]
    text = (word(concept, "text") or "").strip()
    known = [TIMING_CODES[c] for c in [*said, text] if c in TIMING_CODES]
    if len(set(known)) > 1:
        return UNREADABLE
    if known:
        times, period = known[0]
        return Rate(Fraction(times), Fraction(times), period)
    # A house code alone says nothing to us; the repeat beside it may.
    return None if part(timing, "repeat") or not said else UNREADABLE


def _repeated(repeat: Json) -> Rate | str | None:
    """The rate of Timing.repeat; UNREADABLE when its elements do not fit together."""
    plain = _plain(repeat)
    if isinstance(plain, str):
        return UNREADABLE
    days = set(texts(repeat, "dayOfWeek"))
    if not days <= WEEK:
        return UNREADABLE
    daily = _moments(repeat, plain)
    if isinstance(daily, str):
        return UNREADABLE
    return _on_days(daily, len(days), stated=number(repeat, "frequency") is not None)


def _plain(repeat: Json) -> Rate | str | None:
    """frequency, frequencyMax, period, periodMax and periodUnit; once a period when not said."""
    given = {
        name: number(repeat, name) for name in ("frequency", "frequencyMax", "period", "periodMax")
    }
    if all(value is None for value in given.values()):
        return None
    numbers = {name: amount(value) for name, value in given.items()}
    if any(value is not None and not numbers[name] for name, value in given.items()):
        return UNREADABLE
    least = numbers["frequency"] or Fraction(1)
    most = numbers["frequencyMax"] or least
    if most < least:
        return UNREADABLE
    if numbers["period"] is None:
        return Rate(least, most, None)
    unit = DAYS_IN.get(word(repeat, "periodUnit") or "")
    longest = numbers["periodMax"] or numbers["period"]
    if unit is None or longest < numbers["period"]:
        return UNREADABLE
    return Rate(least, most, numbers["period"] * unit, longest * unit)


def _moments(repeat: Json, plain: Rate | None) -> Rate | str | None:
    """With timeOfDay or when: each moment is one dose a day, unless the frequency says it."""
    times, whens = set(texts(repeat, "timeOfDay")), set(texts(repeat, "when"))
    if not times and not whens:
        return plain
    if (times and whens) or not whens <= MOMENTS.union(MEALS):
        return UNREADABLE
    several = len(times or whens)
    if whens & set(MEALS):
        return plain or UNREADABLE
    if plain is None:
        return Rate(Fraction(several), Fraction(several), Fraction(1))
    if plain.period is None:
        same = plain.least == plain.most == several
        return Rate(plain.least, plain.most, Fraction(1)) if same else UNREADABLE
    if plain.per_day == several and plain.share == 1:
        return plain
    once = several == 1 and plain.least == plain.most == 1 and plain.period >= 1
    return plain if once else UNREADABLE


def _on_days(daily: Rate | None, days: int, *, stated: bool) -> Rate | str | None:
    """With dayOfWeek: a frequency a day counts on those days only; one a week must be theirs."""
    if not days:
        return daily
    if daily is None:
        return Rate(Fraction(days), Fraction(days), Fraction(7))
    if daily.period is None:
        same = daily.least == daily.most == days
        return Rate(daily.least, daily.most, Fraction(7)) if same else UNREADABLE
    if daily.period == 1 and daily.period_most in (None, 1):
        return Rate(daily.least * days, daily.most * days, Fraction(7))
    if daily.period % 7 == 0 and daily.period_most in (None, daily.period):
        if not stated:
            return Rate(Fraction(days), Fraction(days), daily.period)
        if daily.least == daily.most == days:
            return daily
    return UNREADABLE


def _bounds(repeat: Json) -> tuple[int | None, str | None, str | None]:
    """(days, start, end) of boundsDuration, boundsRange (the longer end) or boundsPeriod."""
    duration, span = part(repeat, "boundsDuration"), part(repeat, "boundsRange")
    period = part(repeat, "boundsPeriod")
    length = days_of(duration) if duration else days_of(part(span, "high")) if span else None
    days = max(floor(length), 1) if length else None
    return days, word(period, "start"), word(period, "end")


def _duration(repeat: Json) -> Fraction | None:
    length = amount(number(repeat, "durationMax") or number(repeat, "duration"))
    unit = DAYS_IN.get(word(repeat, "durationUnit") or "")
    return length * unit if length and unit else None
