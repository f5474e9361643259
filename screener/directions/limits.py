"""The most in a day ("max 8 in 24 hours"), and how long: courses, days of a course, steps."""

from __future__ import annotations

import re
from fractions import Fraction

from screener.directions.figures import Range, range_at
from screener.directions.grammar import (
    Found,
    Length,
    Limit,
    Mark,
    OnDays,
    Step,
    Total,
    at,
    unreadable,
)
from screener.directions.timings import per_at
from screener.directions.tokens import Token
from screener.units import Unit

_DAILY_SAID = re.compile(r"\b(?:daily|per day|a day|mdd)\b|/day")


def limit_at(tokens: list[Token], i: int) -> Found | None:
    """Max 8 tablets in 24 hours, no more than 4 doses a day, up to 4 g daily."""
    first = at(tokens, i)
    if not first.is_a("max", "up_to"):
        return None
    j = i + 1
    while at(tokens, j).is_a("max", "of") or at(tokens, j).text in (":", ".", "="):
        j += 1
    before = per_at(tokens, j)  # "max per day 4", "max daily 4"
    if before is not None:
        j = before[1] + (at(tokens, before[1]).text == ":")
    elif _DAILY_SAID.search(" ".join(token.text for token in tokens[i:j])):
        before = (1, j)
    told = at(tokens, j)
    if told.kinds.get("fraction", "").endswith("/24") and (
        at(tokens, j + 1).kinds.get("period") == "hour"  # 8/24 h
    ):
        amount = Fraction(told.kinds["fraction"].split("/")[0])
        return Found(Limit(first.start, at(tokens, j + 1).end, amount, None, False, True), j + 2)
    if told.kinds.get("times_number"):
        ends: Range | None = (Fraction(1), Fraction(told.kinds["times_number"]), j + 1)
    else:
        ends = range_at(tokens, j)
    if ends is None:
        return None
    _, amount, j = ends
    if before is None and at(tokens, j).is_a("period", "nights", "hourly"):
        return _most_days(tokens, i, ends)
    return limit_end(tokens, i, j, amount, said=before)


def _most_days(tokens: list[Token], i: int, ends: Range) -> Found | None:
    """Max 3 days: a length. Of "max 4 day" or "max 4 d" nobody knows whether a day is meant, nor of
    "max 8 hourly" whether 8 are meant or every 8 hours."""
    low, high, j = ends
    word = at(tokens, j)
    days = _days(low, word.kinds.get("period", "1")) if not word.is_a("hourly") else None
    clear = low == high and len(word.text) > 1 and (word.text.endswith("s") or low == 1)
    if word.kinds.get("period") in ("hour", "minute") or not clear or days is None:
        raise unreadable("several readings", tokens[i], word)
    if per_at(tokens, j + 1) is not None:
        raise unreadable("several readings", tokens[i], at(tokens, j + 1))
    return Found(Length(tokens[i].start, word.end, days), j + 1)


def limit_end(
    tokens: list[Token], i: int, j: int, amount: Fraction, *, said: tuple[int, int] | None = None
) -> Found:
    """The unit and the day of a limit whose amount has been read."""
    first = at(tokens, i)
    unit: Unit | None = None
    doses = bool(at(tokens, i + 1).is_a("times_number"))
    if at(tokens, j).is_a("doses", "times") or (
        at(tokens, j).is_a("x") and per_at(tokens, j + 1) is not None
    ):
        doses, j = True, j + 1
    elif at(tokens, j).unit is not None:
        unit, j = at(tokens, j).unit, j + 1
    j += at(tokens, j).is_a("max", "total")
    per = per_at(tokens, j) if said is None else None
    if per is not None:
        said, j = per, per[1]
        j += at(tokens, j).is_a("max", "total")
    elif at(tokens, j).text == "/" or at(tokens, j).is_a("period"):
        raise unreadable("no frequency", first, at(tokens, j))
    if said is not None and said[0] != 1:
        raise unreadable("several readings", first, at(tokens, j - 1))
    place = (first.start, at(tokens, j - 1).end)
    return Found(Limit(*place, amount, unit, doses, said is not None), j)


