"""The values of a rule: drugs, amounts, shares, limits, tests. Frozen, typed, with their words.

Amounts are integer micrograms a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# How a drug reaches the body. `local` joins no systemic rule, `unknown` joins no sum.
Track = Literal[
    "by mouth",
    "sublingual",
    "by nose",
    "transdermal",
    "injected",
    "rectal",
    "intrathecal",
    "local",
    "unknown",
]
SYSTEMIC_TRACKS: frozenset[str] = frozenset(
    {"by mouth", "sublingual", "by nose", "transdermal", "injected", "rectal", "intrathecal"}
)


@dataclass(frozen=True, slots=True)
class Factor:
    """One line of a conversion: a milligram of the ingredient counts as number/per milligrams."""

    ingredient: str
    track: str
    number: int
    per: int


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion list (`counted_as`): doses of several drugs as doses of one."""

    text: str  # "oral morphine"
    factors: tuple[Factor, ...]  # sorted; at most one of an ingredient and track


@dataclass(frozen=True, slots=True)
class DrugSet:
    """Some ingredients on some tracks, and the words the rule used for them.

    releases: empty for any release, else which of "modified-release" and "immediate-release"
    products count. counted_as: doses are converted before they are summed.
    """

    text: str
    ingredients: frozenset[str]
    tracks: frozenset[str] = SYSTEMIC_TRACKS
    releases: frozenset[str] = frozenset()
    counted_as: Conversion | None = None


@dataclass(frozen=True, slots=True)
class DailyAmount:
    """An amount a day in integer micrograms, with the words the rule used for it."""

    ug: int
    text: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share of an earlier dose in percent (50 means half)."""

    percent: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a number: more_than and below exclude the bound, at_least and at_most include it.

    Any of them may be missing, not all.
    """

    more_than: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None


RESULT_DECIMALS = 7  # of a result, and of a limit, converted to the first unit of a test


@dataclass(frozen=True, slots=True)
class LabTest:
    """A laboratory test: the words of the rule, and the names an export may call it by."""

    text: str
    analytes: frozenset[str]  # lower case
    units: tuple[tuple[str, float], ...]  # unit (lower case, no blanks) -> factor to the first
