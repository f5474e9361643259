"""Several doses of one day or week: which timing belongs to which dose, and totals."""

from __future__ import annotations

from fractions import Fraction

from screener.directions.frequency import Frequency, frequency_of
from screener.directions.grammar import Dose, Moment, Pattern, Phrase, Rate, Weekdays
from screener.directions.phase import Timing, stopped


def groups_of(phrases: list[Phrase], doses: list[Dose]) -> list[tuple[Dose, list[Phrase]]]:
    """Each dose with the phrases that say when it is taken."""
    if not doses:
        return _pattern_groups(phrases)
    if len(doses) == 1:
        return [(doses[0], [p for p in phrases if not isinstance(p, Dose)])]
    places = [n for n, phrase in enumerate(phrases) if isinstance(phrase, Dose)]
    dose_first = _cut(phrases, places, [*places[1:], len(phrases)])
    timing_first = _cut(phrases, [0, *(n + 1 for n in places[:-1])], [n + 1 for n in places])
    head, tail = phrases[: places[0]], phrases[places[-1] + 1 :]
    ways: list[tuple[list[list[Phrase]], list[Phrase]]] = []
    if all(map(_timed, dose_first)) and not placed(head):
        ways.append((dose_first, head))
    if all(map(_timed, timing_first)) and not placed(tail):
        ways.append((timing_first, tail))
    if len(ways) != 1:
        raise stopped("several readings" if ways else "no frequency", *doses)
    ((groups, general),) = ways
    _check_general(general, groups)
    return list(zip(doses, groups, strict=True))


def _cut(phrases: list[Phrase], starts: list[int], ends: list[int]) -> list[list[Phrase]]:
    return [phrases[start:end] for start, end in zip(starts, ends, strict=True)]


def divided_rate(phrases: list[Phrase]) -> Rate | None:
    """The "tid" of "1200 mg/day divided tid"."""
    rates = [phrase for phrase in phrases if isinstance(phrase, Rate)]
    hard = [rate for rate in rates if not rate.soft and not rate.up_to]
    whole = len(rates) == 2 and len(hard) == 1 and hard[0].low == hard[0].high
    return hard[0] if whole and hard[0].low.denominator == 1 else None


def without_total(
    groups: list[tuple[Dose, list[Phrase]]],
) -> list[tuple[Dose, list[Phrase]]]:
    """ "4 a day: 2 in the morning and 2 at night": the total must agree, and is no dose."""
    if len(groups) < 2:
        return groups
    often = [frequency_of(phrases) for _, phrases in groups]
    if any(one is None or one.up_to for one in often):
        return groups
    for n, (dose, phrases) in enumerate(groups):
        timed = [phrase for phrase in phrases if isinstance(phrase, Timing)]
        if len(timed) != 1 or not isinstance(timed[0], Rate) or timed[0].low != 1:
            continue
        rest = [group for m, group in enumerate(groups) if m != n]
        sums = [
            sum((getattr(d, end) * o.low for (d, _), o in zip(rest, _but(often, n), strict=True)))
            for end in ("low", "high")
        ]
        if sums == [dose.low, dose.high] and (len(rest) > 1 or not placed(rest[0][1])):
            return rest
        if len(rest) > 1:
            raise stopped("contradiction", *(one for one, _ in groups))
    return groups


def _but(often: list[Frequency | None], n: int) -> list[Frequency]:
    return [one for m, one in enumerate(often) if m != n and one is not None]


def _timed(phrases: list[Phrase]) -> bool:
    return any(isinstance(phrase, Timing) for phrase in phrases)


def placed(phrases: list[Phrase]) -> bool:
    """Whether a moment or a weekday stands there, which belongs to one dose."""
    return any(isinstance(phrase, Moment | Weekdays) for phrase in phrases)


def _check_general(general: list[Phrase], groups: list[list[Phrase]]) -> None:
    """ "Twice daily: 1 in the morning and 2 at night": the rate must be the sum of the parts."""
    rates = [phrase for phrase in general if isinstance(phrase, Rate)]
    if not rates:
        return
    total = sum((often.low for often in map(frequency_of, groups) if often), Fraction(0))
    if any(rate.up_to or not (rate.soft or rate.low == rate.high == total) for rate in rates):
        raise stopped("contradiction", *rates)


_DAY_HOURS = (("morning", 4), ("noon", 11), ("evening", 16), ("night", 19))


def _pattern_groups(phrases: list[Phrase]) -> list[tuple[Dose, list[Phrase]]]:
    """1-0-1 as doses at moments. A rate beside it must agree with how many there are."""
    (pattern,) = (phrase for phrase in phrases if isinstance(phrase, Pattern))
    times = [phrase for phrase in phrases if isinstance(phrase, Timing)]
    taken = sum(1 for amount in pattern.amounts if amount)
    for time in times:
        agreed = isinstance(time, Rate) and (time.soft or time.low == time.high == taken)
        if isinstance(time, Moment) and taken == 1:
            hour = dict(_DAY_HOURS)[_pattern_moments(pattern)[_only(pattern)]]
            agreed = time.hours[0] <= hour + 2 and hour <= time.hours[1]
        if not agreed:
            raise stopped("contradiction", pattern, time)
    place = (pattern.start, pattern.end)
    moments = _pattern_moments(pattern)
    return [
        (Dose(*place, amount, amount, pattern.unit), [Moment(*place, name, (0, 24))])
        for amount, name in zip(pattern.amounts, moments, strict=True)
        if amount
    ]


def _pattern_moments(pattern: Pattern) -> list[str]:
    names = [name for name, _ in _DAY_HOURS]
    return names if len(pattern.amounts) == 4 else [names[0], names[1], names[3]]


def _only(pattern: Pattern) -> int:
    return next(n for n, amount in enumerate(pattern.amounts) if amount)


def check_apart(parts: list[tuple[Dose, Frequency | None]]) -> None:
    """Doses that are summed must be taken at different moments, or on different days."""
    doses = [dose for dose, _ in parts]
    often = [frequency for _, frequency in parts if frequency is not None]
    if len(often) != len(parts) or any(one.up_to for one in often):
        raise stopped("several readings", *doses)
    on_days = [bool(one.weekdays) or one.others for one in often]
    without = [one for one in often if not one.moments and not one.weekdays and not one.others]
    weekly = all((one.low * 7).denominator == 1 and one.high < 1 for one in without)
    if any(on_days):
        named = [one.weekdays for one in often]
        clash = sum(map(len, named)) != len(frozenset().union(*named))
        if not all(on_days) or clash or sum(one.others for one in often) > 1:
            raise stopped("several readings", *doses)
        return
    if len(without) > 1 and not (weekly and sum(one.high for one in often) <= 1):
        raise stopped("several readings", *doses)
    if any(one.low < 1 for one in often) and len(without) < len(often):
        raise stopped("several readings", *doses)
    said_twice = len({(dose.low, dose.high) for dose in doses}) == 1 and len(doses) == 2
    if len(without) == 1 and without[0].low == 1 and said_twice:
        raise stopped("several readings", *doses)  # 10 mg daily, 10 mg at night
    if len(without) == 1 and without[0].low != without[0].high:
        raise stopped("several readings", *doses)
    moments = [name for one in often for name in one.moments]
    if len(moments) != len(set(moments)):
        raise stopped("several readings", *doses)
