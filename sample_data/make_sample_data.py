"""Makes the invented clinic: five native CSV files, the same bytes every time.

Run `python sample_data/make_sample_data.py [FOLDER]`. Only the standard library, one seed. The
stories are in ordinary.py, remarkable.py, other_drugs.py and untidy.py; nobody in them is or was
a person.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.dont_write_bytecode = True  # a run of the demo would name the cache among unread files

from clinic import FIRST_DAY, LAST_DAY, SITES, Patient
from ordinary import ORDINARY
from other_drugs import OTHER_DRUGS
from remarkable import REMARKABLE
from untidy import UNTIDY

SEED = 20261031
HEADERS = {
    "prescriptions": (
        "prescription_id,patient_id,drug,drug_code,drug_code_system,route,form,strength_value,"
        "strength_unit,strength_per_value,strength_per_unit,dose_min,dose_max,dose_unit,"
        "frequency_count,frequency_period_days,max_doses_per_day,prn,start_date,days_supply,"
        "quantity,status,stop_date,replaces,dispensed,sig,prescriber_id,site_id"
    ),
    "patients": (
        "patient_id,birth_date,sex,weight_kg,height_cm,observation_start,observation_end,death_date"
    ),
    "labs": "patient_id,date,analyte,comparator,value,unit",
    "conditions": "patient_id,condition,start_date,end_date",
    "admissions": "patient_id,start_date,end_date",
}
REASONS = (
    "multiple sclerosis",
    "spinal cord injury",
    "cerebral palsy",
    "stroke",
    "G35",
    "hereditary spastic paraplegia",
)


def new_patient(rng: random.Random) -> Patient:
    """An adult with healthy kidneys, at one of the three sites."""
    site = rng.choice(tuple(SITES))
    sex = rng.choice("FM")
    birth = dt.date(1942, 1, 1) + dt.timedelta(days=rng.randrange(58 * 365))
    if birth.month == 2 and birth.day == 29:
        birth = birth.replace(day=28)
    low, high = (55, 84) if sex == "F" else (70, 104)
    return Patient(
        rng=rng,
        site=site,
        prescriber=rng.choice(SITES[site]),
        birth=birth,
        sex=sex,
        weight=rng.randrange(96, 210) / 2,
        height=rng.randrange(150, 176) + (0 if sex == "F" else 10),
        creatinine=rng.randrange(low, high + 1) / 100,
    )


def add_routine(patient: Patient) -> None:
    """Yearly or more frequent kidney tests, and the reason for the treatment."""
    rng = patient.rng
    first_change = min((result[0] for result in patient.lab_results), default=dt.date.max)
    when = FIRST_DAY - dt.timedelta(days=rng.randrange(10, 60))
    while patient.tested and when <= min(LAST_DAY, patient.watched_to):
        if when < first_change:  # after that the story tells its own results
            value = max(0.3, patient.creatinine + rng.randrange(-4, 5) / 100)
            in_si = patient.site == "south"
            text = str(round(value * 88.4)) if in_si else f"{value:.2f}"
            unit = "umol/L" if in_si else "mg/dL"
            patient.lab_results.append((when, "creatinine", "", text, unit))
        when += dt.timedelta(days=rng.randrange(120, 300))
    patient.lab_results.sort()
    if any("aclofen" in t["drug"] or "BACLOFEN" in t["drug"] for _, t in patient.orders):
        since = FIRST_DAY - dt.timedelta(days=rng.randrange(200, 5000))
        patient.conditions.append((rng.choice(REASONS), since, None))


def clinic() -> list[Patient]:
    """Every patient of every story, in a mixed order."""
    rng = random.Random(SEED)
    stories: list[Callable[[Patient], None]] = []
    for number, story in (*ORDINARY, *REMARKABLE, *OTHER_DRUGS, *UNTIDY):
        stories += [story] * number
    rng.shuffle(stories)
    patients = []
    for story in stories:
        patient = new_patient(random.Random(rng.getrandbits(64)))
        story(patient)
        add_routine(patient)
        patients.append(patient)
    return patients


def iso(day: dt.date | None) -> str:
    """A date as the native format writes it; nothing for none."""
    return "" if day is None else day.isoformat()


def prescription_rows(patients: list[Patient]) -> list[dict[str, str]]:
    """All orders, by date and patient, with ids; `replaces` gets the id of the order before."""
    drawn = [
        (start, number, place, taking)
        for number, patient in enumerate(patients, 1)
        for place, (start, taking) in enumerate(patient.orders)
    ]
    drawn.sort(key=lambda one: one[:3])
    rows: list[dict[str, str]] = []
    before: dict[int, str] = {}
    for count, (start, number, _, taking) in enumerate(drawn, 1):
        patient = patients[number - 1]
        row = {
            "prescription_id": f"RX-{count:06d}",
            "patient_id": f"P-{number:04d}",
            "start_date": iso(start),
            "prescriber_id": patient.prescriber,
            "site_id": patient.site,
        } | taking
        if row.get("replaces"):
            row["replaces"] = before[number]
        before[number] = row["prescription_id"]
        rows.append(row)
    return rows


def written(table: str, rows: Iterable[dict[str, str]]) -> str:
    """A table as CSV text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADERS[table].split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def with_unusable_rows(text: str) -> str:
    """Five records that intake must set aside or count as blank, between the good ones."""
    lines = text.splitlines()
    model = lines[101].split(",")
    no_patient = [*model[:1], "", *model[2:]]
    no_drug = [*model[:2], "", "", "", *model[5:]]
    no_such_day = list(model)
    no_such_day[18] = "2026-02-30"
    bad = ("RX-900001", *no_patient[1:]), ("RX-900002", *no_such_day[1:])
    lines.insert(300, ",".join(bad[0]))
    lines.insert(900, ",".join(bad[1]))
    lines.insert(1200, ",".join(("RX-900003", *no_drug[1:])))
    lines.insert(1500, "")
    lines.insert(1800, ",".join(("RX-900004", *model[1:20])))
    return "\n".join(lines) + "\n"


