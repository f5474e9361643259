"""The phrases that directions consist of, and the one exception with which reading stops."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from screener.directions.tokens import Token
from screener.units import Unit

Problem = Literal[
    "foreign word",
    "no dose",
    "no frequency",
    "contradiction",
    "several readings",
    "no length",
    "open-ended",
]


class UnreadableError(Exception):
    """Reading stopped: why, and at which characters of the plain text."""

    def __init__(self, problem: Problem, start: int, end: int) -> None:
        super().__init__(problem)
        self.problem: Problem = problem
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something that was understood, and where it stands."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Dose(Phrase):
    """An amount taken on one occasion; `also_*` is the same amount in another unit."""

    low: Fraction
    high: Fraction
    unit: Unit | None = None
    also_low: Fraction | None = None
    also_high: Fraction | None = None
    also_unit: Unit | None = None
    beside: tuple[Fraction, Unit] | None = None  # of each unit, or of all of them: nobody knows


@dataclass(frozen=True, slots=True)
class Strength(Phrase):
    """How strong the product is said to be: 500 mg in one tablet, 50 mg in one mL."""

    amount: Fraction
    unit: Unit
    per: Unit | None


@dataclass(frozen=True, slots=True)
class Pattern(Phrase):
    """1-0-1: the amounts of the moments of one day, in order."""

    amounts: tuple[Fraction, ...]
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class Rate(Phrase):
    """So many times in so many days. Soft: "daily", which moments of the day may refine."""

    low: Fraction
    high: Fraction
    soft: bool = False
    up_to: bool = False
    maybe_right_eye: bool = False


@dataclass(frozen=True, slots=True)
class Moment(Phrase):
    """Once a day, at a time of day: its name, and the hours it may mean."""

    name: str
    hours: tuple[int, int]
    one_word: bool = True
    each: bool = False


@dataclass(frozen=True, slots=True)
class Weekdays(Phrase):
    """On some days of the week: which (1 = Monday), else how many; `others`: all that are left."""

    days: frozenset[int] = field(default_factory=frozenset)
    count: int = 0
    others: bool = False


@dataclass(frozen=True, slots=True)
class Limit(Phrase):
    """The most in one day: an amount in a unit, or a number of doses."""

    amount: Fraction
    unit: Unit | None
    doses: bool
    per_day_said: bool


@dataclass(frozen=True, slots=True)
class Total(Phrase):
    """The amount of a day, said beside the doses: (total daily dose 30 mg)."""

    amount: Fraction
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class Length(Phrase):
    """For so many days (null: said, but no whole number of days) or doses."""

    days: int | None = None
    doses: Fraction | None = None
    after: bool = False


@dataclass(frozen=True, slots=True)
class OnDays(Phrase):
    """On day 1, on days 2 to 5, in week 2; `onwards`: from the first day on, without an end."""

    first: int
    last: int
    onwards: bool = False


@dataclass(frozen=True, slots=True)
class Step(Phrase):
    """Less (or more) by an amount every so many days, to an end (0: stopped; null: not said)."""

    by: Fraction
    unit: Unit | None
    days: int
    end_dose: Fraction | None
    end_unit: Unit | None
    stops: bool


MarkKind = Literal[
    "as needed", "then", "apply", "both sides", "eye", "single", "divided", "and", "comma",
    "begin", "one go", "patch", "dated", "repeat",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark(Phrase):
    """A word that is a phrase by itself; `count` is how many divided doses.

    1 with "as needed": on a measurement, which alone does not say how often.
    """

    kind: MarkKind
    count: int = 0


@dataclass(slots=True)
class Found:
    """What a recogniser found: a phrase (null: words that change nothing) and the next token."""

    phrase: Phrase | None
    after: int


def at(tokens: list[Token], place: int) -> Token:
    """The token at a place, or a token that is nothing beyond the end."""
    return tokens[place] if place < len(tokens) else _END


def unreadable(problem: Problem, first: Token, last: Token | None = None) -> UnreadableError:
    """The exception that points at some tokens."""
    return UnreadableError(problem, first.start, (last or first).end)


_END = Token("", {}, None, None, 1_000_000_000, 1_000_000_000)
