"""Draws orders of several drugs of one class, whose edges touch each other's.

A family is a handful of drugs that the rules about classes look at together; its first few are
the ones that the rules are about. Doses stand on and beside the limits of `rules_of_checks`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from tests.properties.strategies import (
    AS_NEEDED,
    DAY,
    FENTANYL,
    GAPS,
    OWN,
    SUPPLIES,
    Row,
    defects,
    order_fates,
)


def _tablets(drug: str, mg: str, *times: float, form: str | None = "tablet", **more: Any) -> Row:
    unit = form if form in {"tablet", "capsule"} else "tablet"
    return {
        "drug": drug,
        "route": "oral",
        "form": form,
        "strength_value": mg,
        "strength_unit": "mg",
        "strength_per_value": 1.0,
        "strength_per_unit": unit,
        "dose_unit": unit,
        "dose_min": 1.0,
        "frequency_count": times,  # one of them is drawn
        "frequency_period_days": 1.0,
        "prn": False,
        **more,
    }


_PATCH: Row = {"route": "transdermal", "form": "patch", "strength_unit": "mcg"}
_PATCH |= {"strength_per_unit": "patch", "dose_unit": "patch", "frequency_period_days": 3.0}
SLOW = "modified-release tablet"
WEEK: Row = {"frequency_period_days": 7.0}

OPIOIDS: tuple[Row, ...] = (
    _tablets("morphine", "10", 2.0, 2.0, 6.0, 4.0, 1.0),
    _tablets("morphine", "30", 1.0, 2.0, form=SLOW),
    _tablets("oxycodone", "10", 2.0, 2.0, 4.0, 1.0),
    _tablets("oxycodone", "20", 1.0, 2.0, form=SLOW),
    _tablets("codeine", "30", 4.0, 8.0),
    _tablets("co-codamol", "30/500", 4.0, dose_min=2.0),
    _tablets("tramadol", "50", 2.0, 4.0, form="capsule"),
    _tablets("fentanyl", "25", 1.0, **_PATCH),
    _tablets("fentanyl", "12", 1.0, **_PATCH),
)
SEDATIVES: tuple[Row, ...] = (
    _tablets("zolpidem", "10", 1.0, 0.5),
    _tablets("zolpidem", "12.5", 1.0, form=SLOW),
    _tablets("morphine", "10", 2.0, 2.0, 4.0, 6.0),
    _tablets("diazepam", "5", 1.0, 3.0),
    _tablets("zolpidem", "5", 1.0, 2.0, form=None),
    _tablets("diazepam", "10", 2.0, 3.0),
    _tablets("clonazepam", "2", 1.0, 2.0),
    _tablets("gabapentin", "300", 1.0, 1.0, 3.0, form="capsule"),
    _tablets("pregabalin", "75", 2.0, 4.0, form="capsule"),
)
LITHIUM: tuple[Row, ...] = (
    _tablets("lithium", "400", 1.0, 2.0),
    _tablets("lithium", "400", 1.0, form=SLOW),
    _tablets("lisinopril", "10", 1.0),
    _tablets("furosemide", "40", 1.0),
    _tablets("ibuprofen", "400", 3.0),
)
KIDNEY: tuple[Row, ...] = (
    _tablets("methotrexate", "2.5", 1.0, 2.0, 3.0, dose_min=4.0, **WEEK),
    _tablets("methotrexate", "2.5", 1.0),
    _tablets("methotrexate", "10", 1.0, **WEEK),
    _tablets("gabapentin", "300", 1.0, 1.0, 3.0, form="capsule"),
    _tablets("pregabalin", "75", 2.0, 4.0, form="capsule"),
    _tablets("lithium", "400", 1.0, 2.0),
)
BLEEDING: tuple[Row, ...] = (
    _tablets("ibuprofen", "400", 1.0, 3.0),
    _tablets("naproxen", "500", 2.0),
    _tablets("omeprazole", "20", 1.0, form="capsule"),
    _tablets("warfarin", "3", 1.0),
    _tablets("lisinopril", "10", 1.0),
    _tablets("furosemide", "40", 1.0),
)
FAMILIES = {
    "opioids": OPIOIDS,
    "sedatives": SEDATIVES,
    "lithium": LITHIUM,
    "kidneys": KIDNEY,
    "bleeding": BLEEDING,
}
LEADING = {"opioids": 4, "sedatives": 4, "lithium": 2, "kidneys": 4, "bleeding": 2}


@st.composite
def products(draw: st.DrawFn, menu: tuple[Row, ...]) -> Row:
    """One product of a family, with all of its frequencies."""
    row = dict(draw(st.sampled_from(menu)))
    if row["form"] == "patch":
        row |= draw(st.sampled_from(FENTANYL))
    elif draw(st.integers(0, 15)) == 15:  # nobody knows how it was given
        row |= {"route": None, "form": None, "dose_unit": "mg", "dose_min": 10.0}
    return row


@st.composite
def family_orders(draw: st.DrawFn, base: dt.date, family: str) -> list[Row]:
    """2 to 7 orders of two to four products; each begins at an edge of an earlier one."""
    one, more = FAMILIES[family][: LEADING[family]], FAMILIES[family]
    menu = [draw(products(one)), *(draw(products(more)) for _ in range(draw(st.integers(1, 3))))]
    orders: list[Row] = []
    latest: dict[int, tuple[dt.date, int]] = {}  # product -> start and supply of its last order
    for number in range(draw(st.sampled_from((4, 5, 6, 7, 3, 2)))):
        which = draw(st.integers(0, len(menu) - 1))
        supply = draw(st.sampled_from(SUPPLIES))
        row = {k: v for k, v in menu[which].items() if k not in OWN} | {"days_supply": supply}
        if row["frequency_count"]:
            row["frequency_count"] = draw(st.sampled_from(row["frequency_count"]))
        others = [run for n, run in sorted(latest.items()) if n != which]
        how = draw(st.sampled_from(("refill", "refill", "refill", "beside", "beside", "new")))
        if how == "refill" and which in latest:
            start = latest[which][0] + (latest[which][1] + draw(st.sampled_from(GAPS))) * DAY
        elif how == "beside" and others:
            begun, days = draw(st.sampled_from(others))
            edge = draw(st.sampled_from((0, days - 1, days, 1 - supply, days - 2, 5, 14, 28)))
            start = begun + edge * DAY
        else:
            start = base + draw(st.sampled_from((0, 0, 0, 1, 3, 28, 60, 91, 100, 150))) * DAY
        row["start_date"] = start
        if draw(st.booleans()):
            row |= draw(defects(row))
            row |= draw(order_fates(number, start, supply))
        if "stop_after" in row:
            row["stop_date"] = start + row.pop("stop_after") * DAY
        if draw(st.integers(0, 6)) == 6 and row["dose_unit"] != "patch":
            row |= draw(st.sampled_from(AS_NEEDED))
        orders.append(row)
        latest[which] = (start, row["days_supply"] or supply)
    return orders
