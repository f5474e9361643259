"""What stands in directions and changes nothing: why, with what, where, and how to swallow it."""

from __future__ import annotations

from screener.directions.figures import range_at
from screener.directions.grammar import Found, Mark, at
from screener.directions.open_words import open_reason_at
from screener.directions.tokens import Token


def as_needed_at(tokens: list[Token], i: int) -> Found | None:
    """As needed, with its reason: "prn", "as needed for pain", "if constipated", "prn nausea"."""
    first = at(tokens, i)
    if first.is_a("prn"):
        j = i + 1
        j += at(tokens, j).text in (":", ",", "-") and at(tokens, j + 1).is_a("reason")
        j += (
            at(tokens, j).text == ","
            and at(tokens, j + 1).is_a("for")
            and (at(tokens, j + 2).is_a("reason"))
        )
        k = j + at(tokens, j).is_a("for", "if")
        bracket = at(tokens, k).text == "("
        after = _reasons(tokens, k + bracket)
        if after is not None and bracket:
            after = after + 1 if at(tokens, after).text == ")" else None
        return Found(Mark(first.start, first.end, "as needed"), j if after is None else after)
    if first.is_a("if"):
        after = _reasons(tokens, i + 1)
        if after is not None:
            measured = int(_vital(tokens, i + 1) is not None)
            mark = Mark(first.start, at(tokens, after - 1).end, "as needed", measured)
            return Found(mark, after)
    return None


def reason_at(tokens: list[Token], i: int) -> Found | None:
    """For blood pressure: a reason, which alone does not make a drug as needed."""
    if not at(tokens, i).is_a("for"):
        return None
    j = i + 1 + (at(tokens, i + 1).text == ":")
    ends = [end for end in (_reasons(tokens, j), open_reason_at(tokens, j)) if end is not None]
    return Found(None, max(ends)) if ends else None


def bare_reason_at(tokens: list[Token], i: int) -> Found | None:
    """A reason that a comma, a dash or a bracket sets apart: "1 bd (hypertension)"."""
    if i == 0 or tokens[i - 1].text not in (",", "-", "(", ".", ";", ":"):
        return None
    after = _reasons(tokens, i)
    return None if after is None else Found(None, after)


def _reasons(tokens: list[Token], i: int) -> int | None:
    """Past a list of reasons; null when there is none."""
    measured = _vital(tokens, i)
    if measured is not None:
        return measured
    if not at(tokens, i).is_a("reason"):
        after = _past_score(tokens, i)
        return after if after > i and at(tokens, i).is_a("pain_score") else None
    while True:
        while at(tokens, i).is_a("reason"):
            i += 1
        i = _past_score(tokens, i)
        k = i
        while at(tokens, k).is_a("or") or at(tokens, k).text in (",", "/", "and", "&", "-"):
            k += 1
        k += at(tokens, k).is_a("for") and k > i
        if k == i or not at(tokens, k).is_a("reason"):
            return i
        i = k


def _past_score(tokens: list[Token], i: int) -> int:
    """Past "(4-6)" and "pain score 4-6" behind a reason: points of pain, no doses."""
    opened = at(tokens, i).text == "("
    if opened and at(tokens, i + 1).is_a("reason") and at(tokens, i + 2).text == ")":
        return i + 3
    scored = at(tokens, i + opened).is_a("pain_score")
    if not (opened or scored):
        return i
    points = range_at(tokens, i + opened + scored)
    if points is None or points[1] > 10 or points[0] == points[1]:
        return i
    if opened and at(tokens, points[2]).text != ")":
        return i
    return points[2] + opened


def note_at(tokens: list[Token], i: int) -> Found | None:
    """Words that change nothing: routes, places, food, advice, verbs, the water to drink."""
    first = at(tokens, i)
    after = _with_water(tokens, i) or _before_food(tokens, i) or _for_hours(tokens, i)
    if after is not None:
        return Found(None, after)
    if after is None:
        after = _supply(tokens, i) or _apart(tokens, i) or _hold(tokens, i)
        if after is not None:
            return Found(None, after)
        after = _from_date(tokens, i)
        if after is not None:
            return Found(Mark(first.start, at(tokens, after - 1).end, "dated"), after)
    if first.is_a("note", "verb", "change"):
        return Found(None, i + 1)
    return None


