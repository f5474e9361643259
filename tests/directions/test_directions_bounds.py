"""Bounds of a dose on both sides: the most in a day, totals, lengths in doses, capped rates."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from screener.directions import read_directions


def read(text: str) -> dict[str, Any]:
    """The only row of a text that has one phase."""
    (row,) = read_directions(pl.Series([text])).to_dicts()
    return row


def daily(row: dict[str, Any]) -> tuple[Fraction | None, Fraction | None]:
    low, high = row["daily_min"], row["daily_max"]
    return tuple(None if v is None else Fraction(v["over"], v["under"]) for v in (low, high))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1 tablet twice daily for 14 doses", 7),
        ("1 tds x 9 doses", 3),
        ("1 tablet weekly for 4 doses", 28),
        ("1 tablet every 2 days for 5 doses", 10),
        ("1 tablet twice daily for 14 doses for 7 days", 7),
        ("1 tablet bd for 7 days for 7 days", 7),
        ("10 mg single dose for 1 day", 1),
    ],
)
def test_a_number_of_doses_is_a_length_when_it_is_whole_days(text: str, days: int) -> None:
    assert read(text)["days"] == days


@pytest.mark.parametrize(
    ("text", "problem", "part"),
    [
        ("1 tds for 10 doses", "no length", "for 10 doses"),  # three days and a third
        ("1 bd-tds for 12 doses", "no length", "for 12 doses"),  # four days, or six
        ("1 prn for 6 doses", "no length", "for 6 doses"),
        ("1 tablet up to 3 times a day for 6 doses", "no length", "for 6 doses"),
        ("1 tablet bd for 14 doses for 6 days", "contradiction", ""),
        ("1 tablet bd for 7 days for 6 days", "contradiction", ""),
        ("10 mg single dose for 2 days", "contradiction", ""),
    ],
)
def test_a_length_that_is_not_one_number_of_days_stops_the_reading(
    text: str, problem: str, part: str
) -> None:
    row = read(text)
    assert row["problem"] == problem
    assert part in row["unreadable"]
    assert row["daily_max"] is None


@pytest.mark.parametrize(
    ("text", "high"),
    [
        ("1 tablet every 4 to 6 hours, up to 4 times a day", 4),  # below both ends of the interval
        ("1 tablet every 4 to 6 hours, up to 5 times a day", 5),  # between them
        ("1 tablet every 4 to 6 hours, up to 7 times a day", 6),  # above both
        ("1 tablet every 6 hours, up to 4 times a day", 4),
        ("1 tablet every 6 hours, up to 5 times a day", 4),
        ("1 tablet every 6 hours, up to 3 times a day", 3),
        ("2 puffs every 4 hours, up to 4 times a day", 8),
        ("1 tablet every 4 to 6 hours, up to 4 to 5 times a day", 5),
    ],
)
def test_up_to_so_many_times_cuts_an_interval_and_starts_at_nothing(text: str, high: int) -> None:
    row = read(text)
    assert daily(row) == (0, high)
    assert row["problem"] is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1 tablet at night up to 4 times a day", "at night up to 4 times a day"),
        ("1 tablet daily up to 4 times a day", "daily up to 4 times a day"),
    ],
)
def test_up_to_so_many_times_beside_a_time_of_day_is_a_contradiction(text: str, part: str) -> None:
    row = read(text)
    assert (row["problem"], row["unreadable"]) == ("contradiction", part)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1-2 tablets every 4 hours, max 8 tablets a day", 6, 8),
        ("1-2 tablets every 4 hours, max 12 tablets a day", 6, 12),
        ("1-2 tablets every 4 hours, max 13 tablets a day", 6, 12),
        ("1-2 tablets every 4 hours, max 6 tablets a day", 6, 6),
        ("1 tablet qds, max 4 tablets a day", 4, 4),
        ("1 tablet qds, max 5 tablets a day", 4, 4),
        ("1 g prn, max 2000 mg a day", 0, 2),
        ("500 mg qds prn, max 1.5 g a day", 0, 1500),
        ("500 mg qds prn, max 4 a day", 0, 2000),  # doses: 4 is less than one of 500 mg
        ("5 ml (250 mg) qds prn, max 500 mg a day", 0, 10),
        ("2 tablets prn, max 2 tablets a day", 0, 2),
    ],
)
def test_the_most_in_a_day_cuts_the_upper_end(text: str, low: int, high: int) -> None:
    row = read(text)
    assert daily(row) == (low, high)
    assert row["problem"] is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1-2 tablets every 4 hours, max 5 tablets a day", "contradiction"),  # at least 6 are said
        ("1 tablet qds, max 3 tablets a day", "contradiction"),
        ("2 tablets prn, max 1 tablet a day", "contradiction"),
        ("1 tablet prn, max 2 capsules a day", "contradiction"),
        ("500 mg prn, max 500 a day", "several readings"),  # one dose in mg, or 500 doses
        ("1 tablet prn, max 4", "no length"),  # in a day, or for good
        ("1 tablet prn, max 8 hourly", "several readings"),  # every 8 hours: 3 a day, and never 8
        ("500 mg prn, max 6 hourly", "several readings"),
        ("1 tablet prn max 1 hourly", "several readings"),
        ("1 tablet prn max 4-6 hourly", "several readings"),
        ("1 tablet prn, no more than 4 hourly", "several readings"),
        ("1 tablet prn max 8 weekly", "several readings"),
    ],
)
def test_a_most_that_does_not_fit_stops_the_reading(text: str, problem: str) -> None:
    assert read(text)["problem"] == problem


@pytest.mark.parametrize(
    "text",
    [
        "10 mg tds (total daily dose 30 mg)",
        "2 tablets bd (total daily dose 4 tablets)",
        "5 ml (250 mg) tds (total daily dose 750 mg)",
        "2 tablets bd (total daily dose 40 mg)",  # cannot be compared without the product
    ],
)
def test_a_total_that_agrees_changes_nothing(text: str) -> None:
    row, without = read(text), read(text.partition(" (total")[0])
    assert daily(row) == daily(without)
    assert row["problem"] is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10 mg tds (total daily dose 20 mg)", "contradiction"),
        ("10 mg tds (total daily dose 31 mg)", "contradiction"),
        ("5 ml (250 mg) tds (total daily dose 700 mg)", "contradiction"),
        ("10 mg tds (total daily dose 0.03 g)", "several readings"),
    ],
)
def test_a_total_that_differs_stops_the_reading(text: str, problem: str) -> None:
    assert read(text)["problem"] == problem


@pytest.mark.parametrize(
    ("text", "dose", "times"),
    [
        ("600 mg daily in 3 divided doses", 200, 3),
        ("1-0-1 bd", 1, 2),
        ("1-0-1 daily", 1, 2),
        ("0-0-1 at night", 1, 1),
        ("1-0-0 in the morning", 1, 1),
        ("0-1-0 at noon", 1, 1),
        ("0-0-0-1 at bedtime", 1, 1),
        ("0-0-1-0 in the evening", 1, 1),
        ("1 tablet every 8 hours", 1, 3),
    ],
)
def test_how_much_each_time_and_how_often(text: str, dose: int, times: int) -> None:
    row = read(text)
    assert (row["dose_min"], row["dose_max"]) == (dose, dose)
    assert (row["count_min"], row["count_max"], row["period_days"]) == (times, times, 1)


@pytest.mark.parametrize(
    "text",
    [
        "1-0-1 od",
        "1-0-1 tds",
        "0-0-1 in the morning",
        "1-0-0 at night",
        "1-0-0 at bedtime",
        "1-0-1 at night",
    ],
)
def test_a_pattern_beside_another_number_or_time_is_a_contradiction(text: str) -> None:
    row = read(text)
    assert (row["problem"], row["unreadable"]) == ("contradiction", text)


def test_the_mass_in_a_volume_is_the_same_amount_in_another_unit() -> None:
    row = read("5 ml (10 mg/5 ml) bd")
    assert daily(row) == (10, 10)
    assert row["other_unit"] == "mg"
    assert row["other_daily_max"] == {"over": 20, "under": 1}
    assert row["strengths_ug"] == [2000.0]


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        (
            "20 mg daily, reduce by 5 mg every 3 days until 5 mg",
            [(20, 3), (15, 3), (10, 3), (5, None)],
        ),
        (
            "20 mg od reduce by 5 mg every week to 5 mg then stop",
            [(20, 7), (15, 7), (10, 7), (5, 7)],
        ),
        (
            "20 mg daily for 3 days, reduce by 5 mg a day to 5 mg",
            [(20, 3), (15, 1), (10, 1), (5, None)],
        ),
        ("15 mg daily reducing by 5 mg daily to 0", [(15, 1), (10, 1), (5, 1)]),
        ("20 mg od reduce by 5 mg a week to 10 mg", [(20, 7), (15, 7), (10, None)]),
        ("20 mg od, reduce by 5 mg every 2 weeks to 10 mg", [(20, 14), (15, 14), (10, None)]),
        ("20 mg od, increase by 10 mg every 7 days to 40 mg", [(20, 7), (30, 7), (40, None)]),
    ],
)
def test_steps_go_down_to_their_end(text: str, phases: list[tuple[int, int | None]]) -> None:
    rows = read_directions(pl.Series([text])).sort("phase").to_dicts()
    assert [(row["dose_max"], row["days"]) for row in rows] == phases


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("20 mg daily, reduce by 5 mg every 3 days", "open-ended"),
        ("40 mg od reducing by 5 mg every 2 to 3 days to 5 mg", "open-ended"),
        ("20 mg od reduce by 6 mg every week to 5 mg then stop", "contradiction"),
        ("20 mg od, reduce by 5 mg every 3 days to 20 mg", "contradiction"),
        ("20 mg od, reduce by 5 mg every 3 days to 25 mg", "contradiction"),
        ("20 mg prn, reduce by 5 mg every 3 days to 5 mg", "several readings"),
        ("20 mg bd, reduce by 5 mg every 3 days to 5 mg", "several readings"),
        ("10-20 mg od, reduce by 5 mg every 3 days to 5 mg", "several readings"),
        ("20 mg od, reduce by 1 tablet every 3 days to 5 mg", "several readings"),
        ("20 mg od, reduce by 5 mg every 3 days to 1 tablet", "several readings"),
    ],
)
def test_steps_without_an_end_or_a_whole_number_of_them_stop_the_reading(
    text: str, problem: str
) -> None:
    assert read(text)["problem"] == problem


@pytest.mark.parametrize("text", ["twice daily: 1 in the morning and 2 at night"])
def test_a_rate_that_is_the_sum_of_the_moments_agrees(text: str) -> None:
    assert daily(read(text)) == (3, 3)
    assert read(text.replace("twice", "three times"))["problem"] == "contradiction"


@pytest.mark.parametrize("often", ["od", "qd", "daily"])
def test_two_doses_that_alternate_have_their_mean(often: str) -> None:
    assert daily(read(f"3 mg alternating with 4 mg {often}")) == (Fraction(7, 2), Fraction(7, 2))
