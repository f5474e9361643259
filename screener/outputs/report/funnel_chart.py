"""Where the parts of a drawn funnel plot stand: points, limit lines, axes, in SVG units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from screener.outputs.report.funnel import (
    JUDGED_FROM,
    Z_998,
    Funnel,
    Unit,
    is_above,
    limits,
    sizes,
)
from screener.outputs.report.interval import Z_95
from screener.outputs.report.words import counted, number_text, per_thousand

WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 704, 14, 292  # the drawing area
LONGEST_LABEL = 24  # characters; a longer name stands in the table and the text, never cut


@dataclass(frozen=True, slots=True)
class Dot:
    """A unit: place, whether filled (judged), whether above the limit, where its name goes."""

    x: float
    y: float
    judged: bool
    above: bool
    label: str
    words: str
    anchor: str
    label_x: float


@dataclass(frozen=True, slots=True)
class FunnelChart:
    """`lines`: class name and path of each limit; `x_ticks`, `y_ticks`: place and number."""

    dots: tuple[Dot, ...]
    lines: tuple[tuple[str, str], ...]
    centre_y: float | None
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    judged_x: float | None
    beyond: int  # units too small to be judged whose share is above the drawn scale


def ticks(top: float, most: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) from 0 up to the first at or above `top`, in
    `most` steps at the most. Raises ValueError when `top` is not above 0."""
    if top <= 0:
        raise ValueError("an axis needs a top above 0")
    rough = top / most
    size = 10.0 ** floor(log10(rough))
    step = next(size * s for s in (1, 2, 5, 10) if size * s >= rough * (1 - 1e-9))
    return [step * at for at in range(ceil(top / step - 1e-9) + 1)]


def drawn(units: Sequence[Unit], funnel: Funnel | None) -> FunnelChart | None:
    """The chart of `units` (each with a patient or more); None for fewer than two."""
    if len(units) < 2:
        return None
    most = max(unit.whole for unit in units)
    x_numbers = ticks(max(most, 5))
    highest = max(unit.part / unit.whole for unit in units if unit.judged or funnel is None)
    if funnel is not None:
        ends = (limits(funnel, JUDGED_FROM, Z_95), limits(funnel, most, Z_998))
        highest = max(highest, *(high for _, high in ends))
    y_numbers = ticks(min(1000.0, max(1.0, 1000 * highest * 1.05)))
    right, top = x_numbers[-1], y_numbers[-1]

    def across(patients: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * patients / right, 1)

    def up(share: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * min(1.0, 1000 * share / top), 1)

    def path(z: float, side: int) -> str:
        places = [(n, limits(funnel, n, z)[side]) for n in sizes(round(right))] if funnel else []
        inside = [(across(n), up(share)) for n, share in places if 1000 * share <= top]
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in inside) if inside else ""

    def dot(unit: Unit) -> Dot:
        x, share = across(unit.whole), unit.part / unit.whole
        to_left = x > (LEFT + RIGHT) / 2
        told = (
            f"{unit.name}: {number_text(unit.part)} of {counted(unit.whole, 'patient')}, "
            f"{per_thousand(unit.part, unit.whole)} per 1,000"
        )
        return Dot(
            x=x,
            y=up(share),
            judged=unit.judged,
            above=is_above(funnel, unit),
            label=unit.name if len(unit.name) <= LONGEST_LABEL else "",
            words=told,
            anchor="end" if to_left else "start",
            label_x=x - 9 if to_left else x + 9,
        )

    kinds = (("f-95", Z_95), ("f-998", Z_998)) if funnel else ()
    lines = [(kind, path(z, side)) for kind, z in kinds for side in (0, 1)]
    return FunnelChart(
        dots=tuple(map(dot, units)),
        lines=tuple(line for line in lines if line[1]),
        centre_y=up(funnel.centre) if funnel else None,
        x_ticks=tuple((across(n), number_text(round(n))) for n in x_numbers),
        y_ticks=tuple((up(n / 1000), number_text(n)) for n in y_numbers),
        judged_x=across(JUDGED_FROM) if right > JUDGED_FROM else None,
        beyond=sum(1000 * unit.part / unit.whole > top for unit in units),
    )
