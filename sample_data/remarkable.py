"""Patients whom a rule or a data flag should name; each function says which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from clinic import (
    Patient,
    as_needed,
    baclofen,
    day,
    order,
    pump,
    refill,
    steps,
    tablets,
)
from ordinary import quiet, some_day

Story = Callable[[Patient], None]


def _older(patient: Patient, years: int) -> None:
    patient.birth = dt.date(2026 - years, 1 + patient.rng.randrange(12), 15)


def above_the_maximum(patient: Patient) -> None:
    """baclofen-max-dose: 100 mg a day for two months."""
    first = some_day(patient, 20)
    refill(patient, first, baclofen(patient, 20, 1, 4), last=day(200), early=0, late=0)
    high = max(start for start, _ in patient.orders) + dt.timedelta(days=28)
    steps(patient, high, [(baclofen(patient, 25, 1, 4), 28)] * 2)
    refill(patient, high + dt.timedelta(days=56), baclofen(patient, 20, 1, 4), early=0)


def far_above_the_maximum(patient: Patient) -> None:
    """baclofen-max-dose, critical: 120 mg a day in two strengths that are collected together."""
    both = (baclofen(patient, 20, 1, 4), baclofen(patient, 10, 1, 4))
    first = some_day(patient, 10)
    steps(patient, first, [(baclofen(patient, 20, 1, 4), 28)] * 10)
    refill(patient, first + dt.timedelta(days=280), both, early=2, late=0)


def perhaps_above_the_maximum(patient: Patient) -> None:
    """baclofen-max-dose, possible, only if the highest end of a range is taken: 60 to 90 mg."""
    taking = baclofen(patient, 10, 2, 3) | {
        "dose_max": "3",
        "sig": "Take 2 to 3 tablet 3 times a day",
    }
    refill(patient, some_day(patient, 20), taking, early=2, late=0)


def extra_as_needed(patient: Patient) -> None:
    """baclofen-max-dose, possible: 60 mg a day and up to 30 mg more as needed."""
    refill(patient, some_day(patient, 20), baclofen(patient, 20, 1, 3), early=2, late=0)
    steps(patient, day(250), [(as_needed(baclofen(patient, 10, 1, 3), 3), 56)])


def slip_of_the_decimal(patient: Patient) -> None:
    """baclofen-max-dose, critical, and the flag implausible-dose: 100 mg three times a day."""
    refill(
        patient, some_day(patient, 20), baclofen(patient, 10, 1, 3), last=day(320), early=0, late=0
    )
    after = max(start for start, _ in patient.orders) + dt.timedelta(days=28)
    steps(patient, after, [(baclofen(patient, 100, 1, 3), 7)])
    refill(patient, after + dt.timedelta(days=7), baclofen(patient, 10, 1, 3), early=0)


def started_high(patient: Patient) -> None:
    """baclofen-starting-dose: 10 mg three times a day from the first day, nothing before."""
    refill(patient, day(110 + patient.rng.randrange(300)), baclofen(patient, 10, 1, 3))
    quiet(patient, 1)


def started_high_and_old(patient: Patient) -> None:
    """baclofen-starting-dose, high: the same at 77 years."""
    _older(patient, 77)
    started_high(patient)


def restarted_high(patient: Patient) -> None:
    """baclofen-starting-dose and baclofen-stopped-abruptly: 45 mg a day, two months' gap, again."""
    first = some_day(patient, 10)
    taking = baclofen(patient, 10, 1.5, 3)
    steps(patient, first, [(taking, 28)] * 7)
    refill(patient, first + dt.timedelta(days=28 * 7 + 60), taking)


def raised_too_fast(patient: Patient) -> None:
    """baclofen-raised-too-fast: 15, 30 and 60 mg a day, two days each."""
    start = day(110 + patient.rng.randrange(300))
    phases = [(baclofen(patient, 10, 0.5, 3), 2), (baclofen(patient, 10, 1, 3), 2)]
    refill(patient, steps(patient, start, phases), baclofen(patient, 10, 2, 3))


def too_few_doses(patient: Patient) -> None:
    """baclofen-too-few-doses: 40 mg a day in two doses."""
    refill(patient, some_day(patient, 20), baclofen(patient, 20, 1, 2), early=2, late=0)


