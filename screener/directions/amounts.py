"""Doses: "1½ tablets", "10 mL (250 mg)", "2 x 500 mg tablets", "1-0-1"."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from screener.directions.figures import COUNTED, is_range_sign, number_at, range_at
from screener.directions.grammar import (
    Dose,
    Found,
    Pattern,
    Phrase,
    Strength,
    UnreadableError,
    at,
    unreadable,
)
from screener.directions.lexicon import unit_word
from screener.directions.tokens import Token
from screener.units import Unit

_MEASURED = frozenset({"mass", "volume", "activity", "amount"})
_WIDEST = 20  # times: a range of doses is never wider
_MASS_LIKE = frozenset({"mass", "activity", "amount"})


def pattern_at(tokens: list[Token], i: int) -> Found | None:
    """1-0-1 or 1+1+1+1: three or four amounts of one day, joined by one sign."""
    amounts: list[Fraction] = []
    j, sign = i, at(tokens, i + 1).text
    if sign not in ("-", "+"):
        return None
    while True:
        token = at(tokens, j)
        if token.number is None or not token.text[0].isdigit():
            return None
        amounts.append(token.number)
        j += 1
        if at(tokens, j).text != sign:
            break
        j += 1
    if len(amounts) not in (3, 4) or _is_date(tokens[i:j]):
        return None
    unit = at(tokens, j).unit
    if unit is not None:
        j += 1
    if unit is None and max(amounts) > 12:
        raise unreadable("several readings", at(tokens, i), at(tokens, j - 1))
    if not any(amounts):
        raise unreadable("no dose", at(tokens, i), at(tokens, j - 1))
    return Found(Pattern(at(tokens, i).start, at(tokens, j - 1).end, tuple(amounts), unit), j)


def _is_date(tokens: list[Token]) -> bool:
    """2024-01-31, 01-02-24: more units at once than a pattern without a unit ever has, or 01."""
    numbers = [token for token in tokens if token.number is not None]
    many = any((token.number or 0) > 100 for token in numbers)
    return many or any(token.text[:1] == "0" and token.text[1:2].isdigit() for token in numbers)


def dose_at(tokens: list[Token], i: int) -> Found | None:
    """A dose: an amount with its unit, and the same amount said again in another unit."""
    first = at(tokens, i)
    before: Unit | None = None
    start = i
    if first.unit is not None and first.number is None and first.unit.kind in COUNTED:
        before, i = first.unit, i + 1
    amount = range_at(tokens, i)
    if amount is None:
        return None
    low, high, j = amount
    if _counts_time(tokens, j):
        return None
    strength = _product_at(tokens, j, first, low, high)
    if strength is not None:
        return strength
    if at(tokens, j).text == "-" and _unit_at(tokens, j + 1) is not None:
        j += 1
    while at(tokens, j).is_a("adjective") and (
        at(tokens, j + 1).is_a("adjective") or _unit_at(tokens, j + 1) is not None
    ):
        j += 1
    unit = _unit_at(tokens, j)
    if unit is None and at(tokens, j).text == "each" and _after_each(at(tokens, j + 1)):
        return Found(Dose(first.start, at(tokens, j).end, low, high, before), j + 1)
    if unit is None:
        return Found(Dose(first.start, at(tokens, j - 1).end, low, high, before), j)
    last = at(tokens, j)
    if before is not None and unit != before and unit.kind in COUNTED:
        raise unreadable("contradiction", first, last)
    j += 1
    if at(tokens, j).text == "/" and at(tokens, j + 1).number is not None:
        return _concentration(tokens, i, j, unit)
    if at(tokens, j).is_a("spoon"):
        raise unreadable("several readings", at(tokens, start), at(tokens, j))
    if unit.kind in _MEASURED and _unit_at(tokens, j) is not None:
        j = _past_form(tokens, j, last)
    high, j = _second_end(tokens, j, low, high, unit)
    dose = Dose(first.start, at(tokens, j - 1).end, low, high, unit)
    return _said_again(tokens, j, _believable(dose))


def _believable(dose: Dose) -> Dose:
    """The dose, unless its range is too wide: 5-325 mg is what two drugs weigh."""
    mass = dose.unit is not None and dose.unit.kind == "mass"
    if mass and dose.high > _WIDEST * dose.low > 0:
        raise UnreadableError("several readings", dose.start, dose.end)
    return dose


def _after_each(token: Token) -> bool:
    """What makes "1 each" one of the product: a route, a frequency, the end; not "1 each day"."""
    return token.is_a("note", "rate", "every", "prn", "hourly") or token.text in ("", ",", ".")


def _unit_at(tokens: list[Token], i: int) -> Unit | None:
    token = at(tokens, i)
    return token.unit if token.unit is not None and token.unit.name != "piece" else None


def _counts_time(tokens: list[Token], j: int) -> bool:
    """Whether the number before counts times, days or hours, and is no dose."""
    token = at(tokens, j)
    if token.text == "-":
        token = at(tokens, j + 1)
    if token.is_a("times", "period", "nights", "hourly", "fluid_unit"):
        return not (token.unit is not None and token.is_a("fluid_unit") and not _fluid(tokens, j))
    if token.is_a("x"):
        following = at(tokens, j + 1)
        return following.is_a("period", "article", "per", "rate", "every") or (
            following.text == "/"
        )
    return token.text in (":", "%")


def _fluid(tokens: list[Token], j: int) -> bool:
    return at(tokens, j + 1).is_a("fluid")


def _product_at(
    tokens: list[Token], j: int, first: Token, low: Fraction, high: Fraction
) -> Found | None:
    """The rest of "two 500 mg tablets", "2 x 5 ml spoonfuls", "2 x 500 mg"."""
    by = at(tokens, j).is_a("x")
    j += by
    strength = at(tokens, j)
    if strength.number is None or not strength.text[0].isdigit():
        return None
    k = j + 2 if at(tokens, j + 1).text == "-" else j + 1
    unit = _unit_at(tokens, k)
    if unit is None or unit.kind not in _MEASURED:
        return None
    form, each = at(tokens, k + 1), strength.number
    start = first.start
    if form.is_a("spoon") or (form.unit is not None and form.unit.name == "teaspoon"):
        return Found(Dose(start, form.end, low * each, high * each, unit), k + 2)
    if form.unit is not None and form.unit.kind in COUNTED:
        counted = Dose(start, form.end, low, high, form.unit, low * each, high * each, unit)
        return Found(counted, k + 2)
    if by:
        return Found(Dose(start, at(tokens, k).end, low * each, high * each, unit), k + 1)
    return None


def _concentration(tokens: list[Token], i: int, j: int, unit: Unit) -> Found:
    """250 mg/5 ml says how strong the liquid is; it is no dose."""
    per = _unit_at(tokens, j + 2)
    top, bottom = at(tokens, i).number, at(tokens, j + 1).number
    if unit.kind != "mass" or per is None or per.kind != "volume" or not top or not bottom:
        raise unreadable("foreign word", at(tokens, i), at(tokens, j + 1))
    each = top / (bottom * Fraction(per.factor))
    return Found(Strength(at(tokens, i).start, at(tokens, j + 2).end, each, unit, per), j + 3)


def _past_form(tokens: list[Token], j: int, last: Token) -> int:
    """Past the form of "500 mg tablet"; of "500 mg tablets" nobody knows how many."""
    form = at(tokens, j)
    if form.unit is None or form.unit.kind not in COUNTED:
        raise unreadable("foreign word", last, form)
    if form.unit.name == "patch":
        raise unreadable("several readings", last, form)  # 25 mcg patch: in an hour
    singular = unit_word(form.text.removesuffix("s"))
    if form.text.endswith("s") and singular == form.unit:
        raise unreadable("several readings", last, form)
    return j + 1


def _second_end(
    tokens: list[Token], j: int, low: Fraction, high: Fraction, unit: Unit
) -> tuple[Fraction, int]:
    """The 20 mg of "10 mg to 20 mg"."""
    if low != high or not is_range_sign(at(tokens, j)):
        return high, j
    second = number_at(tokens, j + 1)
    other = None if second is None else _unit_at(tokens, second[1])
    if second is None or other is None or (other != unit and other.kind != unit.kind):
        return high, j
    if other != unit and unit.kind not in ("mass", "volume"):
        return high, j
    end = second[0] * Fraction(other.factor) / Fraction(unit.factor)  # 500 mg to 1 g
    if end <= low:
        raise unreadable("several readings", at(tokens, j - 1), at(tokens, second[1]))
    return end, second[1] + 1


def _said_again(tokens: list[Token], j: int, dose: Dose) -> Found:
    """The same dose in another unit, in brackets, after "=" or right behind it."""
    opened = at(tokens, j).text == "("
    listed = at(tokens, j).text == "," and _unit_after_number(tokens, j + 1, dose)
    k = j + 1 if opened or listed or at(tokens, j).text == "=" or at(tokens, j).is_a("of") else j
    if at(tokens, k).text == "=":
        k += 1
    amount = range_at(tokens, k) if at(tokens, k).number is not None else None
    if amount is None:
        return Found(dose, j)
    low, high, k = amount
    if _counts_time(tokens, k):
        return Found(dose, j)
    inner = _product_at(tokens, k, at(tokens, k), low, high)
    if inner is not None and isinstance(inner.phrase, Dose):
        _check_product(dose, inner.phrase, at(tokens, j), at(tokens, inner.after - 1))
        low, high, unit, k = inner.phrase.low, inner.phrase.high, inner.phrase.unit, inner.after
    else:
        k += at(tokens, k).text == "-" and _unit_at(tokens, k + 1) is not None
        unit, k = _unit_at(tokens, k), k + 1
    if unit is None or dose.unit is None or (unit.kind == dose.unit.kind and not opened):
        return Found(dose, j)
    if at(tokens, k).text == "/" and at(tokens, k + 1).number is not None:
        strong = _concentration(tokens, k - 2, k, unit).phrase
        return _closed(tokens, k + 3, opened, _of_strength(dose, strong), at(tokens, j))
    if dose.unit.kind in COUNTED and unit.kind in _MEASURED and unit.kind != "volume":
        return _mass_beside(tokens, k, (low, high, unit), dose, opened=opened, sign=at(tokens, j))
    if unit.kind == dose.unit.kind or not (opened or listed or at(tokens, j).text == "="):
        if opened:
            return _same_again(tokens, k, dose, Dose(0, 0, low, high, unit), unit)
        if dose.unit.kind == "mass" and unit.kind == "countable" and dose.low == dose.high:
            counted = Dose(dose.start, at(tokens, k - 1).end, low, high, unit)
            beside = (dose.low, dose.high, dose.unit)
            return _mass_beside(tokens, k, beside, counted, opened=False, sign=at(tokens, j))
        return Found(dose, j)
    k += at(tokens, k).is_a("total")
    return _closed(tokens, k, opened, _also(dose, low, high, unit), at(tokens, j))


def _of_strength(dose: Dose, strong: Phrase | None) -> Dose:
    """5 mL (10 mg/5 mL): the mass that the volume holds."""
    if not isinstance(strong, Strength) or dose.unit is None or dose.unit.kind != "volume":
        return dose
    whole = strong.amount * Fraction(dose.unit.factor)
    return _also(dose, whole * dose.low, whole * dose.high, strong.unit)


def _mass_beside(
    tokens: list[Token],
    k: int,
    said: tuple[Fraction, Fraction, Unit],
    dose: Dose,
    *,
    opened: bool,
    sign: Token,
) -> Found:
    """2 tablets (1,000 mg total): the same dose; 2 tablets (500 mg): of each, or of both."""
    low, high, unit = said
    each = at(tokens, k).is_a("every")  # "each"
    total = at(tokens, k).is_a("total")
    parallel = low != high and low * dose.high == high * dose.low
    unsure = not (each or total or parallel or dose.low == dose.high == 1)
    k += each or total
    k += at(tokens, k).unit is not None and at(tokens, k).unit == dose.unit
    if each:
        low, high = low * dose.low, high * dose.high
    if unsure:
        whole = replace(dose, beside=(high, unit)) if low == high else dose
        return _closed(tokens, k, opened, whole, sign)
    return _closed(tokens, k, opened, _also(dose, low, high, unit), sign)


def _unit_after_number(tokens: list[Token], j: int, dose: Dose) -> bool:
    """Whether "20 mg, 2 tabs," says one dose twice, as order systems print it."""
    amount = range_at(tokens, j) if at(tokens, j).is_a("number") else None
    if amount is None or dose.unit is None or dose.unit.kind not in _MASS_LIKE:
        return False
    unit = _unit_at(tokens, amount[2])
    return unit is not None and unit.kind in COUNTED and at(tokens, amount[2] + 1).text == ","


def _check_product(dose: Dose, inner: Dose, first: Token, last: Token) -> None:
    """20 mg (1 x 10 mg tablet) contradicts itself."""
    if dose.unit is None or inner.also_unit is None or inner.also_high is None:
        return
    if inner.also_unit.kind != dose.unit.kind:
        return
    size = Fraction(inner.also_unit.factor) / Fraction(dose.unit.factor)
    if inner.also_high * size != dose.high:
        raise unreadable("contradiction", first, last)


def _also(dose: Dose, low: Fraction, high: Fraction, unit: Unit) -> Dose:
    return Dose(dose.start, dose.end, dose.low, dose.high, dose.unit, low, high, unit)


def _same_again(tokens: list[Token], k: int, dose: Dose, again: Dose, unit: Unit) -> Found:
    """1,000 mg (1 g): must be the same amount."""
    size, own = Fraction(unit.factor), Fraction(dose.unit.factor) if dose.unit else Fraction(1)
    k += at(tokens, k).is_a("total")
    if (again.low * size, again.high * size) != (dose.low * own, dose.high * own) or (
        unit.kind in COUNTED and unit != dose.unit
    ):
        raise unreadable("contradiction", at(tokens, k - 1))
    return _closed(tokens, k, True, dose, at(tokens, k))


def _closed(tokens: list[Token], k: int, opened: bool, dose: Dose, sign: Token) -> Found:
    if not opened:
        return Found(dose, k)
    if at(tokens, k).text != ")":
        raise unreadable("foreign word", sign, at(tokens, k - 1))
    return Found(dose, k + 1)
