"""Orders whose dose stands only in their directions: the columns that a reading fills.

Only where an export gives no dose or no frequency, and only a text that `screener.directions` reads
whole and that says of the columns that are filled what they say: everything else stays as it is,
and is `unreadable-sig` later.
A taper of several phases becomes several orders, one after the other.
Meaning: docs/timeline.md, section 2, and docs/directions.md.
"""

from __future__ import annotations

import polars as pl

from screener.directions import read_directions
from screener.intake.own_names import KEYS, OWN_NAME, with_own_names
from screener.intake.readings import FILLED, columns_of
from screener.intake.said_strengths import with_strengths_compared
from screener.units import resolve_units

DOSE = ("dose_min", "dose_max")
RATE = ("frequency_count", "frequency_period_days")


def with_directions(prescriptions: pl.DataFrame) -> pl.DataFrame:
    """Canonical prescriptions with dose, unit, frequency, as needed and length from the sig.

    A count without a unit ("1 at night") is one of what the product comes in. The dose is that of
    one time: split doses give their mean, so that the day's total is exact. As needed in the column
    or in the text counts as as needed. Each phase of a taper after the first is a row of its own
    behind that of its order: id/2, id/3, ..., of the same file and row.
    """
    blank = (_none_of(DOSE) | _none_of(RATE)) & pl.col("sig").is_not_null()
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
        .pipe(_as_the_columns_say)
        .filter("_read" | (pl.col("phase").fill_null(0) == 0))
    )
    filled = with_strengths_compared(rows).with_columns(*_dose(), *_place())
    return filled.select(pl.col(name).cast(dtype) for name, dtype in prescriptions.schema.items())


def _none_of(columns: tuple[str, ...]) -> pl.Expr:
    return pl.all_horizontal(pl.col(name).is_null() for name in columns)


def _as_the_columns_say(rows: pl.DataFrame) -> pl.DataFrame:
    """Orders whose text says another dose, unit or frequency than a filled column lose `_read`.

    A unit fits when it is the same, or when the text has a mass where the column counts, or the
    other way round; a bare number is one of the column's unit, unless that is a mass. A taper has
    no one dose or frequency, so it fits only where neither is filled.
    """
    given = _named(rows["dose_unit"], "given").join(_named(rows["_dose_unit"], "said"), how="cross")
    rows = rows.join(
        given.rename({"given": "dose_unit", "said": "_dose_unit"}),
        on=["dose_unit", "_dose_unit"], how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    mass, said_mass = (pl.col(name) == "mass" for name in ("given_kind", "said_kind"))
    unit = (
        pl.when(pl.col("dose_unit").is_null())
        .then(pl.lit(value=True))
        .when(pl.col("_dose_unit").is_null())
        .then(~mass)
        .otherwise((pl.col("given_name") == pl.col("said_name")) | (mass != said_mass))
    ).fill_null(value=False)
    low, high = pl.coalesce("dose_min", "dose_max"), pl.coalesce("dose_max", "dose_min")
    same_dose = _equal(low, pl.coalesce("_dose_min", "_dose_max")) & _equal(
        high, pl.coalesce("_dose_max", "_dose_min")
    )
    same_unit = pl.col("given_name").eq_missing(pl.col("said_name"))
    dose = _none_of(DOSE) | (same_dose & same_unit)
    rate = _none_of(RATE) | _equal(
        pl.col("frequency_count") * pl.col("_frequency_period_days"),
        pl.col("_frequency_count") * pl.col("frequency_period_days"),
    )
    empty = (_none_of(DOSE) & _none_of(RATE)) | (pl.col("phases") == 1)
    fits = unit & (dose & rate & empty).fill_null(value=False)
    records = rows.filter(pl.col("_read") & ~fits)["_record"].unique().implode()
    return rows.with_columns(_read=pl.col("_read") & ~pl.col("_record").is_in(records))


def _equal(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether two figures are the same but for their last digits."""
    return (one - other).abs() <= 1e-9 * pl.max_horizontal(one.abs(), other.abs())


def _named(units: pl.Series, name: str) -> pl.DataFrame:
    """The distinct units, null among them, with their name and kind in the table of units."""
    known = resolve_units(units).select(
        pl.col("unit").alias(name),
        pl.col("name").alias(f"{name}_name"),
        pl.col("kind").alias(f"{name}_kind"),
    )
    return pl.concat([known, pl.DataFrame([[None] * 3], schema=known.schema, orient="row")])


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
    unit = pl.coalesce("_dose_unit", "dose_unit", "strength_per_unit", "form")
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
