"""From a text to tokens: numbers, units and known phrases; whatever else stays a foreign word."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from screener.directions.asides import without_asides
from screener.directions.lexicon import Kinds, expanding, longest, pieces_of, unit_word
from screener.units import Unit


@dataclass(slots=True)
class Token:
    """One token: its kinds with their meanings, a number or a unit if it is one, and its place."""

    text: str
    kinds: Kinds
    number: Fraction | None
    unit: Unit | None
    start: int
    end: int

    def is_a(self, *kinds: str) -> bool:
        """Whether the token can be one of these kinds."""
        return not self.kinds.keys().isdisjoint(kinds)


_VULGAR = {
    "½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8", "⅜": "3/8",
    "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
_VULGAR_SIGN = re.compile("|".join(_VULGAR))
_DOTTED = re.compile(r"(?<![a-z0-9])((?:[a-z]\.){1,3}[a-z])\.?(?![a-z0-9])")
# "o.n." is omne nocte; the bare word "on" is a preposition, so the full stops must speak here.
_DOTTED_WORDS = {"on": "nocte", "om": "mane"}
_DOTTED_KNOWN = (
    "od bd bid tid tds qid qds qd qod prn po pr pv sl am pm ac pc hs im iv sc on om eod tiw sos "
    "qhs qam qpm ou os qqh iu ad au "
)
_DASHES = str.maketrans("\u2013\u2014\u2212\u2010\u2011\u2012\u2044\u2019\u00d7", "------/'x")
_PLURAL = re.compile(r"(?<=[a-z])\((?:e?s)\)")
_DIGITS = frozenset(".0123456789")
_BAD_KIND: Kinds = {}
_PAD = (Token("", _BAD_KIND, None, None, 0, 0),) * 2
_SHORT_LENGTHS = frozenset({7, 12, 24, 52})
_PART_BOTTOMS = frozenset({2, 3, 4, 8})


def plain_text(text: str) -> str:
    """Lower case, one kind of dash and space, ½ as 1/2, b.i.d. as bid, tablet(s) as tablets."""
    text = _VULGAR_SIGN.sub(lambda found: f" {_VULGAR[found.group()]} ", text)
    text = unicodedata.normalize("NFKC", text).translate(_DASHES).lower()
    text = (
        "".join(c for c in text if unicodedata.category(c) != "Cf") if not text.isascii() else text
    )
    if "(" in text:
        text = _PLURAL.sub("s", text)
    if "." in text:
        text = _DOTTED.sub(_undotted, text)
    return " ".join(without_asides(" ".join(text.split())).split())


def _undotted(found: re.Match[str]) -> str:
    letters = re.sub(r"[.\s]", "", found.group(1))
    if f"{letters} " not in _DOTTED_KNOWN:
        return found.group()
    return _DOTTED_WORDS.get(letters, letters) + " "


def tokens_of(text: str, own_name: str | None = None) -> list[Token]:
    """The tokens of a text that `plain_text` has made plain: the longest known phrase each time.

    own_name: a sign that stands for the name of the product; it changes nothing and is left out,
    but where numbers on both of its sides could be taken for one.
    """
    tokens = _tokens(text)
    return tokens if own_name is None else without_name(tokens, own_name)


def without_name(tokens: list[Token], name: str) -> list[Token]:
    """The tokens but the sign of a name; it stays, as a foreign word, where it parts numbers."""
    out: list[Token] = []
    skip = 0
    for place, token in enumerate(tokens):
        if place < skip:
            continue
        label = _label(tokens, place) if token.text == name else None
        if label is not None and all(one.number is None for one in out):
            out.append(label[0])
            skip = label[1]
            continue
        if token.text == name and not _parts_numbers(out, tokens[place + 1 : place + 3]):
            after = _past_kind(tokens, place)
            if not _two_numbers(tokens, after):
                skip = after
                continue
        out.append(token)
    return out


def _past_kind(tokens: list[Token], place: int) -> int:
    """Past the words of the product behind its name (ER, EC), and the strengths of two drugs."""
    at = place + 1
    while at < len(tokens) and tokens[at].is_a("adjective"):
        at += 1
    return _past_pair(tokens, at)


def _two_numbers(tokens: list[Token], at: int) -> bool:
    """NAME 5-325 bid: two numbers without a unit, too large for units of a product."""
    first, sign, second, unit = [*tokens[at : at + 4], *_PAD, *_PAD][:4]
    large = second.number is not None and second.number > 12
    return first.number is not None and sign.text == "-" and large and unit.unit is None


def _past_pair(tokens: list[Token], at: int) -> int:
    """Past the 30/500, 25-100 or 70/30 behind a name, where a number of units follows; else `at`.

    5-10 mg may be a range of doses, and stays; so does 5-325 alone, which is no amount.
    """
    first, sign, second = [*tokens[at : at + 3], *_PAD, *_PAD][:3]
    if first.is_a("fraction"):
        pair = tuple(int(part) for part in first.text.split("/"))
        after = at + 1
    elif sign.text == "-" and first.text.isdigit() and second.text.isdigit():
        pair = (int(first.text), int(second.text))
        after = at + 3
    else:
        return at
    if sign.text == "/" or (first.is_a("fraction") and pair[1] in _SHORT_LENGTHS):
        return at
    unit = tokens[after].unit if after < len(tokens) else None
    if unit is not None and unit.kind == "mass":
        if sign.text == "-" and pair[0] < pair[1] < 4 * pair[0]:
            return at
        after += 1
    while after < len(tokens) and _between_label_and_count(tokens[after]):
        after += 1
    return after if _counted(tokens, after, pair) else at


def _counted(tokens: list[Token], at: int, pair: tuple[int, ...]) -> bool:
    """Whether an amount stands there: units of the product, or of a mixed insulin (70/30)."""
    if at >= len(tokens) or tokens[at].number is None:
        return False
    behind = [*tokens[at + 1 : at + 4], *_PAD][:3]
    units = [token.unit for token in behind if token.unit is not None]
    if units:
        mixed = units[0].kind == "activity" and sum(pair) == 100
        return units[0].kind == "countable" or mixed
    timed = behind[0].is_a("rate", "prn", "moment") or behind[2].is_a("rate", "prn", "moment")
    return max(pair) >= 100 and timed


def _label(tokens: list[Token], place: int) -> tuple[Token, int] | None:
    """The strength right behind the name, where a number of units follows: NAME 10 mg 1-0-1.

    A form ends what is said of the product: NAME 2.5 mg tablets - 5 mg daily.
    """
    place = _past_kind(tokens, place) - 1
    amount, unit = [*tokens[place + 1 : place + 3], *_PAD][:2]
    if amount.number is None or unit.unit is None or unit.unit.kind != "mass":
        return None
    at = place + 3
    formed = False
    while at < len(tokens) and (_between_label_and_count(tokens[at]) or _dash(tokens, at, formed)):
        formed = formed or tokens[at].unit is not None
        at += 1
    count, behind = [*tokens[at : at + 2], *_PAD][:2]
    if count.number is None or count.text[:1] == "." or behind.text == "/":
        return None
    if behind.is_a("times", "x", "hourly", "period", "nights", "fluid_unit") or (
        behind.unit is not None
        and behind.unit.kind != "countable"
        and not (formed and behind.unit.kind == "mass")
    ):
        return None
    said = Token("", {"label": ""}, amount.number, unit.unit, amount.start, unit.end)
    return said, at


def _dash(tokens: list[Token], at: int, formed: bool) -> bool:
    """The dash of "NAME 2.5 mg tablets - 5 mg daily"."""
    return formed and tokens[at].text == "-"


def _between_label_and_count(token: Token) -> bool:
    counted = token.unit is not None and token.unit.kind == "countable"
    return token.is_a("adjective", "verb") or token.text in (",", ":", ".") or counted


def _parts_numbers(before: list[Token], after: list[Token]) -> bool:
    """ "1 NAME 1/2 tablet" is not one and a half; "1 NAME 10 mg tablet" is one of them."""
    if not after or after[0].number is None:
        return False
    signed = len(before) > 1 and before[-1].text in ("-", "/", "+")
    if signed:
        return before[-2].number is not None or before[-2].unit is not None
    if not before or before[-1].number is None:
        return False
    unit = after[1].unit if len(after) > 1 else None
    return after[0].is_a("part") or unit is None or unit.kind not in ("mass", "volume")


def _tokens(text: str) -> list[Token]:
    pieces = _expanded(pieces_of(text))
    words = [piece[0] for piece in pieces]
    tokens: list[Token] = []
    at = 0
    while at < len(words):
        word, start, end = pieces[at]
        used, kinds = longest(words, at)
        if word[0] in _DIGITS and word != ".":
            token, numbered = _number(words, pieces, at)
            if used <= numbered:
                tokens.append(token)
                at += numbered
                continue
        used = max(used, 1)
        end = pieces[at + used - 1][2]
        number = _in_words(kinds) if used == 1 or "part" in kinds else None
        unit = unit_word(word) if used == 1 and word.isalpha() else None
        tokens.append(Token(" ".join(words[at : at + used]), kinds, number, unit, start, end))
        at += used
    return tokens


def _expanded(pieces: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Words that are written together, taken apart: hprn is h prn."""
    first_words = expanding()
    words = [piece[0] for piece in pieces]
    if first_words.isdisjoint(words):
        return pieces
    out: list[tuple[str, int, int]] = []
    at = 0
    while at < len(pieces):
        used, kinds = longest(words, at) if words[at] in first_words else (0, _BAD_KIND)
        written = kinds.get("expand")
        if written is None:
            out.append(pieces[at])
            at += 1
            continue
        place = (pieces[at][1], pieces[at + used - 1][2])
        out.extend((part, *place) for part, _, _ in pieces_of(written))
        at += used
    return out


