"""How often: "tds", "every 4 to 6 hours", "3 x a week", "on Mondays", "at 8 am and 8 pm"."""

from __future__ import annotations

from fractions import Fraction

from screener.directions.figures import range_at
from screener.directions.grammar import Found, Moment, Rate, Weekdays, at, unreadable
from screener.directions.tokens import Token

# The hours that a word may mean: only to see whether two words can be one moment of the day.
_HOURS = {
    "morning": (4, 10), "breakfast": (4, 10), "noon": (11, 14), "afternoon": (12, 18),
    "teatime": (15, 18), "pm": (12, 24), "evening": (16, 23), "dinner": (16, 23),
    "night": (19, 28), "bedtime": (19, 28),
}  # fmt: skip


def rate_at(tokens: list[Token], i: int) -> Found | None:
    """So many times a day, a week, or every so many hours or days."""
    return (
        _every_few(tokens, i)
        or _named(tokens, i)
        or _every(tokens, i)
        or _hourly(tokens, i)
        or _days_a_week(tokens, i)
        or _times(tokens, i)
    )


_LONG = {"weekly": 7, "wkly": 7, "monthly": 30}


def _every_few(tokens: list[Token], i: int) -> Found | None:
    """1 mg 3 monthly, 12-weekly: every three months; of "3 monthly" alone nobody knows."""
    number = tokens[i].number
    if number is None or number.denominator != 1 or number < 2:
        return None
    hyphen = at(tokens, i + 1).text == "-"
    word = at(tokens, i + 1 + hyphen)
    days = _LONG.get(word.text)
    if days is None:
        return None
    dosed = any(token.unit is not None for token in tokens[:i])
    clear = number in (2, 3, 4, 6) if days == 30 else number >= 8
    if not (dosed and (hyphen or clear)):
        raise unreadable("several readings", tokens[i], word)
    rate = 1 / (number * days)
    return Found(Rate(tokens[i].start, word.end, rate, rate), i + 2 + hyphen)


def per_at(tokens: list[Token], i: int) -> tuple[int, int] | None:
    """The days of "a day", "per week", "/24 h", "in 24 hours"; and the next token."""
    token = at(tokens, i)
    if token.kinds.get("rate") == "1/1 daily":
        return 1, i + 1
    if token.kinds.get("rate") == "1/7":
        return 7, i + 1
    said = token.text == "/" or token.is_a("article", "per", "every")
    j = i + said
    if said and at(tokens, j).is_a("article"):
        j += 1
    hours = at(tokens, j).number
    if hours is not None and at(tokens, j).text.isdigit():
        j += 1 + (at(tokens, j + 1).text == "-")
        if at(tokens, j).kinds.get("period") != "hour" or hours != 24:
            return None
        return 1, j + 1 + at(tokens, j + 1).is_a("period_word")
    period = at(tokens, j).kinds.get("period")
    if period in (None, "hour", "minute"):
        return None
    return int(period), j + 1


def _named(tokens: list[Token], i: int) -> Found | None:
    token = at(tokens, i)
    meaning = token.kinds.get("rate")
    if meaning is None:
        return _over_24(tokens, i)
    rate, _, soft = meaning.partition(" ")
    low = high = Fraction(rate)
    last = i
    if at(tokens, i + 1).text in ("-", "/") or at(tokens, i + 1).is_a("to", "or"):
        other = at(tokens, i + 2).kinds.get("rate")
        if other is not None:
            high, last, soft = Fraction(other.partition(" ")[0]), i + 2, ""
            if high <= low:
                raise unreadable("several readings", token, at(tokens, last))
    right_eye = "od" in (token.text, at(tokens, last).text)
    place = (token.start, at(tokens, last).end)
    return Found(Rate(*place, low, high, bool(soft), maybe_right_eye=right_eye), last + 1)


