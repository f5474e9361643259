"""Draws what surrounds the orders: the person, tests, conditions, stays, and buckets of patients.

Dates stand at or beside the edges of the patient's own orders (anchors): a birthday on the first
day, a death on the last day on which a refill would have been in time, a test 365 days before.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from tests.properties.classes import FAMILIES, family_orders
from tests.properties.strategies import (
    BASES,
    DAY,
    HORIZON,
    early_refills,
    order_lists,
    tapers,
    two_strengths,
)
from tests.reference.histories import ALWAYS, Bucket, History

Row = dict[str, Any]


def anchors(orders: list[Row]) -> list[dt.date]:
    """First and last days of all orders as recorded, in order of time."""
    days = set()
    for row in orders:
        supply = row.get("days_supply") or 28
        days |= {row["start_date"], row["start_date"] + (supply - 1) * DAY}
    return sorted(days)


def beside(days: list[dt.date], *offsets: int) -> st.SearchStrategy[dt.date]:
    """One of the days, moved by one of the offsets."""
    return st.builds(
        lambda day, offset: day + offset * DAY, st.sampled_from(days), st.sampled_from(offsets)
    )


def years_before(day: dt.date, years: int) -> dt.date:
    """The birth date of who completes that many years on the day (28 for 29 February)."""
    number = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year - years, day=number)


@st.composite
def persons(draw: st.DrawFn, days: list[dt.date]) -> Row:
    """One person; ages around 18 and 65, windows around 90 days, sometimes a death."""
    edge = draw(st.sampled_from(("no", "no", "old", "65", "65", "18", "leap 18", "leap 65", "92")))
    birth: dt.date | None = dt.date(1975, 6, 15)
    if "leap" in edge:
        birth = dt.date(2008 if "18" in edge else 1960, 2, 29)
    elif edge in {"65", "18"}:
        birth = years_before(draw(beside(days, 0, 1, -1, 5)), int(edge))
    elif edge in {"old", "92"}:
        birth = dt.date(1950 if edge == "old" else 1931, 1, 1)
    elif draw(st.integers(0, 5)) == 5:
        birth = None
    row: Row = {"birth_date": birth}
    row["weight_kg"] = draw(st.sampled_from((None, None, 72.0, 60.0, 60.1, 100.0)))
    row["sex"] = draw(st.sampled_from(("M", "F", "M", "F", "M", "F", None)))
    since = draw(st.sampled_from((400, 90, 89, 91, 30, None)))
    row["observation_start"] = None if since is None else days[0] - since * DAY
    until = draw(st.sampled_from((None,) * 5 + (0, 13, 14, 15, 16, 28)))
    row["observation_end"] = None if until is None else draw(beside(days, until))
    died = draw(st.sampled_from((None,) * 7 + (0, 14, 15, 16)))
    row["death_date"] = None if died is None else draw(beside(days, died))
    if draw(st.integers(0, 19)) == 19:
        row["listed"] = False  # the patients table has no row for this patient
    return row


def _test(analyte: str, value: float, unit: str | None, comparator: str | None = None) -> Row:
    return {"analyte": analyte, "value": value, "unit": unit, "comparator": comparator}


_PER_AREA = "mL/min/1.73m2"
RESULTS: tuple[Row, ...] = (
    _test("creatinine", 0.9, "mg/dL"),
    _test("creatinine", 1.35, "mg/dL"),
    _test("creatinine", 1.36, "mg/dL"),
    _test("creatinine", 2.4, "mg/dL"),
    _test("creatinine", 2.41, "mg/dL"),
    _test("creatinine", 114.6, "umol/L"),
    _test("creatinine", 480.0, "umol/L"),
    _test("creatinine", 0.25, "mmol/L"),
    _test("creatinine", 5.0, "mg/dL", ">"),
    _test("creatinine", 2.0, "mg/dL", "<"),
    _test("creatinine", 115.0, "mg/dL"),
    _test("creatinine", 0.9, None),
    _test("creatinine", 1.0, "furlong"),
    _test("egfr", 60.0, _PER_AREA),
    _test("egfr", 60.0, _PER_AREA, ">"),
    _test("egfr", 60.0, _PER_AREA, "<"),
    _test("egfr", 15.0, _PER_AREA),
    _test("egfr", 15.0, _PER_AREA, "<"),
    _test("egfr", 30.0, "mL/min", ">="),
    _test("egfr", 29.9, "mL/min", "<="),
    _test("egfr", 300.0, "mL/min"),
    _test("egfr", 45.0, _PER_AREA),
    _test("potassium", 4.1, "mmol/L"),
)
# Clearances of 50 and 30 mL/min at 72 kg (ages 48 and 74), and what rules about classes ask.
KIDNEY_RESULTS: tuple[Row, ...] = (
    _test("creatinine", 1.84, "mg/dL"),
    _test("creatinine", 1.32, "mg/dL"),
    _test("creatinine", 2.0, "mg/dL", ">"),
    _test("creatinine", 0.8, "mg/dL", "<"),
    _test("creatinine", 1.0, "mg/dL"),
    _test("creatinine", 2.2, "mg/dL"),
    _test("egfr", 45.0, _PER_AREA),
    _test("egfr", 45.0, _PER_AREA, ">"),
    _test("egfr", 15.0, _PER_AREA),
    _test("weight", 60.0, "kg"),
    _test("weight", 72_000.0, "g"),
    _test("weight", 220.0, "lb"),
    _test("weight", 11.0, "stone"),
)
LITHIUM_RESULTS: tuple[Row, ...] = (
    _test("lithium", 0.8, "mmol/L"),
    _test("lithium", 0.8, "mmol/L", ">"),
    _test("serum lithium", 0.4, "mEq/L"),
    _test("Lithium", 1.2, None),
)
SALTS: tuple[Row, ...] = (
    _test("potassium", 5.0, "mmol/L"),
    _test("potassium", 5.0, "mEq/L", "<"),
    _test("potassium", 3.5, "mmol/L"),
    _test("potassium", 3.5, "mmol/L", "<"),
    _test("potassium", 4.9, "mmol / L", ">"),
    _test("potassium", 5.5, "mg/dL"),
)
MORE_RESULTS: dict[str, tuple[Row, ...]] = {
    "lithium": (*LITHIUM_RESULTS, *LITHIUM_RESULTS, *SALTS, *KIDNEY_RESULTS[:6]),
    "kidneys": (*KIDNEY_RESULTS, *LITHIUM_RESULTS),
}
ALL_RESULTS = (*KIDNEY_RESULTS, *LITHIUM_RESULTS, *SALTS)
DISEASES = ("dialysis", "Dialysis", "epilepsy", "Epilepsy", "alcohol dependence")


STAYS = {"ends", "tapers", "opioids", "sedatives"}


@st.composite
def family_results(draw: st.DrawFn, days: list[dt.date], family: str) -> list[Row]:
    """Up to 6 results of the tests that rules about classes ask for; one weight a day."""
    rows: list[Row] = []
    for _ in range(draw(st.sampled_from((3, 5, 2, 1, 6, 0)))):
        near = (0, 7, 14, -1, 8, 15, 0, 7, 14, -1, 8, 15, -14, 45)
        when = draw(beside(days, *near, -10, -30, -60, -90, -364, -365, -366))
        row = draw(st.sampled_from(MORE_RESULTS.get(family, ALL_RESULTS))) | {"date": when}
        if row["analyte"] != "weight" or all(
            (other["analyte"], other["date"]) != ("weight", when) for other in rows
        ):
            rows.append(row)
    return rows


@st.composite
def histories(draw: st.DrawFn, base: dt.date, theme: str) -> History:
    """One patient with everything around the orders."""
    shapes = {
        "refills": early_refills(base),
        "strengths": two_strengths(base),
        "tapers": tapers(base),
    }
    shapes |= {family: family_orders(base, family) for family in FAMILIES}
    share = 6 if theme == "partners" else 2
    orders = draw(shapes.get(theme, order_lists(base, share)))
    days = anchors(orders)
    history = History(orders, draw(persons(days)))
    for _ in range(draw(st.integers(1, 3) if theme == "kidney" else st.integers(0, 1))):
        when = draw(beside(days, -10, -364, -365, -366, -400, 0, 1, -179, -180, -181))
        history.labs.append(draw(st.sampled_from(RESULTS)) | {"date": when})
    if theme in FAMILIES:
        history.labs += draw(family_results(days, theme))
    if theme in {"kidney", *FAMILIES} and draw(st.integers(0, 3)) == 3:
        start = draw(beside(days, 0, -30, 1, 5))
        end = draw(st.sampled_from((None, start + 10 * DAY, start)))
        known = ("dialysis", "Dialysis", "asthma") if theme == "kidney" else DISEASES
        name = draw(st.sampled_from(known))
        history.conditions.append({"condition": name, "start_date": start, "end_date": end})
    for _ in range(draw(st.sampled_from((0, 0, 1, 2))) if theme in STAYS else 0):
        start = draw(beside(days, 1, 2, 0, 14, 15, 16, -3))
        end = draw(st.sampled_from((None, start, start + 1 * DAY, start + 14 * DAY)))
        history.admissions.append({"start_date": start, "end_date": end})
    return history


@st.composite
def buckets(draw: st.DrawFn, *themes: str) -> Bucket:
    """1 to 12 patients who are screened together, and the last day of the data."""
    base = draw(st.sampled_from(BASES))
    one = st.sampled_from(themes).flatmap(lambda theme: histories(base, theme))
    most = draw(st.sampled_from((1, 6, 9, 12)))  # left alone, lists come out at two patients
    drawn = draw(st.lists(one, min_size=most, max_size=most))
    absent = draw(st.sampled_from((None,) * 12 + tuple(sorted(ALWAYS))))
    supplied = ALWAYS - {absent} if absent else ALWAYS
    seen = [(f"P{n}", name) for n in range(most) for name in ("lithium", "creatinine")]
    somewhere = st.lists(st.sampled_from(seen), unique=True).map(frozenset)
    tests_seen = draw(st.one_of(st.none(), somewhere, st.just(frozenset(seen))))
    return Bucket(drawn, base + HORIZON * DAY, supplied, tests_seen)