_NUMBER_KIND: Kinds = {"number": ""}


def _number(words: list[str], pieces: list[tuple[str, int, int]], at: int) -> tuple[Token, int]:
    """A number, or a fraction such as 1/2 (a dose) or 2/52 (two weeks); never part of a date."""
    start, end = pieces[at][1:]
    slashes = 0
    while (
        at + 2 * slashes + 2 < len(words)
        and words[at + 2 * slashes + 1] == "/"
        and (words[at + 2 * slashes + 2].isdigit())
    ):
        slashes += 1
    if slashes == 0:
        if words[at].startswith("0,"):
            return Token(words[at], _BAD_KIND, None, None, start, end), 1
        return Token(words[at], _NUMBER_KIND, _value(words[at]), None, start, end), 1
    used = 2 * slashes + 1
    end = pieces[at + used - 1][2]
    text = "".join(words[at : at + used])
    if slashes > 1 or not words[at].isdigit() or int(words[at + 2]) == 0:
        return Token(text, _BAD_KIND, None, None, start, end), used
    top, bottom = int(words[at]), int(words[at + 2])
    if bottom in _PART_BOTTOMS and top < bottom:
        return Token(text, {"part": ""}, Fraction(top, bottom), None, start, end), used
    return Token(text, {"fraction": f"{top}/{bottom}"}, None, None, start, end), used


def _in_words(kinds: Kinds) -> Fraction | None:
    written = kinds.get("number") or kinds.get("part")
    return _value(written) if written else None


@lru_cache(maxsize=65_536)
def _value(written: str) -> Fraction:
    return Fraction(written.replace(",", ""))