def _over_24(tokens: list[Token], i: int) -> Found | None:
    """6/24, every six hours, as written in Australia and New Zealand."""
    token = at(tokens, i)
    hours, _, of = token.kinds.get("fraction", "").partition("/")
    if of != "24" or hours not in ("2", "3", "4", "6", "8", "12"):
        return None
    if at(tokens, i + 1).is_a("period"):
        return None
    rate = Fraction(24, int(hours))
    return Found(Rate(token.start, token.end, rate, rate), i + 1)


def _every(tokens: list[Token], i: int) -> Found | None:
    """Every 4 hours, every 4 to 6 hours, every 3 days, each week, q4h."""
    first = at(tokens, i)
    if not first.is_a("every"):
        return None
    if first.text == "q" and at(tokens, i + 1).is_a("rate", "moment"):
        return Found(None, i + 1)  # q weekly, q noon
    amount = range_at(tokens, i + 1)
    low, high, j = amount if amount is not None else (Fraction(1), Fraction(1), i + 1)
    j += at(tokens, j).text == "-"
    unit = at(tokens, j)
    if amount is not None and low == high and at(tokens, j + 1).text in ("-", "to"):
        second = range_at(tokens, j + 2)  # every 4 hours to 6 hours
        if second is not None and at(tokens, second[2]).kinds.get("period") == (
            unit.kinds.get("period", "")
        ):
            high, j = second[1], second[2]
            if high <= low:
                raise unreadable("several readings", first, at(tokens, j))
    return _of_interval(first, at(tokens, j), low, high, j + 1)


def _hourly(tokens: list[Token], i: int) -> Found | None:
    """4 hourly, 4-6 hourly, hourly."""
    first = at(tokens, i)
    if first.is_a("hourly"):
        return Found(Rate(first.start, first.end, Fraction(24), Fraction(24)), i + 1)
    amount = range_at(tokens, i) if first.number is not None else None
    if amount is None:
        return None
    low, high, j = amount
    j += at(tokens, j).text == "-"
    if not at(tokens, j).is_a("hourly"):
        return None
    last = at(tokens, j)
    return Found(Rate(first.start, last.end, 24 / high, 24 / low), j + 1)


def _of_interval(
    first: Token, unit: Token, low: Fraction, high: Fraction, after: int
) -> Found | None:
    period = unit.kinds.get("period")
    if unit.is_a("hourly"):
        period = "hour"
    if period is None:
        return None
    if period == "minute":
        raise unreadable("no frequency", first, unit)
    if low == 0 or (unit.text.endswith("s") and first.end > unit.start - 2 and low == high == 1):
        raise unreadable("several readings", first, unit)
    each = Fraction(1, 24) if period == "hour" else Fraction(int(period))
    soft = period == "1" and high == 1
    return Found(Rate(first.start, unit.end, 1 / (each * high), 1 / (each * low), soft), after)


def _days_a_week(tokens: list[Token], i: int) -> Found | None:
    """5 days a week, 3 nights per week."""
    first = at(tokens, i)
    if first.number is None or not at(tokens, i + 1).is_a("period", "nights"):
        return None
    if at(tokens, i + 1).kinds.get("period", "1") != "1":
        return None
    per = per_at(tokens, i + 2)
    if per is None or per[0] != 7:
        return None
    if not 1 <= first.number <= 7 or first.number.denominator != 1:
        raise unreadable("contradiction", first, at(tokens, per[1] - 1))
    last = at(tokens, per[1] - 1)
    return Found(Weekdays(first.start, last.end, count=int(first.number)), per[1])


def _times(tokens: list[Token], i: int) -> Found | None:
    """Twice daily, 3 times a day, 2-3 x/day, once or twice a week, once every 12 hours."""
    first = at(tokens, i)
    counted = _count(tokens, i)
    if counted is None:
        return None
    low, high, j = counted
    per = per_at(tokens, j)
    if per is not None:
        days, after = per
        last = at(tokens, after - 1)
        return Found(Rate(first.start, last.end, low / days, high / days), after)
    if low == high == 1:
        interval = _every(tokens, j)
        if interval is not None and isinstance(interval.phrase, Rate):
            rate = interval.phrase
            return Found(Rate(first.start, rate.end, rate.low, rate.high), interval.after)
        named = at(tokens, j).kinds.get("rate")
        if named is not None and " " not in named and Fraction(named) < 1:
            return _named(tokens, j)  # once on alternate days, once fortnightly
        if at(tokens, j).is_a("moment", "at", "weekday"):
            return Found(None, j)
        return None
    raise unreadable("no frequency", first, at(tokens, j - 1))


