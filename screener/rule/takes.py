"""The words in which a story says what the patient takes, read into orders with day numbers.

`baclofen 20 mg tablets 4 times a day for 28 days, refilled 5 days early, 60 mg/day for 2 weeks`:
a comma begins the next supply, which follows the one before without a gap unless it says where.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from screener.rule.amounts import Wrong, days, decimal_number
from screener.rule.drugs import ROUTES, route_in

_NUMBER = r"\d*[.,]?\d+|\d+"
_UNIT = r"mg|mcg|µg|μg|ug|g|micrograms?|milligrams?|grams?"
_FORMS = {
    "tablet": "tablet",
    "capsule": "capsule",
    "packet": "granules",
    "patch": "patch",
    "solution": "oral solution",
    "suspension": "oral suspension",
    "liquid": "oral solution",
    "injection": "injection",
    "suppository": "suppository",
}
_RELEASE = r"(?:(?P<release>modified-release|gastro-resistant) )?"
_FORM = (
    rf"{_RELEASE}(?P<form>tablets?|capsules?|packets?|patch(?:es)?"
    r"|solution|suspension|liquid|injection)"
)
_COUNTED = r"(?P<form>tablets?|capsules?|packets?|patch(?:es)?|mL|ml)"
_ROUTE_OF_TRACK = {
    "by mouth": "oral",
    "under the tongue": "sublingual",
    "as a patch": "transdermal",
    "injected": "intravenous",
    "rectally": "rectal",
    "intrathecally": "intrathecal",
}
_SHIFT = re.compile(
    r"^(?:refilled (?P<n>\d+) days? (?P<way>early|late)|after a gap of (?P<gap>\d+) days?)$"
)
_LENGTH = re.compile(r"\bfor (?P<length>\d+ (?:days?|weeks?|months?|years?)|an unknown time)\b")
_FROM = re.compile(r"\b(?P<word>from|on) day (?P<day>-?\d+)(?: to day (?P<to>-?\d+))?\b")
_UNTIL = re.compile(r"\b(?:until|to) day (?P<day>-?\d+)\b")
_STOPPED = re.compile(r"\bstopped on day (?P<day>-?\d+)\b")
_AS_NEEDED = re.compile(r"\bas needed\b")
_UP_TO = re.compile(r"\bup to (?P<n>\d+) times a day\b")
_RANGE = rf"(?P<low>{_NUMBER})(?: to (?P<high>{_NUMBER}))?"
_PER_DAY = re.compile(rf"(?<!\S){_RANGE} ?(?P<unit>{_UNIT})(?:/day| a day| per day)(?!\S)")
_STRENGTH = re.compile(
    rf"(?<!\S)(?P<value>{_NUMBER}) ?(?P<unit>{_UNIT})"
    rf"(?:/(?P<per>{_NUMBER})? ?(?P<per_unit>mL|ml|h))? {_FORM}(?!\S)"
)
_TAKEN = re.compile(rf"(?<!\S){_RANGE} {_COUNTED}(?!\S)")
_DOSE = re.compile(rf"(?<!\S){_RANGE} ?(?P<unit>{_UNIT})(?!\S)")
_HOW_LONG = 'for example "for 28 days", or "for an unknown time"'
_LATIN = {
    "od": "once a day",
    "qd": "once a day",
    "bd": "twice a day",
    "bid": "twice a day",
    "tds": "3 times a day",
    "tid": "3 times a day",
    "qds": "4 times a day",
    "qid": "4 times a day",
    "nocte": "once a day",
    "prn": "as needed",
}
_UNKNOWN_DOSE = re.compile(r"\b(?:in an )?unknown dose\b")
_OFTEN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[int, int]]], ...] = (
    (re.compile(r"\b(?:once a|every) day\b|\bonce daily\b"), lambda m: (1, 1)),
    (re.compile(r"\btwice (?:a day|daily)\b"), lambda m: (2, 1)),
    (re.compile(r"\b(?P<n>\d+) times (?:a day|daily)\b"), lambda m: (int(m["n"]), 1)),
    (re.compile(r"\b(?:once )?every other day\b"), lambda m: (1, 2)),
    (re.compile(r"\b(?:once )?every (?P<n>\d+) days\b"), lambda m: (1, int(m["n"]))),
    (re.compile(r"\bonce (?:a week|weekly)\b"), lambda m: (1, 7)),
    (re.compile(r"\b(?P<n>\d+) times a week\b"), lambda m: (int(m["n"]), 7)),
)


class Order(NamedTuple):
    """One supply: what an export would say, with days counted from day 0."""

    drug: str
    route: str
    form: str
    start: int
    days: int | None  # None = the export does not say
    stop: int | None = None  # the first day not taken, when recorded
    strength: Decimal | None = None
    strength_unit: str | None = None
    per_value: Decimal | None = None
    per_unit: str | None = None
    dose_min: Decimal | None = None
    dose_max: Decimal | None = None
    dose_unit: str | None = None
    times: int | None = None
    period: int | None = None
    most_per_day: int | None = None
    as_needed: bool = False

    @property
    def after(self) -> int:
        """The day after the last covered day (the start itself for an unknown length)."""
        return self.start + (self.days or 0)


def orders_of(text: str, known_drug: Callable[[str], bool]) -> tuple[Order, ...]:
    """The supplies that one `takes` text describes; raises Wrong with what was not understood."""
    drug, rest = _drug_and_rest(" ".join(text.split()), known_drug)
    drug, routes = route_in(drug)
    made: list[Order] = []
    shift: int | None = None
    for piece in (part.strip() for part in rest.split(",")):
        found = _SHIFT.match(piece)
        if found:
            late = found["gap"] or found["n"]
            shift = -int(late) if found["way"] == "early" else int(late)
            continue
        made.append(_order(drug, routes, piece, made[-1] if made else None, shift or 0))
        shift = None
    if shift is not None and made:  # "..., refilled 5 days early" and no more: the same again
        again = made[-1]
        made.append(again._replace(start=again.after + shift, stop=None))
    if not made:
        raise Wrong(f'"{text}" says no dose', 'for example "20 mg 4 times a day for 28 days"')
    return tuple(made)


def _drug_and_rest(text: str, known_drug: Callable[[str], bool]) -> tuple[str, str]:
    if ": " in text:
        drug, rest = text.split(": ", 1)
        if not known_drug(route_in(drug)[0]):
            raise Wrong(f'no drug is called "{route_in(drug)[0]}"')
        return drug, rest
    words = text.split()
    for length in range(min(len(words), 6), 0, -1):
        name = " ".join(words[:length])
        if known_drug(name):
            rest = " ".join(words[length:])
            for route in ROUTES:
                if rest.startswith(f"{route} "):
                    return f"{name} {route}", rest.removeprefix(f"{route} ")
            return name, rest
    expected = 'the drug first, for example "baclofen 20 mg 4 times a day for 28 days"'
    raise Wrong(f'"{words[0] if words else ""}" is not a known drug', expected)


class _Piece:
    """The words of one supply that are not yet understood."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.left = text

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Find a phrase and cut it out."""
        found = pattern.search(self.left)
        if found:
            before, behind = self.left[: found.start()].strip(), self.left[found.end() :].strip()
            self.left = f"{before} {behind}".strip()
        return found


def _order(drug: str, routes: str, text: str, before: Order | None, shift: int) -> Order:
    piece = _Piece(text)
    piece.left = piece.left.removeprefix("then ").removeprefix(f"{drug} ")
    start, length, stop = _when(piece, before, shift)
    as_needed = piece.take(_AS_NEEDED) is not None
    up_to = piece.take(_UP_TO)
    piece.left, words = route_in(f"x {piece.left}")
    piece.left = piece.left.removeprefix("x").strip()
    base = Order(
        drug=drug,
        route="",
        form="",
        start=start,
        days=length,
        stop=stop,
        as_needed=as_needed,
        most_per_day=int(up_to["n"]) if up_to else None,
    )
    order = _dose(piece, base)
    if piece.left:
        raise Wrong(f'"{piece.left}" is not understood in "{piece.whole}"')
    return _placed(order, words or routes)


def _when(piece: _Piece, before: Order | None, shift: int) -> tuple[int, int | None, int | None]:
    """First day, length and recorded stop."""
    start = (before.after if before else 0) + shift
    stopped = piece.take(_STOPPED)
    length = piece.take(_LENGTH)
    found = piece.take(_FROM)
    until = piece.take(_UNTIL)
    last: int | None = int(until["day"]) if until else None
    if found:
        start = int(found["day"])
        if found["to"] is not None:
            last = int(found["to"])
        elif found["word"] == "on":
            last = start
    count: int | None
    if length and length["length"] == "an unknown time":
        count = None
    elif length:
        count = days(length["length"], least=1)
    elif last is not None:
        count = last - start + 1
    elif before is not None and before.days is not None and not piece.whole:
        count = before.days
    else:
        raise Wrong(f'"{piece.whole}" does not say for how long', _HOW_LONG)
    if count is not None and count < 1:
        raise Wrong(f'"{piece.whole}" ends before it begins')
    return start, count, int(stopped["day"]) if stopped else None


def _dose(piece: _Piece, base: Order) -> Order:
    per_day = piece.take(_PER_DAY)
    if per_day:  # four equal doses: a total a day says nothing against the number of doses
        low, high, unit = _bounds(per_day)
        return base._replace(dose_min=low / 4, dose_max=high / 4, dose_unit=unit, times=4, period=1)
    if piece.take(_UNKNOWN_DOSE):
        return base
    often = _how_often(piece)
    strength = piece.take(_STRENGTH)
    if strength:
        base = _with_strength(base, strength)
    taken = piece.take(_TAKEN)
    mass = None if taken else piece.take(_DOSE)
    if taken:
        low, high, _ = _bounds(taken)
        unit = "mL" if taken["form"].lower() == "ml" else _singular(taken["form"])
        base = base._replace(dose_min=low, dose_max=high, dose_unit=unit)
    elif mass:
        low, high, unit = _bounds(mass)
        base = base._replace(dose_min=low, dose_max=high, dose_unit=unit)
    elif strength and base.per_unit != "mL":
        one = Decimal(1)
        base = base._replace(dose_min=one, dose_max=one, dose_unit=base.per_unit)
    else:
        raise Wrong(f'"{piece.whole}" says no dose', 'for example "20 mg 4 times a day"')
    if often is None and not base.as_needed:
        said = (_LATIN[word] for word in piece.left.lower().split() if word in _LATIN)
        right = next(said, "4 times a day")
        raise Wrong(f'"{piece.whole}" does not say how often', f'for example "{right}"')
    count, period = often or (None, None)
    return base._replace(times=count, period=period)


def _bounds(found: re.Match[str]) -> tuple[Decimal, Decimal, str]:
    low = decimal_number(found["low"])
    high = decimal_number(found["high"]) if found["high"] else low
    if high < low:
        raise Wrong(f'"{found[0].strip()}" goes from more to less')
    return low, high, found.groupdict().get("unit") or ""


def _how_often(piece: _Piece) -> tuple[int, int] | None:
    for pattern, meaning in _OFTEN:
        found = piece.take(pattern)
        if found:
            return meaning(found)
    return None


def _with_strength(base: Order, found: re.Match[str]) -> Order:
    form = _singular(found["form"])
    release = f"{found['release']} " if found["release"] else ""
    if release and form not in ("tablet", "capsule"):
        raise Wrong(f'"{release}{form}" is no form', "modified-release tablets or capsules")
    if found["per_unit"] and found["per_unit"].lower() == "ml":
        per = decimal_number(found["per"]) if found["per"] else Decimal(1)
        per_unit: str = "mL"
    else:
        per, per_unit = Decimal(1), form
    unit = f"{found['unit']}/h" if found["per_unit"] == "h" else found["unit"]
    value = decimal_number(found["value"])
    return base._replace(
        form=f"{release}{_FORMS[form]}",
        strength=value,
        strength_unit=unit,
        per_value=per,
        per_unit=per_unit,
    )


def _singular(form: str) -> str:
    return "patch" if form.startswith("patch") else form.removesuffix("s")


def _placed(order: Order, routes: str) -> Order:
    """Route and form: as said, else from the form, else tablets by mouth."""
    if " or " in routes or routes == "by any route":
        raise Wrong(f'"{routes}" is not one route')
    route = _ROUTE_OF_TRACK.get(routes, "")
    form = order.form
    if not route:
        route = {"patch": "transdermal", "injection": "intravenous"}.get(form, "oral")
    if not form:
        usual = {"transdermal": "patch", "intrathecal": "injection", "intravenous": "injection"}
        form = usual.get(route, "suppository" if route == "rectal" else "tablet")
    return order._replace(route=route, form=form)
