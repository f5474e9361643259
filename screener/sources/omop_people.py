"""PERSON to patients, with OBSERVATION_PERIOD and DEATH.

A birth date needs year, month and day: `birth_datetime` is filled in by convention (the first of a
month, 15 June) where they are not known, so it is not read.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from screener.sources.omop_concepts import SEXES, Cdm, looked_up
from screener.sources.omop_tables import CdmTable, made_of, with_columns
from screener.tables import RawBatch

COLUMNS = ("person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth")


def patients(cdm: Cdm, one: CdmTable) -> Iterator[RawBatch]:
    """The patients of one PERSON table, in canonical columns as text."""
    watched, several = observed(looked_up(cdm, "observation_period"))
    died = (
        looked_up(cdm, "death")
        .drop_nulls()
        .group_by("person_id")
        .agg(pl.col("death_date").min().str.head(10))
    )
    lacking = frozenset(
        column
        for column, table in (
            ("observation_start", "observation_period"),
            ("observation_end", "observation_period"),
            ("death_date", "death"),
        )
        if table not in cdm.tables
    )
    incomplete = 0
    for batch in one.read():
        rows = with_columns(batch.rows, COLUMNS)
        born = birth_date()
        made = (
            rows.join(watched, on="person_id", how="left", maintain_order="left", validate="m:1")
            .join(died, on="person_id", how="left", maintain_order="left", validate="m:1")
            .select(
                "source_row",
                patient_id="person_id",
                birth_date=born,
                sex=pl.col("gender_concept_id").replace_strict(
                    SEXES, default=None, return_dtype=pl.String
                ),
                observation_start="observation_start",
                observation_end="observation_end",
                death_date="death_date",
            )
        )
        incomplete += made["birth_date"].null_count()
        yield made_of(batch, made, lacking, _notices(one.name, incomplete, several))


def birth_date() -> pl.Expr:
    """Year, month and day as one date; null unless all three are there."""

    def part(name: str, digits: int) -> pl.Expr:
        whole = pl.col(name).str.extract(r"^([0-9]{1,4})(?:\.0+)?$", 1)
        return whole.str.zfill(digits)

    return pl.concat_str(
        part("year_of_birth", 4),
        part("month_of_birth", 2),
        part("day_of_birth", 2),
        separator="-",
        ignore_nulls=False,
    )


def observed(periods: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """(person_id, observation_start, observation_end; how many persons have several periods).

    Periods that overlap or follow each other without a day between are one. Of several the last
    counts: what lies before it is not known to be complete.
    """

    def day(name: str) -> pl.Expr:
        return pl.col(name).str.head(10).str.to_date("%Y-%m-%d", strict=False)

    rows = periods.select(
        "person_id",
        first=day("observation_period_start_date"),
        last=day("observation_period_end_date"),
    ).drop_nulls()
    rows = rows.sort("person_id", "first", "last").with_columns(
        so_far=pl.col("last").cum_max().over("person_id")
    )
    before = pl.col("so_far").shift(1).over("person_id")
    begins = (pl.col("first") > before + pl.duration(days=1)).fill_null(value=True)
    runs = (
        rows.with_columns(run=begins.cast(pl.Int64).cum_sum().over("person_id"))
        .group_by("person_id", "run")
        .agg(pl.col("first").min(), pl.col("last").max())
        .sort("person_id", "run")
    )
    latest = runs.unique("person_id", keep="last", maintain_order=True)
    found = latest.select(
        "person_id",
        observation_start=pl.col("first").dt.to_string("%Y-%m-%d"),
        observation_end=pl.col("last").dt.to_string("%Y-%m-%d"),
    )
    return found, runs.filter(pl.col("run") == 2)["person_id"].n_unique()


def _notices(name: str, incomplete: int, several: int) -> Iterator[str]:
    if incomplete:
        yield (
            f"{name}: {incomplete} persons have no complete date of birth (year, month and day); "
            "it is not guessed, and rules that need an age do not assess them"
        )
    if several:
        yield (
            f"{name}: {several} persons have several observation periods; the last one counts as "
            "the time in which they were observed"
        )
