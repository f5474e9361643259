"""Orders whose dose stands only in their directions: the columns that a reading fills.

Only where an export gives no dose, unit or frequency at all, and only a text that
`screener.directions` reads whole, in one phase: everything else stays as it is, and is
`unreadable-sig` later. A taper of several phases is not split into orders here.
"""

from __future__ import annotations

import polars as pl

from screener.directions import read_directions

FILLED = ("dose_min", "dose_max", "dose_unit", "frequency_count", "frequency_period_days")


def with_directions(prescriptions: pl.DataFrame) -> pl.DataFrame:
    """Canonical prescriptions with dose, unit, frequency, as needed and length from the sig.

    A count without a unit ("1 at night") is one of what the product comes in. The dose is that of
    one time: split doses give their mean, so that the day's total is exact. As needed in the column
    or in the text counts as as needed.
    """
    blank = pl.all_horizontal(pl.col(c).is_null() for c in FILLED) & pl.col("sig").is_not_null()
    texts = prescriptions.filter(blank)["sig"]
    if texts.is_empty():
        return prescriptions
    found = _one_phase(read_directions(texts))
    if found.is_empty():
        return prescriptions
    joined = prescriptions.with_columns(_sig=pl.when(blank).then("sig")).join(
        found, left_on="_sig", right_on="text", how="left", maintain_order="left"
    )
    asked = pl.col("read").fill_null(value=False)
    filled = joined.with_columns(
        *(pl.when(asked).then(f"_{c}").otherwise(c).alias(c) for c in FILLED if c != "dose_unit"),
        dose_unit=pl.when(asked)
        .then(pl.coalesce("_dose_unit", "strength_per_unit", "form"))
        .otherwise("dose_unit"),
        prn=pl.when(asked & pl.col("_prn")).then(pl.lit(value=True)).otherwise("prn"),
        days_supply=pl.when(asked)
        .then(pl.coalesce("days_supply", "_days"))
        .otherwise("days_supply"),
    )
    return filled.select(pl.col(name).cast(dtype) for name, dtype in prescriptions.schema.items())


def _one_phase(read: pl.DataFrame) -> pl.DataFrame:
    """Texts that are one phase: text, read, and the columns of FILLED, prn and days with a `_`."""
    whole = read.group_by("text").agg(
        _phases=pl.len(), _stopped=pl.col("unreadable").is_not_null().any()
    )
    kept = whole.filter((pl.col("_phases") == 1) & ~pl.col("_stopped"))
    one = read.join(kept.select("text"), on="text", how="semi")
    low = pl.col("daily_min").struct.field("over") / pl.col("daily_min").struct.field("under")
    high = pl.col("daily_max").struct.field("over") / pl.col("daily_max").struct.field("under")
    counted = pl.col("count_max").is_not_null() & pl.col("period_days").is_not_null()
    times = pl.when(counted).then(pl.col("count_max")).otherwise(1)
    period = pl.when(counted).then(pl.col("period_days")).otherwise(1)
    limited = high.is_not_null()
    least = pl.when(pl.col("prn") | ~limited).then("dose_min").otherwise(low * period / times)
    most = pl.when(limited).then(high * period / times).otherwise("dose_max")
    return one.select(
        "text",
        read=pl.lit(value=True),
        _dose_min=pl.min_horizontal(least, most),
        _dose_max=most,
        _dose_unit="dose_unit",
        _frequency_count=pl.when(limited).then(times.cast(pl.Float64)),
        _frequency_period_days=pl.when(limited).then(period.cast(pl.Float64)),
        _prn="prn",
        _days="days",
    )
