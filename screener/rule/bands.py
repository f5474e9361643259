"""Bands of kidney function: their reading, and the search for gaps and overlaps between them."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

from screener.rule.amounts import Wrong, daily_amount, decimal_number, years, yes_no
from screener.rule.model import SEVERITIES
from screener.rule.problems import Mark
from screener.rule.reading import Reading, items_of, keys_of, one_of, read_with
from screener.rule.yaml_reader import Node, Sequence

_KEYS = ("from", "below", "or_on_dialysis", "age", "dose")
_DOSE = ("at_least", "more_than", "less_than")
_OLDEST = 1_000


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
    for key, name in (("from", "from_"), ("below", "below")):
        if key in found:
            values[name] = read_with(reading, found[key].value, key, _kidney_result)
    if "or_on_dialysis" in found:
        place = found["or_on_dialysis"].value
        values["or_on_dialysis"] = read_with(reading, place, "or_on_dialysis", yes_no)
    if "age" in found:
        inner = keys_of(reading, found["age"].value, "age", optional=("at_least", "below"))
        for key, entry in (inner or {}).items():
            values[f"age_{key}"] = read_with(reading, entry.value, f"age {key}", years)
    if "dose" in found:
        inner = keys_of(reading, found["dose"].value, "dose", optional=_DOSE)
        for key, entry in (inner or {}).items():
            values[f"dose_{key}"] = read_with(reading, entry.value, f"dose {key}", daily_amount)
    if not {"from", "below"} & set(found):
        reading.problem(node, "a band needs from or below")
        return None
    if None in values.values():
        return None
    made = band(**values)
    for words, (low, high) in zip(("kidney function", "age", "dose"), _box(made), strict=True):
        if low >= high:
            reading.problem(node, f"no {words} can lie in this band")
    return made


def _kidney_result(text: str) -> float:
    """mL/min/1.73 m2, with or without the unit."""
    number = text.removesuffix("mL/min/1.73m2").strip()
    if " " in number:
        raise Wrong(f'"{text}" is not a kidney result', "mL/min/1.73m2, for example 30")
    return float(decimal_number(number))


def _box(band: Any) -> tuple[tuple[float, float], ...]:
    """Half-open ranges of kidney function, age and dose (integer micrograms)."""
    low = 0
    if band.dose_at_least is not None:
        low = band.dose_at_least.ug
    if band.dose_more_than is not None:
        low = max(low, band.dose_more_than.ug + 1)
    return (
        (band.from_ or 0, math.inf if band.below is None else band.below),
        (band.age_at_least or 0, band.age_below or _OLDEST),
        (low, math.inf if band.dose_less_than is None else band.dose_less_than.ug),
    )


def _report_overlaps(reading: Reading, made: list[tuple[Mark, Any]]) -> None:
    for (first, a), (second, b) in combinations(made, 2):
        shared = [max(x[0], y[0]) < min(x[1], y[1]) for x, y in zip(_box(a), _box(b), strict=True)]
        if all(shared):
            what = f"this band overlaps the one on line {first.line}"
            reading.problem(second, what, "tell them apart by kidney function, age or dose")


def _report_gaps(reading: Reading, made: list[tuple[Mark, Any]]) -> None:
    """A gap between bands is an oversight; above the highest and below the lowest is none."""
    ranges = sorted((_box(band)[0], mark.line, mark) for mark, band in made)
    covered = ranges[0][0][1]
    for (low, high), _, mark in ranges[1:]:
        if low > covered:
            what = f"no band covers a kidney function from {covered:g} to below {low:g}"
            reading.problem(mark, what, f"begin this band at {covered:g}")
        covered = max(covered, high)
