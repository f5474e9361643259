"""Amounts, windows, shares and ages: exact, with units, and never repaired."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from screener.rule.amounts import (
    ERROR_PRONE,
    Wrong,
    calendar_date,
    daily_amount,
    days,
    decimal_number,
    share,
    whole_number,
    years,
    yes_no,
)
from screener.rule.limits import age


@pytest.mark.parametrize(
    ("text", "ug"),
    [
        ("80 mg/day", 80_000),
        ("80.01 mg/day", 80_010),
        ("80mg/day", 80_000),
        ("1000 mcg/day", 1_000),
        ("2 g/day", 2_000_000),
        ("0.5 mg a day", 500),
        ("15 mg per day", 15_000),
        ("0.001 mg/day", 1),
        ("0 mg/day", 0),
    ],
)
def test_a_daily_amount_is_whole_micrograms(text: str, ug: int) -> None:
    assert daily_amount(text).ug == ug


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("80", "no unit"),
        ("80 mg", "per what"),
        ("80 mg/week", "not an amount a day"),
        ("80 mL/day", "not a mass"),
        ("80 xyz/day", "not a unit"),
        ("10U/day", "zero"),
        ("10 IU/day", "zero"),
        ("80,5 mg/day", "comma"),
        ("1,000 mcg/day", "comma"),
        ("80.0 mg/day", "ten times"),
        ("80.10 mg/day", "ten times"),
        (".5 mg/day", "no zero before"),
        ("> 80 mg/day", "twice"),
        ("more than 80 mg/day", "twice"),
        ("≥80 mg/day", "twice"),
        ("40–80 mg/day", "long dash"),
        ("0.0001 mg/day", "finer than one microgram"),
        ("-5 mg/day", "not a number"),
        ("eighty mg/day", "not an amount"),
    ],
)
def test_another_writing_of_an_amount_is_refused(text: str, words: str) -> None:
    with pytest.raises(Wrong) as refused:
        daily_amount(text)
    assert words in refused.value.what


@pytest.mark.parametrize(
    ("text", "number"), [("14 days", 14), ("1 day", 1), ("2 weeks", 14), ("0 days", 0)]
)
def test_a_window_is_whole_days(text: str, number: int) -> None:
    assert days(text) == number


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (days, "14", "no unit"),
        (days, "3 months", "no fixed length"),
        (days, "1 year", "no fixed length"),
        (days, "48 hours", "not a unit of whole days"),
        (days, "1.5 days", "not a whole number"),
        (days, "some days", "not a number of days"),
        (share, "50", "not a share"),
        (share, "0 %", "between 0 and 100"),
        (share, "100.5 %", "between 0 and 100"),
        (years, "65", "not an age"),
        (years, "65.5 years", "not a whole number"),
        (calendar_date, "22.11.2027", "not a date"),
        (calendar_date, "2027-02-30", "not a date"),
        (calendar_date, "20270222", "not a date"),
        (yes_no, "true", "neither yes nor no"),
        (whole_number, "1.0", "not a whole number"),
        (decimal_number, "1e3", "not a number"),
        (decimal_number, "2\u20133", "long dash"),
        (decimal_number, "080", "begins with a zero"),
        (decimal_number, "00.5", "begins with a zero"),
        (decimal_number, "5.", "ten times"),
        (whole_number, "065", "begins with a zero"),
        (days, "05 days", "begins with a zero"),
    ],
)
def test_what_is_no_window_share_age_or_date_is_refused(
    read: Callable[[str], object], text: str, words: str
) -> None:
    with pytest.raises(Wrong) as refused:
        read(text)
    assert words in refused.value.what


def test_a_window_that_must_hold_a_day_holds_one() -> None:
    assert days("1 day", least=1) == 1
    with pytest.raises(Wrong, match="can never hold"):
        days("0 days", least=1)


def test_a_window_is_at_most_a_hundred_years() -> None:
    assert days("36525 days") == 36_525
    with pytest.raises(Wrong, match="longer than a hundred years"):
        days("36526 days")
    assert days("5217 weeks") == 36_519
    with pytest.raises(Wrong, match="longer than a hundred years"):
        days("5218 weeks")


@pytest.mark.parametrize("read", [decimal_number, whole_number])
def test_a_number_has_at_most_twelve_digits(read: Callable[[str], object]) -> None:
    assert read("9" * 12) == 10**12 - 1
    with pytest.raises(Wrong, match="more than 12 digits"):
        read("9" * 13)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("1,000 mcg/day", 'no thousands mark: "1000 mcg/day"'),
        ("1,500,000 mcg/day", 'no thousands mark: "1500000 mcg/day"'),
        ("80,5 mg/day", 'a point for decimals: "80.5 mg/day"'),
        ("0,500 mg/day", 'a point for decimals: "0.500 mg/day"'),  # no thousands begin with 0
        (".5 mg/day", '"0.5 mg/day"'),
        ("80.0 mg/day", '"80 mg/day"'),
        ("80.50 mg/day", '"80.5 mg/day"'),
        ("080 mg/day", '"80 mg/day"'),
        ("1e3 mcg/day", '"1000 mcg/day"'),
        ("80 mg", '"80 mg/day"'),
        ("80", 'an amount a day, for example "80 mg/day"'),
    ],
)
def test_the_advice_for_an_amount_is_the_amount_that_was_meant(text: str, better: str) -> None:
    with pytest.raises(Wrong) as refused:
        daily_amount(text)
    assert refused.value.expected == better


@pytest.mark.parametrize(
    ("read", "text", "better"),
    [
        (days, "14", '"14 days"'),
        (days, "at most 91 days", '"91 days"'),
        (days, "3 months", 'days, for example "30 days"'),
        (days, "1 year", 'days, for example "365 days"'),
        (days, "05 days", '"5 days"'),
        (whole_number, "at least 2", '"2"'),
        (whole_number, "065", '"65"'),
        (calendar_date, "22.11.2027", 'year-month-day, as "2027-11-22"'),
        (calendar_date, "31/1/2027", 'year-month-day, as "2027-01-31"'),
        (calendar_date, "12.11.2027", 'year-month-day, as "2027-11-22"'),  # or 11 December
    ],
)
def test_the_advice_for_a_window_or_date_guesses_nothing(
    read: Callable[[str], object], text: str, better: str
) -> None:
    with pytest.raises(Wrong) as refused:
        read(text)
    assert refused.value.expected == better


def test_an_age_is_one_that_somebody_can_have() -> None:
    assert age("130 years") == 130
    with pytest.raises(Wrong, match="nobody is that old"):
        age("131 years")


def test_a_share_may_be_all_of_it() -> None:
    assert share("100 %").percent == 100.0
    assert share("33.5%").percent == 33.5


def test_a_date_and_an_age_are_read() -> None:
    assert calendar_date("2028-02-29") == dt.date(2028, 2, 29)
    assert years("65 years") == 65


@pytest.mark.parametrize(
    ("text", "prone"),
    [
        ("above 80.0 mg a day", True),
        ("above .5 mg a day", True),
        ("above 10U a day", True),
        ("above 0.5 mg a day", False),
        ("above 80.01 mg a day", False),
        ("version 2.0 of the label", False),
        ("UK labels", False),
    ],
)
def test_error_prone_dose_writing_is_found_in_text(text: str, *, prone: bool) -> None:
    assert any(pattern.search(text) for pattern, _ in ERROR_PRONE) is prone
