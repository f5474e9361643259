"""Numbers and ranges: "1½", "one and a half", "half a", "one or two", "between 1 and 2"."""

from __future__ import annotations

from fractions import Fraction

from screener.directions.grammar import at, unreadable
from screener.directions.tokens import Token

Range = tuple[Fraction, Fraction, int]  # low, high, the next token

COUNTED = frozenset({"countable", "local"})


def number_at(tokens: list[Token], i: int) -> tuple[Fraction, int] | None:
    """One number: 2, 1.5, 1 1/2, one and a half, half a (tablet); "4 (four)" is four once."""
    token = at(tokens, i)
    if token.is_a("article"):
        following = at(tokens, i + 1)
        if following.is_a("part") and following.number is not None:
            return following.number, _of(tokens, i + 2)
        counted = following.unit is not None and following.unit.kind in COUNTED
        return (Fraction(1), i + 1) if counted else None
    if token.number is None:
        return None
    if token.is_a("part"):
        return token.number, _of(tokens, i + 1)
    value, i = token.number, i + 1
    value, i = _with_part(tokens, i, value, token)
    if at(tokens, i).text == "(" and at(tokens, i + 2).text == ")":
        again = at(tokens, i + 1)
        if again.number is not None:
            if again.number != value:
                raise unreadable("contradiction", token, again)
            i += 3
    return value, i


def _with_part(tokens: list[Token], i: int, whole: Fraction, first: Token) -> tuple[Fraction, int]:
    """The half of "1 1/2", "1 and a half", "one and one half"; "one half" is a half."""
    following = at(tokens, i)
    if following.is_a("part") and following.number is not None and whole.denominator == 1:
        if following.text[0].isdigit() and first.text.isdigit():
            return whole + following.number, i + 1
        if whole == 1 and not following.text[0].isdigit():
            return following.number, _of(tokens, i + 1)
        raise unreadable("several readings", first, following)
    if following.kinds.get("join") == "and":
        j = i + 1
        if at(tokens, j).is_a("article") or (
            at(tokens, j).number == 1 and at(tokens, j + 1).is_a("part")
        ):
            j += 1
        part = at(tokens, j)
        if part.is_a("part") and part.number is not None:
            return whole + part.number, _of(tokens, j + 1)
    return whole, i


def _of(tokens: list[Token], i: int) -> int:
    """Past the "of a" of "half of a tablet"."""
    if at(tokens, i).is_a("of"):
        i += 1
    following = at(tokens, i + 1)
    counted = following.unit is not None or following.number is not None
    return i + 1 if at(tokens, i).is_a("article") and counted else i


def range_at(tokens: list[Token], i: int) -> Range | None:
    """A number or a range of two, low first; a range that does not rise is unreadable."""
    if at(tokens, i).is_a("between"):
        low = number_at(tokens, i + 1)
        if low is None or at(tokens, low[1]).kinds.get("join") != "and":
            return None
        high = number_at(tokens, low[1] + 1)
    else:
        low = number_at(tokens, i)
        if low is None or not is_range_sign(at(tokens, low[1])):
            return None if low is None else (low[0], low[0], low[1])
        high = number_at(tokens, low[1] + 1)
        if high is None:
            return low[0], low[0], low[1]
        part = at(tokens, low[1] + 1)
        if at(tokens, low[1]).text == "-" and part.is_a("part") and low[0].denominator == 1:
            whole = low[0] + high[0]  # 1-1/2 tablets: no range falls
            return whole, whole, high[1]
    if high is None:
        return None
    if high[0] <= low[0]:
        raise unreadable("several readings", at(tokens, i), at(tokens, high[1] - 1))
    return low[0], high[0], high[1]


def is_range_sign(token: Token) -> bool:
    return token.text == "-" or token.is_a("to", "or")
