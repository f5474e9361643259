"""Records as real exports have them: one function for every data flag, and rows no one can use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from clinic import Patient, as_needed, baclofen, day, liquid, order, refill, tablets
from ordinary import some_day, steady


def _steady(patient: Patient) -> None:
    refill(patient, some_day(patient, 20), baclofen(patient, 10, 1, 3))


def unmapped_drug(patient: Patient) -> None:
    """unmapped-drug: a study medicine that no list knows."""
    _steady(patient)
    order(patient, day(200), 28, tablets("Study medicine K-117", "25", 1, 1))


def unreadable_sig(patient: Patient) -> None:
    """unreadable-sig: directions without a number; the quantity gives a bound."""
    _steady(patient)
    vague = tablets("Tramadol 50 mg capsules", "50", 1, 1, form="capsule")
    for column in ("dose_min", "frequency_count", "frequency_period_days"):
        vague[column] = ""
    order(patient, day(230), 14, vague | {"quantity": "42", "sig": "Use as directed"})


def unreadable_baclofen(patient: Patient) -> None:
    """unreadable-sig on baclofen itself, with nothing to derive a dose from."""
    vague = baclofen(patient, 10, 1, 3)
    for column in ("dose_min", "frequency_count", "frequency_period_days"):
        vague[column] = ""
    refill(patient, some_day(patient, 20), vague | {"sig": "As discussed"}, days=84)


def missing_concentration(patient: Patient) -> None:
    """missing-concentration: 10 mL of an oral solution of unknown strength."""
    unknown = liquid("Baclofen oral solution", 5, 5, 10, 3)
    for column in ("strength_value", "strength_unit", "strength_per_value", "strength_per_unit"):
        unknown[column] = ""
    refill(patient, some_day(patient, 20), unknown, days=84, early=2, late=0)


def odd_unit(patient: Patient) -> None:
    """unit: a dose in spoons of a tablet."""
    _steady(patient)
    odd = tablets("Gliclazide 80 mg tablets", "80", 1, 2) | {"dose_unit": "spoon"}
    order(patient, day(120), 28, odd)


def unknown_route(patient: Patient) -> None:
    """unknown-route: an injectable form of baclofen and no route."""
    _steady(patient)
    blank = tablets("Baclofen injection", "50", 1, 1, unit="mcg", form="injection")
    blank |= {"route": "", "dose_unit": "mcg", "dose_min": "50", "strength_per_unit": "mL"}
    order(patient, day(90), 1, blank)


def unknown_supply(patient: Patient) -> None:
    """unknown-supply: neither days nor quantity nor a stop date."""
    _steady(patient)
    order(patient, day(150), None, tablets("Loratadine 10 mg tablets", "10", 1, 1))


def missing_period(patient: Patient) -> None:
    """missing-period: methotrexate once, per day or per week not said."""
    weekly = tablets("Methotrexate 2.5 mg tablets", "2.5", 4, 1, every=7)
    order(patient, day(20), 84, weekly)
    order(
        patient, day(104), 84, weekly | {"frequency_period_days": "", "sig": "Take 4 tablet once"}
    )


def no_maximum(patient: Patient) -> None:
    """prn-without-maximum: as needed, neither a frequency nor a highest number."""
    _steady(patient)
    open_ended = as_needed(tablets("Ibuprofen 400 mg tablets", "400", 1, 3), None)
    order(patient, day(260), 28, open_ended | {"frequency_count": "", "frequency_period_days": ""})


def unknown_combination(patient: Patient) -> None:
    """unknown-combination: co-codamol without its two strengths."""
    _steady(patient)
    nameless = tablets("co-codamol", "", 2, 4) | {"strength_unit": "", "strength_per_value": ""}
    order(patient, day(310), 7, nameless | {"strength_per_unit": ""})


def duplicate_row(patient: Patient) -> None:
    """duplicate-row: the same order exported twice under two ids."""
    _steady(patient)
    start, taking = patient.orders[3]
    patient.orders.append((start, dict(taking)))


def impossible_dates(patient: Patient) -> None:
    """impossible-date: one order in 2031, one that stops before it starts."""
    _steady(patient)
    order(patient, dt.date(2031, 1, 5), 28, baclofen(patient, 20, 2, 4))
    wrong = tablets("Cetirizine 10 mg tablets", "10", 1, 1)
    order(patient, day(100), 28, wrong | {"stop_date": day(80).isoformat(), "status": "stopped"})


def unknown_status(patient: Patient) -> None:
    """unknown-status: a word that no standard has."""
    _steady(patient)
    start, taking = patient.orders[5]
    patient.orders[5] = (start, taking | {"status": "paused by clinic"})


def lab_unit(patient: Patient) -> None:
    """lab-unit: a creatinine of 98 mg/dL, and one without a unit."""
    _steady(patient)
    patient.lab_results.append((day(200), "creatinine", "", "98", "mg/dL"))
    patient.lab_results.append((day(320), "creatinine", "", "1.1", ""))


def never_tested(patient: Patient) -> None:
    """no-recent-kidney-test: baclofen and not one kidney result."""
    patient.tested = False
    _steady(patient)


def no_birth_date(patient: Patient) -> None:
    """missing-demographics: no date of birth."""
    patient.listed_birth = False
    _steady(patient)


def no_sex(patient: Patient) -> None:
    """missing-demographics: sex not recorded."""
    patient.listed_sex = False
    _steady(patient)


def child(patient: Patient) -> None:
    """child: a girl of nine on 15 mg a day."""
    patient.birth, patient.sex, patient.weight, patient.height = dt.date(2016, 9, 3), "F", 29, 134
    patient.creatinine = 0.45
    refill(patient, some_day(patient, 20), baclofen(patient, 10, 0.5, 3))


def not_all_counted(patient: Patient) -> None:
    """No flag: a cancelled order, one never dispensed, one stopped on its first day."""
    steady(patient)
    high = baclofen(patient, 20, 2, 4)
    order(patient, day(210), 28, high | {"status": "cancelled"})
    order(patient, day(240), 28, high | {"dispensed": "no"})
    order(patient, day(270), 28, high | {"status": "stopped", "stop_date": day(270).isoformat()})


UNTIDY: tuple[tuple[int, Callable[[Patient], None]], ...] = tuple(
    (1, story)
    for story in (
        unmapped_drug,
        unreadable_sig,
        unreadable_baclofen,
        missing_concentration,
        odd_unit,
        unknown_route,
        unknown_supply,
        missing_period,
        no_maximum,
        unknown_combination,
        duplicate_row,
        impossible_dates,
        unknown_status,
        lab_unit,
        never_tested,
        no_birth_date,
        no_sex,
        child,
        not_all_counted,
    )
)
