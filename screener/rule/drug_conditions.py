"""Conditions about drugs: in force, started, stopped, lowered, or going over into each other."""

from __future__ import annotations

from screener.rule.amounts import days, share
from screener.rule.drugs import drug_set
from screener.rule.model import (
    Condition,
    CrossTaper,
    DoseLowered,
    StartedWithin,
    StoppedWithin,
    Taking,
)
from screener.rule.named import window
from screener.rule.reading import Reading, keys_of, read_with
from screener.rule.yaml_reader import Node


def taking(reading: Reading, node: Node) -> Condition | None:
    """Drugs in force."""
    drugs = drug_set(reading, node, "taking")
    return None if drugs is None else Taking(drugs)


def started_within(reading: Reading, node: Node) -> Condition | None:
    """`{of: list raas-blockers, days: 28 days}`."""
    optional = ("new_after", "or_restart_after")
    found = keys_of(reading, node, "started_within", required=("of", "days"), optional=optional)
    if found is None or not {"of", "days"} <= set(found):
        return None
    drugs = drug_set(reading, found["of"].value, "of")
    windows = {
        key: read_with(reading, found[key].value, key, days if key == "days" else window)
        for key in ("days", *optional)
        if key in found
    }
    within = windows.pop("days")
    if drugs is None or within is None or None in windows.values():
        return None
    return StartedWithin(drugs, within, **{k: v for k, v in windows.items() if v is not None})


def stopped_within(reading: Reading, node: Node) -> Condition | None:
    """`{of: list maois, days: 14 days}`."""
    found = keys_of(reading, node, "stopped_within", required=("of", "days"))
    if found is None or len(found) < 2:
        return None
    drugs = drug_set(reading, found["of"].value, "of")
    within = read_with(reading, found["days"].value, "days", window)
    return None if drugs is None or within is None else StoppedWithin(drugs, within)


def dose_lowered(reading: Reading, node: Node) -> Condition | None:
    """`{of: azathioprine by mouth, to_at_most: 33 %}`."""
    found = keys_of(reading, node, "dose_lowered", required=("of", "to_at_most"))
    if found is None or len(found) < 2:
        return None
    drugs = drug_set(reading, found["of"].value, "of")
    part = read_with(reading, found["to_at_most"].value, "to_at_most", share)
    return None if drugs is None or part is None else DoseLowered(drugs, part)


def cross_taper(reading: Reading, node: Node) -> Condition | None:
    """`{of: list opioids, and: list gabapentinoids, within: 28 days}`."""
    required = ("of", "within")
    found = keys_of(reading, node, "cross_taper", required=required, optional=("and",))
    if found is None or not set(required) <= set(found):
        return None
    drugs = drug_set(reading, found["of"].value, "of")
    within = read_with(reading, found["within"].value, "within", window)
    other = drug_set(reading, found["and"].value, "and") if "and" in found else None
    if drugs is None or within is None or (other is None and "and" in found):
        return None
    if len(drugs.ingredients | (other or drugs).ingredients) < 2:
        reading.problem(node, "a cross-taper is between two different drugs")
        return None
    return CrossTaper(drugs, other, within)
