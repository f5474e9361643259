"""On Mondays; Mon, Wed and Fri; Monday to Friday; except Sundays; all other days."""

from __future__ import annotations

from screener.directions.grammar import Found, Weekdays, at, unreadable
from screener.directions.tokens import Token


def weekdays_at(tokens: list[Token], i: int) -> Found | None:
    """On Mondays; Mon, Wed and Fri; Monday to Friday; all other days."""
    first = at(tokens, i)
    spared = first.is_a("except")
    j = i + spared
    j += at(tokens, j).is_a("on", "every")
    j += at(tokens, j).is_a("every")
    token = at(tokens, j)
    if token.is_a("other_days"):
        return Found(Weekdays(first.start, token.end, others=True), j + 1)
    if not token.is_a("weekday"):
        return None
    named = [_days(token)]
    signs: list[str] = []
    j += 1
    while True:
        k = j
        while at(tokens, k).text in (",", "/", "-", "&", "+", "and", "to") or (
            at(tokens, k).is_a("through")
        ):
            k += 1
        k += at(tokens, k).is_a("on")
        if not at(tokens, k).is_a("weekday") or k - j > 3:
            break
        signs.append(at(tokens, j).text if k > j else "")
        named.append(_days(at(tokens, k)))
        j = k + 1
    days = _spelled_days(named, signs, first, at(tokens, j - 1))
    if spared:
        days = frozenset(range(1, 8)) - days
    return Found(Weekdays(first.start, at(tokens, j - 1).end, days), j)


def _days(token: Token) -> frozenset[int]:
    return frozenset(int(day) for day in token.kinds["weekday"].split(","))


def _spelled_days(
    named: list[frozenset[int]], signs: list[str], first: Token, last: Token
) -> frozenset[int]:
    days = frozenset().union(*named)
    if len(signs) == 1 and signs[0] in ("to", "through", "thru", "till", "-"):
        (begin,), (end,) = named
        if signs[0] == "-" and (begin, end) not in ((1, 5), (6, 7)):
            raise unreadable("several readings", first, last)  # both days, or from one to the other
        if end <= begin:
            raise unreadable("several readings", first, last)
        return frozenset(range(begin, end + 1))
    if len(days) != sum(len(one) for one in named) or {"to", "through", "thru"} & set(signs):
        raise unreadable("several readings", first, last)
    return days
