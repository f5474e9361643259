"""Readings of directions as the columns of canonical orders, a row a phase."""

from __future__ import annotations

import polars as pl

FILLED = ("dose_min", "dose_max", "frequency_count", "frequency_period_days")


def columns_of(read: pl.DataFrame) -> pl.DataFrame:
    """text, phase (from 0), phases, after (days of the phases before), FILLED, dose_unit, prn and
    days, each with a `_`, and said_ug (micrograms in a unit, or in 1 mL).

    read: `read_directions`. Texts that cannot be read are left out.
    """
    low = pl.col("daily_min").struct.field("over") / pl.col("daily_min").struct.field("under")
    high = pl.col("daily_max").struct.field("over") / pl.col("daily_max").struct.field("under")
    counted = pl.col("count_max").is_not_null() & pl.col("period_days").is_not_null()
    times = pl.when(counted).then(pl.col("count_max")).otherwise(1)
    period = pl.when(counted).then(pl.col("period_days")).otherwise(1)
    limited = high.is_not_null()
    least = pl.when(pl.col("prn") | ~limited).then("dose_min").otherwise(low * period / times)
    most = pl.when(limited).then(high * period / times).otherwise("dose_max")
    days = pl.col("days").fill_null(0)
    return read.filter(pl.col("unreadable").is_null()).select(
        "text",
        "phase",
        phases=pl.len().over("text").cast(pl.Int64),
        after=days.cum_sum().over("text") - days,
        _dose_min=pl.min_horizontal(least, most),
        _dose_max=most,
        _dose_unit="dose_unit",
        _frequency_count=pl.when(limited).then(times.cast(pl.Float64)),
        _frequency_period_days=pl.when(limited).then(period.cast(pl.Float64)),
        _prn="prn",
        _days="days",
        said_ug="strengths_ug",
    )