def total_at(tokens: list[Token], i: int) -> Found | None:
    """= 60 mg/day, (4 tabs/day), total daily dose 30 mg, for a total of 2 tablets daily."""
    first = at(tokens, i)
    named = first.is_a("day_total")
    if not named and first.text not in ("=", "("):
        return None
    j = i + 1 + (at(tokens, i + 1).text in (":", "="))
    named = named or (at(tokens, j).is_a("day_total"))
    j += at(tokens, j).is_a("day_total")
    amount = range_at(tokens, j) if at(tokens, j).is_a("number") else None
    if amount is None or amount[0] != amount[1]:
        return None
    unit, k = at(tokens, amount[2]).unit, amount[2] + 1
    per = per_at(tokens, k)
    if unit is None or (per is None and not named) or (per is not None and per[0] != 1):
        return None
    k = k if per is None else per[1]
    if first.text == "(":
        if at(tokens, k).text != ")":
            return None
        k += 1
    return Found(Total(first.start, at(tokens, k - 1).end, amount[0], unit), k)


def length_at(tokens: list[Token], i: int, *, after_timing: bool) -> Found | None:
    """For 7 days, x 10 d, 2/52, for a week, x 3 doses, after 1 week, 5 day course."""
    first = at(tokens, i)
    j = i
    said = first.is_a("for", "x", "times")
    after = first.is_a("after")
    j += said or after
    up_to = at(tokens, j).is_a("up_to")
    j += up_to
    j += at(tokens, j).is_a("further")
    fraction = at(tokens, j).kinds.get("fraction")
    if fraction is not None:
        return _short_length(tokens, i, j, fraction, after=after)
    amount = _one_or_more(tokens, j)
    if amount is None:
        return None
    low, high, j = amount
    j += at(tokens, j).text == "-"
    unit = at(tokens, j)
    bare = not (said or after)
    course = at(tokens, j + 1).is_a("course")
    headed = first.is_a("number") and at(tokens, j + 1).text == ":"  # 2 weeks: 1 bd
    if bare and not (after_timing or course or headed):
        return None
    place = (first.start, unit.end)
    if unit.is_a("doses") and not up_to and low == high:
        return Found(Length(*place, None, high, after), j + 1)
    period = "1" if unit.is_a("nights") else unit.kinds.get("period")
    if period is None or (period == "minute"):
        return None
    if per_at(tokens, j + 1) is not None and not at(tokens, j + 1).is_a("rate", "every"):
        return None
    exact = low == high
    if exact and _days(low, period) is None:
        return None
    return Found(Length(*place, _days(low, period) if exact else None, None, after), j + 1 + course)


def _one_or_more(tokens: list[Token], j: int) -> Range | None:
    if at(tokens, j).is_a("article") and at(tokens, j + 1).is_a("period"):
        return Fraction(1), Fraction(1), j + 1
    first = at(tokens, j - 1).text in ("first", "the first") and at(tokens, j).is_a("period")
    if first and not at(tokens, j).text.endswith("s"):
        return Fraction(1), Fraction(1), j  # for the first week
    return range_at(tokens, j)


def _days(many: Fraction, period: str) -> int | None:
    """Whole days; null for a part of a day."""
    days = many / 24 if period == "hour" else many * int(period)
    return int(days) if days.denominator == 1 else None


def _short_length(
    tokens: list[Token], i: int, j: int, fraction: str, *, after: bool
) -> Found | None:
    """5/7 is five days, 2/52 two weeks, 3/12 three months."""
    many, _, of = fraction.partition("/")
    days = {"7": 1, "52": 7, "12": 30}.get(of)
    if days is None:
        return None
    place = (at(tokens, i).start, at(tokens, j).end)
    return Found(Length(*place, int(many) * days, None, after), j + 1)