def _count(tokens: list[Token], i: int) -> tuple[Fraction, Fraction, int] | None:
    """How many times: once, once or twice, 3 times, 2-3 x."""
    first = at(tokens, i)
    once = first.kinds.get("times_number")
    if once is not None:
        low = high = Fraction(once)
        j = i + 1
        if at(tokens, j).is_a("or", "to") or at(tokens, j).text in ("-", "/"):
            second = at(tokens, j + 1).kinds.get("times_number")
            if second is not None:
                high, j = Fraction(second), j + 2
            else:
                amount = range_at(tokens, j + 1)
                if amount is not None and at(tokens, amount[2]).is_a("times", "x"):
                    high, j = amount[1], amount[2] + 1
            if high < low:
                raise unreadable("several readings", first, at(tokens, j - 1))
        return low, high, j
    if first.number is None and not first.is_a("between"):
        return None
    amount = range_at(tokens, i)
    if amount is None:
        return None
    low, high, j = amount
    if at(tokens, j).text == "-" and at(tokens, j + 1).is_a("times"):
        j += 1
    if at(tokens, j).is_a("times"):
        return low, high, j + 1
    if at(tokens, j).is_a("x") and per_at(tokens, j + 1) is not None:
        return low, high, j + 1
    return None


def moment_at(tokens: list[Token], i: int) -> Found | None:
    """In the morning, nocte, with breakfast."""
    token = at(tokens, i)
    name = token.kinds.get("moment")
    if name is None:
        if token.is_a("midnight"):
            return Found(Moment(token.start, token.end, "24:00", (24, 24)), i + 1)
        return None
    words = token.text.split()
    each = words[0] in ("every", "each", "q") or token.text in ("nightly", "qhs", "qam", "qpm")
    return Found(Moment(token.start, token.end, name, _HOURS[name], len(words) == 1, each), i + 1)


def clock_at(tokens: list[Token], i: int, *, expected: bool) -> Found | None:
    """At 8 am, 20:00, 0800, 8pm. A bare number is a time only after "at", or after another time."""
    first = at(tokens, i)
    said = first.is_a("at") or (first.text == "q" and len(at(tokens, i + 1).text) == 4)
    i += said
    hour_token = at(tokens, i)
    text = hour_token.text
    whole, _, after_point = text.partition(".")
    if hour_token.number is None or not whole.isdigit():
        return None
    if after_point and not (said and len(after_point) == 2):
        return None
    hour, minutes, j = hour_token.number, Fraction(0), i + 1
    written = False
    if at(tokens, j).text == ":" and at(tokens, j + 1).number is not None:
        minutes, j, written = at(tokens, j + 1).number or minutes, j + 2, True
    elif len(text) == 4 and text.isdigit() and (text[0] == "0" or said or expected):
        hour, minutes, written = Fraction(int(text[:2])), Fraction(int(text[2:])), True
    elif after_point:
        hour, minutes = Fraction(whole), Fraction(after_point)
    half = at(tokens, j)
    if half.text in ("am", "pm", "a", "p"):
        glued = half.start == at(tokens, j - 1).end
        if not (said or expected or written or glued) or not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.text[0] == "p" else 0)
        j += 1
    elif not (said or written):
        return None
    elif half.text in ("h", "hrs", "hr", "hours", "o'clock", "oclock"):
        j += 1
    if hour > 24 or minutes > 59:
        raise unreadable("foreign word", first, at(tokens, j - 1))
    place = (first.start, at(tokens, j - 1).end)
    return Found(Moment(*place, f"{int(hour):02}:{int(minutes):02}", (int(hour),) * 2), j)
