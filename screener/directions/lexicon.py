"""The words that directions are made of, read from data/words.csv: nothing else is understood.

A row there gives words of one kind and one meaning. A word may have several kinds ("in the
morning", "in water"); which one is meant, the grammar decides from the words around it.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from screener.units import Unit, unit_of

# A word, a number with its thousands or decimals, or one other character.
_PIECE = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+|[^\W\d_]+|\S")

Kinds = dict[str, str]
# First word -> how many words its phrases have, longest first; the words -> their kinds.
Phrases = tuple[dict[str, list[int]], dict[tuple[str, ...], Kinds]]

_NOTHING: Kinds = {}


def pieces_of(text: str) -> list[tuple[str, int, int]]:
    """The words, numbers and signs of a text that is already in lower case, with their places."""
    return [(found.group(), found.start(), found.end()) for found in _PIECE.finditer(text)]


@cache
def phrases() -> Phrases:
    """Every phrase of words.csv. ValueError: a phrase has one kind with two meanings."""
    kinds: dict[tuple[str, ...], Kinds] = {}
    with (resources.files(__package__) / "data" / "words.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for text in row["words"].split(";"):
                words = tuple(piece for piece, _, _ in pieces_of(text))
                given = kinds.setdefault(words, {})
                if given.setdefault(row["kind"], row["meaning"]) != row["meaning"]:
                    if row["kind"] == "note":  # several reasons why a phrase changes nothing
                        continue
                    raise ValueError(f"In words.csv {text!r} has two meanings.")
    lengths: dict[str, set[int]] = {}
    for words in kinds:
        lengths.setdefault(words[0], set()).add(len(words))
    return {word: sorted(of, reverse=True) for word, of in lengths.items()}, kinds


@cache
def expanding() -> frozenset[str]:
    """The words with which a phrase begins that is written out before it is read."""
    return frozenset(words[0] for words, kinds in phrases()[1].items() if "expand" in kinds)


def longest(words: list[str], at: int) -> tuple[int, Kinds]:
    """How many words the longest known phrase at this place has, and its kinds; 0 for none."""
    lengths, kinds = phrases()
    if words[at] not in lengths:
        return 0, _NOTHING
    left = len(words) - at
    for length in lengths[words[at]]:
        if length > left:
            continue
        found = kinds.get(tuple(words[at : at + length]))
        if found is not None:
            return length, found
    return 0, _NOTHING


@cache
def unit_word(word: str) -> Unit | None:
    """The unit that one word names, in the project's one table of units."""
    return None if word in _NO_UNITS else unit_of(word)


# Spellings of the table that mean something else, or several things, in a sentence of directions.
_NO_UNITS = frozenset({"gum", "ring", "rings", "item", "items", "act", "l", "app", "device", "gs"})
