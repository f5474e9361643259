"""FHIR Dosage to the dose columns of the canonical prescriptions: one row an instruction.

Source of every meaning: HL7 FHIR R4, data type Dosage. What is not plainly said stays blank, and
the timeline flags it; an instruction that cannot be read keeps its text as `sig`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache

from screener.sources.fhir_timing import Rate, Schedule, schedule_of
from screener.sources.fhir_values import (
    Json,
    amount,
    codings,
    concept_text,
    days_of,
    decimal,
    number,
    part,
    parts,
    unit_text,
    word,
)
from screener.terminology.lists import read_list
from screener.units import unit_of

Cells = dict[str, str]
_ADDED = ("frequency_count", "frequency_period_days", "sig")
ALL_DAY = Rate(Fraction(1), Fraction(1), Fraction(1))


@dataclass(frozen=True, slots=True)
class Instruction:
    """One row to be: its dose cells, and when it holds.

    days: its own length; start, end: dates as written; after: days after the start of the order.
    per_day: the most that is taken in a day in the unit of the dose, to share a quantity.
    """

    cells: Cells = field(default_factory=dict)
    days: int | None = None
    start: str | None = None
    end: str | None = None
    after: int = 0
    per_day: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every instruction of a record; in_steps: one after the other (a taper), not side by side."""

    rows: tuple[Instruction, ...] = (Instruction(),)
    in_steps: bool = False


def plan_of(dosages: list[Json]) -> Plan:
    """The instructions of dosageInstruction (requests, dispenses) or dosage (statements).

    Equal sequence numbers, or none, stand side by side. Different ones follow each other; each
    but the last then needs a length of its own, else nothing is known but that the drug is taken.
    """
    if not dosages:
        return Plan()
    groups: dict[str, list[Instruction]] = {}
    for dosage in dosages:
        groups.setdefault(number(dosage, "sequence") or "", []).append(_instruction(dosage))
    ordered = sorted(groups, key=lambda text: (len(text), text))
    steps = [_equal_doses_added(groups[key]) for key in ordered]
    rows = [row for step in steps for row in step]
    if len(steps) == 1 or all(row.start is not None for row in rows):
        return Plan(tuple(rows), len(steps) > 1 or len({row.start for row in rows}) > 1)
    if "" in groups:
        return Plan((_unreadable(rows),), in_steps=True)
    return _one_after_the_other(steps, rows)


def _equal_doses_added(rows: list[Instruction]) -> list[Instruction]:
    """Side by side, 1 tablet in the morning and 1 at night is 1 tablet twice a day: two equal rows
    would count as one order written down twice."""
    added: dict[tuple[object, ...], Instruction] = {}
    for row in rows:
        same = {name: cell for name, cell in row.cells.items() if name not in _ADDED}
        often = _per_day(row.cells)
        alike = (*sorted(same.items()), row.days, row.start, row.end, often is None)
        other = added.get(alike)
        if often is None or other is None:
            added[alike if often is not None else (*alike, len(added))] = row
            continue
        before = _per_day(other.cells) or Fraction(0)
        cells = same | {"frequency_count": decimal(before + often), "frequency_period_days": "1"}
        said = dict.fromkeys(r.cells["sig"] for r in (other, row) if "sig" in r.cells)
        if said:
            cells["sig"] = " and ".join(said)
        known = other.per_day is not None and row.per_day is not None
        both = (other.per_day or 0) + (row.per_day or Fraction(0)) if known else None
        added[alike] = replace(row, cells=cells, per_day=both)
    return list(added.values())


def _per_day(cells: Cells) -> Fraction | None:
    times, period = amount(cells.get("frequency_count")), amount(cells.get("frequency_period_days"))
    return times / period if times is not None and period else None


