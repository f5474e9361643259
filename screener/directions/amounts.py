"""Numbers, ranges, doses: "1½", "one or two", "10 mL (250 mg)", "2 x 500 mg tablets", "1-0-1"."""

from __future__ import annotations

from fractions import Fraction

from screener.directions.grammar import Dose, Found, Pattern, at, unreadable
from screener.directions.lexicon import unit_word
from screener.directions.tokens import Token
from screener.units import Unit

Range = tuple[Fraction, Fraction, int]  # low, high, the next token

_MEASURED = frozenset({"mass", "volume", "activity", "amount"})
_COUNTED = frozenset({"countable", "local"})
_MASS_LIKE = frozenset({"mass", "activity", "amount"})


def number_at(tokens: list[Token], i: int) -> tuple[Fraction, int] | None:
    """One number: 2, 1.5, 1 1/2, one and a half, half a (tablet); "4 (four)" is four once."""
    token = at(tokens, i)
    if token.is_a("article"):
        following = at(tokens, i + 1)
        if following.is_a("part") and following.number is not None:
            return following.number, _of(tokens, i + 2)
        counted = following.unit is not None and following.unit.kind in _COUNTED
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
        if low is None or not _is_range_sign(at(tokens, low[1])):
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


def _is_range_sign(token: Token) -> bool:
    return token.text == "-" or token.is_a("to", "or")


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
    if len(amounts) not in (3, 4):
        return None
    unit = at(tokens, j).unit
    if unit is not None:
        j += 1
    if not any(amounts):
        raise unreadable("no dose", at(tokens, i), at(tokens, j - 1))
    return Found(Pattern(at(tokens, i).start, at(tokens, j - 1).end, tuple(amounts), unit), j)


def dose_at(tokens: list[Token], i: int) -> Found | None:
    """A dose: an amount with its unit, and the same amount said again in another unit."""
    first = at(tokens, i)
    before: Unit | None = None
    start = i
    if first.unit is not None and first.number is None and first.unit.kind in _COUNTED:
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
    if unit is None and at(tokens, j).text == "each" and at(tokens, j + 1).is_a("note"):
        return Found(Dose(first.start, at(tokens, j).end, low, high, before), j + 1)
    if unit is None:
        return Found(Dose(first.start, at(tokens, j - 1).end, low, high, before), j)
    last = at(tokens, j)
    if before is not None and unit != before and unit.kind in _COUNTED:
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
    return _said_again(tokens, j, dose)


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
    if form.unit is not None and form.unit.kind in _COUNTED:
        counted = Dose(start, form.end, low, high, form.unit, low * each, high * each, unit)
        return Found(counted, k + 2)
    if by:
        return Found(Dose(start, at(tokens, k).end, low * each, high * each, unit), k + 1)
    return None


def _concentration(tokens: list[Token], i: int, j: int, unit: Unit) -> Found:
    """250 mg/5 ml says how strong the liquid is; it is no dose."""
    per = _unit_at(tokens, j + 2)
    if unit.kind != "mass" or per is None or per.kind != "volume":
        raise unreadable("foreign word", at(tokens, i), at(tokens, j + 1))
    return Found(None, j + 3)


def _past_form(tokens: list[Token], j: int, last: Token) -> int:
    """Past the form of "500 mg tablet"; of "500 mg tablets" nobody knows how many."""
    form = at(tokens, j)
    if form.unit is None or form.unit.kind not in _COUNTED:
        raise unreadable("foreign word", last, form)
    singular = unit_word(form.text.removesuffix("s"))
    if form.text.endswith("s") and singular == form.unit:
        raise unreadable("several readings", last, form)
    return j + 1


def _second_end(
    tokens: list[Token], j: int, low: Fraction, high: Fraction, unit: Unit
) -> tuple[Fraction, int]:
    """The 20 mg of "10 mg to 20 mg"."""
    if low != high or not _is_range_sign(at(tokens, j)):
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
        _concentration(tokens, k - 2, k, unit)
        return _closed(tokens, k + 3, opened, dose, at(tokens, j))
    if dose.unit.kind in _COUNTED and unit.kind in _MEASURED and unit.kind != "volume":
        each = at(tokens, k).is_a("every")  # "each"
        total = at(tokens, k).is_a("total")
        parallel = low != high and low * dose.high == high * dose.low
        strength = not (total or parallel or dose.low == dose.high == 1)
        k += each or total
        k += at(tokens, k).unit is not None and at(tokens, k).unit == dose.unit
        if each:
            low, high, strength = low * dose.low, high * dose.high, False
        return _closed(
            tokens, k, opened, dose if strength else _also(dose, low, high, unit), at(tokens, j)
        )
    if unit.kind == dose.unit.kind or not (opened or listed or at(tokens, j).text == "="):
        if opened:
            return _same_again(tokens, k, dose, Dose(0, 0, low, high, unit), unit)
        return Found(dose, j)
    k += at(tokens, k).is_a("total")
    return _closed(tokens, k, opened, _also(dose, low, high, unit), at(tokens, j))


def _unit_after_number(tokens: list[Token], j: int, dose: Dose) -> bool:
    """Whether "20 mg, 2 tabs," says one dose twice, as order systems print it."""
    amount = range_at(tokens, j) if at(tokens, j).is_a("number") else None
    if amount is None or dose.unit is None or dose.unit.kind not in _MASS_LIKE:
        return False
    unit = _unit_at(tokens, amount[2])
    return unit is not None and unit.kind in _COUNTED and at(tokens, amount[2] + 1).text == ","


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
        unit.kind in _COUNTED and unit != dose.unit
    ):
        raise unreadable("contradiction", at(tokens, k - 1))
    return _closed(tokens, k, True, dose, at(tokens, k))


def _closed(tokens: list[Token], k: int, opened: bool, dose: Dose, sign: Token) -> Found:
    if not opened:
        return Found(dose, k)
    if at(tokens, k).text != ")":
        raise unreadable("foreign word", sign, at(tokens, k - 1))
    return Found(dose, k + 1)
