"""Words that may be misspelt times are held against every single slip of the pen, one by one."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.directions.open_words import _near as near

SHORT = st.text("abcd", min_size=1, max_size=6)


def slips(word: str, letters: str = string.ascii_lowercase) -> set[str]:
    """Every word that one slip makes: a letter left out, added, changed, or two swapped."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        *(a + b[1:] for a, b in cuts if b),
        *(a + c + b for a, b in cuts for c in letters),
        *(a + c + b[1:] for a, b in cuts if b for c in letters),
        *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
    }


@given(SHORT, SHORT)
def test_short_words_are_near_when_one_slip_makes_one_of_the_other(one: str, two: str) -> None:
    if min(len(one), len(two)) < 5:
        assert near(one, two) == (one == two or two in slips(one, "abcd"))


def test_every_pair_of_very_short_words() -> None:
    words = ["".join(letters) for n in (1, 2, 3) for letters in itertools.product("ab", repeat=n)]
    for one, two in itertools.product(words, repeat=2):
        assert near(one, two) == (one == two or two in slips(one, "ab")), (one, two)


@pytest.mark.parametrize("word", ["night", "daily", "weekly", "bedtime"])
def test_one_slip_in_a_longer_word_is_near(word: str) -> None:
    far = [slip for slip in slips(word) if not (near(slip, word) and near(word, slip))]
    assert far == []


@pytest.mark.parametrize(
    ("one", "two", "is_near"),
    [
        ("bedtim", "bedtime", True),
        ("betdime", "bedtime", True),
        ("bdetmie", "bedtime", True),  # two swaps
        ("bdetmi", "bedtime", False),  # two swaps and a letter left out
        ("dial", "daily", False),  # a swap and a letter left out, in a word of four
        ("dayly", "daily", True),
        ("dalyy", "daily", True),
        ("weeky", "weekly", True),
        ("weekxx", "weekly", True),
        ("weexxx", "weekly", False),
        ("nght", "night", True),
        ("ngh", "night", False),
        ("nightxx", "night", True),
        ("nightxxx", "night", False),
        ("tds", "tds", True),
        ("tsd", "tds", True),
        ("txx", "tds", False),
    ],
)
def test_one_slip_in_short_words_and_two_in_longer_ones(one: str, two: str, is_near: bool) -> None:
    assert near(one, two) is is_near
    assert near(two, one) is is_near