def on_days_at(tokens: list[Token], i: int) -> Found | None:
    """On day 1, on days 2 to 5, week 2, weeks 1-2, from day 4, week 3 onwards."""
    first = at(tokens, i)
    since = first.is_a("date_word") and first.text in ("from", "starting", "starting from")
    j = i + (since or first.is_a("on", "for"))
    word = at(tokens, j)
    if word.is_a("first_day"):
        return Found(OnDays(first.start, word.end, 1, 1), j + 1)
    size = {"day": 1, "days": 1, "week": 7, "weeks": 7, "wk": 7, "wks": 7}.get(word.text)
    begin = at(tokens, j + 1)
    if size is None or begin.number is None or begin.number.denominator != 1 or begin.is_a("part"):
        return None
    last, j = begin, j + 2
    if at(tokens, j).text in ("-", "to", "through", "thru", "&", "and"):
        k = j + 1 + at(tokens, j + 1).is_a("period")
        listed = at(tokens, j).text not in ("&", "and") or at(tokens, k).number == begin.number + 1
        if (at(tokens, k).number is not None and listed and word.text.endswith("s")) or (
            at(tokens, k).number is not None and at(tokens, j).text not in ("&", "and")
        ):
            last, j = at(tokens, k), k + 1
    onwards = since or at(tokens, j).is_a("onwards")
    j += at(tokens, j).is_a("onwards")
    if word.text.endswith("s") and last is begin and not onwards:
        return None
    low, high = int(begin.number), int(last.number or 0)
    if not 1 <= low <= high or (onwards and last is not begin):
        raise unreadable("contradiction", first, last)
    end = at(tokens, j - 1).end
    return Found(OnDays(first.start, end, (low - 1) * size + 1, high * size, onwards), j)


def step_at(tokens: list[Token], i: int) -> Found | None:
    """Reduce by 5 mg every 3 days, to an end: "until stopped", "to 5 mg", "to 5 mg then stop"."""
    first = at(tokens, i)
    sign = first.kinds.get("reduce_by")
    if sign is None:
        return None
    amount = range_at(tokens, i + 1)
    if amount is None or amount[0] != amount[1]:
        raise unreadable("several readings", first, at(tokens, i + 1))
    by, _, j = amount
    unit = at(tokens, j).unit
    j += unit is not None
    every = _step_days(tokens, j)
    if every is None:
        raise unreadable("open-ended", first, at(tokens, j - 1))
    days, j = every
    while at(tokens, j).text == ",":
        j += 1
    end_dose, end_unit, stops, j = _step_end(tokens, j)
    place = (first.start, at(tokens, j - 1).end)
    return Found(Step(*place, by * int(sign), unit, days, end_dose, end_unit, stops), j)


def _step_days(tokens: list[Token], j: int) -> tuple[int, int] | None:
    token = at(tokens, j)
    named = token.kinds.get("rate")
    if named is not None:
        rate = Fraction(named.partition(" ")[0])
        return (rate.denominator, j + 1) if rate.numerator == 1 else None
    if not (token.is_a("every", "per", "article") or token.text == "/"):
        return None
    amount = range_at(tokens, j + 1)
    low, high, k = amount if amount is not None else (Fraction(1), Fraction(1), j + 1)
    period = at(tokens, k).kinds.get("period")
    if period is None or period == "minute" or low != high:
        return None
    days = _days(low, period)
    return None if days is None or days < 1 else (days, k + 1)


def _step_end(tokens: list[Token], j: int) -> tuple[Fraction | None, Unit | None, bool, int]:
    token = at(tokens, j)
    if token.is_a("until") and token.kinds["until"] == "0":
        return Fraction(0), None, True, j + 1
    if token.is_a("until", "to", "then"):
        amount = range_at(tokens, j + 1)
        if amount is not None and amount[0] == amount[1]:
            k = amount[2]
            unit = at(tokens, k).unit
            k += unit is not None
            while per_at(tokens, k) is not None and at(tokens, k).is_a("rate", "article", "per"):
                k = (per_at(tokens, k) or (0, k + 1))[1]
            end = at(tokens, k + (at(tokens, k).text == ","))
            if end.kinds.get("until") == "0":
                return amount[0], unit, True, k + 1 + (at(tokens, k).text == ",")
            return amount[0], unit, False, k
    return None, None, False, j


def divided_at(tokens: list[Token], i: int) -> Found | None:
    """In 3 divided doses, divided into 2 doses, in divided doses."""
    first = at(tokens, i)
    if first.is_a("divided"):
        return Found(Mark(first.start, first.end, "divided"), i + 1)
    if not (first.is_a("divided_into") or first.text == "in"):
        return None
    amount = range_at(tokens, i + 1)
    if amount is None or amount[0].denominator != 1:
        return None
    low, high, j = amount
    word = at(tokens, j)
    if not (word.is_a("divided") or (first.is_a("divided_into") and word.is_a("doses"))):
        return None
    return Found(Mark(first.start, word.end, "divided", int(low) if low == high else 0), j + 1)