def _one_after_the_other(steps: list[list[Instruction]], rows: list[Instruction]) -> Plan:
    placed: list[Instruction] = []
    after = 0
    for step in steps:
        lengths = {row.days for row in step}
        length = lengths.pop() if len(lengths) == 1 else None
        last = step is steps[-1]
        if any(row.start or row.end for row in step) or (length is None and not last):
            return Plan((_unreadable(rows),), in_steps=True)
        placed += [replace(row, after=after) for row in step]
        after += length or 0
    return Plan(tuple(placed), in_steps=True)


def _unreadable(rows: list[Instruction]) -> Instruction:
    """What is left of steps that cannot be told apart in time: the route, and what was written."""
    kept = {name: rows[0].cells[name] for name in ("route",) if name in rows[0].cells}
    said = [row.cells["sig"] for row in rows if "sig" in row.cells]
    return Instruction(kept | ({"sig": " then ".join(said)} if said else {}))


def _instruction(dosage: Json) -> Instruction:
    schedule = schedule_of(part(dosage, "timing"))
    low, high, unit = _dose(dosage, schedule)
    cells = _words(dosage)
    if unit is not None and high is not None:
        cells["dose_unit"] = unit
    prn = _as_needed(dosage)
    cells["prn"] = "yes" if prn else "no"
    rate = ALL_DAY if high is not None and _runs_all_day(dosage, schedule) else schedule.rate
    if high is not None:
        share = rate.share if rate is not None and not prn else Fraction(1)
        cells["dose_min"] = decimal((high if low is None else low) * share)
        cells["dose_max"] = decimal(high)
        if cells["dose_max"] == cells["dose_min"]:
            del cells["dose_max"]
    if rate is not None:
        times, period = rate.most, rate.period
        if period is not None and period < 1:
            times, period = times / period, Fraction(1)
        cells["frequency_count"] = decimal(times)
        if period is not None:
            cells["frequency_period_days"] = decimal(period)
    if prn and (most := _most_a_day(dosage, high, unit)) is not None:
        cells["max_doses_per_day"] = decimal(most)
    per_day = high * rate.per_day if high is not None and rate and rate.per_day else None
    return Instruction(cells, schedule.days, schedule.start, schedule.end, per_day=per_day)


def _runs_all_day(dosage: Json, schedule: Schedule) -> bool:
    """An amount over time with neither a frequency nor the length of one infusion."""
    silent = schedule.rate is None and not schedule.unreadable and schedule.duration is None
    given = parts(dosage, "doseAndRate") or [dosage]
    return silent and not any("doseQuantity" in one or "doseRange" in one for one in given)


def _words(dosage: Json) -> Cells:
    cells: Cells = {}
    route = part(dosage, "route")
    if route:
        spelled = _route(concept_text(route), tuple(code for _, code in codings(route)))
        if spelled is not None:
            cells["route"] = spelled
    said = word(dosage, "text") or word(dosage, "patientInstruction")
    if said is None:
        extra = parts(dosage, "additionalInstruction")
        said = next((text for one in extra if (text := concept_text(one)) is not None), None)
    if said is not None:
        cells["sig"] = said
    return cells


@cache
def _known_routes() -> frozenset[str]:
    cells = read_list("routes")["spellings"].to_list()
    return frozenset(spelling for cell in cells for spelling in cell.split(";"))


@cache
def _route(said: str | None, found: tuple[str, ...]) -> str | None:
    """The words of a route if the lists know them, else a code that they know, else the words."""
    tried = [said, *found, said.partition(" (")[0] if said else None]
    known = (text for text in tried if text and text.strip().lower() in _known_routes())
    return next(known, said or next(iter(found), None))


def _as_needed(dosage: Json) -> bool:
    if dosage.get("asNeededBoolean") is True or dosage.get("asNeeded") is True:
        return True
    return bool(part(dosage, "asNeededCodeableConcept") or parts(dosage, "asNeededFor"))


Dose = tuple[Fraction | None, Fraction | None, str | None]


