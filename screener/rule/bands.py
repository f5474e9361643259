"""Bands of kidney function: their reading, and the search for gaps and overlaps between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

from screener.rule.amounts import daily_amount, yes_no
from screener.rule.limits import age, edges, kidney_result
from screener.rule.model import SEVERITIES
from screener.rule.problems import Mark
from screener.rule.reading import Reading, items_of, keys_of, one_of, read_with
from screener.rule.yaml_reader import Entry, Mapping, Node, Scalar, Sequence

_BOUNDS = {"from": "from_", "above": "above", "below": "below", "at_most": "at_most"}
_KEYS = (*_BOUNDS, "or_on_dialysis", "age", "dose")
_DOSE = ("at_least", "more_than", "less_than")
_UNIT = "egfr_ckd_epi_2021"  # a band's unit, when it is written, may be that of either estimate
# A range of numbers: low, whether low itself is outside, high, whether high itself is outside.
_Range = tuple[float, bool, float, bool]


def bands_of(reading: Reading, node: Node, band: type[Any]) -> tuple[Any, ...] | None:
    """The bands as objects of the check's own class, or None with problems."""
    if not isinstance(node, Sequence) or not node.items:
        reading.problem(node, "bands must be a list, one band a line", "expected `- {below: 15}`")
        return None
    before = len(reading.source.problems)
    made = [(item.mark, _band(reading, item, band)) for item in items_of(node)]
    if len(reading.source.problems) > before:
        return None
    _report_overlaps(reading, made)
    _report_gaps(reading, made)
    return tuple(one for _, one in made)


def _band(reading: Reading, node: Node, band: type[Any]) -> Any:
    found = keys_of(reading, node, "a band", required=("severity",), optional=_KEYS)
    if found is None or "severity" not in found:
        return None
    values: dict[str, Any] = {
        "severity": one_of(reading, found["severity"].value, "severity", SEVERITIES)
    }
    given = [key for key in _BOUNDS if key in found]
    for key in given:
        values[_BOUNDS[key]] = read_with(reading, found[key].value, key, _kidney_result)
    for one, other in (("from", "above"), ("below", "at_most")):
        if one in given and other in given:
            later = max(found[one].key, found[other].key, key=lambda key: key.mark)
            reading.problem(later, f"a band has both {one} and {other}", "write one")
    if "or_on_dialysis" in found:
        place = found["or_on_dialysis"].value
        values["or_on_dialysis"] = read_with(reading, place, "or_on_dialysis", yes_no)
    values |= _inner(reading, found, "age", ("at_least", "below"), age)
    values |= _inner(reading, found, "dose", _DOSE, daily_amount)
    if not given:
        keys = {e.key.text for e in node.entries} if isinstance(node, Mapping) else set()
        if keys <= {"severity", *_KEYS}:  # else the misspelled key has been reported
            reading.problem(node, f"a band needs one of {', '.join(_BOUNDS)}")
        return None
    if None in values.values():
        return None
    made = band(**values)
    for name, span in zip(("kidney function", "age", "dose"), _box(made), strict=True):
        if _is_empty(span):
            reading.problem(node, f"no {name} can lie in this band")
    return made


def _inner(
    reading: Reading,
    found: dict[str, Entry],
    name: str,
    keys: tuple[str, ...],
    read: Callable[[str], Any],
) -> dict[str, Any]:
    """`age: {at_least: 65 years}` as age_at_least."""
    if name not in found:
        return {}
    said = found[name].value
    example = f"{{{keys[-1]}: {said.text}}}" if isinstance(said, Scalar) else ""
    if name == "dose":
        example = example.replace("less_than", "more_than")
    inner = keys_of(reading, said, name, optional=keys, example=example)
    return {
        f"{name}_{key}": read_with(reading, entry.value, f"{name} {key}", read)
        for key, entry in (inner or {}).items()
    }


def _kidney_result(text: str) -> float:
    """A number, with the unit of either estimate or without."""
    short = text.strip().endswith("mL/min")
    return kidney_result("creatinine_clearance" if short else _UNIT)(text)


def _box(band: Any) -> tuple[_Range, ...]:
    """The ranges of kidney function, age (years) and dose (integer micrograms)."""
    low = (_ug(band.dose_at_least, 0), False)
    if band.dose_more_than is not None:
        low = max(low, (_ug(band.dose_more_than, 0), True))
    function = edges(band.above, band.from_, band.below, band.at_most)
    return (
        max((0.0, False), function[:2]) + function[2:],
        (band.age_at_least or 0, False, band.age_below or math.inf, True),
        (*low, _ug(band.dose_less_than, math.inf), True),
    )


def _ug(amount: Any, missing: float) -> float:
    return missing if amount is None else amount.ug


def _is_empty(one: _Range) -> bool:
    low, low_open, high, high_open = one
    return low > high or (low == high and (low_open or high_open))


def _shared(a: _Range, b: _Range) -> _Range:
    low, low_open = max(a[:2], b[:2])
    high, high_closed = min((a[2], not a[3]), (b[2], not b[3]))
    return low, low_open, high, not high_closed


def _report_overlaps(reading: Reading, made: list[tuple[Mark, Any]]) -> None:
    for (first, a), (second, b) in combinations(made, 2):
        both = [_shared(x, y) for x, y in zip(_box(a), _box(b), strict=True)]
        if not any(_is_empty(one) for one in both):
            what = f"this band overlaps the one on line {first.line}"
            low, _, high, _ = both[0]
            fix = "tell them apart by kidney function, age or dose"
            if low == high:
                fix = f"both take exactly {low:g}: write below: {low:g} in one, or above: {low:g}"
            reading.problem(second, what, fix)


def _report_gaps(reading: Reading, made: list[tuple[Mark, Any]]) -> None:
    """A gap between bands is an oversight; above the highest and below the lowest is none.

    A single kidney function between two bands is a gap, too (below 30, then above 30).
    """
    ranges = sorted(((_box(band)[0], mark) for mark, band in made), key=lambda one: one[0][:2])
    high, high_closed = ranges[0][0][2], not ranges[0][0][3]
    for (low, low_open, top, top_open), mark in ranges[1:]:
        if low > high or (low == high and low_open and not high_closed):
            what = "no band covers a kidney function "
            if low == high:
                what += f"of exactly {low:g}"
            else:
                what += f"{'above' if high_closed else 'from'} {high:g} "
                what += f"to {low:g}" if low_open else f"to below {low:g}"
            word = "above" if high_closed else "from"
            reading.problem(mark, what, f"begin this band with {word}: {high:g}")
        high, high_closed = max((high, high_closed), (top, not top_open))
