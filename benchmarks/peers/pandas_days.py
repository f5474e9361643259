"""One patient's orders put side by side: which day is covered by what.

docs/timeline.md, section 3, for lists of one patient's orders: a few dozen, so plain loops do.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

NEVER = 10**9
EPOCH = dt.date(1970, 1, 1)


@dataclass(slots=True)
class Order:
    """One order line; days since 1970, doses in micrograms; a, b: the days it counts."""

    ingredient: str
    product: str
    prn: bool
    strength: int
    form: str
    dose: int
    times: float
    start: int
    end: int
    stop: int
    cut_sig: int = NEVER
    cut_strength: int = NEVER
    carried: int = 0
    a: int = 0
    b: int = -1
    other: list[tuple[int, int]] = field(default_factory=list)

    @property
    def span(self) -> int:
        """How many days it supplies."""
        return self.end - self.start + 1


@dataclass(slots=True)
class Person:
    """A patient; watched from and until which day, and kidney results (day, analyte, value)."""

    birth: str | None
    sex: str
    watched_from: int
    last_day: int
    died: int
    results: list[tuple[int, str, float]]

    def birthday(self, years: int) -> int | None:
        """The day of a birthday; 29 February is 1 March in other years; None: unknown."""
        if self.birth is None:
            return None
        born = dt.date.fromisoformat(self.birth)
        try:
            day = born.replace(year=born.year + years)
        except ValueError:
            day = dt.date(born.year + years, 3, 1)
        return (day - EPOCH).days

    def born_by(self, day: int) -> bool:
        """Whether the patient was born, as far as is known."""
        born = self.birthday(0)
        return born is None or born <= day


def place(orders: list[Order]) -> None:
    """Sets a, b (none if b < a) and the other reading of every order of one patient."""
    lanes: dict[tuple[object, ...], list[Order]] = defaultdict(list)
    for order in orders:
        lanes[order.ingredient, order.prn, order.product].append(order)
    for lane in lanes.values():
        strengths: dict[tuple[object, ...], list[Order]] = defaultdict(list)
        for order in sorted(lane, key=lambda o: o.start):
            strengths[order.strength, order.form].append(order)
        for same in strengths.values():
            for x in same:
                later = [y.start for y in same if y.start > x.start and sig(y) != sig(x)]
                x.cut_sig = min(later, default=NEVER)
        cut_by_strength([chains(same) for same in strengths.values()])
        for same in strengths.values():
            runs: dict[tuple[object, ...], list[Order]] = defaultdict(list)
            for order in same:
                runs[sig(order)].append(order)
            for run in runs.values():
                carry(run)


def sig(order: Order) -> tuple[int, float]:
    """What must be alike for two orders to be one regimen."""
    return order.dose, order.times


def chains(orders: list[Order]) -> list[list[Order]]:
    """Fills of one strength, unbroken while at most 14 days lie between."""
    found: list[list[Order]] = []
    reach = -NEVER
    for order in orders:
        if order.start - reach - 1 > 14:
            found.append([])
        found[-1].append(order)
        reach = max(reach, order.end)
    return found


def cut_by_strength(strengths: list[list[list[Order]]]) -> None:
    """A later start of another strength replaces, unless both go on or began together."""
    for one in strengths:
        for other in strengths:
            if one is other:
                continue
            for a in one:
                for b in other:
                    if a[0].start == b[0].start or (goes_on(a, b) and goes_on(b, a)):
                        continue
                    for x in a:
                        later = [y.start for y in b if y.start > x.start]
                        x.cut_strength = min(x.cut_strength, *later, NEVER)


def goes_on(a: list[Order], b: list[Order]) -> bool:
    """Whether chain a is refilled after chain b has begun."""
    return len({order.start for order in a}) >= 2 and a[-1].start > b[0].start


def carry(run: list[Order]) -> None:
    """Early refills of one regimen: carried forward, or supplied twice."""
    ended, reach, length, counted = -NEVER, -NEVER, 0, -NEVER
    for order in run:
        last = min(order.cut_sig - 1, order.cut_strength - 1, order.stop - 1)
        overlap = reach - order.start + 1
        twice = not order.prn and overlap > 7 and 4 * overlap > length
        keeps = twice or order.prn
        order.carried = order.start if keeps else min(max(order.start, ended + 1), order.start + 30)
        end = min(order.carried + order.span - 1, last)
        firm = min(order.end, order.cut_sig - 1)
        if twice and order.start <= min(reach, firm):
            order.other.append((order.start, min(reach, firm)))
        order.a, order.b = max(order.carried, counted + 1), end
        if keeps:
            ended = max(ended, end)
        elif end >= order.carried:
            ended = end
        counted = max(counted, end)
        reach, length = max((reach, length), (firm, order.span))
    covered = {day for order in run for day in range(order.a, order.b + 1)}
    added: set[int] = set()
    for order in run:
        if order.prn or order.cut_strength == NEVER:
            continue
        begin = max(order.carried, order.cut_strength)
        end = min(order.carried + order.span - 1, order.cut_sig - 1, order.stop - 1)
        if begin == end == order.cut_strength:
            continue  # a hand-over
        fresh = set(range(begin, end + 1)) - covered - added
        order.other += [(day, day) for day in fresh]
        added |= fresh
