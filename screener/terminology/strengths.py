"""Strengths written inside a drug's name: "20 MG", "25 mg/5 mL", "30/500", "25 mcg/hr"."""

from __future__ import annotations

import polars as pl

_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_NUMBERS = rf"{_NUMBER}(?:\s?[/\-]\s?{_NUMBER})*"
_UNIT = (
    r"(?:mgs?|mgm|milligram(?:me)?s?|mcgs?|ugs?|\u{3bc}g|microgram(?:me)?s?|micrograms?|"
    r"nanogram(?:me)?s?|ng|gm|gms|grams?|grammes?|g|meq|mmol|unt|units?|"
    r"international units|iu)"
)
_PER = (
    r"(?:mls?|millilit(?:re|er)s?|l|actuat|actuation|act|puff|spray|dose|inh|hrs?|hours?|h|"
    r"tablets?|tabs?|capsules?|caps?|patch|packet|sachet)"
)
_STRENGTH = (
    rf"(?:^|[^\w.])(?P<numbers>{_NUMBERS})\s*-?\s*(?P<unit>{_UNIT})\b"
    rf"(?:\s*(?:/|\bper\b|\bin\b)\s*(?:(?P<per_value>{_NUMBER})?\s*(?P<per_unit>{_PER})"
    r"|(?P<per_mass>mg|gm?|grams?))\b)?"
)
_BARE_NUMBERS = rf"(?:^|[^\w.])(?P<bare>{_NUMBER}(?:\s?[/\-]\s?{_NUMBER})+)(?:[^\w.%]|$)"
_PERCENT = rf"{_NUMBER}\s*%"
_LEADING = (
    rf"^(?:(?:nda|anda|bla)\d+ )?(?:{_NUMBER} ?(?:ml|hr|actuat|mg) "
    r"(?:plas cont|flex cont excel|flex cont|vial|syringe|bag)? ?[:\-]? ?)?"
)
_TIME = r"^(?:hrs?|hours?|h)$"


def with_plain_numbers(text: pl.Expr) -> pl.Expr:
    """Thousands commas out ("50,000" = 50000), decimal commas to points ("0,125", "2,5 mg"),
    "5mg/325mg" to "5/325mg", and "A 5 mg-B 325 mg" to "A 5 mg / B 325 mg"."""
    pair = rf"(\d) ?mg ?([/\-]) ?({_NUMBER} ?mg)\b"
    return (
        text.str.replace_all(r"\b0,(\d+)", "0.${1}")
        .str.replace_all(r"(\d),(\d{3})\b", "${1}${2}")
        .str.replace_all(r"(\d),(\d{3})\b", "${1}${2}")
        .str.replace_all(rf"(\d),(\d{{1,2}} ?{_UNIT})\b", "${1}.${2}")
        .str.replace_all(pair, "${1}${2}${3}")
        .str.replace_all(pair, "${1}${2}${3}")
        .str.replace_all(rf"(\d ?{_UNIT}) ?[\-+&] ?(\p{{L}}{{3}})", "${1} / ${2}")
    )


def strength_of(text: pl.Expr) -> list[pl.Expr]:
    """Columns numbers (list of f64), unit, per_value, per_unit of the first strength in a text.

    Of "20 mg": [20], "mg", null, null. Of "25 mg/5 ml": [25], "mg", 5, "ml". A rate such as
    "25 mcg/hr" has the unit "mcg/hr" and no per. Several numbers belong to the ingredients of a
    combination in its own order; without a unit they come only as pairs such as "30/500".
    """
    found = text.str.extract_groups(_STRENGTH)
    numbers, unit = found.struct.field("numbers"), found.struct.field("unit")
    per_value = found.struct.field("per_value")
    per_unit = pl.coalesce(found.struct.field("per_unit"), found.struct.field("per_mass"))
    bare = text.str.extract_groups(_BARE_NUMBERS).struct.field("bare")
    is_rate = per_unit.str.contains(_TIME).fill_null(False)
    rate = pl.concat_str(unit, pl.lit("/"), per_value.fill_null(""), per_unit)
    per_number = pl.when(per_unit.is_not_null()).then(
        pl.coalesce(per_value.cast(pl.Float64), pl.lit(1.0))
    )
    return [
        _list_of(pl.coalesce(numbers, bare)).alias("numbers"),
        pl.when(is_rate).then(rate).otherwise(unit).alias("unit"),
        pl.when(~is_rate).then(per_number).alias("per_value"),
        pl.when(~is_rate).then(per_unit).alias("per_unit"),
    ]


def _list_of(numbers: pl.Expr) -> pl.Expr:
    return (
        numbers.str.replace_all(r"\s", "")
        .str.replace_all("-", "/", literal=True)
        .str.split("/")
        .list.eval(pl.element().cast(pl.Float64, strict=False))
    )


def without_strengths(text: pl.Expr) -> pl.Expr:
    """The text without its strengths and its leading amounts ("24 HR", "10 ML", "200 ACTUAT")."""
    return (
        text.str.replace(_LEADING, "")
        .str.replace_all(_STRENGTH, " ")
        .str.replace_all(_PERCENT, " ")
    )


def without_numbers(text: pl.Expr) -> pl.Expr:
    """The text without the numbers that stand alone."""
    return text.str.replace_all(r"(?:^|[^\w.])\d[\d./\-]*(?:\s*(?:ml|hr|actuat)\b)?", " ")
