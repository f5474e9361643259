"""Which rows of `prescriptions` count (docs/timeline.md, section 1), one row after the other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tests.reference.tapers import is_later_phase, phases_beside

NOT_COUNTED = {
    "cancelled", "canceled", "enteredinerror", "draft", "onhold", "nottaken", "declined",
    "intended",
}  # fmt: skip
ACTIVE = {
    "", "active", "completed", "stopped", "ended", "finished", "inprogress", "dispensed", "final",
}  # fmt: skip

# Columns in which capital letters make no difference between two rows.
ANY_CASE = ("strength_unit", "strength_per_unit", "dose_unit", "route", "form", "status")

Flag = tuple[str, dt.date]


@dataclass(slots=True)
class RowClass:
    """What became of one row: used, excluded, duplicate or superseded, and why it was excluded."""

    order: dict[str, Any]
    row_class: str
    reason: str | None = None


def patient_last_day(patient: dict[str, Any], as_of: dt.date) -> dt.date:
    """The earliest of `as_of`, the patient's observation end and death."""
    ends = [as_of, patient.get("observation_end"), patient.get("death_date")]
    return min(day for day in ends if day is not None)


def classify(
    orders: list[dict[str, Any]], birth: dt.date | None, last_day: dt.date
) -> tuple[list[RowClass], set[Flag]]:
    """Every row with its class, in file order, and the flags that rows themselves raise."""
    seen: list[dict[str, Any]] = []
    rows: list[RowClass] = []
    flags: set[Flag] = set()
    newest = _newest_versions(orders)
    for order in orders:
        if any(
            _version(row) < newest[row["patient_id"], row["prescription_id"]]
            for row in phases_beside(order, orders)
        ):
            rows.append(RowClass(order, "superseded"))
            continue
        later = is_later_phase(order, orders)
        row = _classify_one(order, seen, birth, last_day, flags, later_phase=later)
        rows.append(row)
        seen.append(_content(order))
    return rows, flags


def _version(order: dict[str, Any]) -> str:
    text = (order.get("version") or "").strip()
    return "0" * (24 - len(text)) + text if text.isdecimal() else text


def _newest_versions(orders: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    newest: dict[tuple[str, str], str] = {}
    for order in orders:
        key = (order["patient_id"], order["prescription_id"])
        newest[key] = max(newest.get(key, ""), _version(order))
    return newest


def _classify_one(
    order: dict[str, Any],
    seen: list[dict[str, Any]],
    birth: dt.date | None,
    last_day: dt.date,
    flags: set[Flag],
    *,
    later_phase: bool,
) -> RowClass:
    start, stop = order["start_date"], order["stop_date"]
    status = (order["status"] or "").lower()
    for mark in " _-":
        status = status.replace(mark, "")
    if status in NOT_COUNTED:
        return RowClass(order, "excluded", "status")
    if status not in ACTIVE:
        flags.add(("unknown-status", start))
    if order["dispensed"] is False:
        return RowClass(order, "excluded", "not_dispensed")
    if _content(order) in seen:
        flags.add(("duplicate-row", start))
        return RowClass(order, "duplicate")
    if later_phase and ((stop is not None and stop <= start) or start > last_day):
        return RowClass(order, "excluded", "zero_length")
    before_birth = birth is not None and start < birth
    if (stop is not None and stop < start) or before_birth or start > last_day:
        flags.add(("impossible-date", start))
        return RowClass(order, "excluded", "impossible_date")
    if stop == start or order["days_supply"] == 0:
        return RowClass(order, "excluded", "zero_length")
    return RowClass(order, "used")


def _content(order: dict[str, Any]) -> dict[str, Any]:
    """Everything that makes two rows the same order but its id, version and place."""
    apart = ("prescription_id", "version", "source_file", "source_row")
    content = {name: value for name, value in order.items() if name not in apart}
    for name in ANY_CASE:
        content[name] = None if content[name] is None else content[name].lower()
    if content["strength_value"] is not None:
        parts = content["strength_value"].split("/")
        content["strength_value"] = [_as_number(part.strip()) for part in parts]
    return content


def _as_number(text: str) -> float | str:
    return float(text) if text.replace(".", "", 1).isdigit() else text
