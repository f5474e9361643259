"""A story as a picture: a lane for each drug, tests and events, the flagged days, an axis of days.

Plain shapes with coordinates; the page's template draws them as SVG. Days are counted from day 0,
the first day of the story.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from screener.rule.facts import Person, Span, person_of
from screener.rule.model import Story
from screener.rule.takes import Order, orders_of
from screener.rulebook.library import ShippedVocabulary
from screener.rulebook.story_doses import dose_words, total_of

WIDTH = 560  # units of the picture; one is about a pixel
_SIDE = 8
_LETTER, _BOLD = 6.4, 7.6  # width of a letter of 12 px; guesses that are rather too wide
_FARTHEST = 45  # days before day 0 that are drawn; what is earlier stands at the edge
_BAR, _TALL = 9, 22  # height of a bar: of an unknown dose, of the largest dose of its lane
_DEFAULT_LABS = ("creatinine", "egfr", "weight")  # drawn only where the story speaks of them
_STEPS = (1, 2, 5, 7, 14, 28, 56, 84, 182, 364, 728)


@dataclass(frozen=True, slots=True)
class Flagged:
    """Days that the engine flagged: first and last, severity, and the finding's subject."""

    first: int
    last: int
    severity: str
    certainty: str
    subject: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One SVG element: its name, its class, its numbers, and a text."""

    element: str
    kind: str
    at: Mapping[str, float | str]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The shapes of one story, the height, and what a reader who cannot see it is told."""

    shapes: tuple[Shape, ...]
    height: int
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class _Axis:
    first: int
    last: int

    def x(self, day: float) -> float:
        """Where a day begins."""
        inside = min(max(day, self.first), self.last + 1)
        part = (inside - self.first) / (self.last + 1 - self.first)
        return round(_SIDE + part * (WIDTH - 2 * _SIDE), 1)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Something that happens on a day or lasts: a test, a birthday, a stay."""

    lane: str
    first: int
    last: int | None  # None = goes on; equal to first = a moment
    text: str


def picture_of(story: Story, flagged: Iterable[Flagged]) -> Picture:
    """The picture of a story with the days that the engine flagged."""
    found = sorted(flagged, key=lambda one: (one.first, one.subject))
    orders = [order for text in story.takes for order in orders_of(text, _known)]
    marks = _marks(story, person_of(story.facts))
    axis = _axis(orders, marks, found)
    shapes: list[Shape] = []
    y = 6
    lanes: dict[str, list[Order]] = {}
    for order in orders:
        lanes.setdefault(_lane(order), []).append(order)
    for one in found:
        y = _finding(shapes, one, axis, y, with_subject=len(lanes) > 1)
    top = y
    for name, some in lanes.items():
        y = _drug_lane(shapes, name, some, axis, y)
    for lane in dict.fromkeys(mark.lane for mark in marks):
        y = _mark_lane(shapes, lane, [one for one in marks if one.lane == lane], axis, y)
    spans = {(one.first, one.last): one for one in reversed(found)}  # the same days only once
    shaded = [_shade(one, axis, top, y) for one in spans.values()]
    shapes = [*shaded, *shapes, *_axis_shapes(axis, y)]
    return Picture(tuple(shapes), y + 26, story.story, _described(lanes, marks, found))


def _known(name: str) -> bool:
    return ShippedVocabulary().ingredient_named(name) is not None


def _lane(order: Order) -> str:
    return order.drug if order.route == "oral" else f"{order.drug}, {order.route}"


def _marks(story: Story, person: Person) -> list[_Mark]:
    """What the story says of its patient; what it does not say is the same in all and not drawn."""
    made: list[_Mark] = []
    for lab in person.labs:
        if lab.analyte in story.facts or lab.analyte not in _DEFAULT_LABS:
            words = f"{lab.comparator or ''}{lab.value.normalize():f} {lab.unit or ''}".strip()
            name = {"egfr": "eGFR"}.get(lab.analyte, lab.analyte)
            made.append(_Mark(name, lab.day, lab.day, words))
    if person.age_from_day is not None:
        day = person.age_from_day
        made.append(_Mark("birthday", day, day, f"{person.age} years"))
    if person.died is not None:
        made.append(_Mark("death", person.died, person.died, "dies"))
    made += [_span("in hospital", one, "") for one in person.admissions]
    made += [_span("recorded", one, one.name) for one in person.conditions]
    if person.observed_before is not None and "observed" in story.facts:
        start = -person.observed_before
        made.append(_Mark("observed", start, person.observed_until, ""))
    return sorted(made, key=lambda mark: (mark.lane, mark.first))


def _span(lane: str, span: Span, text: str) -> _Mark:
    return _Mark(lane, span.start, span.to, text)


def _axis(orders: list[Order], marks: list[_Mark], found: list[Flagged]) -> _Axis:
    """From the first to the last thing that happens, with a little room."""
    days = [day for order in orders for day in (order.start, order.after)]
    days += [day for one in found for day in (one.first, one.last)]
    events = [day for mark in marks for day in (mark.first, mark.last) if day is not None]
    near = [day for day in events if day >= -_FARTHEST]
    first, last = min([0, *days, *near]), max([*days, *near])
    room = max(1, (last - first) // 25)
    return _Axis(first - room, last + room)


def _finding(shapes: list[Shape], one: Flagged, axis: _Axis, y: int, *, with_subject: bool) -> int:
    """A bar over the flagged days and its words; gives the next free y."""
    words = f"{one.severity}{', possible' if one.certainty == 'possible' else ''}"
    words += f": day {one.first}" + (f" to {one.last}" if one.last > one.first else "")
    text = f"{words} ({one.subject})" if one.subject and with_subject else words
    left, right = axis.x(one.first), axis.x(one.last + 1)
    x = max(_SIDE + 13, min(left + 13, WIDTH - _SIDE - _BOLD * len(text)))
    sign: dict[str, float | str] = {"href": f"#shape-{one.severity}"}
    sign |= {"x": x - 13, "y": y + 1, "width": 10, "height": 10}
    shapes.append(Shape("use", f"found-{one.severity}", sign))
    shapes.append(Shape("text", "found-text", {"x": x, "y": y + 11}, text))
    bar = {"x": left, "y": y + 15, "width": round(max(3, right - left), 1), "height": 5}
    shapes.append(Shape("rect", f"found found-{one.severity}", bar))
    return y + 26


def _shade(one: Flagged, axis: _Axis, top: int, bottom: int) -> Shape:
    left, right = axis.x(one.first), axis.x(one.last + 1)
    area = {"x": left, "y": top - 6, "width": round(max(3, right - left), 1),
            "height": bottom - top + 6}  # fmt: skip
    return Shape("rect", f"shade found-{one.severity}", area)


def _drug_lane(shapes: list[Shape], name: str, orders: list[Order], axis: _Axis, y: int) -> int:
    """The drug's name, and its supplies: what overlaps stands on rows of its own."""
    shapes.append(_words(name, _SIDE, y + 12, "lane"))
    most = max((total for one in orders if (total := total_of(one)) is not None), default=None)
    y += 16
    for row in _side_by_side(orders):
        y = _doses(shapes, row, axis, y) + _TALL
        for order in row:
            shapes += _bar(order, most, axis, y)
        y += 4
    return y + 6


