"""Patients on other drugs than baclofen, whom the rules of the wider library should name.

Each entry says its rule. Doses, ages, weights and results are chosen to lie beyond the limit, not
on it: the edges are tested by the stories inside the rule files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from clinic import FIRST_DAY, LAST_DAY, SITES, Patient, Taking, as_needed, day, refill, tablets

Story = Callable[[Patient], None]
START, LATE_START, END = 120, 260, 380  # days after the export's first day


@dataclass(frozen=True)
class Course:
    """One drug, collected month after month."""

    taking: Taking
    first: int = START
    last: int | None = None  # the last order begins before this day; None: it goes on
    days: int = 28


def capsules(drug: str, strength: str, each: float, times: float) -> Taking:
    """As tablets, in capsules."""
    return tablets(drug, strength, each, times, form="capsule")


def micrograms(drug: str, strength: str, each: float, times: float) -> Taking:
    """Tablets whose strength is in micrograms."""
    return tablets(drug, strength, each, times, unit="mcg")


def on(
    *courses: Course,
    age: int = 52,
    sex: str | None = None,
    weight: float | None = None,
    creatinine: float | None = None,
    condition: str | None = None,
    site: str | None = None,
    labs: tuple[tuple[str, str, str], ...] = (),
) -> Story:
    """A patient who takes these, of this age (on the last day) and these results."""

    def story(patient: Patient) -> None:
        patient.birth = dt.date(LAST_DAY.year - age, 1 + patient.rng.randrange(4), 12)
        patient.sex = sex or patient.sex
        patient.weight = weight or patient.weight
        patient.creatinine = creatinine or patient.creatinine
        if site is not None:
            patient.site, patient.prescriber = site, SITES[site][1]
        if condition is not None:
            patient.conditions.append((condition, FIRST_DAY - dt.timedelta(days=900), None))
        for analyte, value, unit in labs:
            patient.lab_results.append((day(START - 5), analyte, "", value, unit))
        for course in courses:
            last = LAST_DAY if course.last is None else day(course.last - 1)
            refill(patient, day(course.first), course.taking, last=last, days=course.days,
                   early=2, late=0)  # fmt: skip

    return story


def not_weighed(story: Story) -> Story:
    """The same patient without a weight."""

    def unweighed(patient: Patient) -> None:
        story(patient)
        patient.listed_weight = False

    return unweighed


LISINOPRIL = tablets("Lisinopril 10 mg tablets", "10", 1, 1)
RAMIPRIL = tablets("Ramipril 5 mg tablets", "5", 1, 1)
IBUPROFEN = tablets("Ibuprofen 400 mg tablets", "400", 1, 3)
NAPROXEN = tablets("Naproxen 500 mg tablets", "500", 1, 2)
OMEPRAZOLE = capsules("Omeprazole 20 mg capsules", "20", 1, 1)
APIXABAN = tablets("Apixaban 5 mg tablets", "5", 1, 2)
LITHIUM = tablets("Lithium carbonate 400 mg tablets", "400", 1, 2)
METHOTREXATE = tablets("Methotrexate 2.5 mg tablets", "2.5", 4, 1, every=7)
AMIODARONE = tablets("Amiodarone 200 mg tablets", "200", 1, 1)
OXYCODONE = tablets("Oxycodone 5 mg tablets", "5", 1, 4)
ANTIBIOTIC_WEEK = {"first": LATE_START, "last": LATE_START + 1, "days": 7}

OTHER_DRUGS: tuple[tuple[int, Story], ...] = (
    # opioid-mme
    (1, on(Course(capsules("Morphine 60 mg modified-release capsules", "60", 1, 2)))),
    # opioid-with-benzodiazepine
    (1, on(Course(OXYCODONE), Course(tablets("Temazepam 10 mg tablets", "10", 1, 1)))),
    # opioid-with-gabapentinoid
    (1, on(Course(tablets("Codeine 30 mg tablets", "30", 1, 4)),
           Course(capsules("Pregabalin 75 mg capsules", "75", 1, 2)), age=74)),
    # opioid-stopped-abruptly
    (1, on(Course(tablets("Oxycodone 20 mg tablets", "20", 1, 2), last=END))),
    # three-cns-active-drugs
    (1, on(Course(tablets("Sertraline 50 mg tablets", "50", 1, 1)),
           Course(tablets("Amitriptyline 10 mg tablets", "10", 1, 1)),
           Course(tablets("Zopiclone 3.75 mg tablets", "3.75", 1, 1)), age=71)),
    # citalopram-max-dose
    (1, on(Course(tablets("Citalopram 40 mg tablets", "40", 1, 1)), age=68)),
    (1, on(Course(tablets("Citalopram 20 mg tablets", "20", 2, 1)), Course(OMEPRAZOLE), age=45)),
    # zolpidem-dose-women
    (1, on(Course(tablets("Zolpidem 10 mg tablets", "10", 1, 1), last=START + 30), sex="F")),
    # tizanidine-with-cyp1a2-inhibitor
    (1, on(Course(tablets("Tizanidine 4 mg tablets", "4", 1, 3)),
           Course(tablets("Ciprofloxacin 500 mg tablets", "500", 1, 2), **ANTIBIOTIC_WEEK))),
    # maoi-with-serotonergic: the washout is too short
    (1, on(Course(tablets("Phenelzine 15 mg tablets", "15", 1, 3), last=LATE_START),
           Course(tablets("Sertraline 50 mg tablets", "50", 1, 1), first=LATE_START + 32))),
    # benzodiazepine-stopped-abruptly, antiepileptic-..., antidepressant-...
    (1, on(Course(tablets("Diazepam 5 mg tablets", "5", 1, 3), last=END))),
    (1, on(Course(tablets("Levetiracetam 500 mg tablets", "500", 1, 2), last=END))),
    (1, on(Course(tablets("Venlafaxine 75 mg tablets", "75", 1, 2), last=END))),
    # corticosteroid-stopped-abruptly, clonidine-..., beta-blocker-...
    (1, on(Course(tablets("Prednisolone 5 mg tablets", "5", 4, 1), last=START + 80))),
    (1, on(Course(micrograms("Clonidine 100 micrograms tablets", "100", 1, 3), last=END))),
    (1, on(Course(tablets("Bisoprolol 5 mg tablets", "5", 1, 1), last=END),
           condition="ischaemic heart disease", age=66)),
    # two-qt-prolonging-drugs
    (1, on(Course(tablets("Sotalol 80 mg tablets", "80", 1, 2)),
           Course(tablets("Clarithromycin 500 mg tablets", "500", 1, 2), **ANTIBIOTIC_WEEK))),
    # beta-blocker-in-asthma
    (1, on(Course(tablets("Propranolol 40 mg tablets", "40", 1, 2)), condition="asthma")),
    # digoxin-dose
    (1, on(Course(micrograms("Digoxin 250 micrograms tablets", "250", 1, 1)), age=81)),
    # simvastatin-80mg, simvastatin-interaction-dose
    (1, on(Course(tablets("Simvastatin 80 mg tablets", "80", 1, 1), last=END))),
    (1, on(Course(tablets("Simvastatin 40 mg tablets", "40", 1, 1)),
           Course(tablets("Amlodipine 5 mg tablets", "5", 1, 1)), age=63)),
    (1, on(Course(tablets("Simvastatin 20 mg tablets", "20", 1, 1)),
           Course(tablets("Clarithromycin 500 mg tablets", "500", 1, 2), **ANTIBIOTIC_WEEK))),
    # amiodarone-monitoring-overdue: one patient tested, so that the site is known to test
    (1, on(Course(AMIODARONE, last=START + 60), site="north", labs=(("TSH", "2.1", "mIU/L"),))),
    (1, on(Course(AMIODARONE), site="north")),
    # lithium-level-overdue
    (1, on(Course(LITHIUM, last=START + 60), site="south", labs=(("lithium", "0.7", "mmol/L"),))),
    (1, on(Course(LITHIUM), site="south")),
    # lithium-interaction: a new ACE inhibitor
    (1, on(Course(LITHIUM, last=START + 60), Course(RAMIPRIL, first=START + 30), site="east")),
    # methotrexate-monitoring-overdue, methotrexate-not-weekly
    (1, on(Course(METHOTREXATE, last=START + 60), site="east",
           labs=(("haemoglobin", "131", "g/L"), ("ALT", "22", "U/L")))),
    (1, on(Course(METHOTREXATE), site="east")),
    (1, on(Course(tablets("Methotrexate 2.5 mg tablets", "2.5", 4, 1), last=START + 1, days=14),
           site="north")),
    # allopurinol-with-azathioprine, colchicine-with-cyp3a4-inhibitor
    (1, on(Course(tablets("Azathioprine 50 mg tablets", "50", 2, 1)),
           Course(tablets("Allopurinol 100 mg tablets", "100", 1, 1), first=LATE_START))),
    (1, on(Course(tablets("Colchicine 500 micrograms tablets", "500", 1, 2, unit="mcg"),
                  first=LATE_START - 2, last=LATE_START, days=14),
           Course(tablets("Clarithromycin 500 mg tablets", "500", 1, 2), **ANTIBIOTIC_WEEK))),
    # paracetamol-max-dose: two products
    (1, on(Course(tablets("Paracetamol 500 mg tablets", "500", 2, 4), last=START + 1),
           Course(tablets("co-codamol", "30/500", 2, 4), last=START + 1))),
    (1, on(Course(tablets("Paracetamol 500 mg tablets", "500", 2, 4)),
           Course(as_needed(tablets("co-codamol", "8/500", 2, 4), 4), last=START + 1))),
    # nsaid-renal, nsaid-with-anticoagulant, nsaid-without-gastroprotection
    (1, on(Course(NAPROXEN, last=START + 60), age=60, creatinine=1.9)),
    (1, on(Course(APIXABAN), Course(IBUPROFEN, first=LATE_START, last=LATE_START + 1, days=14),
           age=58)),
    (1, on(Course(NAPROXEN), age=72, creatinine=0.8)),
    # anticoagulant-antiplatelet-without-gastroprotection, clopidogrel-with-omeprazole
    (1, on(Course(tablets("Warfarin 3 mg tablets", "3", 1, 1)),
           Course(tablets("Clopidogrel 75 mg tablets", "75", 1, 1)), age=62)),
    (1, on(Course(tablets("Clopidogrel 75 mg tablets", "75", 1, 1)), Course(OMEPRAZOLE), age=62)),
    # apixaban-dose: 84 years and 52 kg
    (1, on(Course(APIXABAN), age=84, weight=52.0, creatinine=0.9, sex="F")),
    # doac-renal-dose: a clearance near 30
    (1, on(Course(tablets("Rivaroxaban 20 mg tablets", "20", 1, 1)), age=82, weight=55.0,
           creatinine=1.2, sex="F")),
    # doac-renal-dose cannot be judged without a weight: the flag `weight`
    (1, not_weighed(on(Course(tablets("Rivaroxaban 20 mg tablets", "20", 1, 1)), age=70))),
    # metformin-renal, gabapentin-renal-dose, pregabalin-renal-dose, nitrofurantoin-renal
    (1, on(Course(tablets("Metformin 500 mg tablets", "500", 1, 2)), age=70, creatinine=2.7)),
    (1, on(Course(tablets("Gabapentin 600 mg tablets", "600", 1, 3)), age=64, weight=62.0,
           creatinine=1.8)),
    (1, on(Course(capsules("Pregabalin 150 mg capsules", "150", 1, 3)), age=64, weight=62.0,
           creatinine=1.8)),
    (1, on(Course(capsules("Nitrofurantoin 100 mg capsules", "100", 1, 2), last=START + 1, days=7),
           age=79, weight=48.0, creatinine=1.6, sex="F")),
    # triple-whammy
    (1, on(Course(LISINOPRIL), Course(tablets("Furosemide 40 mg tablets", "40", 1, 1)),
           Course(IBUPROFEN, first=LATE_START, last=LATE_START + 1, days=14), age=77)),
    # hyperkalaemia-trimethoprim-raas
    (1, on(Course(RAMIPRIL), Course(tablets("Trimethoprim 200 mg tablets", "200", 1, 2),
                                    **ANTIBIOTIC_WEEK), age=73)),
    # potassium-not-monitored: the site tests others
    (1, on(Course(RAMIPRIL, last=START + 60), site="south",
           labs=(("potassium", "4.4", "mmol/L"),))),
    (1, on(Course(RAMIPRIL), Course(tablets("Spironolactone 25 mg tablets", "25", 1, 1)),
           site="south", age=57)),
    # long-acting-sulfonylurea-65
    (1, on(Course(tablets("Glimepiride 2 mg tablets", "2", 1, 1)), age=76)),
    # duplicate-class
    (1, on(Course(IBUPROFEN, last=END), Course(NAPROXEN, last=END), Course(OMEPRAZOLE), age=49)),
    (1, on(Course(APIXABAN, last=END), Course(tablets("Warfarin 3 mg tablets", "3", 1, 1),
                                              last=END), age=59)),
)  # fmt: skip
