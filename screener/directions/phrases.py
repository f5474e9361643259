"""From tokens to phrases, from left to right: every token must belong to one."""

from __future__ import annotations

from fractions import Fraction

from screener.directions.amounts import dose_at, pattern_at
from screener.directions.grammar import (
    Dose,
    Found,
    Length,
    Limit,
    Mark,
    MarkKind,
    Moment,
    OnDays,
    Pattern,
    Phrase,
    Rate,
    Strength,
    at,
    unreadable,
)
from screener.directions.limits import (
    divided_at,
    length_at,
    limit_at,
    limit_end,
    on_days_at,
    step_at,
    total_at,
)
from screener.directions.notes import as_needed_at, bare_reason_at, note_at, reason_at
from screener.directions.open_words import counsel_at
from screener.directions.products import (
    Timing,
    handed_out,
    handed_out_first,
    label_at,
    label_follows,
    timed,
    worn_at,
)
from screener.directions.said_again import (
    all_but_at,
    between_routes,
    not_daily_at,
    restated_at,
)
from screener.directions.timings import clock_at, moment_at, per_at, rate_at
from screener.directions.tokens import Token
from screener.directions.weekdays import weekdays_at

_MARKS: dict[str, MarkKind] = {
    "then": "then",
    "apply": "apply",
    "sites": "both sides",
    "eye": "eye",
    "stat": "single",
    "beginning": "begin",
    "one_go": "one go",
    "change_patch": "patch",
    "some_day": "dated",
    "repeat_dose": "repeat",
}
_COMMAS = frozenset(",;.:()-[]")


def phrases_of(tokens: list[Token]) -> list[Phrase]:
    """The phrases of a whole text. UnreadableError: a token that belongs to none."""
    phrases: list[Phrase] = []
    i = 0
    while i < len(tokens):
        found = _next(tokens, i, phrases)
        if found is None or found.after <= i:
            raise unreadable("foreign word", tokens[i])
        if found.phrase is not None:
            phrases.append(found.phrase)
        i = found.after
    return phrases


