"""Runs over time for the report: weekly new findings with limits, findings of every night.

Everything is counted in run.json; here it gets its place in a drawing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import Any

from screener.outputs.report.funnel_chart import ticks
from screener.outputs.report.spc import Limits, limits_of, signals
from screener.outputs.report.words import counted, date_text, number_text

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 704, 14, 196  # the drawing area
LABELS = 6
CHANGES = ("rules", "inputs")  # what is marked where it changed


@dataclass(frozen=True, slots=True)
class Point:
    """A week or a night: place, words for its title, whether it stands out or is incomplete."""

    x: float
    y: float
    words: str
    marked: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """points; pieces: paths of the line, cut at gaps; lines: class and path of limits and centre.
    marks: places at which rules or inputs changed, with words."""

    points: tuple[Point, ...]
    pieces: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    marks: tuple[tuple[float, str], ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Weekly:
    """New findings a week: the chart, its limits, and the rows of its table (week, nights, patients
    screened, new, per 1,000, what it signals, what changed). left_out: weeks without a whole
    comparison."""

    chart: Chart
    limits: Limits | None
    rows: tuple[tuple[str, int, int, int, float, str, str], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Spark:
    """A rule's last counts: paths of `sparkline`, and in words."""

    pieces: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Trends:
    """What the page of trends shows; None where there is too little to draw."""

    nights: int
    all: Weekly | None
    severe: Weekly | None
    nightly: Chart | None
    step: int  # days from one run to the next, as usual
    by_rule: Mapping[str, Spark]


def trends_of(told: dict[str, Any]) -> Trends:
    """From `trends` of run.json with all its keys (`given.series`)."""
    nights, weeks = told["nights"], told["weeks"]
    return Trends(
        len(nights),
        _weekly(weeks, "new", changes_by_week(nights)),
        _weekly(weeks, "new_critical_high", changes_by_week(nights)),
        _nightly(nights) if len(nights) > 1 else None,
        usual_step(_days(nights)) if len(nights) > 1 else 1,
        {rule: Spark(sparkline(of), in_words(of)) for rule, of in told["by_rule"].items()},
    )


