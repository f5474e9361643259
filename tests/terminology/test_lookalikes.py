"""A name with letters of another alphabet is never matched, and never passed over in silence."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest

from screener.terminology import look_like_known, resolve_drugs
from screener.terminology.lookalikes import latin_letters


def ingredients(text: str) -> list[str | None]:
    keys = pl.DataFrame({"drug": [text], "drug_code": [None], "drug_code_system": [None]})
    return resolve_drugs(keys)["ingredient"].to_list()


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("m\u0435tformin 500 mg tablets", ("metformin",)),  # Cyrillic small ie
        ("\u041c\u0415\u0422F\u041eR\u041cIN", ("metformin",)),  # Cyrillic capitals
        ("\u043c\u0435\u0442formin", ("metformin",)),  # the same in small letters
        ("dig\u03bfxin", ("digoxin",)),  # Greek omicron
        ("amlodipine/v\u0430lsartan", ("amlodipine", "valsartan")),  # one of two
        ("B\u0430ctrim DS", ("sulfamethoxazole", "trimethoprim")),  # a brand
    ],
)
def test_a_name_in_mixed_letters_is_not_matched_but_told(text: str, known: tuple[str, ...]) -> None:
    assert None in ingredients(text)
    assert look_like_known([text]) == {text: known}


@pytest.mark.parametrize(
    "text",
    [
        "metformin",  # known as it stands
        "zqxdrug",
        "\u0410\u0441\u043f\u0438\u0440\u0438\u043d",  # a whole word of another alphabet
        "\u03bc\u03b5\u03c4\u03c6\u03bf\u03c1\u03bc\u03af\u03bd\u03b7",
        "caf\u00e9",
    ],
)
def test_what_looks_like_no_known_drug_is_left_alone(text: str) -> None:
    assert look_like_known([text]) == {}


@pytest.mark.parametrize(
    "text",
    [
        "met\u200bformin",  # zero-width space
        "\u202emetformin",  # right-to-left override
        "\uff4d\uff45\uff54formin",  # full-width letters (NFKC)
        "metformin\u00a0500\u00a0mg",
    ],
)
def test_invisible_characters_and_compatibility_forms_are_taken_off(text: str) -> None:
    assert ingredients(text) == ["metformin"]


def test_the_two_angstroms_are_one_letter() -> None:
    assert ingredients("sertr\u212bline") == ingredients("sertr\u00c5line") == ["sertraline"]


def test_every_letter_of_the_table_is_foreign_and_stands_for_one_of_ours() -> None:
    table = latin_letters()
    assert len(table) > 100
    for point, letter in table.items():
        assert letter.isascii()
        assert letter.isalpha()
        assert not unicodedata.normalize("NFKD", chr(point)).isascii()
