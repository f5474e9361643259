"""One row a patient: identical copies count once, contradictions become unknown and are flagged."""

from __future__ import annotations

import datetime as dt

import polars as pl

from screener.findings import DATA_FLAGS
from screener.tables import LINEAGE, TABLES

HEIGHT, LEAST_CM, MOST_CM = "body_height", 20.0, 272.0
OLDEST = 120  # years; few people were ever older, and 1900-01-01 often stands for "not known"
OLD_BIRTHS: dict[str, pl.DataType] = {
    "birth_date": pl.Date(), "death_date": pl.Date(), "patients": pl.Int64()
}  # fmt: skip
LIKELY_FINE = 1930  # births from this year on are not looked at


def one_row_each(patients: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int, int]:
    """(patients with one row an id, in the order of their first rows; missing-demographics flags;
    copies left out; patients with contradictions)."""
    names = [c.name for c in TABLES["patients"] if c.name != "patient_id"]
    if patients.height == patients["patient_id"].n_unique():
        return patients, pl.DataFrame(schema=DATA_FLAGS), 0, 0
    grouped = patients.group_by("patient_id", maintain_order=True).agg(
        *[
            # A blank beside a value is no contradiction; two values are.
            pl.when(pl.col(name).drop_nulls().n_unique() <= 1)
            .then(pl.col(name).drop_nulls().first())
            .alias(name)
            for name in names
        ],
        *[pl.col(name).first() for name in LINEAGE],
        torn=pl.any_horizontal([pl.col(name).drop_nulls().n_unique() > 1 for name in names]),
    )
    torn = grouped.filter("torn")
    flags = torn.select(
        "patient_id",
        flag=pl.lit("missing-demographics"),
        date=pl.lit(None, dtype=pl.Date),
        ref=pl.concat_str("source_file", pl.lit(":"), pl.col("source_row")),
        detail=pl.lit("rows of this patient contradict each other"),
    )
    kept = grouped.select(patients.columns)
    return kept, flags, patients.height - kept.height, torn.height


def old_births(patients: pl.DataFrame) -> pl.DataFrame:
    """How many patients were born on which early day, and when they died: OLD_BIRTHS."""
    early = patients.filter(pl.col("birth_date").dt.year() < LIKELY_FINE)
    return early.group_by("birth_date", "death_date").agg(
        patients=pl.col("patient_id").n_unique().cast(pl.Int64)
    )


def too_old(births: pl.DataFrame, day: dt.date) -> int:
    """How many of OLD_BIRTHS are older than OLDEST on a day, or were when they died."""
    last = pl.min_horizontal("death_date", pl.lit(day))
    birthday = pl.col("birth_date").dt.offset_by(f"{OLDEST + 1}y")
    return int(births.filter(birthday <= last)["patients"].sum())


def with_measured(patients: pl.DataFrame, labs: pl.DataFrame | None) -> pl.DataFrame:
    """Fills a missing height from the latest measurement among the labs (body_height in cm).

    Values outside 20-272 cm are not used. Weights change: the timeline reads them by date.
    """
    if labs is None:
        return patients
    latest = (
        labs.filter(
            pl.col("analyte") == HEIGHT,
            pl.col("unit") == "cm",
            pl.col("value").is_between(LEAST_CM, MOST_CM),
            pl.col("comparator").is_null(),
        )
        .sort("patient_id", "date", "source_file", "source_row")
        .group_by("patient_id", maintain_order=True)
        .agg(pl.col("value").last().alias("measured"))
    )
    if latest.is_empty():
        return patients
    return (
        patients.join(latest, on="patient_id", how="left", maintain_order="left")
        .with_columns(height_cm=pl.coalesce("height_cm", "measured"))
        .drop("measured")
    )