def _next(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """The phrase that begins here: the order says which reading of a number goes first."""
    token = tokens[i]
    if token.is_a("label") and token.number is not None and token.unit is not None:
        return Found(Strength(token.start, token.end, token.number, token.unit, None), i + 1)
    if (
        token.unit is not None
        and i == 0
        and (label_follows(tokens) or at(tokens, 1).text in (":", ","))
    ):
        return Found(None, i + 1)  # tab. NAME 10 mg 1-0-1; tablet: take 1
    if token.is_a("x"):
        many = i + 1 < len(tokens) and not at(tokens, i + 2).is_a("doses")
        supplied = handed_out(tokens, i + 1, before) if many else None
        if supplied is not None:
            return supplied  # x 90 tabs
    if i == 0:
        supplied = handed_out_first(tokens)
        if supplied is not None:
            return supplied
    if token.number is not None or token.is_a("article", "between"):
        return (
            pattern_at(tokens, i)
            or label_at(tokens, i)
            or note_at(tokens, i)
            or handed_out(tokens, i, before)
            or _clock(tokens, i, before)
            or rate_at(tokens, i)
            or length_at(tokens, i, after_timing=timed(before))
            or _per(tokens, i, before)
            or _slash_rate(tokens, i, before)
            or _dose(tokens, i, before)
        )
    if token.unit is not None and at(tokens, i + 1).number is not None:
        pattern = pattern_at(tokens, i + 1)
        if pattern is not None and isinstance(pattern.phrase, Pattern):
            amounts = pattern.phrase.amounts
            return Found(
                Pattern(token.start, pattern.phrase.end, amounts, token.unit), pattern.after
            )
    return (
        restated_at(tokens, i, before)
        or as_needed_at(tokens, i)
        or step_at(tokens, i)
        or _up_to(tokens, i, before)
        or (total_at(tokens, i) if timed(before) else None)
        or limit_at(tokens, i)
        or divided_at(tokens, i)
        or on_days_at(tokens, i)
        or length_at(tokens, i, after_timing=timed(before))
        or worn_at(tokens, i, before)
        or reason_at(tokens, i)
        or all_but_at(tokens, i, before)
        or not_daily_at(tokens, i, before)
        or weekdays_at(tokens, i)
        or rate_at(tokens, i)
        or _clock(tokens, i, before)
        or _stop(tokens, i, before)
        or _omne_nocte(tokens, i)
        or moment_at(tokens, i)
        or _per(tokens, i, before)
        or _mark(tokens, i, before)
        or note_at(tokens, i)
        or _dose(tokens, i, before)
        or bare_reason_at(tokens, i)
        or counsel_at(tokens, i)
        or _join(tokens, i)
    )


def _clock(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    last = [phrase for phrase in before if not isinstance(phrase, Mark)][-1:]
    expected = (i > 0 and tokens[i - 1].text == "(") or any(
        isinstance(phrase, Moment) and ":" in phrase.name for phrase in last
    )
    found = clock_at(tokens, i, expected=expected)
    if found is not None or tokens[i].number is None:
        return found
    if at(tokens, i + 1).text in ("am", "pm") and tokens[i].text.isdigit():
        waiting = _waiting_dose(before)
        if waiting or (tokens[i].number or 0) > 4:
            # "1 tablet 8 am" may be eight o'clock, or "10 mg 1 am" one in the morning.
            if waiting and (tokens[i].number or 0) > 4:
                return clock_at(tokens, i, expected=True)
            raise unreadable("several readings", tokens[i], tokens[i + 1])
    return None


def _waiting_dose(before: list[Phrase]) -> bool:
    """Whether a dose has been read that no timing has followed yet."""
    for phrase in reversed(before):
        if isinstance(phrase, Timing):
            return False
        if isinstance(phrase, Dose):
            return True
    return False


def _per(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """The "/day" of "40 mg/day", the "a day" of "2 a day", "in 24 hours"."""
    last = [phrase for phrase in before if not isinstance(phrase, Strength)][-1:]
    if not last or not isinstance(last[0], Dose):
        return None
    per = per_at(tokens, i)
    if per is None:
        return None
    days, after = per
    if at(tokens, after).is_a("max"):
        return None
    rate = Rate(tokens[i].start, tokens[after - 1].end, _one_in(days), _one_in(days), days == 1)
    return Found(rate, after)


def _dose(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """A dose; "8 tablets max" and "8 tablets in 24 hours max" are limits."""
    found = dose_at(tokens, i)
    if found is None or not isinstance(found.phrase, Dose):
        return found
    dose, j = found.phrase, found.after
    per = per_at(tokens, j)
    said = per is not None and at(tokens, per[1]).is_a("max")
    if said or (at(tokens, j).is_a("max") and at(tokens, j + 1).number is None):
        if per is not None and at(tokens, j).is_a("max"):
            per = None
        limit = limit_end(tokens, i, j, dose.high, said=per if said else None).phrase
        if isinstance(limit, Limit):
            after = per[1] + 1 if said and per is not None else _after_limit(tokens, j)
            whole = Limit(
                dose.start, at(tokens, after - 1).end, dose.high, dose.unit, False,
                limit.per_day_said,
            )  # fmt: skip
            return Found(whole, after)
    return found


def _after_limit(tokens: list[Token], j: int) -> int:
    per = per_at(tokens, j + 1)
    return j + 1 if per is None else per[1]


def _up_to(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """Up to 3 times a day: a rate; up to 2 tablets: a dose from nothing up, or else a limit."""
    first = tokens[i]
    if not first.is_a("up_to"):
        return None
    found = rate_at(tokens, i + 1)
    if found is not None and isinstance(found.phrase, Rate):
        rate = found.phrase
        return Found(Rate(first.start, rate.end, rate.low, rate.high, up_to=True), found.after)
    if any(isinstance(phrase, Dose | Pattern) for phrase in before):
        return None
    found = dose_at(tokens, i + 1)
    if found is None or not isinstance(found.phrase, Dose):
        return None
    dose = found.phrase
    none = None if dose.also_high is None else dose.also_high * 0
    return Found(
        Dose(first.start, dose.end, dose.low * 0, dose.high, dose.unit, none, dose.also_high,
             dose.also_unit),
        found.after,
    )  # fmt: skip


def _omne_nocte(tokens: list[Token], i: int) -> Found | None:
    """A bare "on" at the end of a phrase is omne nocte, at night."""
    following = at(tokens, i + 1)
    if tokens[i].text != "on" or not (
        following.text in ("", ",", ".", ";", "and", "+", "&") or following.is_a("prn", "for", "x")
    ):
        return None
    return Found(Moment(tokens[i].start, tokens[i].end, "night", (19, 28)), i + 1)


def _stop(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """The "then stop" behind a phase whose length has been said."""
    if not tokens[i].text.endswith(("stop", "then discontinue")):
        return None
    for phrase in reversed(before):
        if isinstance(phrase, Length | OnDays):
            return Found(None, i + 1)
        if isinstance(phrase, Dose):
            return None
    return None


def _slash_rate(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    """The 3/day behind a dose: three times a day."""
    number = tokens[i].number
    if not _waiting_dose(before) or at(tokens, i + 1).text != "/" or number is None:
        return None
    per = per_at(tokens, i + 1)
    if per is None or tokens[i].is_a("part"):
        return None
    rate = number / per[0]
    return Found(Rate(tokens[i].start, at(tokens, per[1] - 1).end, rate, rate), per[1])


def _mark(tokens: list[Token], i: int, before: list[Phrase]) -> Found | None:
    token = tokens[i]
    for kind, mark in _MARKS.items():
        if token.is_a(kind):
            return Found(Mark(token.start, token.end, mark), i + 1)
    if token.is_a("x") and at(tokens, i + 1).number is not None and _waiting_dose(before):
        per = per_at(tokens, i + 2)
        named = at(tokens, i + 2).is_a("rate") and not _measured_or_counted(before)
        if per is not None and not named:  # x3/day, x 3 a day, 1 tablet x3 daily
            often = (at(tokens, i + 1).number or 0) * _one_in(per[0])
            return Found(Rate(token.start, at(tokens, per[1] - 1).end, often, often), per[1])
    if token.kinds.get("times_number") == "1" or (
        token.is_a("x") and at(tokens, i + 1).number == 1
    ):
        bare = bool(before) and isinstance(before[-1], Dose) and before[-1].unit is None
        return None if bare and token.is_a("x") else _single(tokens, i)  # 3 x 1 may be 3 times 1
    return None


def _measured_or_counted(before: list[Phrase]) -> bool:
    """Whether the last dose has a unit: "1 tablet x2 daily" is the same day's amount either way."""
    doses = [phrase for phrase in before if isinstance(phrase, Dose)]
    return bool(doses) and doses[-1].unit is not None


def _single(tokens: list[Token], i: int) -> Found | None:
    """Once, x1, x 1 dose: a single dose."""
    j = i + 1 + tokens[i].is_a("x")
    if at(tokens, j).is_a("x") and at(tokens, j + 1).number == 1:  # once x1
        j += 2
    j += at(tokens, j).is_a("doses")
    following = at(tokens, j)
    if following.is_a("number", "times", "period", "x", "doses"):
        return None
    return Found(Mark(tokens[i].start, at(tokens, j - 1).end, "single"), j)


def _join(tokens: list[Token], i: int) -> Found | None:
    token = tokens[i]
    if token.kinds.get("join") == "and":
        return Found(Mark(token.start, token.end, "and"), i + 1)
    if between_routes(tokens, i):
        return Found(None, i + 1)
    if token.text in _COMMAS or (
        i > 0
        and token.text == "/"
        and tokens[i - 1].is_a("moment")
        and at(tokens, i + 1).is_a("moment", "number")
    ):
        return Found(Mark(token.start, token.end, "comma"), i + 1)
    return None


def _one_in(days: int) -> Fraction:
    return Fraction(1, days)
