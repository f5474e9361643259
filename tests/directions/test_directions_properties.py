"""What must hold for any text: order, foreign words, ranges, and that reading never raises."""

from __future__ import annotations

import csv
from fractions import Fraction
from importlib import resources
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from screener.directions import read_directions
from screener.units import unit_of

NOT_READINGS = ("text", "unreadable", "problem")


def rows_of(text: str) -> list[dict[str, Any]]:
    return read_directions(pl.Series([text], dtype=pl.String)).to_dicts()


def reading(text: str) -> list[dict[str, Any]] | None:
    """The reading without its text; null when unreadable."""
    rows = rows_of(text)
    if rows[0]["unreadable"] is not None:
        return None
    return [{k: v for k, v in row.items() if k not in NOT_READINGS} for row in rows]


def words() -> list[str]:
    source = resources.files("screener.directions") / "data" / "words.csv"
    with source.open(encoding="utf-8") as file:
        return [word for row in csv.DictReader(file) for word in row["words"].split(";")]


KNOWN = words()
NUMBERS = st.sampled_from(
    ["1", "2", "3", "10", "0.5", "1/2", "1½", "1-2", "500", "2/52", "5/7", "8", "24", "1,000"]
)
UNITS = st.sampled_from(["mg", "tablets", "tab", "ml", "puffs", "g", "units", "days", "hours"])
PIECES = st.one_of(st.sampled_from(KNOWN), NUMBERS, UNITS, st.sampled_from(list(",.;:()-/+=&")))
FREQUENCIES = ["bd", "tds", "four times a day", "every 6 hours", "q8h", "once a week", "nocte"]
DOSES = ["1 tablet", "2 puffs", "1-2 tablets", "10 ml", "half a tablet", "1 or 2", "500 mg"]
ASIDES = ["prn", "by mouth", "with food", "for 7 days", "swallow whole", "for pain", "with water"]


def check_rows(rows: list[dict[str, Any]]) -> None:
    """Ranges rise, and dose × count ÷ period is the amount a day."""
    for row in rows:
        if row["unreadable"] is not None:
            assert row["daily_min"] is None
            continue
        assert row["dose_min"] <= row["dose_max"]
        low = Fraction(row["daily_min"]["over"], row["daily_min"]["under"])
        high = row["daily_max"]
        assert low >= 0
        assert (row["count_min"] is None) == (row["period_days"] is None)
        if high is None:
            assert row["prn"]
            continue
        most = Fraction(high["over"], high["under"])
        assert low <= most
        if row["count_max"] is None:
            continue
        product = row["dose_max"] * row["count_max"] / row["period_days"]
        if row["max_per_day"] is None:
            assert abs(product - float(most)) < 1e-9 * product
        else:
            assert float(most) <= product * (1 + 1e-9)


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    rows = rows_of(text)
    assert {row["text"] for row in rows} == {text}
    check_rows(rows)


@given(st.lists(PIECES, min_size=1, max_size=9))
def test_no_order_of_known_words_raises_and_ranges_rise(pieces: list[str]) -> None:
    check_rows(rows_of(" ".join(pieces)))


@given(
    st.sampled_from(DOSES),
    st.sampled_from(FREQUENCIES),
    st.lists(PIECES, min_size=1, max_size=4),
)
def test_whatever_follows_a_direction_ranges_rise(dose: str, often: str, more: list[str]) -> None:
    check_rows(rows_of(" ".join([dose, often, *more])))


@given(
    st.sampled_from(DOSES),
    st.sampled_from(FREQUENCIES),
    st.lists(st.sampled_from(ASIDES), unique=True, max_size=4),
    st.randoms(use_true_random=False),
)
def test_the_order_of_independent_phrases_does_not_matter(
    dose: str, often: str, asides: list[str], random: Any
) -> None:
    phrases = [dose, often, *asides]
    straight = reading(" ".join(phrases))
    random.shuffle(phrases)
    assert straight is not None
    assert reading(" ".join(phrases)) == straight


@given(
    st.sampled_from(DOSES),
    st.sampled_from(FREQUENCIES),
    st.lists(st.sampled_from(ASIDES), unique=True, max_size=2),
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9),
    st.integers(min_value=0, max_value=12),
)
def test_a_foreign_word_makes_it_unreadable(
    dose: str, often: str, asides: list[str], word: str, place: int
) -> None:
    known = {piece for phrase in KNOWN for piece in phrase.split()}
    if word in known or unit_of(word) is not None:
        return
    text = " ".join([dose, often, *asides]).split()
    place = min(place, len(text))
    whole = reading(" ".join(text))
    text.insert(place, word)
    read = reading(" ".join(text))
    assert read is None or (read == whole and "for" in text[:place])  # a reason of its own words


@given(
    st.sampled_from(DOSES),
    st.sampled_from(FREQUENCIES),
    st.sampled_from(KNOWN),
    st.integers(min_value=0, max_value=8),
)
def test_a_second_number_never_goes_unnoticed(dose: str, often: str, word: str, place: int) -> None:
    """Another dose anywhere changes the reading or makes it unreadable; it is never ignored."""
    plain = reading(f"{dose} {often}")
    text = [*dose.split(), *often.split()]
    text.insert(min(place, len(text)), "750 mg")
    assert reading(" ".join(text)) != plain or plain is None
    check_rows(rows_of(f"{dose} {often} {word}"))
