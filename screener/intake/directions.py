"""Orders whose dose stands only in their directions: the columns that a reading fills.

Only where an export gives no dose, unit or frequency at all, and only a text that
`screener.directions` reads whole: everything else stays as it is, and is `unreadable-sig` later.
A taper of several phases becomes several orders, one after the other.
Meaning: docs/timeline.md, section 2, and docs/directions.md.
"""

from __future__ import annotations

import polars as pl

from screener.directions import read_directions
from screener.intake.own_names import KEYS, OWN_NAME, with_own_names
from screener.intake.readings import FILLED, columns_of
from screener.intake.said_strengths import with_strengths_compared

DOSE = ("dose_min", "dose_max", "dose_unit", "frequency_count", "frequency_period_days")


def with_directions(prescriptions: pl.DataFrame) -> pl.DataFrame:
    """Canonical prescriptions with dose, unit, frequency, as needed and length from the sig.

    A count without a unit ("1 at night") is one of what the product comes in. The dose is that of
    one time: split doses give their mean, so that the day's total is exact. As needed in the column
    or in the text counts as as needed. Each phase of a taper after the first is a row of its own
    behind that of its order: id/2, id/3, ..., of the same file and row.
    """
    blank = pl.all_horizontal(pl.col(c).is_null() for c in DOSE) & pl.col("sig").is_not_null()
    asked = prescriptions.filter(blank).select("sig", *KEYS).unique(maintain_order=True)
    if asked.is_empty():
        return prescriptions
    found = _readings(asked)
    if found.is_empty():
        return prescriptions
    rows = (
        prescriptions.with_row_index("_record")
        .with_columns(_sig=pl.when(blank).then("sig"), _whole=_may_be_split())
        .join(
            found.rename({"sig": "_sig"}),
            on=["_sig", *KEYS],
            how="left",
            nulls_equal=True,
            maintain_order="left_right",
        )
        .with_columns(_read=pl.col("phases").is_not_null() & ((pl.col("phases") == 1) | "_whole"))
        .filter("_read" | (pl.col("phase").fill_null(0) == 0))
    )
    filled = with_strengths_compared(rows).with_columns(*_dose(), *_place())
    return filled.select(pl.col(name).cast(dtype) for name, dtype in prescriptions.schema.items())


def _may_be_split() -> pl.Expr:
    """A record that gave several rows has its phases already; one of no days has none."""
    alone = ~pl.struct("source_file", "source_row").is_duplicated()
    return alone & (pl.col("days_supply").fill_null(1) > 0)


def _readings(asked: pl.DataFrame) -> pl.DataFrame:
    """sig, KEYS, and the columns of `columns_of`, a row a phase; texts nobody can read left out."""
    read = read_directions(asked["sig"])
    plain = asked.join(
        columns_of(read), left_on="sig", right_on="text", maintain_order="left_right"
    )
    stopped = read.filter(pl.col("problem") == "foreign word").select(sig="text")
    named = with_own_names(asked.join(stopped, on="sig", how="semi", maintain_order="left"))
    if named.is_empty():
        return plain
    again = columns_of(read_directions(named["renamed"], own_name=OWN_NAME))
    more = named.join(again, left_on="renamed", right_on="text", maintain_order="left_right")
    return pl.concat([plain, more.drop("renamed").select(plain.columns)])


def _dose() -> list[pl.Expr]:
    read = pl.col("_read")
    unit = pl.coalesce("_dose_unit", "strength_per_unit", "form")
    return [
        *(pl.when(read).then(f"_{c}").otherwise(c).alias(c) for c in FILLED),
        pl.when(read).then(unit).otherwise("dose_unit").alias("dose_unit"),
        pl.when(read & pl.col("_prn")).then(pl.lit(value=True)).otherwise("prn").alias("prn"),
    ]


def _place() -> list[pl.Expr]:
    """When a phase is taken, and under which id; what was supplied belongs to no single phase."""
    phased = pl.col("_read") & (pl.col("phases") > 1)
    later = phased & (pl.col("phase") > 0)
    left = pl.col("days_supply") - pl.col("after")
    one = pl.coalesce("days_supply", "_days")
    name = pl.concat_str("prescription_id", pl.lit("/"), pl.col("phase") + 1)
    itself = later & (pl.col("replaces") == pl.col("prescription_id"))
    return [
        pl.when(phased)
        .then(pl.col("start_date") + pl.duration(days="after"))
        .otherwise("start_date")
        .alias("start_date"),
        pl.when(phased)
        .then(pl.coalesce("_days", pl.when(left > 0).then(left)))
        .when("_read")
        .then(one)
        .otherwise("days_supply")
        .alias("days_supply"),
        pl.when(~phased).then("quantity").alias("quantity"),
        pl.when(later).then(name).otherwise("prescription_id").alias("prescription_id"),
        pl.when(~itself.fill_null(value=False)).then("replaces").alias("replaces"),
    ]