def _side_by_side(orders: list[Order]) -> list[list[Order]]:
    """Rows of supplies that do not overlap."""
    rows: list[list[Order]] = []
    for order in sorted(orders, key=lambda one: one.start):
        free = (row for row in rows if row[-1].days is not None and row[-1].after <= order.start)
        row = next(free, None)
        if row is None:
            rows.append([order])
        else:
            row.append(order)
    return rows


def _doses(shapes: list[Shape], orders: list[Order], axis: _Axis, y: int) -> int:
    """The dose above every bar at which it changes; gives the y below the words."""
    ends = [0.0]  # where the words of each line end
    said = ""
    for order in orders:
        text = dose_words(order)
        if text != said:
            x = max(_SIDE, min(axis.x(order.start), WIDTH - _SIDE - _LETTER * len(text)))
            line = next((at for at, end in enumerate(ends) if end + 6 < x or not end), len(ends))
            ends = [*ends, 0.0] if line == len(ends) else ends
            ends[line] = x + _LETTER * len(text)
            shapes.append(_words(text, x, y + 12 + 14 * line, "dose"))
        said = text
    return y + 2 + 14 * len(ends)


def _bar(order: Order, most: Decimal | None, axis: _Axis, base: int) -> list[Shape]:
    total = total_of(order)
    height = float(_TALL * total / most) if total and most else float(_BAR)
    left = axis.x(order.start)
    end = order.after if order.days is not None else axis.last + 1
    if order.stop is not None:
        end = min(end, order.stop)
    width = round(max(2.0, axis.x(end) - left - 1), 1)
    kinds = ["bar"]
    kinds += ["bar-needed"] if order.as_needed else []
    kinds += ["bar-unknown"] if total is None or order.days is None else []
    area: dict[str, float | str] = {"x": left, "y": round(base - max(3.0, height), 1)}
    area |= {"width": width, "height": round(max(3.0, height), 1)}
    made = [Shape("rect", " ".join(kinds), area)]
    low = total_of(order, low=True)
    if total and low is not None and low < total and not order.as_needed:
        part = round(height * float(1 - low / total), 1)
        made.append(Shape("rect", "bar-range", {**area, "height": part}))
    return made


