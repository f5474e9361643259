"""The sentence of a finding: the rule's own, filled in, or one made of what was found."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from screener.checks import CHECKS
from screener.checks.pieces import subject_of
from screener.rule.model import Rule
from screener.timeline.words import with_commas

ON_DIALYSIS = "on dialysis"  # what the kidney check says instead of a value
PLACE = re.compile(r"\{(\w+)\}")
NUMBERS = ("days", "value", "limit")  # places after which "1 days" would be wrong
COUNTED = re.compile(r"^ (day|dose|drug|order)s\b")


def message_of(rule: Rule) -> pl.Expr:
    """The rule's own sentence with its placeholders filled, or one made of what was found."""
    template = rule.message or "{title}{amount}, {span}."
    pieces = PLACE.split(template)
    parts = []
    for i, text in enumerate(pieces):
        if i % 2 == 0:
            if text:
                parts.append(_after(pieces[i - 1], text, rule) if i else pl.lit(text))
        elif text == "unit" and i > 1 and pieces[i - 2] in NUMBERS:
            parts.append(_unit(PLACES[pieces[i - 2]](rule)))
        else:
            parts.append(PLACES[text](rule))
    said = pl.concat_str(parts)
    return said.str.head(1).str.to_uppercase() + said.str.slice(1)  # a drug may be its first word


def _after(place: str, text: str, rule: Rule) -> pl.Expr:
    """The words after a place; after a number that is 1, what is counted stands alone: 1 day."""
    if place not in NUMBERS or not COUNTED.match(text):
        return pl.lit(text)
    one = pl.lit(COUNTED.sub(r" \1", text))
    return pl.when(PLACES[place](rule) == "1").then(one).otherwise(pl.lit(text))


def _unit(number: pl.Expr) -> pl.Expr:
    """The unit as it stands after a number: `doses a week`, but `1 dose a week`."""
    unit = pl.col("unit").fill_null("")
    one = unit.str.replace(r"^(day|dose|drug|order)s\b", "${1}")
    return pl.when(number == "1").then(one).otherwise(unit)


def _days() -> pl.Expr:
    return pl.col("to_day") - pl.col("from_day") + 1


def _amount() -> pl.Expr:
    """ ": 90 mg/day (limit 80)", and the like; nothing where there is no number."""
    value, limit = _figure("value"), _figure("limit")
    unit = _unit(value)
    worst = pl.when(_days() > 1).then(pl.lit(" on the worst day")).otherwise(pl.lit(""))
    return (
        pl.when(pl.col("value").is_null())
        .then(pl.when(pl.col("how") == ON_DIALYSIS).then(pl.lit(f": {ON_DIALYSIS}"))
              .otherwise(pl.lit("")))
        .when(pl.col("unit") == "mL/min")
        .then(": creatinine clearance " + value + " " + unit + " (limit " + limit + ")" + worst)
        .when(pl.col("unit").str.starts_with("mL/min/"))
        .then(": eGFR " + value + " " + unit + " (below " + limit + ")" + worst)
        .when(pl.col("limit").is_null()).then(": " + value + " " + unit)
        .otherwise(": " + value + " " + unit + " (limit " + limit + ")")
    )  # fmt: skip


def _span() -> pl.Expr:
    first, last, days = _date("from_day"), _date("to_day"), _days()
    return (
        pl.when(days == 1).then("on " + first)
        .otherwise("for " + days.cast(pl.String) + " days (" + first + " to " + last + ")")
    )  # fmt: skip


def _title(rule: Rule) -> pl.Expr:
    """The title, with the subject where it does not say which drug the finding is about."""
    own = [CHECKS[use.check].drugs(use.params) for use in rule.flag_when.leading]
    partners = [s for use in rule.uses for s in CHECKS[use.check].partners(use.params)]
    whole = sorted({subject_of(s) for s in own} | {s.text for s in [*own, *partners]})
    named = pl.lit(rule.title) + ": " + pl.col("subject")
    if len({subject_of(s) for s in own}) > 1:
        return named
    return pl.when(pl.col("subject").is_in(whole)).then(pl.lit(rule.title)).otherwise(named)


def _date(column: str) -> pl.Expr:
    """14 Sep 2026."""
    return pl.from_epoch(column, time_unit="d").dt.strftime("%-d %b %Y")


def _figure(column: str) -> pl.Expr:
    """A number without trailing zeros, with a comma at 1,000: 80.01, 0.125, 6,000; a kidney
    function with one decimal."""
    kidney = pl.col("unit").str.starts_with("mL/min").fill_null(value=False)
    number = pl.when(kidney).then(pl.col(column).round(1)).otherwise(pl.col(column).round(3))
    text = number.cast(pl.String).str.replace(r"\.0$", "")
    return with_commas(text).fill_null("")


PLACES: dict[str, Callable[[Rule], pl.Expr]] = {
    "subject": lambda _: pl.col("subject"),
    "drugs": lambda _: pl.col("drugs").fill_null(pl.col("subject")),
    "value": lambda _: _figure("value"),
    "limit": lambda _: _figure("limit"),
    "unit": lambda _: pl.col("unit").fill_null(""),
    "date": lambda _: _date("from_day"),
    "days": lambda _: _days().cast(pl.String),
    "severity": lambda _: pl.col("severity"),
    "title": _title,
    "amount": lambda _: _amount(),
    "span": lambda _: _span(),
}
