"""A few orders whose answers are known: asked of the real screening in every run.

It notices what no law about counts can: a library that reckons otherwise after an upgrade, or a
setting of the surroundings that changes what is found. It takes a tenth of a second, much of it
to load what every run loads.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from screener.checks.bucket import screen_bucket
from screener.checks.daily_dose import DailyDose
from screener.checks.taken_together import TakenTogether
from screener.errors import RunBroke
from screener.rule.model import Rule, one_check
from screener.rule.values import DailyAmount, DrugSet
from screener.tables import Tables, typed_schema

BACLOFEN = DrugSet("baclofen by mouth", frozenset({"baclofen"}), frozenset({"by mouth"}))
LIMIT = DailyDose(of=BACLOFEN, more_than=DailyAmount(80_000, "80 mg/day"))
PAIR = TakenTogether(this=BACLOFEN, with_=DrugSet("diazepam", frozenset({"diazepam"})))
RULES = tuple(
    Rule(
        id=name,
        title=name,
        version=1,
        status="active",
        severity="high",
        flag_when=one_check(check, params),
        message="{value}",
    )
    for name, check, params in (
        ("above", "daily_dose", LIMIT),
        ("together", "taken_together", PAIR),
    )
)
FIRST = dt.date(2024, 2, 1)
AS_OF = dt.date(2024, 3, 31)
# patient, drug, tablets each time, times a day, as needed, first day after FIRST, days
ORDERS = (
    ("above", "Baclofen 20 mg tablets", 1.0, 5.0, False, 0, 28),
    ("at the limit", "Baclofen 20 mg tablets", 1.0, 4.0, False, 0, 28),
    ("over the leap day", "baclofen 10 mg tablets", 3.0, 3.0, False, 20, 14),
    ("as needed", "Lioresal 10 mg tablets", 3.0, 3.0, True, 0, 7),
    ("summed", "Baclofen 20 mg tablets", 1.0, 4.0, False, 0, 14),
    ("summed", "Baclofen 5 mg tablets", 0.5, 1.0, False, 0, 7),
    ("perhaps summed", "Baclofen 20 mg tablets", 1.0, 4.0, False, 0, 14),
    ("perhaps summed", "Baclofen 5 mg tablets", 0.5, 1.0, False, 7, 7),
    ("a pair", "Baclofen 10 mg tablets", 1.0, 3.0, False, 0, 28),
    ("a pair", "Diazepam 5 mg tablets", 1.0, 1.0, False, 10, 5),
    ("no pair", "Baclofen 10 mg tablets", 1.0, 3.0, False, 0, 10),
    ("no pair", "Diazepam 5 mg tablets", 1.0, 1.0, False, 10, 5),
)
# patient, rule, certainty, first and last day, value
ANSWERS = {
    ("above", "above", "definite", dt.date(2024, 2, 1), dt.date(2024, 2, 28), 100.0),
    ("over the leap day", "above", "definite", dt.date(2024, 2, 21), dt.date(2024, 3, 5), 90.0),
    ("as needed", "above", "possible", dt.date(2024, 2, 1), dt.date(2024, 2, 7), 90.0),
    ("summed", "above", "definite", dt.date(2024, 2, 1), dt.date(2024, 2, 7), 82.5),
    ("perhaps summed", "above", "possible", dt.date(2024, 2, 8), dt.date(2024, 2, 14), 82.5),
    ("a pair", "together", "definite", dt.date(2024, 2, 11), dt.date(2024, 2, 15), None),
}


def _orders() -> pl.DataFrame:
    schema = typed_schema("prescriptions")
    rows: list[dict[str, Any]] = []
    for number, (patient, drug, dose, times, prn, after, days) in enumerate(ORDERS, start=1):
        row: dict[str, Any] = {
            "prescription_id": str(number), "patient_id": patient, "drug": drug, "route": "oral",
            "form": "tablet", "dose_min": dose, "dose_unit": "tablet", "frequency_count": times,
            "frequency_period_days": 1.0, "prn": prn, "start_date": FIRST + dt.timedelta(after),
            "days_supply": days, "status": "active", "source_file": "known", "source_row": number,
        }  # fmt: skip
        rows.append(dict.fromkeys(schema) | row)
    return pl.DataFrame(rows, schema=schema)


def ask() -> str:
    """Screen the known orders, and say what was found. Raises RunBroke when it is anything else."""
    results = screen_bucket(Tables(prescriptions=_orders()), RULES, AS_OF)
    columns = ("patient_id", "rule_id", "certainty", "date", "end_date", "value")
    found = set(results.findings.select(columns).rows())
    if found != ANSWERS or results.findings.height != len(ANSWERS):
        raise RunBroke(
            f"Screening does not work here: of {len(ANSWERS)} findings that are known, "
            f"{len(found & ANSWERS)} were found, and {len(found - ANSWERS)} that are none.",
            fix="Install the locked packages, and take variables of polars out of the environment.",
        )
    return f"{len(ORDERS)} orders, {len(ANSWERS)} findings"