def tables(patients: list[Patient]) -> dict[str, str]:
    """File name -> text, for all five tables."""
    ids = {f"P-{number:04d}": patient for number, patient in enumerate(patients, 1)}
    texts = {
        "prescriptions": with_unusable_rows(written("prescriptions", prescription_rows(patients))),
        "patients": written(
            "patients",
            (
                {
                    "patient_id": pid,
                    "birth_date": iso(p.birth) if p.listed_birth else "",
                    "sex": p.sex if p.listed_sex else "",
                    "weight_kg": f"{p.weight:g}" if p.listed_weight else "",
                    "height_cm": str(p.height),
                    "observation_start": iso(p.watched_from),
                    "observation_end": iso(p.watched_to),
                    "death_date": iso(p.died),
                }
                for pid, p in ids.items()
            ),
        ),
        "labs": written(
            "labs",
            (
                dict(zip(HEADERS["labs"].split(","), (pid, iso(lab[0]), *lab[1:]), strict=True))
                for pid, p in ids.items()
                for lab in p.lab_results
            ),
        ),
        "conditions": written(
            "conditions",
            (
                {"patient_id": pid, "condition": name, "start_date": iso(a), "end_date": iso(b)}
                for pid, p in ids.items()
                for name, a, b in p.conditions
            ),
        ),
        "admissions": written(
            "admissions",
            (
                {"patient_id": pid, "start_date": iso(a), "end_date": iso(b)}
                for pid, p in ids.items()
                for a, b in p.admissions
            ),
        ),
    }
    return {f"{name}.csv": text for name, text in texts.items()}


def main(folder: Path) -> None:
    """Write the five files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables(clinic()).items():
        (folder / name).write_bytes(text.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
