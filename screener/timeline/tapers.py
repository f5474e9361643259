"""Phases: orders that follow each other because one record of an export says so (a taper).

Meaning: docs/timeline.md, sections 1 and 2.
"""

from __future__ import annotations

import polars as pl

from screener.timeline.days import EDGE, group_number, running_max

RECORD = ("source_file", "source_row")
DOSE = ("dose_min", "dose_max", "frequency_count", "frequency_period_days")
GOES_ON = 14  # days between supplies that may still be one course, as in a fill chain
ENDLESS = EDGE - 2  # the last day of a phase whose length nobody said


def with_phases(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds phase (from 1) and phases (u32): rows of one record that start on different days.

    Null where a record is one stretch. rows: RECORD and start (day number).
    """
    none = pl.lit(None, dtype=pl.UInt32)
    alone = rows.with_columns(phase=none, phases=none)
    if rows["source_row"].n_unique() == rows.height:
        return alone
    several = rows.filter(pl.struct(RECORD).is_duplicated()).select("row", *RECORD, "start")
    numbered = several.select(
        "row",
        phase=pl.col("start").rank("dense").over(RECORD).cast(pl.UInt32),
        phases=pl.col("start").n_unique().over(RECORD),
    ).filter(pl.col("phases") > 1)
    if numbered.is_empty():
        return alone
    return rows.join(numbered, on="row", how="left", maintain_order="left", validate="1:1")


def never_began() -> pl.Expr:
    """A later phase that was to begin after a stop, or after the patient's last day."""
    late = (pl.col("start") >= pl.col("stop")).fill_null(value=False) | (
        pl.col("start") > pl.col("last_day")
    )
    return (pl.col("phase") > 1).fill_null(value=False) & late.fill_null(value=False)


def without_restarts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose taper was supplied before lose their dose: begins it again, or goes it on?

    rows: classified, with the columns of `with_phases`.
    """
    used = rows.filter(pl.col("phases").is_not_null() & (pl.col("row_class") == "used"))
    if used.is_empty():
        return rows
    same = ["patient", "drug", "drug_code", "sig"]
    end = pl.min_horizontal(
        (pl.col("start") + pl.col("days_supply") - 1).fill_null(ENDLESS), pl.col("stop") - 1
    )
    records = (
        used.with_columns(_end=end)
        .group_by(*RECORD, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in (*same, "replaces")),
            texts=pl.col("sig").n_unique(),
            start=pl.col("start").min(),
            end=pl.col("_end").max(),
        )
        .filter((pl.col("texts") == 1) & pl.col("sig").is_not_null())
    )
    days = (
        records.group_by(*same, "start")
        .agg(pl.col("end").max())
        .sort(*same, "start")
        .with_columns(_course=group_number(*same))
        .with_columns(_reach=running_max(pl.col("end"), pl.col("_course")))
    )
    before = pl.when(pl.col("_course") == pl.col("_course").shift(1)).then(
        pl.col("_reach").shift(1)
    )
    again = days.filter(pl.col("start") - before - 1 <= GOES_ON).select(*same, "start")
    unsure = records.filter(pl.col("replaces").is_null()).join(
        again, on=[*same, "start"], how="semi", nulls_equal=True
    )
    if unsure.is_empty():
        return rows
    marked = rows.join(
        unsure.select(*RECORD, _unsure=pl.lit(value=True)),
        on=[*RECORD],
        how="left",
        maintain_order="left",
    )
    return marked.with_columns(
        pl.when(pl.col("_unsure").is_null()).then(name).alias(name) for name in DOSE
    ).drop("_unsure")
