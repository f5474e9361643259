"""Invented orders in one line each, for the drawn tables of these tests.

"20x3 from 0 for 28" is 20 mg tablets, one three times a day, from day 0 for 28 days. Words may
follow: `take 2` (tablets each time), `prn`, `stop 14`, `replaces 1`, `liquid`, `id 1`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from screener.rule.values import DrugSet
from screener.tables import Tables, day_number, typed_schema
from screener.timeline import Timeline, build

START = dt.date(2024, 1, 1)
BY_MOUTH = DrugSet("baclofen by mouth", frozenset({"baclofen"}), frozenset({"by mouth"}))


def on(day: int) -> dt.date:
    """The date of a day counted from START."""
    return START + dt.timedelta(days=day)


def order(text: str, number: int) -> dict[str, Any]:
    """One canonical prescriptions row."""
    words = text.split()
    strength, times = words[0].split("x")
    row: dict[str, Any] = {
        "prescription_id": str(number), "patient_id": "P", "drug": "baclofen", "route": "oral",
        "form": "tablet", "strength_value": strength, "strength_unit": "mg",
        "strength_per_value": 1.0, "strength_per_unit": "tablet", "dose_min": 1.0,
        "dose_unit": "tablet", "frequency_count": float(times), "frequency_period_days": 1.0,
        "prn": False,
    }  # fmt: skip
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "from":
                row["start_date"] = on(int(next(rest)))
            case "for":
                row["days_supply"] = int(next(rest))
            case "take":
                row["dose_min"] = float(next(rest))
            case "stop":
                row["stop_date"] = on(int(next(rest)))
            case "replaces":
                row["replaces"] = next(rest)
            case "prn":
                row["prn"] = True
            case "granules":
                row["form"] = "granules"
            case _:
                raise ValueError(word)
    return row


def table(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """A typed canonical table from rows that name only the columns they fill."""
    schema = typed_schema(name)
    full = [
        {c: row.get(c) for c in schema}
        | {"source_file": f"{name}.csv", "source_row": number}
        for number, row in enumerate(rows, 1)
    ]  # fmt: skip
    return pl.DataFrame(full, schema=schema, orient="row")


def timeline_of(
    *orders: str | dict[str, Any], until: int = 400, tables: dict[str, Any] | None = None
) -> Timeline:
    """The timeline of one patient with these orders, watched from day -400 to day `until`."""
    rows = [order(o, n) if isinstance(o, str) else o for n, o in enumerate(orders, 1)]
    patient = {
        "patient_id": "P", "birth_date": dt.date(1975, 6, 15), "sex": "M",
        "observation_start": on(-400), "observation_end": on(until),
    }  # fmt: skip
    others = {name: table(name, given) for name, given in (tables or {}).items()}
    return build(
        Tables(
            table("prescriptions", rows), **{"patients": table("patients", [patient]), **others}
        ),
        on(until),
    )


def doses(timeline: Timeline, drugs: DrugSet = BY_MOUTH) -> list[tuple[int, int, float, float]]:
    """Runs of days with their daily dose in mg: (first day, last day, low, high)."""
    first = day_number(START)
    merged: list[tuple[int, int, float, float]] = []
    for run in timeline.steps(drugs).iter_rows(named=True):
        low, high = run["sched_low"] / 1000, (run["sched_high"] + run["prn_high"]) / 1000
        begin, end = run["from_day"] - first, run["to_day"] - first
        if merged and merged[-1][1] + 1 == begin and merged[-1][2:] == (low, high):
            merged[-1] = (merged[-1][0], end, low, high)
        else:
            merged.append((begin, end, low, high))
    return merged


def flags(timeline: Timeline) -> list[tuple[str, int]]:
    """Data flags with their day counted from START."""
    first = day_number(START)
    rows = timeline.flags.select("flag", "day").sort("flag", "day").rows()
    return [(flag, day - first) for flag, day in rows]


__all__ = ["BY_MOUTH", "doses", "flags", "on", "order", "table", "timeline_of"]