def with_partner(
    drug: str,
    strength: str,
    each: float,
    times: int,
    *,
    days: int = 28,
    unit: str = "mg",
    form: str = "tablet",
    most: int | None = None,
) -> Story:
    """A pair rule: steady baclofen, and this drug for two fills somewhere in the middle."""

    def story(patient: Patient) -> None:
        refill(patient, some_day(patient, 20), baclofen(patient, 10, 1, 3))
        partner = tablets(drug, strength, each, times, unit=unit, form=form)
        if most is not None:
            partner = as_needed(partner, most)
        steps(patient, day(180 + patient.rng.randrange(300)), [(partner, days)] * 2)
        quiet(patient, patient.rng.randrange(2))

    story.__doc__ = f"A pair rule: baclofen with {drug}."
    return story


def edge_touch(patient: Patient) -> None:
    """Nothing: the last day of baclofen is the first day of the opioid, one day only."""
    steps(patient, day(100), [(baclofen(patient, 10, 0.5, 3), 20)])
    order(patient, day(119), 14, tablets("Oxycodone 5 mg tablets", "5", 1, 4))


def kidney_decline(*creatinine: float) -> Story:
    """baclofen-renal-dose: steady baclofen while the kidney gets worse."""

    def story(patient: Patient) -> None:
        _older(patient, 71)
        refill(patient, some_day(patient, 20), baclofen(patient, 10, 1, 3), early=2, late=0)
        for number, value in enumerate(creatinine):
            when = day(60 + 120 * number + patient.rng.randrange(20))
            patient.lab_results.append((when, "creatinine", "", f"{value}", "mg/dL"))

    story.__doc__ = "baclofen-renal-dose: kidney function falls."
    return story


def on_dialysis(patient: Patient) -> None:
    """baclofen-renal-dose, critical: 5 mg three times a day on dialysis."""
    patient.conditions.append(("dialysis", dt.date(2024, 2, 5), None))
    refill(patient, some_day(patient, 20), baclofen(patient, 5, 1, 3), early=2, late=0)


def reported_egfr(patient: Patient) -> None:
    """baclofen-renal-dose: the laboratory reports only an eGFR, once as a bound."""
    patient.tested = False
    patient.birth = dt.date(1975, 3, 2)
    patient.lab_results += [
        (day(2), "egfr", ">", "90", "mL/min/1.73m2"),
        (day(300), "egfr", "", "24", "mL/min/1.73m2"),
    ]
    refill(patient, day(8), baclofen(patient, 10, 1, 3), early=2, late=0)


def stopped_at_once(patient: Patient) -> None:
    """baclofen-stopped-abruptly: months on 60 mg a day, then nothing more is collected."""
    first = some_day(patient, 20)
    refill(patient, first, baclofen(patient, 20, 1, 3), last=day(200 + patient.rng.randrange(150)))
    quiet(patient, 2)


def stopped_by_order(patient: Patient) -> None:
    """baclofen-stopped-abruptly: the order carries a stop date in the middle of the supply."""
    first = some_day(patient, 10)
    steps(patient, first, [(baclofen(patient, 10, 1, 3), 28)] * 8)
    when = first + dt.timedelta(days=28 * 8)
    stopped = baclofen(patient, 10, 1, 3) | {"status": "stopped"}
    order(patient, when, 28, stopped | {"stop_date": (when + dt.timedelta(days=9)).isoformat()})


def lowered_too_fast(patient: Patient) -> None:
    """baclofen-lowered-too-fast: from 60 to 20 mg a day in one step."""
    first = some_day(patient, 20)
    change = day(240 + patient.rng.randrange(100))
    refill(patient, first, baclofen(patient, 10, 2, 3), last=change - dt.timedelta(days=1))
    refill(patient, change, baclofen(patient, 10, 0.5, 4))


def supplied_twice(patient: Patient) -> None:
    """baclofen-supplied-twice: a box 14 days early; ambiguous-overlap: 120 mg if both are taken."""
    first = some_day(patient, 20)
    taking = baclofen(patient, 20, 1, 3)
    steps(patient, first, [(taking, 28)] * 6)
    again = first + dt.timedelta(days=28 * 6 - 14)
    refill(patient, again, taking, early=0)


