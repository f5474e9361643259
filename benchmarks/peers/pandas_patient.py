"""The five rules for one patient, day by day in arrays: docs/checks.md for the generated export."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from pandas_days import EPOCH, NEVER, Order, Person, place

INFO, LOW, MODERATE, HIGH, CRITICAL = 1, 2, 3, 4, 5
SEVERITIES = ("", "info", "low", "moderate", "high", "critical")
Found = tuple[str, str, int, int, str]
Days = np.ndarray[Any, Any]


def findings_of(person: Person, orders: list[Order], concern: dict[str, bool]) -> Iterator[Found]:
    """(rule, subject, first day, last day, severity) of one patient."""
    place(orders)
    standing = [order for order in orders if order.a <= order.b]
    if not any(order.ingredient == "baclofen" for order in standing):
        return
    zero = min(order.a for order in standing) - 4  # the day of place 0 of every array
    size = max(order.b for order in standing) - zero + 20
    own = [order for order in orders if order.ingredient == "baclofen"]
    low, prn, other = (np.zeros(size, np.int64) for _ in range(3))
    regular, needed = np.zeros(size, bool), np.zeros(size, bool)
    for order in own:
        days = slice(order.a - zero, max(order.b, order.a - 1) - zero + 1)
        (prn if order.prn else low)[days] += order.dose
        (needed if order.prn else regular)[days] = True
        for a, b in order.other:
            other[a - zero : b - zero + 1] += order.dose
    covered = regular | needed
    numbers = np.arange(size) + zero
    seen = numbers <= person.last_day
    adult = person.birthday(18)
    grown = seen & (numbers >= adult) if adult is not None else seen
    ranks = {
        "baclofen-max-dose": max_dose(low, low + prn + np.where(covered, other, 0)) * covered,
        "baclofen-renal-dose": renal(person, numbers, low, low + prn) * covered,
        "baclofen-raised-too-fast": raised(person, zero, low, regular, covered),
        "baclofen-stopped-abruptly": stopped(
            person, own, zero, low, regular=regular, needed=needed
        ),
    }
    for rule, rank in ranks.items():
        yield from runs(rule, "baclofen", np.where(grown, rank, 0), zero)
    for name in {order.ingredient for order in standing} - {"baclofen"}:
        both = together([o for o in standing if o.ingredient == name], covered, regular, zero)
        rank = np.where(both > 0, both + concern[name], 0)
        yield from runs("baclofen-with-cns-depressant", name, np.where(seen, rank, 0), zero)


def runs(rule: str, subject: str, rank: Days, zero: int) -> Iterator[Found]:
    """Consecutive days with a rank are one finding of their worst rank."""
    for a, b in stretches(rank > 0):
        yield rule, subject, a + zero, b + zero, SEVERITIES[int(rank[a : b + 1].max())]


def stretches(days: Days) -> list[tuple[int, int]]:
    """First and last place of each run of true days."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], days.astype(np.int8), [0]))))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def max_dose(low: Days, most: Days) -> Days:
    """Above 80 mg high, above 100 mg critical; what only may be taken counts one step lower."""
    sure = np.select([low > 100_000, low > 80_000], [CRITICAL, HIGH], 0)
    maybe = np.select([most > 100_000, most > 80_000], [HIGH, MODERATE], 0)
    rank: Days = np.maximum(sure, maybe)
    return rank


def renal(person: Person, numbers: Days, low: Days, high: Days) -> Days:
    """The bands of the rule, with the latest estimate of the last 365 days."""
    egfr = np.full(len(numbers), np.nan)
    by_day: dict[int, list[float]] = {}
    for day, analyte, value in person.results:
        by_day.setdefault(day, []).append(estimate(person, day, analyte, value))
    for day in sorted(by_day):
        first = max(day - int(numbers[0]), 0)
        known = [value for value in by_day[day] if not math.isnan(value)]
        egfr[first:] = np.nan
        egfr[first : max(day - int(numbers[0]) + 366, 0)] = min(known, default=math.nan)
    old = person.birthday(65)
    aged = numbers >= (NEVER if old is None else old)
    rank: Days = np.maximum(band(egfr, aged, low), np.maximum(band(egfr, aged, high) - 1, 0))
    return rank


def band(egfr: Days, aged: Days, dose: Days) -> Days:
    """The severity of each day's dose."""
    given, weak = dose > 0, egfr < 60
    tests = [
        given & (egfr < 15), given & (egfr < 30), given & weak & aged & (dose >= 20_000),
        given & weak & aged, weak & ~aged & (dose > 40_000),
    ]  # fmt: skip
    return np.select(tests, [CRITICAL, HIGH, HIGH, LOW, MODERATE], 0)