def changes_by_week(nights: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Monday -> what changed between runs of that week: rules, inputs, or both."""
    found: dict[str, set[str]] = {}
    for night in nights:
        day = dt.date.fromisoformat(night["as_of"])
        monday = (day - dt.timedelta(days=day.weekday())).isoformat()
        kinds = found.setdefault(monday, set())
        kinds |= {kind for kind in CHANGES if night[f"{kind}_changed"]}
    return {
        monday: " and ".join(kind for kind in CHANGES if kind in kinds)
        for monday, kinds in found.items()
        if kinds
    }


def _weekly(
    weeks: Sequence[dict[str, Any]], what: str, changes: Mapping[str, str]
) -> Weekly | None:
    usable = [one for one in weeks if one["screened"] and one["complete"]]
    if len(usable) < 2:
        return None
    counts = [(one[what] or 0, one["screened"]) for one in usable]
    limits = limits_of(counts)
    days = [dt.date.fromisoformat(one["week"]) for one in usable]
    follows = [True, *((b - a).days == 7 for a, b in pairwise(days))]
    said = signals(counts, limits, follows) if limits else [""] * len(counts)
    rates = [1000 * new / screened for new, screened in counts]
    edges = [limits.at(screened) for _, screened in counts] if limits else []
    highest = max([*rates, *(1000 * high for _, high in edges)])
    place = _Place(days, highest, step=7)
    lines = []
    if limits:
        lines.append(("f-centre", place.path([(d, 1000 * limits.centre) for d in days])))
        for side in (0, 1):
            ends = [(d, 1000 * edge[side]) for d, edge in zip(days, edges, strict=True)]
            lines.append(("f-998", place.path(ends)))
    marks = tuple(
        (place.across(day), f"{kinds} changed in the week from {date_text(day)}")
        for monday, kinds in sorted(changes.items())
        if days[0] <= (day := dt.date.fromisoformat(monday)) <= days[-1]
    )
    rows = tuple(
        (one["week"], one["nights"], one["screened"], new, rate, told, changes.get(one["week"], ""))
        for one, (new, _), rate, told in zip(usable, counts, rates, said, strict=True)
    )
    words = [
        f"week from {date_text(one['week'])}: {number_text(new)} new of {number_text(n)} screened, "
        f"{rate:.1f} per 1,000{', ' + told if told else ''}"
        for one, (new, n), rate, told in zip(usable, counts, rates, said, strict=True)
    ]
    chart = place.chart(
        rates, words, [bool(told) for told in said], lines=tuple(lines), marks=marks
    )
    return Weekly(chart, limits, rows, len(weeks) - len(usable))


def _days(nights: Sequence[dict[str, Any]]) -> list[dt.date]:
    return [dt.date.fromisoformat(one["as_of"]) for one in nights]


def usual_step(days: Sequence[dt.date]) -> int:
    """The usual number of days from one run to the next; more is a gap, and drawn as one."""
    return max(1, median_low([(b - a).days for a, b in pairwise(days)]))


def _nightly(nights: Sequence[dict[str, Any]]) -> Chart:
    days = _days(nights)
    counts = [one["findings"] or 0 for one in nights]
    place = _Place(days, max(counts), step=usual_step(days))
    marks = tuple(
        (place.across(day), f"{' and '.join(kinds)} changed on {date_text(day)}")
        for day, one in zip(days, nights, strict=True)
        if (kinds := [k for k in CHANGES if one[f"{k}_changed"]])
    )
    words = [
        f"{date_text(day)}: {counted(n, 'finding')} in "
        f"{number_text(one['patients_with_findings'] or 0)} of "
        f"{counted(one['patients'] or 0, 'patient')}"
        f"{'' if one['complete'] else ', incomplete run'}"
        for day, n, one in zip(days, counts, nights, strict=True)
    ]
    whole = [one["complete"] is True for one in nights]
    return place.chart(counts, words, [False] * len(days), marks=marks, whole=whole)


class _Place:
    """Where days and numbers stand in the drawing. step: days from one point to the next."""

    def __init__(self, days: Sequence[dt.date], highest: float, step: int) -> None:
        self.days, self.step = days, step
        self.first, self.last = days[0], max(days[-1], days[0] + dt.timedelta(days=step))
        self.numbers = ticks(max(1.0, highest * 1.05))

    def across(self, day: dt.date) -> float:
        part = (day - self.first).days / (self.last - self.first).days
        return round(LEFT + (RIGHT - LEFT) * part, 1)

    def up(self, number: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * number / self.numbers[-1], 1)

    def path(self, ends: Sequence[tuple[dt.date, float]]) -> str:
        return "M" + "L".join(f"{self.across(day):g} {self.up(n):g}" for day, n in ends)

    def chart(
        self,
        values: Sequence[float],
        words: Sequence[str],
        marked: Sequence[bool],
        *,
        lines: tuple[tuple[str, str], ...] = (),
        marks: tuple[tuple[float, str], ...] = (),
        whole: Sequence[bool] | None = None,
    ) -> Chart:
        complete = whole or [True] * len(values)
        points = tuple(
            Point(self.across(day), self.up(value), said, out, good)
            for day, value, said, out, good in zip(
                self.days, values, words, marked, complete, strict=True
            )
        )
        pieces: list[list[tuple[dt.date, float]]] = []
        for at, (day, value) in enumerate(zip(self.days, values, strict=True)):
            apart = at and (
                (day - self.days[at - 1]).days > self.step
                or not (complete[at] and complete[at - 1])
            )
            if at == 0 or apart:
                pieces.append([])
            pieces[-1].append((day, value))
        every = max(1, -(-len(self.days) // LABELS))
        return Chart(
            points,
            tuple(self.path(piece) for piece in pieces if len(piece) > 1),
            lines,
            marks,
            tuple((self.across(day), day.isoformat()) for day in self.days[::every]),
            tuple((self.up(n), number_text(n)) for n in self.numbers),
        )


def in_words(counts: Sequence[int | None]) -> str:
    """First, last and highest of a rule's last counts, and in how many runs it did not run."""
    ran = [count for count in counts if count is not None]
    if not ran:
        return f"not run in the last {counted(len(counts), 'run')}"
    first, last, most = (number_text(count) for count in (ran[0], ran[-1], max(ran)))
    missing = len(counts) - len(ran)
    aside = f"; not run in {missing} of them" if missing else ""
    return f"last {counted(len(counts), 'run')}: first {first}, last {last}, highest {most}{aside}"


def sparkline(counts: Sequence[int | None]) -> tuple[str, ...]:
    """Paths of a rule's last counts in a box of 84 by 18, cut where it did not run."""
    most = max((n for n in counts if n is not None), default=0) or 1
    step = 80 / max(1, len(counts) - 1)
    pieces: list[list[str]] = [[]]
    for at, count in enumerate(counts):
        if count is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{2 + at * step:.1f} {16 - 14 * count / most:.1f}")
    return tuple("M" + "L".join(piece) for piece in pieces if len(piece) > 1)
