"""Amounts, windows, shares and ages as authors write them, read exactly or refused.

Decimal arithmetic to integer micrograms. Error-prone dose writing (a trailing zero, a missing
leading zero, U for units; ISMP list of error-prone abbreviations) is refused, never repaired.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

from screener.rule.values import DailyAmount, Share
from screener.units import unit_of

_AMOUNT = re.compile(r"^(?P<number>[^\sA-Za-zµμ%/]+)\s*(?P<unit>[A-Za-zµμ]+)\s*(?P<per>.*)$")
_COUNT = re.compile(r"^(?P<number>[^\sA-Za-z%]+)\s*(?P<unit>[A-Za-z%]*)$")
_PER_DAY = ("/day", "per day", "a day", "/ day")
_DASHES = "\u2013\u2014\u2212\u2011"
_SIGNS = re.compile(r"^(?:[<>=≥≤]|more than|at least|less than|at most)")
# What stands before a number although its key has said it, or means nothing.
_BEFORE = re.compile(
    r"^(?:[<>=≥≤~]+|v|version|more than|at least|less than|at most|up to|below|over|about)\s*(?=\d)"
)
# "1.0 mg" is read as 10 mg, ".5 mg" as 5 mg, "10U" as 100.
ERROR_PRONE = (
    (
        re.compile(r"(?<![\d.])\d+\.\d*0(?=\s*(?:mg|mcg|g|ug|µg|mL|ml)\b)"),
        "a zero after the point can be read as ten times the dose",
    ),
    (
        re.compile(r"(?<![\d.])\.\d+(?=\s*(?:mg|mcg|g|ug|µg|mL|ml)\b)"),
        "a dose without a zero before the point can be read as ten times the dose",
    ),
    (re.compile(r"\b\d+(?:\.\d+)?\s?I?U\b"), '"U" can be read as a zero; write "units"'),
)


MOST_DIGITS = 12  # more would not fit the whole micrograms of 64 bits
MOST_DAYS = 36_525  # a hundred years: no window or supply is longer, and dates end in 9999


class Wrong(Exception):
    """A text that cannot be read: what is wrong and, in `expected`, what was."""

    def __init__(self, what: str, expected: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected


def decimal_number(text: str) -> Decimal:
    """A number such as 80 or 80.01, as Decimal; raises Wrong for any other writing."""
    if any(dash in text for dash in _DASHES):
        raise Wrong(f'"{text}" holds a long dash', "a hyphen `-`, or the word `to`")
    if "," in text:
        thousands = re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", text)
        right = text.replace(",", "") if thousands else text.replace(",", ".")
        why = "no thousands mark" if thousands else "a point for decimals"
        raise Wrong(f'"{text}" holds a comma', f'{why}: "{right}"')
    if re.fullmatch(r"\.\d+", text):
        raise Wrong(f'"{text}" has no zero before the point', f'"0{text}"')
    if re.fullmatch(r"\d+\.\d*0", text) or re.fullmatch(r"\d+\.", text):
        better = text.rstrip("0").rstrip(".")
        raise Wrong(f'"{text}" can be read as ten times the amount', f'"{better}"')
    if re.fullmatch(r"0\d+(\.\d+)?", text):
        raise Wrong(f'"{text}" begins with a zero', f'"{text.lstrip("0")}"')
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise Wrong(f'"{text}" is not a number', _without_words(text) or "for example 80 or 2.5")
    if len(text.partition(".")[0]) > MOST_DIGITS:
        raise Wrong(f"a number of more than {MOST_DIGITS} digits", "for example 80 or 2.5")
    return Decimal(text)


def _without_words(text: str) -> str:
    """`"91 days"` for `at most 91 days`; nothing when no such word stands there."""
    bare = _BEFORE.sub("", text.strip().lower())
    return "" if bare == text.strip().lower() else f'"{bare}"'


def whole_number(text: str) -> int:
    """A whole number without sign."""
    if not re.fullmatch(r"\d+", text.strip()):
        raise Wrong(f'"{text}" is not a whole number', _without_words(text) or "for example 2")
    if re.fullmatch(r"0\d+", text.strip()):
        raise Wrong(f'"{text}" begins with a zero', f'"{text.strip().lstrip("0") or "0"}"')
    if len(text.strip()) > MOST_DIGITS:
        raise Wrong(f"a number of more than {MOST_DIGITS} digits", "for example 2")
    return int(text)


def mass_ug(number: Decimal, unit: str) -> Fraction:
    """An amount of drug in micrograms; raises Wrong for a unit that is no mass."""
    if unit in ("U", "IU", "u"):
        raise Wrong(f'"{unit}" can be read as a zero and is no mass', "mg, mcg or g")
    known = unit_of(unit)
    if known is None:
        raise Wrong(f'"{unit}" is not a unit', "mg, mcg or g")
    if known.kind != "mass":
        raise Wrong(f'"{unit}" is not a mass', "mg, mcg or g")
    return Fraction(number) * Fraction(str(known.factor))


def daily_amount(text: str) -> DailyAmount:
    """`80 mg/day` or `1000 mcg/day` -> integer micrograms a day."""
    text = " ".join(text.split())
    expected = 'an amount a day, for example "80 mg/day"'
    if _SIGNS.match(text):
        raise Wrong(f'"{text}" says the comparison twice: the key already does', expected)
    if any(dash in text for dash in _DASHES):
        raise Wrong(f'"{text}" holds a long dash: a limit is one number', expected)
    short = re.match(r"\d+(\.\d+)?[eE][+-]?\d{1,2}(?=\s)", text)
    if short:
        right = f"{Decimal(short[0]):f}{text[short.end() :]}"
        raise Wrong(f'"{text}" is not written in full', f'"{right}"')
    found = _AMOUNT.match(text)
    if not found:
        if re.fullmatch(r"\d+(\.\d+)?", text):
            raise Wrong(f'"{text}" has no unit', f'an amount a day, for example "{text} mg/day"')
        raise Wrong(f'"{text}" is not an amount', expected)
    try:
        number = decimal_number(found["number"])
    except Wrong as wrong:  # the unit belongs to what is right
        rest = text.removeprefix(found["number"])
        better = re.sub(r'"([\d.]+)"$', lambda hit: f'"{hit[1]}{rest}"', wrong.expected)
        raise Wrong(wrong.what, better) from None
    ug = mass_ug(number, found["unit"])
    if not found["per"]:
        amount = f"{found['number']} {found['unit']}"
        raise Wrong(f'"{text}" does not say per what', f'"{amount}/day"')
    if found["per"] not in _PER_DAY:
        raise Wrong(f'"{text}" is not an amount a day', expected)
    if ug.denominator != 1:
        raise Wrong(f'"{text}" is finer than one microgram', expected)
    return DailyAmount(ug=int(ug), text=f"{found['number']} {found['unit']}/day")


def days(text: str, *, least: int = 0) -> int:
    """`14 days` or `2 weeks` -> whole days; months and years have no fixed length."""
    expected = 'days or weeks, for example "14 days"'
    found = _COUNT.match(text.strip())
    if not found:
        raise Wrong(f'"{text}" is not a number of days', _without_words(text) or expected)
    unit = found["unit"].lower()
    if not unit:
        raise Wrong(f'"{text}" has no unit', f'"{text.strip()} days"')
    if unit.rstrip("s") in ("month", "year", "y", "yr"):
        each = 30 if unit.startswith("m") else 365
        raise Wrong(f"a {unit.rstrip('s')} has no fixed length", f'days, for example "{each} days"')
    if unit.rstrip("s") not in ("day", "week"):
        raise Wrong(f'"{found["unit"]}" is not a unit of whole days', expected)
    if re.fullmatch(r"0\d+", found["number"]):
        raise Wrong(f'"{text}" begins with a zero', f'"{text.strip().lstrip("0")}"')
    number = whole_number(found["number"]) * (7 if unit.startswith("w") else 1)
    if number < least:
        raise Wrong(f'"{text}" can never hold', f"at least {least} day")
    if number > MOST_DAYS:
        raise Wrong(f'"{text}" is longer than a hundred years', f"at most {MOST_DAYS} days")
    return number


def share(text: str) -> Share:
    """`50 %` -> Share(50.0); more than 0, at most 100."""
    expected = 'a share of the earlier dose, for example "50 %"'
    found = _COUNT.match(text.strip())
    if not found or found["unit"] != "%":
        raise Wrong(f'"{text}" is not a share', expected)
    percent = decimal_number(found["number"])
    if not 0 < percent <= 100:
        raise Wrong(f'"{text}" is not between 0 and 100 %', expected)
    return Share(float(percent))


def years(text: str) -> int:
    """`65 years` -> 65 completed years."""
    expected = 'completed years, for example "65 years"'
    found = _COUNT.match(text.strip())
    if not found or found["unit"] not in ("year", "years"):
        raise Wrong(f'"{text}" is not an age', expected)
    try:
        return whole_number(found["number"])
    except Wrong as wrong:
        raise Wrong(wrong.what, expected) from None


def calendar_date(text: str) -> dt.date:
    """`2027-11-22` -> date."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
            raise ValueError
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        other = re.fullmatch(r"(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./](?P<y>\d{4})", text.strip())
        right = "2027-11-22"
        if other and int(other["d"]) > 12 >= int(other["m"]):  # else day and month may be swapped
            right = f"{other['y']}-{other['m']:0>2}-{other['d']:0>2}"
        raise Wrong(f'"{text}" is not a date', f'year-month-day, as "{right}"') from None


def yes_no(text: str) -> bool:
    """`yes` or `no`; text, so that YAML's own booleans never decide."""
    if text not in ("yes", "no"):
        raise Wrong(f'"{text}" is neither yes nor no', "yes or no")
    return text == "yes"
