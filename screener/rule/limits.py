"""Bounds of a number: more_than and below exclude it, at_least and at_most include it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from screener.rule.amounts import Wrong, decimal_number, years
from screener.rule.reading import Reading, read_with
from screener.rule.values import Limits
from screener.rule.yaml_reader import Entry, Mapping, Node

LIMITS = ("more_than", "at_least", "below", "at_most")
_UNITS_OF = {
    "egfr_ckd_epi_2021": ("mL/min/1.73m2", "mL/min/1.73 m2", "mL/min/1.73 m²"),
    "creatinine_clearance": ("mL/min",),
}
_OLDEST = 130  # years; nobody has been older than 122


def limits_of(
    reading: Reading, node: Node, what: str, found: dict[str, Entry], read: Callable[[str], float]
) -> Limits | None:
    """The bounds among the entries; None (with a problem) for none, two of one side, or no room."""
    before = len(reading.source.problems)
    values = {
        key: read_with(reading, found[key].value, f"{what} {key}", read)
        for key in LIMITS
        if key in found
    }
    if not values:
        says_nothing(reading, node, what, LIMITS, besides=found)
        return None
    for one, other in (("more_than", "at_least"), ("below", "at_most")):
        if one in values and other in values:
            later = max(found[one].key, found[other].key, key=lambda key: key.mark)
            reading.problem(later, f"{what} has both {one} and {other}", "write one")
    if len(reading.source.problems) > before:
        return None
    made = Limits(**values)
    low, low_open, high, high_open = edges(made.more_than, made.at_least, made.below, made.at_most)
    if low > high or (low == high and (low_open or high_open)):
        said = " and ".join(f"{key} {found[key].value.text}" for key in values)  # type: ignore[union-attr]
        reading.problem(node, f"no {what} is {said.replace('_', ' ')}")
        return None
    return made


def edges(
    above: float | None, from_: float | None, below: float | None, up_to: float | None
) -> tuple[float, bool, float, bool]:
    """(low, whether low itself is outside, high, whether high itself is outside)."""
    low, low_open = max((-math.inf if from_ is None else from_, False), (_or(above, -1), True))
    high, high_closed = min((_or(up_to, 1), True), (_or(below, 1), False))
    return low, low_open, high, not high_closed


def _or(bound: float | None, sign: int) -> float:
    return sign * math.inf if bound is None else bound


def says_nothing(
    reading: Reading, node: Node, what: str, keys: Iterable[str], *, besides: Iterable[str] = ()
) -> None:
    """An empty condition; one with an unknown key has been reported already."""
    if isinstance(node, Mapping) and all(e.key.text in besides for e in node.entries):
        reading.problem(node, f"{what} says no limit", f"expected {' or '.join(keys)}")


def kilograms(text: str) -> float:
    """`60 kg`."""
    number, _, unit = text.strip().partition(" ")
    if not unit and number.endswith("kg"):
        number, unit = number.removesuffix("kg"), "kg"
    if unit != "kg":
        what = f'"{unit}" is not kg' if unit else f'"{text}" has no unit'
        raise Wrong(what, 'kilograms, for example "60 kg"')
    return float(decimal_number(number))


def kidney_result(estimate: str) -> Callable[[str], float]:
    """A reader of results of this estimate, with or without its unit."""

    def read(text: str) -> float:
        text = " ".join(text.split())
        number = next(
            (text.removesuffix(unit) for unit in _UNITS_OF[estimate] if text.endswith(unit)), text
        )
        if "mL/min" in number:
            raise Wrong(f'"{text}" has not the unit of {estimate}', _UNITS_OF[estimate][0])
        if " " in number.strip():
            first = number.split()[0]
            right = first if first.isdigit() else "30"
            raise Wrong(f'"{text}" is not a kidney result', f'"{right} {_UNITS_OF[estimate][0]}"')
        return float(decimal_number(number.strip()))

    return read


def age(text: str) -> int:
    """Completed years that somebody can have."""
    number = years(text)
    if number > _OLDEST:
        raise Wrong(f'"{text}" can never hold: nobody is that old')
    return number
