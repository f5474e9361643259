"""The dose of a story's supply, as a number for its bar and as the words above it."""

from __future__ import annotations

from decimal import Decimal

from screener.rule.takes import Order


def total_of(order: Order, *, low: bool = False) -> Decimal | None:
    """The daily dose in the unit of its mass (of a range the upper end, or the lower); None when
    the order does not say it."""
    dose = order.dose_min if low else order.dose_max
    count: Decimal | int | None = order.times
    if order.as_needed and order.most_per_day and not order.times:
        count = order.most_per_day
    if dose is None or count is None:
        return None
    if order.strength is not None and order.dose_unit not in (None, order.strength_unit):
        if order.dose_unit != order.per_unit or not order.per_value:
            return None
        dose = dose * order.strength / order.per_value
    return dose * count / (order.period or 1)


def dose_words(order: Order) -> str:
    """The dose above a bar: `80 mg/day`, `10 to 30 mg`, `as needed`, `unknown dose`."""
    if order.dose_max is None or order.dose_min is None:
        return "unknown dose"
    unit = order.strength_unit if order.dose_unit == order.per_unit else order.dose_unit
    high, low = total_of(order), total_of(order, low=True)
    needed = "as needed, up to " if order.as_needed else ""
    if high is None or low is None:
        return f"{needed}{_number(order.dose_max)} {order.dose_unit or ''}".strip()
    if unit and unit.endswith("/h"):
        return f"{_number(order.strength or high)} {unit}"
    if (order.period or 1) > 1:
        each = high * (order.period or 1) / (order.times or 1)
        often = f"every {order.period} days" if order.times == 1 else f"{order.times} times a week"
        return f"{_number(each)} {unit} {often}"
    span = _number(high) if low == high or needed else f"{_number(low)} to {_number(high)}"
    return f"{needed}{span} {unit}/day"


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"