def _dose(dosage: Json, schedule: Schedule) -> Dose:
    """(lowest, highest, unit) of one dose; the ordered one where a calculated one stands beside."""
    given = parts(dosage, "doseAndRate") or [dosage]  # STU3 has the elements in the Dosage itself
    read = [_one_dose(one, dosage, schedule) for one in given]
    if len(set(read)) == 1:
        return read[0]
    ordered = [
        dose
        for one, dose in zip(given, read, strict=True)
        if "ordered" in [code for _, code in codings(part(one, "type"))]
    ]
    return ordered[0] if len(ordered) == 1 else (None, None, None)


def _one_dose(given: Json, dosage: Json, schedule: Schedule) -> Dose:
    quantity, span = part(given, "doseQuantity"), part(given, "doseRange")
    if quantity:
        value = amount(number(quantity, "value"))
        if value is None or word(quantity, "comparator") is not None:
            return None, None, None
        return value, value, unit_text(quantity)
    if span:
        return _range(span, part(dosage, "maxDosePerAdministration"))
    return _infused(given, schedule)


def _range(span: Json, ceiling: Json) -> Dose:
    """A range without an upper end has none, unless a highest single dose is given."""
    low, high = part(span, "low"), part(span, "high") or ceiling
    most, least = amount(number(high, "value")), amount(number(low, "value"))
    units = {unit for unit in (unit_text(low), unit_text(high)) if unit is not None}
    if most is None or (low and least is None) or len(units) > 1 or (least or 0) > most:
        return None, None, None
    return least or Fraction(0), most, next(iter(units), None)


def _infused(given: Json, schedule: Schedule) -> Dose:
    """A rate: times the length of one infusion, or the whole day when it runs without an end."""
    ratio, quantity, span = (part(given, f"rate{kind}") for kind in ("Ratio", "Quantity", "Range"))
    if ratio:
        below = part(ratio, "denominator")
        value, time = amount(number(part(ratio, "numerator"), "value")), days_of(below)
        unit = unit_text(part(ratio, "numerator"))
        rates = (value / time,) * 2 if value is not None and time else None
    elif quantity or span:
        ends = (quantity, quantity) if quantity else (part(span, "low"), part(span, "high"))
        values = [amount(number(end, "value")) for end in ends]
        unit, time = _unit_over_time(unit_text(ends[1]))
        rates = (
            (values[0] / time, values[1] / time)
            if values[0] is not None and values[1] is not None and time
            else None
        )
    else:
        return None, None, None
    if rates is None or unit is None:
        return None, None, None
    if schedule.duration is not None:
        return rates[0] * schedule.duration, rates[1] * schedule.duration, unit
    whole_day = schedule.rate is None and not schedule.unreadable
    return (rates[0], rates[1], unit) if whole_day else (None, None, None)


def _unit_over_time(text: str | None) -> tuple[str | None, Fraction | None]:
    """mL/h as (mL, a 24th of a day)."""
    above, slash, below = (text or "").rpartition("/")
    return (above, days_of({"value": 1, "unit": below})) if slash else (None, None)


def _most_a_day(dosage: Json, high: Fraction | None, unit: str | None) -> Fraction | None:
    """The most doses a day that maxDosePerPeriod allows (the strictest of several)."""
    found = []
    for ratio in parts(dosage, "maxDosePerPeriod"):
        above, time = part(ratio, "numerator"), days_of(part(ratio, "denominator"))
        value, its_unit = amount(number(above, "value")), unit_text(above)
        if value is None or not time or not high:
            continue
        size = _doses_in(its_unit, unit)
        if size is not None:
            found.append(value / time if size == 0 else value * size / high / time)
    return min(found, default=None)


def _doses_in(text: str | None, dose_unit: str | None) -> Fraction | None:
    """How many dose units one unit of a maximum is; 0: it counts doses; null: not comparable."""
    if text == dose_unit:
        return Fraction(1)
    its, ours = unit_of(text or ""), unit_of(dose_unit or "")
    if its is not None and its.name == "dose":
        return Fraction(0)
    if its is None or ours is None or its.kind != ours.kind:
        return None
    if its.kind in ("mass", "volume"):
        return Fraction(str(its.factor)) / Fraction(str(ours.factor))
    return Fraction(1) if its.name == ours.name else None
