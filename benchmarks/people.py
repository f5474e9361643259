"""The invented patients: who they are, how their kidneys do, and what they suffer from.

Creatinine follows the public SMART outpatient sample (70 % of the patients tested, 3 results a
tested patient, median 0.9 mg/dL); one patient in eight has kidneys that fail more and more.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
from chances import between, chance, either, one_of
from courses import DAYS, FIRST_DAY

EPOCH_DAY = (FIRST_DAY - dt.date(1970, 1, 1)).days
TESTS = [(0.30, 0), (0.14, 1), (0.14, 2), (0.14, 3), (0.12, 4), (0.08, 6), (0.08, 9)]
CONDITIONS = ("asthma", "atrial fibrillation", "ischaemic heart disease", "alcohol dependence")


def date(day: pl.Expr) -> pl.Expr:
    """A day since FIRST_DAY as a date."""
    return (day + EPOCH_DAY).cast(pl.Int32).cast(pl.Date)


def patient_id(patient: str = "patient") -> pl.Expr:
    """The text of a patient's number."""
    return pl.format("P-{}", pl.col(patient).cast(pl.String).str.zfill(9))


def watched(patients: pl.DataFrame, seed: int) -> pl.DataFrame:
    """patient, person (the number behind the draws), begin and end in days: most, all the time."""
    person = pl.col("patient") + seed * (1 << 40)
    return patients.select(
        "patient",
        person=person,
        begin=pl.when(chance(person, 31) < 0.12).then(between(person, 32, 0, 400)).otherwise(0),
        end=pl.when(chance(person, 33) < 0.10).then(between(person, 34, 430, DAYS)).otherwise(DAYS),
        dead=chance(person, 35) < 0.02,
    )


def patients(of: pl.DataFrame) -> pl.DataFrame:
    """The patients table; `of` is `watched`. 3 in 100 are children, 1 in 200 has no birth date."""
    person = pl.col("person")
    adult = between(person, 11, -40 * 365, 36 * 365)
    born = pl.when(chance(person, 36) < 0.03).then(between(person, 11, 40 * 365, 54 * 365))
    return of.select(
        patient_id=patient_id(),
        birth_date=pl.when(chance(person, 37) >= 0.005).then(
            born.otherwise(adult).cast(pl.Int32).cast(pl.Date)),
        sex=either(chance(person, 12) < 0.55, "F", "M"),
        weight_kg=between(person, 13, 45, 110),
        height_cm=between(person, 14, 148, 195),
        observation_start=date(pl.col("begin")),
        observation_end=date(pl.col("end")),
        death_date=pl.when("dead").then(date(pl.col("end"))),
    )  # fmt: skip


def labs(of: pl.DataFrame) -> pl.DataFrame:
    """Creatinine in two units, coded eGFR, potassium; by patient and date."""
    person = pl.col("person")
    number = person * 16 + pl.col("test")
    grown = 1 + pl.when(chance(person, 41) < 1 / 8).then(
        0.4 + chance(person, 42) * 3 * pl.col("day") / DAYS).otherwise(0.0)  # fmt: skip
    mg_dl = (0.55 + 0.6 * chance(person, 43)) * grown * (0.92 + 0.16 * chance(number, 44))
    kind = one_of(chance(person, 45), [(0.80, 0), (0.12, 1), (0.08, 2)])
    tests = (
        of.with_columns(many=one_of(chance(person, 46), TESTS))
        .filter(pl.col("many") > 0)
        .with_columns(test=pl.int_ranges(pl.col("many")))
        .explode("test")
        .with_columns(day=between(number, 47, 0, DAYS))
        .filter(pl.col("day") <= pl.col("end"))
        .with_columns(mg_dl=mg_dl, kind=kind)
    )
    value = (
        pl.when(pl.col("kind") == 0).then(pl.col("mg_dl").round(2))
        .when(pl.col("kind") == 1).then((pl.col("mg_dl") * 88.4).round(0))
        .otherwise((95 / pl.col("mg_dl")).clip(3, 140).round(0))
    )  # fmt: skip
    units = pl.when(pl.col("kind") == 2).then(pl.lit("mL/min/1.73m2"))
    kidney = tests.select(
        "patient",
        "day",
        analyte=either(pl.col("kind") == 2, "egfr", "creatinine"),
        value=value,
        unit=units.otherwise(either(pl.col("kind") == 0, "mg/dL", "umol/L")),
    )
    potassium = tests.filter(chance(number, 48) < 0.7).select(
        "patient", "day", analyte=pl.lit("potassium"),
        value=(3.4 + 1.9 * chance(number, 49)).round(1), unit=pl.lit("mmol/L"),
    )  # fmt: skip
    return pl.concat([kidney, potassium]).sort("patient", "day", "analyte", "value").select(
        patient_id=patient_id(), date=date(pl.col("day")), analyte="analyte",
        comparator=pl.lit(""), value="value", unit="unit",
    )  # fmt: skip


def conditions(of: pl.DataFrame) -> pl.DataFrame:
    """A long-standing illness of one patient in five."""
    person = pl.col("person")
    which = between(person, 52, 0, len(CONDITIONS) - 1)
    names = pl.lit(pl.Series(CONDITIONS)).gather(which)
    return of.filter(chance(person, 51) < 0.2).select(
        patient_id=patient_id(),
        condition=names,
        start_date=date(between(person, 53, -900, 300)),
        end_date=pl.lit(""),
    )
