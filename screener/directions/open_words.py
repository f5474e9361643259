"""Open words that cannot say a dose: what a drug is for, and counsel to the patient.

Reasons and counsel have no end of words. Unknown ones are passed over in two places only: behind
"for", and in a sentence that begins as counsel does ("may cause ...", "avoid ..."). There, too, no
figure, time, unit, change of dose or pointer to other instructions may stand, and no word that is
like a misspelt one of them; and the first known word that is no part of it ends the aside.
"""

from __future__ import annotations

from functools import cache

from screener.directions.grammar import Found, at
from screener.directions.lexicon import phrases
from screener.directions.tokens import Token

_SAYS_DOSES = (
    "number", "part", "fraction", "rate", "every", "hourly", "period", "nights", "moment",
    "midnight", "weekday", "other_days", "prn", "max", "up_to", "total", "doses", "divided",
    "divided_into", "stat", "then", "reduce_by", "until", "further", "beginning", "x", "times",
    "times_number", "except", "hold", "first_day", "onwards", "one_go", "day_total", "after",
    "between", "sites", "eye", "apply", "change", "change_patch", "course", "supply", "date_word",
    "pain_score", "vital", "compare", "hours_note", "expand",
)  # fmt: skip
_POINTERS = frozenset(
    [
        "another",
        "extra",
        "additional",
        "again",
        "repeat",
        "repeated",
        "repeats",
        "increase",
        "increased",
        "increasing",
        "decrease",
        "decreased",
        "decreasing",
        "reduce",
        "reduced",
        "reducing",
        "lower",
        "raise",
        "double",
        "doubled",
        "halve",
        "halved",
        "less",
        "more",
        "schedule",
        "protocol",
        "scale",
        "instruction",
        "instructions",
        "direction",
        "directions",
        "chart",
        "sheet",
        "plan",
        "letter",
        "inr",
        "dosing",
        "dosage",
        "titrate",
        "titrated",
        "titration",
        "taper",
        "tapered",
        "tapering",
        "adjust",
        "adjusted",
        "adjustment",
        "missed",
        "miss",
        "skip",
        "skipped",
        "stop",
        "stopped",
        "stopping",
        "discontinue",
        "discontinued",
        "restart",
        "resume",
        "started",
        "child",
        "children",
        "adult",
        "adults",
        "infant",
        "infants",
        "age",
        "aged",
        "ages",
        "over",
        "under",
        "not",
        "instead",
        "switch",
        "alternate",
        "alternating",
        "either",
        "else",
        "otherwise",
        "only",
        "cycle",
        "cycles",
        "off",
        "on",
        "shift",
    ]
)
_TIMES = (
    "number", "part", "rate", "every", "hourly", "period", "nights", "moment", "weekday", "prn",
    "times_number", "then", "max", "until", "stat",
)  # fmt: skip
_ENDS = frozenset({".", ";", "(", ")", "[", "]", ":"})
_JOINS = frozenset({",", "-", "/", "&", "'"})
_INSIDE_REASON = ("reason", "article", "of", "join", "or", "for", "with")


def open_reason_at(tokens: list[Token], i: int) -> int | None:
    """Past the words of a reason that stands behind "for"; null when there are none."""
    after = None
    while True:
        token = at(tokens, i)
        if token.is_a("reason") or _is_open(token):
            i += 1
            after = i
        elif token.text == "(" and at(tokens, i + 2).text == ")" and _in_reason(at(tokens, i + 1)):
            i += 3
            after = i
        elif (after is not None and (token.text in _JOINS or token.is_a(*_INSIDE_REASON))) or (
            after is None and token.is_a("article")
        ):
            i += 1
        else:
            return after


def _in_reason(token: Token) -> bool:
    """The word of "essential (primary) hypertension"."""
    return token.is_a("reason") or _is_open(token)


def counsel_at(tokens: list[Token], i: int) -> Found | None:
    """Past a sentence of counsel, or the rest of one behind words that change nothing.

    Null when anything in it could speak of doses or times.
    """
    goes_on = at(tokens, i).is_a("or") and i > 0 and "note" in tokens[i - 1].kinds
    if not (at(tokens, i).is_a("counsel") or goes_on):
        return None
    i += 1
    while at(tokens, i).text and at(tokens, i).text not in _ENDS:
        token = at(tokens, i)
        if token.is_a(*_SAYS_DOSES) or token.number is not None or token.text in _POINTERS:
            return None
        unknown = not token.kinds and token.unit is None and token.text not in _JOINS
        if unknown and not _is_open(token):
            return None
        i += 1
    return Found(None, i)


def _is_open(token: Token) -> bool:
    """An unknown word of letters that neither points elsewhere nor resembles a word of doses."""
    word = token.text
    unknown = not token.kinds and token.number is None and token.unit is None
    return unknown and word.isalpha() and word not in _POINTERS and not _like_a_time(word)


@cache
def _like_a_time(word: str) -> bool:
    """Whether a word may be a misspelt number or time: "dailly", "tds", "nocet"."""
    if len(word) < 3:
        return True
    return any(_near(word, known) for known in _time_words())


@cache
def _time_words() -> frozenset[str]:
    known = phrases()[1]
    words = (key for key, kinds in known.items() if not kinds.keys().isdisjoint(_TIMES))
    return frozenset(key[0] for key in words if len(key) == 1 and key[0].isalpha())


def _near(one: str, two: str) -> bool:
    """At most one letter apart, two in words of five letters or more (swapped ones are one)."""
    most = 1 if min(len(one), len(two)) < 5 else 2
    if abs(len(one) - len(two)) > most:
        return False
    before: list[int] = []
    row = list(range(len(two) + 1))
    for n, a in enumerate(one, 1):
        following = [n]
        for m, b in enumerate(two, 1):
            cost = min(row[m] + 1, following[m - 1] + 1, row[m - 1] + (a != b))
            if n > 1 and m > 1 and a == two[m - 2] and one[n - 2] == b:
                cost = min(cost, before[m - 2] + 1)
            following.append(cost)
        before, row = row, following
    return row[-1] <= most
