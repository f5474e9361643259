"""Conversion list files: how doses of several drugs count as doses of one (`counted_as`)."""

from __future__ import annotations

from fractions import Fraction

from screener.rule.amounts import Wrong, decimal_number, whole_number
from screener.rule.drugs import drug_set, own_name, route_in
from screener.rule.reading import ConversionList, Reading, keys_of, read_with, text_of
from screener.rule.values import Conversion, Factor
from screener.rule.yaml_reader import Entry, Mapping, Node

_PER_RATE = "per mcg/h"
_PATCH = frozenset({"transdermal"})
# A patch of 1 mcg/h is 24 mcg a day: a milligram a day is 1000/24 of that rate.
_RATE_A_DAY = Fraction(1000, 24)


def is_conversion(root: Mapping) -> bool:
    """Whether a list file is about factors and not about members."""
    return any(entry.key.text in ("factors", "converts_to") for entry in root.entries)


def read_conversion(reading: Reading, root: Mapping, name: str) -> ConversionList | None:
    """A conversion list file, or None with problems."""
    before = len(reading.source.problems)
    members = next((e for e in root.entries if e.key.text in ("members", "except")), None)
    if members is not None:
        what = f"a list has {members.key.text} or factors, not both"
        reading.problem(members.key, what, "make two lists of it")
        return None
    found = keys_of(
        reading,
        root,
        "a conversion list",
        required=("list", "title", "version", "converts_to", "factors"),
        optional=("schema", "source", "evidence", "owners", "why"),
    )
    if found is None:
        return None
    if "list" in found:
        own_name(reading, found["list"].value, name, "list")
    texts = {key: text_of(reading, found[key].value, key) for key in _TEXTS if key in found}
    version = None
    if "version" in found:
        version = read_with(reading, found["version"].value, "version", whole_number)
    factors = _factors(reading, found["factors"].value) if "factors" in found else ()
    if len(reading.source.problems) > before:
        return None
    made = Conversion(texts["converts_to"] or "", factors)
    return ConversionList(name, texts["title"] or "", version or 0, made, reading.source.name)


_TEXTS = ("title", "converts_to")


def _factors(reading: Reading, node: Node) -> tuple[Factor, ...]:
    if not isinstance(node, Mapping) or not node.entries:
        expected = "expected `drug by mouth: 1.5` lines"
        reading.problem(node, "factors must be `drug: number` lines", expected)
        return ()
    made: dict[tuple[str, str], tuple[Factor, int]] = {}
    for entry in node.entries:
        for factor in _of_line(reading, entry):
            key = (factor.ingredient, factor.track)
            if key in made:
                what = f"{factor.ingredient} ({factor.track}) has a factor already, on line"
                reading.problem(entry.key, f"{what} {made[key][1]}", "write one of them")
                break
            made[key] = (factor, entry.key.mark.line)
    return tuple(made[key][0] for key in sorted(made))


def _of_line(reading: Reading, entry: Entry) -> tuple[Factor, ...]:
    """One factor for each ingredient and track of the line."""
    if not route_in(" ".join(entry.key.text.split()))[1]:
        right = f'for example "{entry.key.text} by mouth"'
        what = f'"{entry.key.text}" does not say by which route'
        reading.problem(entry.key, f"factors: {what}", f"factors differ by route; write {right}")
        return ()
    drugs = drug_set(reading, entry.key, "factors")
    if drugs is not None and drugs.releases:
        reading.problem(entry.key, "factors: a factor is the same for every kind of release")
        return ()
    text = text_of(reading, entry.value, "factor")
    if drugs is None or text is None:
        return ()
    try:
        factor = _factor(text, patch=drugs.tracks == _PATCH)
    except Wrong as wrong:
        expected = f"expected {wrong.expected}" if wrong.expected else ""
        reading.problem(entry.value, f"factor: {wrong.what}", expected)
        return ()
    return tuple(
        Factor(ingredient, track, factor.numerator, factor.denominator)
        for ingredient in drugs.ingredients
        for track in drugs.tracks
    )


def _factor(text: str, *, patch: bool) -> Fraction:
    """`1.5`, or `2.4 per mcg/h` for a patch, as milligrams for each milligram."""
    number, space, unit = " ".join(text.split()).partition(" ")
    factor = Fraction(decimal_number(number))
    if factor == 0:
        raise Wrong(f'"{text}" counts the drug as nothing', "a number above 0, or no line at all")
    if patch and f"{unit}" != _PER_RATE:
        raise Wrong(f'"{text}" does not say per what', f'for a patch "{number} {_PER_RATE}"')
    if space and not patch:
        raise Wrong(f'"{text}" is not a plain number', f"milligrams a milligram, as in {number}")
    return factor * _RATE_A_DAY if patch else factor
