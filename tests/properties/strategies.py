"""Draws orders whose days fall where mistakes are made: edges, overlaps, refills, month ends.

Offsets are days from a base that stands before a month end or 29 February. At most one thing is
wrong with a dose, so that a disagreement between the engines is about one reading only.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]
DAY = dt.timedelta(days=1)
BASES = (
    dt.date(2024, 1, 29),
    dt.date(2023, 12, 4),
    dt.date(2024, 2, 26),
    dt.date(2023, 2, 25),
    dt.date(2024, 8, 30),
)
HORIZON = 190  # days from the base to as_of

TABLETS = ("20", "10", "5", "20.0")
GAPS = (0, 0, -1, -3, -5, -6, -7, -8, -9, -14, 1, 2, 3, 6, 13, 14, 15, 16, 27, 28, 29, 45)
SUPPLIES = (28, 28, 28, 14, 7, 56, 30, 3, 1, 2, 35, 84, 120)
PARTNERS = (
    "oxycodone", "diazepam", "co-codamol", "fentanyl", "tizanidine", "lisinopril", "furosemide",
    "cetirizine", "diclofenac", "Somnotranq Forte", "disulfiram",
)  # fmt: skip
DEFECTS = (
    "range", "range", "no dose", "no dose but a quantity", "no frequency", "no unit",
    "unknown unit", "unit that does not fit", "missing period", "largest below smallest",
    "largest is nothing",
    "days from the quantity", "no length", "length from the stop",
)  # fmt: skip


def _tablet(strength: str) -> Row:
    return {
        "drug": "baclofen",
        "route": "oral",
        "form": "tablet",
        "strength_value": strength,
        "strength_unit": "mg",
        "strength_per_value": 1.0,
        "strength_per_unit": "tablet",
        "dose_unit": "tablet",
        "dose_min": 1.0,
        "frequency_count": 3.0,
        "frequency_period_days": 1.0,
        "prn": False,
    }


@st.composite
def baclofen_products(draw: st.DrawFn) -> Row:
    """Drug, strength and sig of a baclofen order; mostly tablets."""
    row = _tablet(draw(st.sampled_from(TABLETS)))
    row["dose_min"] = draw(st.sampled_from((1.0, 1.0, 1.0, 2.0, 0.5, 1.5)))
    row["frequency_count"] = draw(st.sampled_from((3.0, 3.0, 4.0, 2.0, 1.0)))
    kind = draw(st.sampled_from(("tablet",) * 8 + ("odd tablet", "liquid", "packet", "pump")))
    if kind == "odd tablet":
        row |= draw(
            st.sampled_from(
                (
                    {"drug": "Baclofen 20mg tablets", "route": None, "form": None},
                    {"drug": "BACLOFEN TAB 5 MG", "form": None},
                    {"dose_unit": "mg", "dose_min": 26.67},
                    {"dose_unit": "mg", "dose_min": 15.01},
                    {"strength_value": "10000", "strength_unit": "mcg"},
                    {"frequency_count": 1.0, "frequency_period_days": 2.0, "dose_min": 2.0},
                    {"frequency_count": 1.0, "frequency_period_days": 3.0},
                    {"frequency_count": 1.0, "frequency_period_days": 2.0, "dose_min": 0.333}
                    | {"dose_unit": "mg"},
                )
            )
        )
    elif kind == "liquid":
        row |= {"form": "oral solution", "dose_unit": "mL", "strength_per_unit": "mL"}
        row |= draw(
            st.sampled_from(
                (
                    {"strength_value": "5", "strength_per_value": 5.0, "dose_min": 10.0},
                    {"strength_value": "5", "strength_per_value": 5.0, "dose_min": 20.0},
                    {"strength_value": "25", "strength_per_value": 5.0, "dose_min": 15.0},
                    {"strength_value": "5", "strength_per_value": None, "dose_min": 10.0},
                    {
                        "strength_value": None,
                        "strength_unit": None,
                        "strength_per_value": None,
                        "strength_per_unit": None,
                        "dose_min": 10.0,
                    },
                )
            )
        )
    elif kind == "packet":
        row |= {"drug": "Lyvispah", "form": "granules", "strength_per_unit": "packet"}
        row |= {"dose_unit": "packet"}
    elif kind == "pump":
        row |= {"route": "intrathecal", "form": "pump", "strength_per_unit": "mL"}
        row |= {"strength_value": "2000", "strength_unit": "mcg", "frequency_count": 1.0}
        row |= draw(
            st.sampled_from(
                (
                    {"dose_min": 300.0, "dose_unit": "mcg"},
                    {"dose_min": 1000.0, "dose_unit": "mcg"},
                    {"dose_min": 1000.1, "dose_unit": "mcg"},
                    {"dose_min": 0.3, "dose_unit": "mg"},
                    {
                        "dose_min": 10.0,
                        "dose_unit": "mg",
                        "route": "injection",
                        "form": "injection",
                    },
                    {"dose_min": 10.0, "dose_unit": "mg", "route": None, "form": "injection"},
                )
            )
        )
    return row


@st.composite
def partner_products(draw: st.DrawFn) -> Row:
    """Another drug, as its orders usually look."""
    drug = draw(st.sampled_from(PARTNERS))
    row = _tablet("5") | {"drug": drug, "frequency_count": draw(st.sampled_from((1.0, 4.0)))}
    if drug == "co-codamol":
        row |= {"strength_value": "30/500", "dose_min": 2.0}
    elif drug == "fentanyl":
        row |= {"route": "transdermal", "form": "patch", "strength_value": "25"}
        row |= {"strength_unit": "mcg", "strength_per_unit": "patch", "dose_unit": "patch"}
        row |= {"frequency_count": 1.0, "frequency_period_days": 3.0}
        row |= draw(st.sampled_from(FENTANYL))
    elif drug == "diclofenac":
        row |= {"route": draw(st.sampled_from(("topical", None))), "form": "gel"}
        row |= {"dose_unit": "application", "strength_value": "1"}
    elif drug == "diazepam":
        row |= {"route": draw(st.sampled_from(("oral", "oral", "rectal", "buccal", "nasal")))}
    elif drug in {"oxycodone", "tizanidine", "lisinopril"} and draw(st.integers(0, 7)) == 7:
        row |= {"route": None, "form": None, "dose_unit": "mg", "dose_min": 5.0}
    return row


@st.composite
def defects(draw: st.DrawFn, row: Row) -> Row:
    """At most one thing that makes the dose or the length hard to read."""
    if row["dose_unit"] in {"patch", "application"} or draw(st.integers(0, 4)) < 4:
        return {}
    changes: dict[str, Row] = {
        "range": {"dose_max": row["dose_min"] * 2},
        "no dose": {"dose_min": None, "sig": draw(st.sampled_from(("as discussed", "taper")))},
        "no dose but a quantity": {"dose_min": None, "quantity": 112.0, "sig": "as directed"},
        "no frequency": {"frequency_count": None, "frequency_period_days": None},
        "no unit": {"dose_unit": None},
        "unknown unit": {"dose_unit": "spoonful"},
        "unit that does not fit": {"dose_unit": "mL"},
        "missing period": {"frequency_period_days": None},
        "largest below smallest": {"dose_max": row["dose_min"] / 2},
        "largest is nothing": {"dose_max": 0.0, "quantity": draw(st.sampled_from((None, 56.0)))},
        "days from the quantity": {"days_supply": None, "quantity": 84.0},
        "no length": {"days_supply": None},
        "length from the stop": {"days_supply": None, "stop_after": 20},
    }
    defect = draw(st.sampled_from(DEFECTS))
    if "unit" in defect and (row["dose_unit"] == "mL" or row["strength_unit"] == "mcg"):
        defect = "range"
    return changes[defect]


@st.composite
def order_fates(draw: st.DrawFn, number: int, start: dt.date, supply: int) -> Row:
    """Status, dispensing, stop date and links; mostly nothing."""
    fate = draw(st.sampled_from(("",) * 9 + ("status", "dispensed", "stop", "stop", "replaces")))
    if fate == "status":
        words = ("cancelled", "Entered in Error", "on_hold", "mystery", "completed", "stopped")
        return {"status": draw(st.sampled_from(words))}
    if fate == "dispensed":
        return {"dispensed": draw(st.booleans())}
    if fate == "stop":
        offset = draw(st.sampled_from((supply, supply - 1, 10, 1, 0, -1, supply + 5, 40)))
        return {"stop_date": start + offset * DAY, "status": "stopped"}
    if fate == "replaces" and number:
        return {"replaces": draw(st.integers(0, number - 1))}
    return {}


@st.composite
def order_lists(draw: st.DrawFn, base: dt.date, partner_share: int) -> list[Row]:
    """1 to 7 orders; each starts at an edge of the one before, or afresh."""
    orders: list[Row] = []
    latest: dict[bool, tuple[Row, dt.date, int]] = {}  # baclofen or not -> row, start, supply
    for number in range(draw(st.integers(1, 7))):
        baclofen = draw(st.integers(0, 9)) >= partner_share
        how = draw(st.sampled_from(("refill", "refill", "refill", "edge", "edge", "same", "new")))
        supply = draw(st.sampled_from(SUPPLIES))
        before = latest.get(baclofen)
        other = latest.get(not baclofen)
        if other is not None and how in {"edge", "new"} and not draw(st.booleans()):
            ends, begins = other[1] + (other[2] - 1) * DAY, other[1] - (supply - 1) * DAY
            start = draw(st.sampled_from((ends, begins, other[1], ends + DAY, ends - DAY)))
        elif before is None or how == "new":
            start = base + draw(st.sampled_from((0, 0, 1, 2, 3, 5, 27, 28, 60, 100, 191))) * DAY
        elif how == "same":
            start = before[1] + draw(st.sampled_from((0, 0, 1, 2, 3, 4, 7, 14))) * DAY
        else:
            start = before[1] + (before[2] + draw(st.sampled_from(GAPS))) * DAY
        if before is not None and how == "refill":
            row = {k: v for k, v in before[0].items() if k not in OWN}
            row["days_supply"] = draw(st.sampled_from((before[2], before[2], supply)))
        else:
            row = draw(baclofen_products() if baclofen else partner_products())
            row["days_supply"] = supply
            row |= draw(defects(row))
        row["start_date"] = start
        row |= draw(order_fates(number, start, supply))
        if "stop_after" in row:
            row["stop_date"] = start + row.pop("stop_after") * DAY
        if row["dose_unit"] in {"tablet", "mcg"} and draw(st.integers(0, 7)) == 7:
            row |= draw(st.sampled_from(AS_NEEDED))
        orders.append(row)
        latest[baclofen] = (row, start, row["days_supply"] or 28)
        if draw(st.integers(0, 15)) == 15:
            column = draw(st.sampled_from((None, "route", "form", "dose_unit", "strength_unit")))
            capitals = {column: row[column].upper()} if column and row[column] else {}
            orders.append(row | capitals)  # the same row exported twice
    return orders[:7]


OWN = ("start_date", "status", "dispensed", "stop_date", "replaces")
FENTANYL: tuple[Row, ...] = (
    {},
    {},
    {"strength_unit": "mcg/h"},
    {"strength_unit": "mg"},
    {"route": "topical"},
    {"frequency_count": None, "frequency_period_days": None},
    {"dose_min": None, "quantity": 10.0, "sig": "as directed"},
    {"dose_unit": "mcg", "dose_min": 25.0},
)
AS_NEEDED: tuple[Row, ...] = (
    {"prn": True, "max_doses_per_day": 3.0},
    {"prn": True, "max_doses_per_day": None},
    {"prn": True, "max_doses_per_day": None, "frequency_count": None},
)


@st.composite
def early_refills(draw: st.DrawFn, base: dt.date) -> list[Row]:
    """Seven fills of one supply, each some days early: what is left over adds up."""
    early = draw(st.sampled_from((7, 6, 5, 3, 0, 8)))
    row = _tablet("10") | {"days_supply": 28, "dose_min": draw(st.sampled_from((1.0, 2.0)))}
    return [row | {"start_date": base + n * (28 - early) * DAY} for n in range(7)]


@st.composite
def two_strengths(draw: st.DrawFn, base: dt.date) -> list[Row]:
    """Two strengths, each filled two or three times, with gaps around 14 days within a chain."""
    orders = []
    for strength, first in (("20", 0), ("5", draw(st.sampled_from((0, 1, 3, 10, 28, 29, 42))))):
        start = first
        for _ in range(draw(st.integers(1, 3))):
            row = _tablet(strength) | {"days_supply": 28, "start_date": base + start * DAY}
            orders.append(row)
            start += 28 + draw(st.sampled_from((0, 13, 14, 15, 16, -3, 1)))
    return orders


@st.composite
def tapers(draw: st.DrawFn, base: dt.date) -> list[Row]:
    """One step after the other without a gap; steps of 5 to 8 days, and the 60 days before."""
    orders: list[Row] = []
    start = base
    for _ in range(draw(st.integers(1, 4))):
        days = draw(st.sampled_from((30, 29, 7, 6, 8, 5, 52, 53, 54, 59, 60, 61, 1)))
        strength = draw(st.sampled_from(("20", "5", "10")))
        times = draw(st.sampled_from((3.0, 4.0, 2.0, 1.0)))
        row = _tablet(strength) | {"days_supply": days, "start_date": start}
        row |= {"frequency_count": times, "dose_min": draw(st.sampled_from((1.0, 1.5, 1.0)))}
        row |= draw(st.sampled_from(({}, {}, {}, {}, {"dose_min": None}, {"dose_max": 3.0})))
        orders.append(row)
        start += days * DAY
    return orders
