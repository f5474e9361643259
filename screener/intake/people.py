"""One row a patient: identical copies count once, contradictions become unknown and are flagged."""

from __future__ import annotations

import polars as pl

from screener.findings import DATA_FLAGS
from screener.tables import LINEAGE, TABLES

HEIGHT, LEAST_CM, MOST_CM = "body_height", 20.0, 272.0


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
