"""Who the patients of a bucket are, and how long each was watched.

Every later frame names a patient by `patient`, an index into this frame sorted by patient_id.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from screener.tables import Tables, day_number
from screener.timeline.days import birthday, day

FAR = 10_000_000  # a day number beyond every date: "never"


def people_of(tables: Tables, as_of: dt.date) -> pl.DataFrame:
    """One row per patient of any order or of the patients table.

    Columns: patient u32, patient_id, birth, observed_from, died (day numbers or null), sex (F, M
    or null), weight_kg, height_cm, last_day, adult_from (the 18th birthday; a day
    before every date when the birth date is unknown).
    """
    ids = [tables.prescriptions.select("patient_id")]
    if tables.patients is not None:
        ids.append(tables.patients.select("patient_id"))
    everyone = pl.concat(ids).unique().sort("patient_id").with_row_index("patient")
    known = (
        tables.patients.unique("patient_id", keep="first", maintain_order=True)
        if tables.patients is not None
        else _no_patients()
    )
    end = day_number(as_of)
    people = everyone.join(
        known.drop("source_file", "source_row", strict=False),
        on="patient_id",
        how="left",
        maintain_order="left",
        validate="1:1",
    )
    return people.select(
        "patient",
        "patient_id",
        birth=day("birth_date"),
        birth_date=pl.col("birth_date"),
        observed_from=day("observation_start"),
        died=day("death_date"),
        sex=pl.when(pl.col("sex").is_in(["F", "M"])).then("sex"),
        weight_kg=pl.col("weight_kg"),
        height_cm=pl.col("height_cm"),
        last_day=pl.min_horizontal(
            pl.lit(end, pl.Int64), day("observation_end"), day("death_date")
        ),
        adult_from=day(birthday("birth_date", 18)).fill_null(-FAR),
    )


def _no_patients() -> pl.DataFrame:
    from screener.tables import empty_table

    return empty_table("patients")


def demographic_flags(people: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """`missing-demographics`: once per patient with a line, on the first covered day."""
    first = lines.group_by("patient").agg(day=pl.col("from_day").min())
    return (
        people.filter(pl.col("birth").is_null() | pl.col("sex").is_null())
        .join(first, on="patient", how="inner")
        .select(
            "patient",
            "day",
            flag=pl.lit("missing-demographics"),
            ref=pl.lit(None, pl.String),
            detail=pl.when(pl.col("birth").is_null() & pl.col("sex").is_null())
            .then(pl.lit("birth date and sex are missing"))
            .when(pl.col("birth").is_null())
            .then(pl.lit("birth date is missing"))
            .otherwise(pl.lit("sex is missing")),
        )
    )
