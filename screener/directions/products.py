"""What directions say of the product: its name with its strength, and how many were handed out."""

from __future__ import annotations

from screener.directions.amounts import dose_at
from screener.directions.grammar import (
    Dose,
    Found,
    Mark,
    Moment,
    Pattern,
    Phrase,
    Rate,
    Strength,
    Weekdays,
    at,
)
from screener.directions.tokens import Token

Timing = (Rate, Moment, Weekdays, Pattern)
MANY = 14  # units: more than anybody takes at once


def label_at(tokens: list[Token], i: int) -> Found | None:
    """The product's name before its directions: "500 mg tablets, 2 bd"."""
    if i > 0 or tokens[0].number is None:
        return None
    if at(tokens, 2).text == "/" and at(tokens, 3).kinds.get("period") == "hour":
        j = 4 + (at(tokens, 4).unit is not None)  # 25 mcg/hr patch, apply 1 ...
        return Found(None, j + 1) if at(tokens, j).text in (",", ":") else None
    k = 2
    while at(tokens, k).is_a("adjective"):
        k += 1
    unit, form = at(tokens, 1).unit, at(tokens, k).unit
    if unit is None or unit.kind != "mass" or form is None or form.kind != "countable":
        return None
    j = k + 1 + (at(tokens, k + 1).text in (",", ":", "-", "."))
    while at(tokens, j).is_a("verb"):
        j += 1
    plural = at(tokens, k).text.endswith("s")
    if at(tokens, j).number is None or (j == k + 1 and not plural):
        return None
    found = dose_at(tokens, j)
    dose = found.phrase if found is not None else None
    counted = isinstance(dose, Dose) and (dose.unit is None or dose.unit.kind == "countable")
    amount = tokens[0].number
    strength = Strength(tokens[0].start, at(tokens, k).end, amount, unit, form)
    return Found(strength, j) if counted else None


def label_follows(tokens: list[Token]) -> bool:
    return at(tokens, 1 + (at(tokens, 1).text in (".", ","))).is_a("label")


def handed_out(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """The 28 tabs of "1 tab daily - 28 tabs": a number of the product that nobody takes at once."""
    doses = [phrase for phrase in before if isinstance(phrase, Dose)]
    count, unit = tokens[i].number, at(tokens, i + 1).unit
    if len(doses) != 1 or count is None or unit is None or unit.kind != "countable":
        return None
    prn = any(isinstance(phrase, Mark) and phrase.kind == "as needed" for phrase in before)
    (dose,) = doses
    counted = dose.unit is None or dose.unit.kind == "countable"
    k = i + 2 + (at(tokens, i + 2).text == ",")
    refilled = at(tokens, k).is_a("number") and at(tokens, k + 1).is_a("refill")
    last = all(token.text in (".", ",", ")", ";") for token in tokens[i + 2 :])
    many = last and count >= MANY and (not counted or count > 4 * dose.high)
    if not ((timed(before) or prn) and tokens[i].text.isdigit() and (refilled or many)):
        return None
    return Found(None, i + 2)


def handed_out_first(tokens: list[Token]) -> Found | None:
    """The 28 tablets of "28 tablets. Take one daily"."""
    count, unit = tokens[0].number, at(tokens, 1).unit
    if count is None or unit is None or unit.kind != "countable" or count < MANY:
        return None
    if not tokens[0].text.isdigit() or at(tokens, 2).text not in (".", ":", ";"):
        return None
    begins = at(tokens, 3).is_a("verb") or at(tokens, 3).number is not None
    return Found(None, 3) if begins else None


def worn_at(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """The "for up to 12 hours" of a patch: how long it is worn, where how often has been said."""
    if not tokens[i].is_a("for"):
        return None
    doses = [phrase for phrase in before if isinstance(phrase, Dose) and phrase.unit is not None]
    patch = any(dose.unit is not None and dose.unit.name == "patch" for dose in doses)
    if not (patch and timed(before)):
        return None
    j = i + 1 + at(tokens, i + 1).is_a("up_to")
    hours = at(tokens, j).number
    if hours is None or hours >= 24 or at(tokens, j + 1).kinds.get("period") != "hour":
        return None
    per_day = at(tokens, j + 2).is_a("per", "article", "every", "rate") or (
        at(tokens, j + 2).text == "/"
    )
    return None if per_day else Found(None, j + 2)


def timed(before: list[Phrase]) -> bool:
    return any(isinstance(phrase, Timing) for phrase in before)
