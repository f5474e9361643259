"""Doses in words: the arithmetic of an order line, to be checked by hand."""

from __future__ import annotations

import polars as pl

from screener.units import divided


def _number(column: str) -> pl.Expr:
    """A number without trailing zeros: 1, 2.5, 26.67."""
    text = pl.col(column).round(6).cast(pl.String)
    return text.str.replace(r"\.0$", "")


def with_commas(number: pl.Expr) -> pl.Expr:
    """A number as text, with commas at a thousand and a million: 6,000, 1,234,567.5."""
    thousands = number.str.replace(r"^(\d{1,3})(\d{3})(\.\d+)?$", "${1},${2}${3}")
    return thousands.str.replace(r"^(\d{1,3})(\d{3})(\d{3})(\.\d+)?$", "${1},${2},${3}${4}")


def days_words(days: pl.Expr) -> pl.Expr:
    """`1 day`, `14 days`, of a column of whole numbers."""
    return days.cast(pl.String) + pl.when(days == 1).then(pl.lit(" day")).otherwise(pl.lit(" days"))


def with_words(lines: pl.DataFrame) -> pl.DataFrame:
    """`how`: the arithmetic of a line, to be checked by hand: 3 × 1 tablet × 20 mg = 60 mg/day."""
    dose = (
        pl.when(pl.col("most") > pl.col("least"))
        .then(_number("least") + "-" + _number("most"))
        .otherwise(_number("least"))
    )
    unit = pl.col("dose_name").fill_null(pl.col("dose_unit")).fill_null("(no unit)")
    often = (
        pl.when(pl.col("continuous")).then(pl.lit("worn all day, 24 h × "))
        .when(pl.col("period") == 1).then(_number("times") + " × ")
        .otherwise(_number("times") + " per " + _number("period") + " days × ")
    )  # fmt: skip
    strength = (
        pl.when(pl.col("dose_kind").is_in(["mass", "rate"])).then(pl.lit(""))
        .when(pl.col("bounded"))
        .then(" × " + _words_of("liquid_low_ug_per_ml") + " to "
              + _words_of("liquid_high_ug_per_ml") + " per mL (concentration missing)")
        .when(pl.col("per_amount") != 1)
        .then(" × " + _words_of("strength_ug") + " per " + _number("per_amount") + " "
              + pl.col("per_name").fill_null("unit"))
        .otherwise(" × " + _words_of("strength_ug"))
    )  # fmt: skip
    result = (
        pl.when(pl.col("as_needed")).then("up to " + _words_of("high"))
        .when(pl.col("low") < pl.col("high"))
        .then(_words_of("low") + " to " + _words_of("high"))
        .otherwise(_words_of("high"))
    )  # fmt: skip
    how = (
        pl.when(pl.col("by_quantity"))
        .then("directions unreadable; at most " + _number("quantity") + " supplied × "
              + _words_of("strength_ug") + " ÷ " + days_words(pl.col("days_supply"))
              + " = " + _words_of("high") + "/day")
        .when(pl.col("unreadable")).then(pl.lit("dose could not be read"))
        .when(pl.col("dose_unknown")).then(pl.lit("dose unknown"))
        .otherwise(often + dose + " " + unit + strength.fill_null("") + " = " + result + "/day")
    )  # fmt: skip
    return lines.with_columns(how=how.fill_null("dose unknown"))


def _words_of(column: str) -> pl.Expr:
    """Micrograms as words, one unit in the whole line: micrograms where the day's dose is below
    1 mg, else mg."""
    ug = pl.col(column)
    mg = divided(ug, 1000).round(4).cast(pl.String).str.replace(r"\.0$", "")
    small = (pl.col("high") > 0) & (pl.col("high") < 1000)
    return (
        pl.when(ug.is_null()).then(pl.lit(None, pl.String))
        .when(small).then(_number(column) + " micrograms")
        .otherwise(with_commas(mg) + " mg")
    )  # fmt: skip