def estimate(person: Person, day: int, analyte: str, value: float) -> float:
    """CKD-EPI 2021, or the coded eGFR as it stands; no number where there is no estimate."""
    if analyte == "egfr":
        return value
    born = person.birthday(0)
    if born is None:
        return math.nan
    year = (EPOCH.fromordinal(EPOCH.toordinal() + day)).year
    birth_year = EPOCH.fromordinal(EPOCH.toordinal() + born).year
    passed = person.birthday(year - birth_year)
    age = year - birth_year - (passed is not None and passed > day)
    if age < 18:
        return math.nan
    k, power, more = (0.7, -0.241, 1.012) if person.sex == "F" else (0.9, -0.302, 1.0)
    ratio = value / k
    egfr: float = 142 * min(ratio, 1) ** power * max(ratio, 1) ** -1.2 * 0.9938**age * more
    return egfr


def episodes(regular: Days) -> list[tuple[int, int]]:
    """Stretches of regular days, joined across gaps of up to 14 days."""
    joined: list[tuple[int, int]] = []
    for a, b in stretches(regular):
        if joined and a - joined[-1][1] - 1 <= 14:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined


def carried(low: Days, regular: Days, first: int, last: int) -> Days:
    """The dose of an episode's days, through its gaps."""
    places = np.where(regular[first : last + 1], np.arange(last - first + 1), 0)
    dose: Days = low[first + np.maximum.accumulate(places)]
    return dose


def raised(person: Person, zero: int, low: Days, regular: Days, covered: Days) -> Days:
    """Days on which the dose is more than 15 mg above that of three days before."""
    rank = np.zeros(len(low), np.int64)
    old = person.birthday(65)
    for first, last in episodes(regular):
        dose = carried(low, regular, first, last)
        before = np.flatnonzero(covered[:first])
        if len(before):
            known = first - int(before[-1]) - 1 >= 28
        else:
            known = first + zero - person.watched_from >= 90
        base = np.concatenate((np.full(3, 0 if known else dose[0]), dose))[: len(dose)]
        up = np.concatenate(([False], dose[1:] > dose[:-1]))
        days = first + np.flatnonzero(up & (dose - base > 15_000))
        rank[days] = np.where(days + zero >= (NEVER if old is None else old), HIGH, MODERATE)
    return rank


def stopped(
    person: Person, own: list[Order], zero: int, low: Days, *, regular: Days, needed: Days
) -> Days:
    """The day after a course that ended from a stable dose without a taper."""
    rank = np.zeros(len(low), np.int64)
    found = episodes(regular)
    for number, (first, last) in enumerate(found):
        end = last + zero
        if end >= person.last_day or last - first + 1 < 30:
            continue
        recorded = any(not o.prn and o.a <= o.b == end and o.stop == end + 1 for o in own)
        final = number == len(found) - 1
        short = person.last_day - end < 15 and not recorded
        if final and (person.died <= end + 15 or short):
            continue
        dose = carried(low, regular, first, last)[-60:]
        held = np.lib.stride_tricks.sliding_window_view(dose, 7).min(axis=1)
        stable = int(held.max())
        below = len(dose) - 1 - int(np.flatnonzero(dose >= stable)[-1])
        tapered = below >= 7 and dose[-1] <= 20_000 and dose[-1] * 100 <= 50 * stable
        if stable < 15_000 or tapered:
            continue
        severe = last - first + 1 >= 60 and stable >= 40_000
        rank[last + 1] = (HIGH if severe else MODERATE) - bool(needed[last + 1 : last + 16].any())
    return rank


def together(partner: list[Order], covered: Days, regular: Days, zero: int) -> Days:
    """3 on shared days, 2 where one of the two is only as needed; a hand-over does not count."""
    there, always = np.zeros(len(covered), bool), np.zeros(len(covered), bool)
    for order in partner:
        there[order.a - zero : order.b - zero + 1] = True
        if not order.prn:
            always[order.a - zero : order.b - zero + 1] = True
    shared = there & covered
    if not shared.any():
        return np.zeros(len(covered), np.int64)
    for a, b in stretches(covered):
        for c, d in stretches(there):
            meets = b == c or d == a
            if meets and max(a, c) == min(b, d) and a != b and c != d:
                shared[max(a, c)] = False
    return np.where(shared, np.where(regular & always, MODERATE, LOW), 0)
