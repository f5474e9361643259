"""The words of the invented clinic: a patient, one way of taking a drug, and its refills.

Nothing here knows a rule. A `taking` is the dose columns of one order; `refill` turns it into
orders; ids are given at the end, when the whole clinic is known.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

Taking = dict[str, str]

FIRST_DAY = dt.date(2025, 5, 1)  # the export begins here
LAST_DAY = dt.date(2026, 10, 31)  # as_of of the demo
SITES = {
    "north": ("PR-01", "PR-02", "PR-03", "PR-04"),
    "south": ("PR-05", "PR-06", "PR-07", "PR-08"),
    "east": ("PR-09", "PR-10", "PR-11", "PR-12"),
}
HOW_OFTEN = {1: "once a day", 2: "twice a day", 3: "3 times a day", 4: "4 times a day"}


@dataclass
class Patient:
    """One invented patient while the clinic is being made; dates are dates, amounts text."""

    rng: random.Random
    site: str
    prescriber: str
    birth: dt.date
    sex: str
    weight: float
    height: int
    creatinine: float  # mg/dL
    watched_from: dt.date = FIRST_DAY
    watched_to: dt.date = LAST_DAY
    died: dt.date | None = None
    listed_birth: bool = True
    listed_sex: bool = True
    listed_weight: bool = True
    tested: bool = True
    lab_results: list[tuple[dt.date, str, str, str, str]] = field(default_factory=list)
    orders: list[tuple[dt.date, Taking]] = field(default_factory=list)
    conditions: list[tuple[str, dt.date, dt.date | None]] = field(default_factory=list)
    admissions: list[tuple[dt.date, dt.date | None]] = field(default_factory=list)


def day(number: int) -> dt.date:
    """The date so many days after the export's first day."""
    return FIRST_DAY + dt.timedelta(days=number)


def plain(number: float) -> str:
    """1, 0.5, 26.67: a number as an export writes it."""
    return f"{number:g}"


def tablets(
    drug: str,
    strength: str,
    each: float,
    times: float,
    *,
    unit: str = "mg",
    form: str = "tablet",
    every: int = 1,
    up_to: float | None = None,
) -> Taking:
    """So many tablets (or capsules, packets) each time; `up_to` is the highest number."""
    number = plain(each) if up_to is None else f"{plain(each)} to {plain(up_to)}"
    often = HOW_OFTEN.get(int(times), f"{plain(times)} times a day")
    if every > 1:
        often = "once a week" if every == 7 else f"{plain(times)} times in {every} days"
    return {
        "drug": drug,
        "route": "oral",
        "form": form,
        "strength_value": strength,
        "strength_unit": unit,
        "strength_per_value": "1",
        "strength_per_unit": form,
        "dose_min": plain(each),
        "dose_max": "" if up_to is None else plain(up_to),
        "dose_unit": form,
        "frequency_count": plain(times),
        "frequency_period_days": str(every),
        "prn": "no",
        "status": "active",
        "sig": f"Take {number} {form} {often}",
    }


def baclofen(patient: Patient, strength: int, each: float, times: float) -> Taking:
    """Baclofen tablets, named the way the patient's site names them."""
    names = {
        "north": f"Baclofen {strength} mg tablets",
        "south": f"BACLOFEN TAB {strength} MG",
        "east": "baclofen" if patient.rng.random() < 0.8 else "Lioresal",
    }
    taking = tablets(names[patient.site], str(strength), each, times)
    if patient.site == "north":
        taking |= {"drug_code": "1292", "drug_code_system": "rxnorm"}
    return taking


def liquid(drug: str, mg: float, per_ml: float, each_ml: float, times: float) -> Taking:
    """An oral liquid, dosed in mL; its strength is mg in so many mL."""
    return {
        "drug": drug,
        "route": "oral",
        "form": "oral solution",
        "strength_value": plain(mg),
        "strength_unit": "mg",
        "strength_per_value": plain(per_ml),
        "strength_per_unit": "mL",
        "dose_min": plain(each_ml),
        "dose_unit": "mL",
        "frequency_count": plain(times),
        "frequency_period_days": "1",
        "prn": "no",
        "status": "active",
        "sig": f"Take {plain(each_ml)} mL {HOW_OFTEN[int(times)]}",
    }


def pump(dose: str, unit: str = "mcg") -> Taking:
    """Baclofen by an intrathecal pump, so much a day."""
    return {
        "drug": "Baclofen intrathecal",
        "route": "intrathecal",
        "form": "solution for infusion",
        "strength_value": "500",
        "strength_unit": "mcg",
        "strength_per_value": "1",
        "strength_per_unit": "mL",
        "dose_min": dose,
        "dose_unit": unit,
        "frequency_count": "1",
        "frequency_period_days": "1",
        "prn": "no",
        "status": "active",
        "sig": "Continuous by pump",
    }


def as_needed(taking: Taking, most: int | None) -> Taking:
    """The same drug taken as needed, at most so many times a day."""
    limit = "" if most is None else f", at most {most} times a day"
    words = taking["sig"].split(" ")
    return taking | {
        "prn": "yes",
        "max_doses_per_day": "" if most is None else str(most),
        "sig": " ".join(words[:3]) + f" as needed{limit}",
    }


def order(patient: Patient, start: dt.date, days: int | None, taking: Taking) -> None:
    """One order; the quantity follows from dose and days."""
    made = dict(taking)
    made["days_supply"] = "" if days is None else str(days)
    if days is not None and "quantity" not in made and made.get("dose_min"):
        dose = float(made.get("dose_max") or made["dose_min"])
        times = float(made.get("frequency_count") or 0) / float(
            made.get("frequency_period_days") or 1
        )
        if times and made["dose_unit"] in {"tablet", "capsule", "mL", "packet"}:
            made["quantity"] = plain(round(dose * times * days, 1))
    patient.orders.append((start, made))


def refill(
    patient: Patient,
    first: dt.date,
    taking: Taking | tuple[Taking, ...],
    *,
    last: dt.date = LAST_DAY,
    days: int = 28,
    early: int = 4,
    late: int = 5,
) -> dt.date:
    """Orders from `first` on, collected up to so many days early or late; gives the next start."""
    takings = taking if isinstance(taking, tuple) else (taking,)
    start = first
    last = min(last, patient.watched_to)
    while start <= last:
        for one in takings:
            order(patient, start, days, one)
        start += dt.timedelta(days=days + patient.rng.randrange(-early, late + 1))
    return start


def steps(patient: Patient, first: dt.date, phases: list[tuple[Taking, int]]) -> dt.date:
    """Orders that follow each other to the day; gives the first day after the last."""
    start = first
    for taking, days in phases:
        order(patient, start, days, taking)
        start += dt.timedelta(days=days)
    return start