def _mark_lane(shapes: list[Shape], name: str, marks: list[_Mark], axis: _Axis, y: int) -> int:
    """Moments as dots, spans as lines; each with its words."""
    shapes.append(_words(name, _SIDE, y + 12, "lane lane-other"))
    height = y + 24
    ends = [_SIDE + _LETTER * len(name) + 10.0, 0.0]
    for mark in marks:
        left = axis.x(mark.first)
        if mark.last == mark.first:
            shapes.append(Shape("circle", "moment", {"cx": left, "cy": height, "r": 4}))
        else:
            right = axis.x(axis.last if mark.last is None else mark.last + 1)
            line: dict[str, float | str] = {"x1": left, "x2": max(right, left + 3)}
            shapes.append(Shape("line", "span", {**line, "y1": height, "y2": height}))
        far = mark.last == mark.first < axis.first
        text = f"{mark.text}, day {mark.first}" if far else mark.text
        x = max(_SIDE, min(left - 4, WIDTH - _SIDE - _LETTER * len(text)))
        if not text:
            continue
        row = next((at for at, end in enumerate(ends) if end < x or not end), len(ends))
        ends = [*ends, 0.0] if row == len(ends) else ends
        ends[row] = x + _LETTER * len(text) + 6
        shapes.append(_words(text, x, y + 12 if row == 0 else y + 26 + 14 * row, "dose"))
    below = sum(end > 0 for end in ends[1:])
    return y + 34 + 14 * below


def _words(text: str, x: float, y: float, kind: str) -> Shape:
    inside = max(_SIDE, min(x, WIDTH - _SIDE - _LETTER * len(text)))
    return Shape("text", kind, {"x": round(inside, 1), "y": y}, text)


def _axis_shapes(axis: _Axis, y: int) -> list[Shape]:
    step = next((s for s in _STEPS if (axis.last - axis.first) / s <= 9), _STEPS[-1])
    made = [Shape("line", "axis", {"x1": _SIDE, "x2": WIDTH - _SIDE, "y1": y, "y2": y})]
    first = -(-axis.first // step) * step
    for day in range(first, axis.last + 1, step):
        x = axis.x(day)
        if x < 2 * _SIDE:
            continue  # its number would be cut off
        made.append(Shape("line", "axis", {"x1": x, "x2": x, "y1": y, "y2": y + 4}))
        text = f"day {day}" if day == 0 else str(day)
        made.append(Shape("text", "tick", {"x": x, "y": y + 17}, text))
    return made


def _described(lanes: dict[str, list[Order]], marks: list[_Mark], found: list[Flagged]) -> str:
    takes = [
        f"{name} {dose_words(one)} from day {one.start}" for name in lanes for one in lanes[name]
    ]
    events = [" ".join(f"{one.lane} {one.text} from day {one.first}".split()) for one in marks]
    flags = [f"{one.severity} from day {one.first} to day {one.last}" for one in found]
    said = [f"Takes {'; '.join(takes)}."]
    said += [f"Events: {'; '.join(events)}."] if events else []
    return " ".join([*said, f"Flagged: {'; '.join(flags) or 'no day'}."])