def which_strength(patient: Patient) -> None:
    """ambiguous-overlap: 20 mg tablets begin while 10 mg tablets last; 90 mg if both are taken."""
    first = some_day(patient, 20)
    steps(patient, first, [(baclofen(patient, 10, 1, 3), 28)] * 7)
    refill(patient, first + dt.timedelta(days=28 * 7 - 10), baclofen(patient, 20, 1, 3), early=0)


def pump_too_high(patient: Patient) -> None:
    """baclofen-intrathecal-dose: 1200 micrograms a day."""
    refill(patient, some_day(patient, 20), pump("900"), last=day(200), days=84, early=0, late=0)
    refill(patient, day(260), pump("1200"), days=84, early=0, late=0)


def pump_in_milligrams(patient: Patient) -> None:
    """baclofen-intrathecal-dose: the pump's dose is written in mg."""
    refill(patient, some_day(patient, 20), pump("0.4", "mg"), days=84, early=0, late=0)


def replaced(patient: Patient) -> None:
    """Nothing: an order is replaced by name, so its rest does not count."""
    first = some_day(patient, 10)
    steps(patient, first, [(baclofen(patient, 10, 2, 3), 28)] * 10)
    newer = baclofen(patient, 20, 1, 3) | {"replaces": "the order before"}
    order(patient, first + dt.timedelta(days=28 * 9 + 9), 56, newer)
    refill(patient, first + dt.timedelta(days=28 * 9 + 65), baclofen(patient, 20, 1, 3), early=0)


REMARKABLE: tuple[tuple[int, Story], ...] = (
    (3, above_the_maximum),
    (1, far_above_the_maximum),
    (2, perhaps_above_the_maximum),
    (1, extra_as_needed),
    (1, slip_of_the_decimal),
    (2, started_high),
    (1, started_high_and_old),
    (1, restarted_high),
    (3, raised_too_fast),
    (2, too_few_doses),
    (1, with_partner("Oxycodone 5 mg tablets", "5", 1, 4)),
    (1, with_partner("MST Continus 10 mg tablets", "10", 1, 2)),
    (1, with_partner("co-codamol", "30/500", 2, 4, days=14)),
    (1, with_partner("Tramadol 50 mg capsules", "50", 1, 3, form="capsule", most=3)),
    (1, with_partner("Diazepam 5 mg tablets", "5", 1, 2, most=2)),
    (1, with_partner("Lorazepam 1 mg tablets", "1", 1, 2)),
    (1, with_partner("Clonazepam 500 micrograms tablets", "500", 1, 1, unit="mcg")),
    (2, with_partner("Gabapentin 300 mg capsules", "300", 1, 3, form="capsule")),
    (1, with_partner("Zolpidem 5 mg tablets", "5", 1, 1)),
    (1, with_partner("Amitriptyline 10 mg tablets", "10", 1, 1)),
    (1, with_partner("Quetiapine 25 mg tablets", "25", 1, 1)),
    (1, with_partner("Promethazine 25 mg tablets", "25", 1, 1)),
    (1, with_partner("Tizanidine 2 mg tablets", "2", 1, 3)),
    (1, with_partner("Methocarbamol 750 mg tablets", "750", 2, 3)),
    (3, with_partner("Amlodipine 5 mg tablets", "5", 1, 1)),
    (2, with_partner("Lisinopril 10 mg tablets", "10", 1, 1)),
    (2, with_partner("Furosemide 40 mg tablets", "40", 1, 1)),
    (1, with_partner("Hydrochlorothiazide 25 mg tablets", "25", 1, 1)),
    (1, with_partner("Acamprosate 333 mg tablets", "333", 2, 3)),
    (1, edge_touch),
    (2, kidney_decline(1.0, 1.3, 1.6)),
    (1, kidney_decline(1.4, 1.9, 2.6)),
    (1, kidney_decline(2.2, 3.1, 4.9)),
    (1, on_dialysis),
    (1, reported_egfr),
    (4, stopped_at_once),
    (1, stopped_by_order),
    (2, lowered_too_fast),
    (2, supplied_twice),
    (1, which_strength),
    (1, pump_too_high),
    (1, pump_in_milligrams),
    (1, replaced),
)
