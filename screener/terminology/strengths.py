"""Strengths written inside a drug's name: "20 MG", "25 mg/5 mL", "30/500", "25 mcg/hr"."""

from __future__ import annotations

import polars as pl

_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_NUMBERS = rf"{_NUMBER}(?:\s?[/\-]\s?{_NUMBER})*"
_UNIT = (
    r"(?:mgs?|mgm|milligram(?:me)?s?|mcgs?|ugs?|\u{3bc}g|microgram(?:me)?s?|micrograms?|"
    r"nanogram(?:me)?s?|ng|gm|gms|grams?|grammes?|g|meq|mmole?|unt|units?|"
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
_PERCENT = rf"{_NUMBERS}\s*%"
_LEADING = rf"^(?:(?:nda|anda|bla)\d+ )?(?:{_NUMBER} ?(?:ml|hr|actuat|mg) )?"
# "3 ML PLAS CONT: ", "100 ML  -  ", "1 EACH PACKAGE CUSTOM NDC : ": what the pharmacy hands out.
_CONTAINER = rf"^{_NUMBER} ?(?:mls?|l|gm?|gms|mg|each|ea)\b[a-z .\-]{{0,40}}?(?: ?: ?| - )"
# What a drug is dissolved in: "IN D5W", "in 100 mL NS", "/SODIUM CHLORIDE 0.9%", "100ML NS".
_FLUID = (
    r"(?:d5w|d10w|d5|d5ns|(?:iso-osmotic )?dextrose(?: ?(?:5|10)(?:\.0)? ?%)?(?: (?:in )?water)?|"
    r"nss?|nacl(?:,iso-osm)?(?: ?0\.\d+ ?%?)?|sodium chloride(?: ?0\.\d+ ?%?)?|"
    r"0\.\d+ ?% ?(?:sodium chloride|nacl)|(?:1/2 )?normal saline|saline|sterile water|water|"
    r"sw|swfi)"
)
_DILUTED = (
    rf"(?P<drug>[a-z]{{3}}[^:]*?)(?:(?:\s*\b(?:in|with)\b\s*|/|\s?-)(?:{_NUMBER} ?mls? (?:of )?)?"
    rf"|(?P<amount> ?mls? ?){_NUMBER}? ?){_FLUID}(?P<rest>[^\w]|$)"
)
# Two numbers of which it is not said which is the strength: "325 (65 FE) MG", "400 (241.3 MG) MG",
# "3 MG(2.5 MG BASE)"; one that is cut off: "100 UNITS in 1", "20MEQ/50", "20-5-0.45 MEQ/L-%-%"; and
# one that is the dose of the order: "metoprolol (LOPRESSOR) tab 12.5 mg".
_TWO_NUMBERS = (
    rf"{_NUMBERS}\s*(?:{_UNIT}\s*)?\(\s*{_NUMBER}[^)]*\)\s*(?:{_UNIT}\b)?"
    rf"(?:/\s*(?:{_NUMBER})?\s*{_PER}\b)?"
)
_UNSURE = (
    rf"{_TWO_NUMBERS}"
    rf"|{_NUMBERS}\s*{_UNIT}\s*(?:/|\bin\b)\s*{_NUMBER}\s*$"
    rf"|{_NUMBERS}\s*{_UNIT}\s*/\s*{_PER}(?:-%)+"
    rf"|\([a-z][a-z \-]*\) [a-z \-]*{_NUMBER} ?{_UNIT}$"
)
_TIME = r"^(?:hrs?|hours?|h)$"


def with_plain_numbers(text: pl.Expr) -> pl.Expr:
    """Thousands commas out ("50,000" = 50000), decimal commas to points ("0,125", "2,5 mg"),
    "5mg/325mg" to "5/325mg", and "A 5 mg-B 325 mg" to "A 5 mg / B 325 mg"."""
    pair = rf"(\d) ?mg ?([/\-]) ?({_NUMBER} ?mg)\b"
    return (
        text.str.replace_all(r"\b0,(\d+)", "0.${1}")
        .str.replace_all(r"(\d ?(?:mg|mcg|mmole?|meq|units?)/ml)(\d)", "${1} ${2}")
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


def is_unsure(text: pl.Expr) -> pl.Expr:
    """Whether the strengths in a text of one ingredient contradict each other or are cut off.

    A mass beside a percentage is the weight of the tube ("2 % OINT 1 G"), and two strengths may be
    a vial's and a dose's ("2 MG/2ML inj 1 mg").
    """
    all_of_them = text.str.extract_all(_STRENGTH).list.eval(
        pl.element().str.replace_all(r"^[^\d.]+|\s", "")
    )
    tube = text.str.contains(_PERCENT) & text.str.contains(rf"{_NUMBER} ?gm?\b(?: ?[^/]|$)")
    return (text.str.contains(_UNSURE) | (all_of_them.list.n_unique() > 1) | tube).fill_null(
        value=False
    )


def _list_of(numbers: pl.Expr) -> pl.Expr:
    return (
        numbers.str.replace_all(r"\s", "")
        .str.replace_all("-", "/", literal=True)
        .str.split("/")
        .list.eval(pl.element().cast(pl.Float64, strict=False))
    )


def without_container(text: pl.Expr) -> pl.Expr:
    """The text without the container that it begins with: "10 ML VIAL : ", "5 G  -  "."""
    return text.str.replace(_CONTAINER, "")


def without_diluent(text: pl.Expr) -> pl.Expr:
    """The text without the fluid that the drug is given in; a fluid alone stays as it is."""
    return text.str.replace(_DILUTED, "${drug}${amount} ${rest}")


def without_strengths(text: pl.Expr) -> pl.Expr:
    """The text without its strengths and its leading amounts ("24 HR", "10 ML", "200 ACTUAT")."""
    return (
        without_container(text)
        .str.replace(_LEADING, "")
        .str.replace_all(_TWO_NUMBERS, " ")
        .str.replace_all(_STRENGTH, " ")
        .str.replace_all(_PERCENT, " ")
    )


def without_numbers(text: pl.Expr) -> pl.Expr:
    """The text without the numbers that stand alone."""
    return text.str.replace_all(r"(?:^|[^\w.])\.?\d[\d./\-]*(?:\s*(?:ml|hr|actuat)\b)?", " ")
