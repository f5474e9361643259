"""Phases of a taper: several orders of one record (docs/timeline.md, sections 1 and 2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

Order = dict[str, Any]
DAY = dt.timedelta(days=1)
DOSE = ("dose_min", "dose_max", "frequency_count", "frequency_period_days")


def record_of(order: Order) -> tuple[Any, ...] | None:
    """The record of the export that gave an order; None: orders of these tests stand alone."""
    if order.get("source_row") is None:
        return None
    return (order["source_file"], order["source_row"])


def phases_beside(order: Order, orders: list[Order]) -> list[Order]:
    """The orders of the same record, the order itself among them."""
    record = record_of(order)
    if record is None:
        return [order]
    return [other for other in orders if record_of(other) == record]


def is_later_phase(order: Order, orders: list[Order]) -> bool:
    """Whether another order of its record starts earlier."""
    first = min(other["start_date"] for other in phases_beside(order, orders))
    return bool(first < order["start_date"])


def without_restarts(used: list[Order], orders: list[Order]) -> list[Order]:
    """The used ones of all orders; a taper that was supplied before has no readable dose."""
    courses = {}
    for order in used:
        phases = phases_beside(order, used)
        texts = {phase["sig"] for phase in phases}
        taper = len({phase["start_date"] for phase in phases_beside(order, orders)}) > 1
        if taper and len(texts) == 1 and order["sig"]:
            courses[record_of(order)] = phases
    unsure = [
        record
        for record, phases in courses.items()
        if phases[0]["replaces"] is None
        and any(_goes_on(other, phases) for other in courses.values())
    ]
    return [order | dict.fromkeys(DOSE) if record_of(order) in unsure else order for order in used]


def _goes_on(earlier: list[Order], later: list[Order]) -> bool:
    """The same taper, begun before, and at most 14 days without it in between."""
    for name in ("patient_id", "drug", "drug_code", "sig"):
        if earlier[0][name] != later[0][name]:
            return False
    begins = min(phase["start_date"] for phase in later)
    if min(phase["start_date"] for phase in earlier) >= begins:
        return False
    ends = [_end(phase) for phase in earlier]
    if None in ends:
        return True
    return any((begins - end).days - 1 <= 14 for end in ends if end is not None)


def _end(phase: Order) -> dt.date | None:
    """The last day of a phase; None: nobody said."""
    ends = []
    if phase["days_supply"] is not None:
        ends.append(phase["start_date"] + (phase["days_supply"] - 1) * DAY)
    if phase["stop_date"] is not None:
        ends.append(phase["stop_date"] - DAY)
    return min(ends, default=None)
