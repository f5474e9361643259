"""The hand-checked lists of directions (sigs/): no wrong reading, few unreadable ones.

Three lists by three authors who had not seen the parser; each is held by itself.
"""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from screener.directions import plain_text, read_directions, unknown_words, with_names_replaced
from screener.terminology import resolve_drugs
from screener.units import unit_of

SIGS = Path(__file__).parent / "sigs"
LISTS = {
    "first": sorted(SIGS.glob("*.csv")),
    "second": sorted((SIGS / "second").glob("*.csv")),
    "third": sorted((SIGS / "third").glob("*.csv")),
}
MOST_UNREADABLE = 0.10
LEAST_ROWS = {"first": 600, "second": 600, "third": 500}
OWN_NAME = "\ue000"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def readings(texts: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each text; one that a name stopped is read again with the name handed in."""
    read = _rows(texts)
    stopped = [text for text in texts if read[text][0]["problem"] == "foreign word"]
    renamed = _with_leading_names(stopped)
    again = _rows(list(renamed.values()), own_name=OWN_NAME)
    return read | {text: again[name] for text, name in renamed.items()}


def _rows(texts: list[str], own_name: str | None = None) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    series = pl.Series(texts, dtype=pl.String)
    for row in read_directions(series, own_name=own_name).to_dicts():
        rows.setdefault(row["text"], []).append(row)
    return rows


def _with_leading_names(texts: list[str]) -> dict[str, str]:
    """Texts that begin with a drug's name, as intake hands in those of the order's own drug."""
    runs = {text: unknown_words(text) for text in texts}
    words = sorted({run for found in runs.values() for run in found})
    asked = {"drug": words, "drug_code": None, "drug_code_system": None}
    known = resolve_drugs(pl.DataFrame(asked, schema=dict.fromkeys(asked, pl.String)))
    drugs = set(known.drop_nulls("ingredient")["drug"])
    names: dict[str, str] = {}
    for text, found in runs.items():
        name = next((run for run in found if run in drugs), None)
        if name is None or any(c.isdigit() for c in plain_text(text).partition(name)[0]):
            continue
        names[text] = with_names_replaced(text, [name], OWN_NAME)
    return names


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


@pytest.mark.parametrize(
    "path",
    [path for paths in LISTS.values() for path in paths],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
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


@pytest.mark.parametrize("name", LISTS)
def test_at_most_a_tenth_of_the_readable_ones_is_unreadable(name: str) -> None:
    rows = [row for path in LISTS[name] for row in rows_of(path)]
    read = readings([row["sig"] for row in rows])
    readable = [row for row in rows if row["reading"] != "unreadable"]
    gaps = [row["sig"] for row in readable if verdict(row, read[row["sig"]]) == "unreadable"]
    assert len(readable) >= LEAST_ROWS[name]
    assert len(gaps) <= MOST_UNREADABLE * len(readable), gaps
