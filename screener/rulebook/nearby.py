"""What lies next to a value of a rule: a limit one step up, the other comparison, a shorter list.

Every function gives pairs of the words that say the change and the changed value, always in the
same order. Nothing here knows a check.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from screener.rule.drugs import ROUTES
from screener.rule.model import SEVERITIES
from screener.rule.values import SYSTEMIC_TRACKS, Conversion, DailyAmount, DrugSet, Factor, Share
from screener.rulebook.few_words import decimal, number_words
from screener.terminology import class_members, class_names

Near = Iterator[tuple[str, Any]]
# A number ends in one of these words when it is a limit: its twin, and where the number itself
# must move when a check has no such twin (+1: up by the least that counts).
TWINS = {
    "more_than": (("at_least",), -1),
    "at_least": (("more_than",), +1),
    "above": (("from_",), -1),
    "from_": (("above",), +1),
    "less_than": (("at_most",), +1),
    "fewer_than": (("at_most",), +1),
    "below": (("at_most",), +1),
    "at_most": (("below", "less_than"), -1),
}
_SHORT_LIST = 8  # ingredients that are left out one by one; of longer lists only some
_CLASSES = 6  # of a longer list
_OF_A_CLASS = 3  # members that make it worth naming
_EDGE = 1e-9  # share of a number that decides between "more than" and "at least"
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?) (.+)")


def numbers(value: Any, unit: str = "", *, least: int = 1) -> Near:
    """An amount, share, count or other number one of its last written places down and up."""
    if isinstance(value, DailyAmount):
        yield from _amounts(value)
    elif isinstance(value, Share):
        for near in _one_place(decimal(value.percent)):
            if near <= 100:
                yield f"{number_words(value)} -> {near:f} %", Share(float(near))
    elif isinstance(value, float):
        for near in _one_place(decimal(value)):
            yield f"{number_words(value)}{unit} -> {near:f}{unit}", float(near)
    elif isinstance(value, int):
        for whole in (value - 1, value + 1):
            if whole >= least:
                yield f"{value}{unit} -> {whole}{unit}", whole


def at_the_edge(value: Any, sign: int) -> Any:
    """The number moved by so little that only the comparison with itself comes out otherwise."""
    if isinstance(value, DailyAmount):
        return dataclasses.replace(value, ug=value.ug + sign)
    if isinstance(value, Share):
        return Share(value.percent * (1 + sign * _EDGE))
    return value * (1 + sign * _EDGE)


def severities(value: str) -> Near:
    """One step down and up."""
    at = SEVERITIES.index(value)
    for near in (at - 1, at + 1):
        if 0 <= near < len(SEVERITIES):
            yield f"{value} -> {SEVERITIES[near]}", SEVERITIES[near]


def members(drugs: DrugSet, among: frozenset[str]) -> Near:
    """The set without one of its ingredients or classes; only such as are `among` count."""
    every = sorted(among)
    if len(every) < 2:
        return
    left_out = [[one] for one in every]
    said = list(every)
    if len(drugs.ingredients) > _SHORT_LIST:
        left_out, said = [[every[0]], [every[-1]]], [every[0], every[-1]]
        for tag, inside in _classes(frozenset(every)):
            left_out.append(inside)
            said.append(f"the {len(inside)} of class {tag.replace('_', ' ')}")
        left_out.append(every[1:])
        said.append(f"all but {every[0]}")
    for out, name in zip(left_out, said, strict=True):
        yield (
            f"without {name}",
            dataclasses.replace(drugs, ingredients=drugs.ingredients - set(out)),
        )


def _classes(every: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """The largest classes that lie wholly in a list, fill at most half of it and overlap little."""
    whole = {tag: class_members(tag) or frozenset() for tag in class_names()}
    fitting = [
        (tag, inside)
        for tag, inside in whole.items()
        if inside <= every and _OF_A_CLASS <= len(inside) <= len(every) // 2
    ]
    covered: frozenset[str] = frozenset()
    found = 0
    for tag, inside in sorted(fitting, key=lambda one: (-len(one[1]), one[0])):
        if found < _CLASSES and len(inside - covered) >= _OF_A_CLASS:
            covered |= inside
            found += 1
            yield tag, sorted(inside)


def ways(drugs: DrugSet) -> Near:
    """Other route words: any way into the circulation instead, and each of several words less."""
    now = drugs.tracks
    if now != SYSTEMIC_TRACKS:
        yield f"{_routes(now)} -> any systemic route", _on(drugs, SYSTEMIC_TRACKS)
    if not now >= SYSTEMIC_TRACKS:
        for word, tracks in _words_of(now):
            if tracks < now:
                yield f"not {word}", _on(drugs, now - tracks)
    if drugs.releases:
        yield (
            f"{' or '.join(sorted(drugs.releases))} -> any release",
            dataclasses.replace(drugs, releases=frozenset()),
        )


def _words_of(tracks: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """The route words that make up the tracks, the widest first, none inside another."""
    found: list[tuple[str, frozenset[str]]] = []
    for word, some in sorted(ROUTES.items(), key=lambda one: (-len(one[1]), one[0])):
        if some <= tracks and not any(some <= other for _, other in found):
            found.append((word, some))
    return found


def _routes(tracks: frozenset[str]) -> str:
    return " or ".join(word for word, _ in _words_of(tracks))


def _on(drugs: DrugSet, tracks: frozenset[str]) -> DrugSet:
    return dataclasses.replace(drugs, tracks=tracks)


def factors(conversion: Conversion) -> Near:
    """A factor one place up; all of a short list, the first and the last of a longer one."""
    every = range(len(conversion.factors))
    for at in every if len(every) <= _SHORT_LIST else (0, len(every) - 1):
        one = conversion.factors[at]
        more = _more(one)
        changed = (*conversion.factors[:at], more, *conversion.factors[at + 1 :])
        yield (
            f"{one.ingredient} {one.track} {_factor(one)} -> {_factor(more)}",
            dataclasses.replace(conversion, factors=changed),
        )


def _more(one: Factor) -> Factor:
    number = Decimal(one.number) / Decimal(one.per)
    numerator, denominator = (number + _place(decimal(float(number)))).as_integer_ratio()
    return dataclasses.replace(one, number=numerator, per=denominator)


def _factor(one: Factor) -> str:
    return f"{one.number / one.per:.6g}"


def _amounts(amount: DailyAmount) -> Near:
    written = _WRITTEN.fullmatch(amount.text)
    number, unit = (
        (Decimal(written[1]), written[2]) if written else (Decimal(amount.ug), "micrograms/day")
    )
    if not number:
        return
    for near in _one_place(number):
        ug = amount.ug * near / number
        if ug == int(ug):
            text = f"{near:f} {unit}"
            yield f"{amount.text} -> {text}", DailyAmount(int(ug), text)


def _one_place(number: Decimal) -> list[Decimal]:
    step = _place(number)
    return [near for near in (number - step, number + step) if near > 0]


def _place(number: Decimal) -> Decimal:
    """The smallest place that is written: 1 for 80, 0.1 for 2.5."""
    return Decimal(1).scaleb(min(0, int(number.as_tuple().exponent)))