def _supply(tokens: list[Token], i: int) -> int | None:
    """Past what the pharmacy hands out: "#30", "disp 30 tabs", "qty: 30", "3 refills"."""
    if at(tokens, i).is_a("number"):
        unit = at(tokens, i + 1).unit
        k = i + 1 + (unit is not None and unit.kind in ("countable", "volume"))
        return k + 1 if at(tokens, k).is_a("refill") else None
    if not at(tokens, i).is_a("supply", "refill"):
        return None
    j = i + 1
    while at(tokens, j).text in (":", "=", "#"):
        j += 1
    number = at(tokens, j)
    if number.number is None or not number.text.isdigit() or at(tokens, j + 1).text in ("-", "/"):
        return None
    unit = at(tokens, j + 1).unit
    j += 2 if unit is not None and unit.kind in ("countable", "local", "volume") else 1
    counted = at(tokens, j + 1).number is not None or at(tokens, j + 1).text in (":", "=", "#")
    return j + (at(tokens, j).is_a("refill") and not counted)


def _from_date(tokens: list[Token], i: int) -> int | None:
    """Past "from 01/02/2024", "start date: 04/01/2022", "starting 3/15"."""
    if not at(tokens, i).is_a("date_word"):
        return None
    j = i + 1 + (at(tokens, i + 1).text == ":")
    day = at(tokens, j)
    whole = not day.kinds and day.text.count("/") == 2
    ended = at(tokens, j + 1).text in ("", ",", ".", ";", ":", ")")
    short = day.is_a("fraction", "part") and "/" in day.text and ended
    return j + 1 if whole or short else None


def _hold(tokens: list[Token], i: int) -> int | None:
    """Past "hold if SBP < 100 or HR < 55"."""
    if not at(tokens, i).is_a("hold") or not at(tokens, i + 1).is_a("if", "for"):
        return None
    after = _vital(tokens, i + 2) or open_reason_at(tokens, i + 2)
    while after is not None and at(tokens, after).is_a("or"):
        more = _vital(tokens, after + 1) or open_reason_at(tokens, after + 1)
        if more is None:
            return None
        after = more
    return after


def _vital(tokens: list[Token], i: int) -> int | None:
    """Past "temp > 38.5 C", "SBP over 160"."""
    if not at(tokens, i).is_a("vital") or not at(tokens, i + 1).is_a("compare"):
        return None
    j = i + 2 + (at(tokens, i + 2).text == "=")
    if at(tokens, j).number is None:
        return None
    j += 1 + (at(tokens, j + 1).text == "°")
    return j + (at(tokens, j).text in ("f", "c"))


def _apart(tokens: list[Token], i: int) -> int | None:
    """Past "at least 2 hours apart from antacids", "12 hours apart"."""
    j = i + at(tokens, i).is_a("at_least")
    amount = range_at(tokens, j) if at(tokens, j).is_a("number") else None
    if amount is None or at(tokens, amount[2]).kinds.get("period") != "hour":
        return None
    return amount[2] + 2 if at(tokens, amount[2] + 1).is_a("apart") else None


def _with_water(tokens: list[Token], i: int) -> int | None:
    """Past "with 8 oz of water", "in half a glass of water"."""
    if not at(tokens, i).is_a("with"):
        return None
    j = i + 1
    j += at(tokens, j).is_a("at_least")
    amount = range_at(tokens, j)
    if amount is not None:
        j = amount[2]
    elif at(tokens, j).is_a("article"):
        j += 1
    if not at(tokens, j).is_a("fluid_unit") or not at(tokens, j + 1).is_a("fluid"):
        return None
    k = j + 2
    if at(tokens, k).text == "(" and at(tokens, k + 2).is_a("fluid_unit"):
        return k + 4 if at(tokens, k + 3).text == ")" else None
    return k


def _before_food(tokens: list[Token], i: int) -> int | None:
    """Past "30 minutes before food"; only past the minutes where a time of day follows."""
    j = i + at(tokens, i).is_a("at_least")
    if at(tokens, j).is_a("article") and at(tokens, j + 1).is_a("period"):
        j += 1
    else:
        amount = range_at(tokens, j) if at(tokens, j).is_a("number", "part") else None
        if amount is None:
            return None
        j = amount[2]
        j += at(tokens, j).is_a("article")  # half an hour
    if at(tokens, j).kinds.get("period") not in ("hour", "minute"):
        return None
    following = at(tokens, j + 1)
    if following.text.startswith(("before ", "after ", "prior ")) and (
        following.is_a("moment", "note")
    ):
        return j + 1
    if following.is_a("before") and at(tokens, j + 2).is_a("meal", "moment"):
        return j + 3 if at(tokens, j + 2).is_a("meal") else j + 2
    return None


def _for_hours(tokens: list[Token], i: int) -> int | None:
    """Past "over 30 minutes", "remove after 12 hours"."""
    if not at(tokens, i).is_a("hours_note"):
        return None
    amount = range_at(tokens, i + 1)
    if amount is None or at(tokens, amount[2]).kinds.get("period") not in ("hour", "minute"):
        return None
    return amount[2] + 1
