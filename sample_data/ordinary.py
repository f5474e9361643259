"""Unremarkable patients: steady baclofen, titration by the label, proper tapers, everyday drugs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from clinic import (
    FIRST_DAY,
    Patient,
    Taking,
    as_needed,
    baclofen,
    day,
    liquid,
    order,
    pump,
    refill,
    steps,
    tablets,
)

# Drugs that no baclofen rule names: drug text, strength, each, times, unit, form, every.
QUIET: tuple[tuple[str, str, float, int, str, str, int], ...] = (
    ("Metformin 500 mg tablets", "500", 1, 2, "mg", "tablet", 1),
    ("Atorvastatin 20 mg tablets", "20", 1, 1, "mg", "tablet", 1),
    ("Atorvastatin 40 mg tablets", "40", 1, 1, "mg", "tablet", 1),
    ("Omeprazole 20 mg capsules", "20", 1, 1, "mg", "capsule", 1),
    ("Lansoprazole 30 mg capsules", "30", 1, 1, "mg", "capsule", 1),
    ("Levothyroxine 50 micrograms tablets", "50", 1, 1, "mcg", "tablet", 1),
    ("Levothyroxine 100 micrograms tablets", "100", 1, 1, "mcg", "tablet", 1),
    ("Alendronic acid 70 mg tablets", "70", 1, 1, "mg", "tablet", 7),
    ("Solifenacin 5 mg tablets", "5", 1, 1, "mg", "tablet", 1),
    ("Sertraline 50 mg tablets", "50", 1, 1, "mg", "tablet", 1),
    ("Citalopram 20 mg tablets", "20", 1, 1, "mg", "tablet", 1),
    ("Clopidogrel 75 mg tablets", "75", 1, 1, "mg", "tablet", 1),
    ("Aspirin 75 mg tablets", "75", 1, 1, "mg", "tablet", 1),
    ("Allopurinol 100 mg tablets", "100", 1, 1, "mg", "tablet", 1),
    ("Cetirizine 10 mg tablets", "10", 1, 1, "mg", "tablet", 1),
    ("Gliclazide 80 mg tablets", "80", 1, 1, "mg", "tablet", 1),
)
# Drugs that lower the blood pressure or make drowsy, for patients without baclofen.
OTHERS: tuple[tuple[str, str, float, int, str, str, int], ...] = (
    ("Amlodipine 5 mg tablets", "5", 1, 1, "mg", "tablet", 1),
    ("Ramipril 5 mg capsules", "5", 1, 1, "mg", "capsule", 1),
    ("Lisinopril 10 mg tablets", "10", 1, 1, "mg", "tablet", 1),
    ("Bisoprolol 2.5 mg tablets", "2.5", 1, 1, "mg", "tablet", 1),
    ("Losartan 50 mg tablets", "50", 1, 1, "mg", "tablet", 1),
    ("Bendroflumethiazide 2.5 mg tablets", "2.5", 1, 1, "mg", "tablet", 1),
    ("Mirtazapine 15 mg tablets", "15", 1, 1, "mg", "tablet", 1),
    ("Gabapentin 300 mg capsules", "300", 1, 3, "mg", "capsule", 1),
)


def quiet(patient: Patient, how_many: int, *, also_others: bool = False) -> None:
    """So many everyday drugs, each collected every 84 days through the whole window."""
    choice = QUIET + OTHERS if also_others else QUIET
    names: set[str] = set()
    while len(names) < how_many:
        drug, strength, each, times, unit, form, every = patient.rng.choice(choice)
        ingredient = drug.split()[0]
        if ingredient in names:
            continue
        names.add(ingredient)
        taking = tablets(drug, strength, each, times, unit=unit, form=form, every=every)
        refill(patient, some_day(patient, 40), taking, days=84, early=6, late=8)


def some_day(patient: Patient, within: int, after: int = 0) -> dt.date:
    """A day `after` + 0..within-1 days into the window of this patient."""
    first = max(FIRST_DAY, patient.watched_from)
    return first + dt.timedelta(days=after + patient.rng.randrange(within))


def steady(patient: Patient) -> None:
    """On baclofen before the export begins and ever since, 30 to 60 mg a day."""
    strength, each, times = patient.rng.choice(
        ((10, 1.0, 3), (10, 1.0, 4), (10, 2.0, 3), (20, 1.0, 3), (10, 1.5, 3), (5, 2.0, 3))
    )
    refill(patient, some_day(patient, 20), baclofen(patient, strength, each, times))
    quiet(patient, patient.rng.randrange(3))


def by_label(patient: Patient) -> None:
    """Started in the window: 5 mg three times a day, 5 mg more each time every third day."""
    start = day(100 + patient.rng.randrange(320))
    top = patient.rng.choice((2, 3, 4))
    phases = [(baclofen(patient, 10, half / 2, 3), 3) for half in range(1, top)]
    after = steps(patient, start, phases)
    refill(patient, after, baclofen(patient, 10, top / 2, 3))
    quiet(patient, patient.rng.randrange(3))


def slowly(patient: Patient) -> None:
    """Started in the window, one step a fortnight."""
    start = day(100 + patient.rng.randrange(280))
    phases = [(baclofen(patient, 10, half / 2, 3), 14) for half in (1, 2, 3)]
    refill(patient, steps(patient, start, phases), baclofen(patient, 10, 2, 3))
    quiet(patient, patient.rng.randrange(2))


def on_liquid(patient: Patient) -> None:
    """An oral solution of 5 mg in 5 mL, or a strong one of 25 mg in 5 mL."""
    taking = patient.rng.choice(
        (
            liquid("Baclofen oral solution 5 mg/5 mL", 5, 5, 10, 3),
            liquid("Fleqsuvy", 25, 5, 2, 4),
            liquid("Ozobax DS", 10, 5, 5, 3),
        )
    )
    refill(patient, some_day(patient, 20), taking)
    quiet(patient, 1)


def two_strengths(patient: Patient) -> None:
    """20 mg morning and evening and 10 mg at noon, collected together."""
    both = (baclofen(patient, 20, 1, 2), baclofen(patient, 10, 1, 1))
    refill(patient, some_day(patient, 20), both)
    quiet(patient, patient.rng.randrange(2))


def other_strength(patient: Patient) -> None:
    """Two tablets of 10 mg become one of 20 mg when the old box is empty; the dose stays."""
    first = some_day(patient, 20)
    change = first + dt.timedelta(days=168)
    refill(
        patient,
        first,
        baclofen(patient, 10, 2, 3),
        last=change - dt.timedelta(days=1),
        early=0,
        late=0,
    )
    refill(patient, change, baclofen(patient, 20, 1, 3))


def a_range(patient: Patient) -> None:
    """5 to 10 mg each time, as the patient needs it."""
    taking = baclofen(patient, 5, 1, 3) | {
        "dose_max": "2",
        "sig": "Take 1 to 2 tablet 3 times a day",
    }
    refill(patient, some_day(patient, 20), taking)
    quiet(patient, 1)


def only_as_needed(patient: Patient) -> None:
    """A few tablets at home for bad days."""
    taking = as_needed(baclofen(patient, 10, 1, 3), 3)
    refill(patient, some_day(patient, 20), taking, days=84, early=0, late=30)
    quiet(patient, 1)


def tapered(patient: Patient) -> None:
    """Years on 60 mg a day, then down a quarter a week, then nothing."""
    first = some_day(patient, 20)
    down = day(200 + patient.rng.randrange(200))
    refill(patient, first, baclofen(patient, 10, 2, 3), last=down - dt.timedelta(days=1))
    steps(patient, down, [(baclofen(patient, 10, half / 2, 3), 10) for half in (3, 2, 1)])
    quiet(patient, patient.rng.randrange(3))


def short_trial(patient: Patient) -> None:
    """Tried for three weeks, did not help."""
    start = day(100 + patient.rng.randrange(400))
    order(patient, start, 21, baclofen(patient, 10, 0.5, 3))
    quiet(patient, 2)


def in_hospital_between(patient: Patient) -> None:
    """Five weeks in hospital, where the ward gives the tablets."""
    first = some_day(patient, 20)
    taking = baclofen(patient, 10, 1, 3)
    refill(patient, first, taking, last=day(140), early=0, late=0)
    last_day = max(start for start, _ in patient.orders) + dt.timedelta(days=27)
    patient.admissions.append((last_day, last_day + dt.timedelta(days=35)))
    refill(patient, last_day + dt.timedelta(days=36), taking)


def still_in_hospital(patient: Patient) -> None:
    """Admitted in September and not home yet."""
    refill(
        patient, some_day(patient, 20), baclofen(patient, 10, 2, 3), last=day(480), early=0, late=0
    )
    last_day = max(start for start, _ in patient.orders) + dt.timedelta(days=27)
    patient.admissions.append((last_day - dt.timedelta(days=2), None))


def died(patient: Patient) -> None:
    """Died while taking it."""
    patient.died = day(300 + patient.rng.randrange(200))
    patient.watched_to = patient.died
    refill(patient, some_day(patient, 20), baclofen(patient, 10, 1, 3))


def newly_registered(patient: Patient) -> None:
    """Came from another clinic in the spring of 2026, already on baclofen."""
    patient.watched_from = dt.date(2026, 3, 1)
    refill(patient, some_day(patient, 20), baclofen(patient, 20, 1, 3))


def on_a_pump(patient: Patient) -> None:
    """Intrathecal baclofen in the usual range; the first order is a replacement of the tablets."""
    refill(patient, some_day(patient, 20), pump("400"), days=84, early=0, late=0)


def for_the_skin(patient: Patient) -> None:
    """A gel and eye drops beside baclofen: local, so no systemic partner."""
    refill(patient, some_day(patient, 20), baclofen(patient, 10, 1, 3))
    gel: Taking = {
        "drug": "Diclofenac 1% gel",
        "route": "topical",
        "form": "gel",
        "status": "active",
        "sig": "Apply twice a day",
        "prn": "no",
    }
    order(patient, some_day(patient, 100), 28, gel)
    drops = gel | {"drug": "Timolol 0.5% eye drops", "route": "ophthalmic", "form": "eye drops"}
    order(patient, some_day(patient, 100), 28, drops | {"sig": "One drop in each eye"})


def everyday(patient: Patient) -> None:
    """No baclofen: one to four everyday drugs."""
    quiet(patient, 1 + patient.rng.randrange(4), also_others=True)


ORDINARY: tuple[tuple[int, Callable[[Patient], None]], ...] = (
    (62, steady),
    (16, by_label),
    (10, slowly),
    (5, on_liquid),
    (4, two_strengths),
    (4, other_strength),
    (3, a_range),
    (3, only_as_needed),
    (7, tapered),
    (3, short_trial),
    (3, in_hospital_between),
    (1, still_in_hospital),
    (3, died),
    (5, newly_registered),
    (3, on_a_pump),
    (2, for_the_skin),
    (96, everyday),
)
