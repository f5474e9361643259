"""The hand-checked list of directions (sigs/*.csv): no wrong reading, few unreadable ones."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from screener.directions import read_directions
from screener.units import unit_of

LISTS = sorted((Path(__file__).parent / "sigs").glob("*.csv"))
MOST_UNREADABLE = 0.10

pytestmark = pytest.mark.skipif(not LISTS, reason="the hand-checked list of directions is absent")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def readings(texts: list[str]) -> dict[str, list[dict[str, Any]]]:
    read: dict[str, list[dict[str, Any]]] = {}
    for row in read_directions(pl.Series(texts, dtype=pl.String)).to_dicts():
        read.setdefault(row["text"], []).append(row)
    return read


def number(value: dict[str, int] | None) -> Fraction | None:
    return None if value is None else Fraction(value["over"], value["under"])


def in_unit(row: dict[str, Any], unit: str) -> tuple[Fraction | None, Fraction | None] | None:
    """The amount a day of a reading in the unit of the list; null when it has another unit."""
    own = (number(row["daily_min"]), number(row["daily_max"]))
    wanted = unit_of(unit)
    if row["dose_unit"] is None:  # counts units of the product
        return own if wanted is None or wanted.kind in ("countable", "local") else None
    mine = unit_of(row["dose_unit"])
    assert mine is not None
    if wanted is None or mine == wanted or {mine.name, wanted.name} in (
        {"IU", "unit"}, {"dose", "puff"}, {"syringe", "dose"},
    ):  # fmt: skip
        return own
    if mine.kind == wanted.kind and mine.kind in ("mass", "volume"):
        factor = Fraction(mine.factor) / Fraction(wanted.factor)
        low, high = own
        return (None if low is None else low * factor, None if high is None else high * factor)
    if row["other_unit"] is not None and unit_of(row["other_unit"]) == wanted:
        return number(row["other_daily_min"]), number(row["other_daily_max"])
    return None


def wanted_phases(text: str) -> list[tuple[Fraction, str, int | None]]:
    """The phases of a taper: amount a day, unit, days."""
    phases = []
    for part in text.split(";"):
        amount, _, length = part.strip().partition(" x ")
        figure, _, unit = amount.strip().partition(" ")
        phases.append((Fraction(figure), unit, int(length.split()[0]) if length else None))
    return phases


def verdict(want: dict[str, str], read: list[dict[str, Any]]) -> str:
    """right, unreadable (a gap), or what is wrong."""
    unreadable = read[0]["unreadable"] is not None
    if want["reading"] == "unreadable":
        return "right" if unreadable else f"read {[row['how'] for row in read]}"
    if unreadable:
        return "unreadable"
    if want["reading"] == "taper":
        try:
            phases = wanted_phases(want["phases"])
        except ValueError:
            phases = []
        mine = [
            (in_unit(row, unit), row["days"])
            for row, (_, unit, _) in zip(read, phases, strict=False)
        ]
        same = len(read) == len(phases) and mine == [
            ((amount, amount), days) for amount, _, days in phases
        ]
        return "right" if same else f"read {[row['how'] for row in read]}"
    (row, *more) = read
    high = Fraction(want["high_per_day"]) if want["high_per_day"] else None
    amounts = (Fraction(want["low_per_day"]), high)
    same = in_unit(row, want["unit"]) == amounts and not more
    same = same and row["prn"] == (want["prn"] == "yes")
    same = same and row["days"] == (int(want["days"]) if want["days"] else None)
    return "right" if same else f"read {[row['how'] for row in read]}"


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_no_direction_is_read_wrong(path: Path) -> None:
    rows = rows_of(path)
    read = readings([row["sig"] for row in rows])
    assert rows
    wrong = {
        row["sig"]: said
        for row in rows
        if (said := verdict(row, read[row["sig"]])) not in ("right", "unreadable")
    }
    assert wrong == {}


def test_at_most_a_tenth_of_the_readable_ones_is_unreadable() -> None:
    rows = [row for path in LISTS for row in rows_of(path)]
    read = readings([row["sig"] for row in rows])
    readable = [row for row in rows if row["reading"] != "unreadable"]
    gaps = [row["sig"] for row in readable if verdict(row, read[row["sig"]]) == "unreadable"]
    assert len(readable) >= 300
    assert len(gaps) <= MOST_UNREADABLE * len(readable), gaps
