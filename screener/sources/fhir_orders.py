"""FHIR requests, dispenses and statements of medication to rows of `prescriptions`.

Source of every meaning: HL7 FHIR R4 (MedicationRequest, MedicationDispense, MedicationStatement);
the choices are in docs/mappings.md, section FHIR. A function gives the rows of one resource, or
the reason why it is none of ours.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import floor

from screener.sources.fhir_dosage import Instruction, Plan
from screener.sources.fhir_known import (
    Known,
    day_of_supply,
    remember_request,
    request_behind,
    site_of,
    was_handed_over,
    was_taken_back,
)
from screener.sources.fhir_products import product_of
from screener.sources.fhir_values import (
    Json,
    amount,
    day,
    days_of,
    decimal,
    is_day,
    number,
    part,
    parts,
    reference_id,
    unit_text,
    version_of,
    who,
    word,
)
from screener.units import unit_of

Cells = dict[str, str]
Made = list[Cells] | str
NO_ORDERS = ("proposal", "plan", "option")
NO_PATIENT = "are not about a patient"
PACKS = ("bag",)  # bags, bottles, boxes, kits


def patient_of(resource: Json) -> str | None:
    """The id of the patient that a resource is about."""
    for name in ("subject", "patient", "beneficiary"):
        found = reference_id(part(resource, name), "Patient")
        if found is not None:
            return found
    return None


def about_something_else(resource: Json) -> bool:
    """Whether the subject is a group, a device or a place."""
    text = word(part(resource, "subject"), "reference") or ""
    return any(f"{kind}/" in text for kind in ("Group", "Device", "Location"))


def request_rows(resource: Json, known: Known) -> Made:
    """A MedicationRequest: an order, unless its dispenses say what was supplied."""
    if about_something_else(resource):
        return NO_PATIENT
    if word(resource, "intent") in NO_ORDERS:
        return "are proposals, plans or options, not orders"
    if resource.get("doNotPerform") is True:
        return "say that a drug is not to be given"
    identity = word(resource, "id")
    supplied = known.handed_over.get(identity or "")
    ordered = remember_request(resource, known) if supplied else None
    if ordered is not None:
        return "are counted by their dispenses"
    asked = part(resource, "dispenseRequest")
    plan = known.plan(parts(resource, "dosageInstruction"))
    validity = part(asked, "validityPeriod")
    start = _later(word(resource, "authoredOn"), word(validity, "start"))
    supply = days_of(part(asked, "expectedSupplyDuration"))
    days = floor(supply) if supply is not None and supply >= 1 else None
    quantity = _quantity(part(asked, "quantity"), plan)
    if days is None and quantity is None and not any(row.days or row.end for row in plan.rows):
        days = _days_between(start, word(validity, "end"))
    common = _common(resource, known)
    _put(common, "prescriber_id", who(part(resource, "requester")))
    _put(common, "site_id", site_of(resource, known))
    _put(common, "replaces", _replaced(resource))
    if supplied is False:
        common["dispensed"] = "no"
    return _rows(plan, common, start, days, quantity)


def dispense_rows(resource: Json, known: Known) -> Made:
    """A MedicationDispense: a supply; dose and directions of the request where it has none."""
    if about_something_else(resource):
        return NO_PATIENT
    given = was_handed_over(resource)
    start = day_of_supply(resource)
    if not given and start is None:
        return "were not handed over and have no day"
    if was_taken_back(resource, known):
        return "are older than a record that takes the supply back"
    ordered = known.ordered.get(request_behind(resource) or "")
    plan = known.plan(parts(resource, "dosageInstruction"))
    if not parts(resource, "dosageInstruction") and ordered is not None:
        plan = _each_time(ordered.plan)
    supply = days_of(part(resource, "daysSupply"))
    days = floor(supply) if supply is not None else None
    quantity = _quantity(part(resource, "quantity"), plan)
    if days is None and quantity is None and ordered is not None:
        days = ordered.days
    common = _common(resource, known)
    if common.get("status") == "preparation":
        common["status"] = "in-progress"
    common["dispensed"] = "yes" if given else "no"
    _put(common, "prescriber_id", ordered.prescriber if ordered else None)
    _put(common, "site_id", site_of(resource, known) or (ordered.site if ordered else None))
    return _rows(plan, common, start, days, quantity)


def statement_rows(resource: Json, known: Known) -> Made:
    """A MedicationStatement: what somebody says is taken, unless it restates an order."""
    if about_something_else(resource):
        return NO_PATIENT
    for kind in ("MedicationRequest", "MedicationDispense"):
        behind = [r for name in ("basedOn", "derivedFrom", "partOf") for r in parts(resource, name)]
        if kind in known.kinds and any(reference_id(one, kind) is not None for one in behind):
            return "restate orders or dispenses"
    period = part(resource, "effectivePeriod")
    start = word(period, "start") or word(resource, "effectiveDateTime")
    plan = known.plan(parts(resource, "dosage"))
    common = _common(resource, known)
    if common.get("status") == "recorded":  # R5
        common["status"] = "active"
    _put(common, "site_id", site_of(resource, known))
    end = word(period, "end")
    days = None
    if end is not None:
        _put(common, "stop_date", _day_after(end))
    elif period and common.get("status") == "active":
        # Said to go on: it was taken up to the day on which somebody said so.
        days = _days_between(start, word(resource, "dateAsserted"))
    return _rows(plan, common, start, days, None)


def _common(resource: Json, known: Known) -> Cells:
    cells = dict(product_of(resource, known.products))
    _put(cells, "prescription_id", word(resource, "id"))
    _put(cells, "patient_id", patient_of(resource))
    _put(cells, "status", word(resource, "status"))
    _put(cells, "version", version_of(resource))
    return cells


def _put(cells: Cells, name: str, value: str | None) -> None:
    if value is not None:
        cells[name] = value


def _replaced(resource: Json) -> str | None:
    """The order that came before, or that this one is a part of carrying out."""
    behind = [part(resource, "priorPrescription"), *parts(resource, "basedOn")]
    found = (reference_id(one, "MedicationRequest") for one in behind)
    return next((identity for identity in found if identity is not None), None)


def _each_time(plan: Plan) -> Plan:
    """Steps of a taper do not start again with every dispense; their dose is then not known."""
    if not plan.in_steps:
        return Plan(tuple(Instruction(row.cells, per_day=row.per_day) for row in plan.rows))
    kept = {name: plan.rows[0].cells[name] for name in ("route",) if name in plan.rows[0].cells}
    said = dict.fromkeys(row.cells["sig"] for row in plan.rows if "sig" in row.cells)
    return Plan((Instruction(kept | ({"sig": " then ".join(said)} if said else {})),))


def _rows(
    plan: Plan, common: Cells, start: str | None, days: int | None, quantity: Fraction | None
) -> list[Cells]:
    """One row an instruction; the first has the resource's own id, the others /2, /3, ..."""
    if len(plan.rows) > 1 and not plan.in_steps and days is None and quantity is not None:
        each = [row.per_day for row in plan.rows]
        whole = sum((one for one in each if one is not None), Fraction(0))
        days = max(floor(quantity / whole), 1) if None not in each and whole else None
    made = []
    for place, row in enumerate(plan.rows):
        cells = common | row.cells
        if place and "prescription_id" in common:
            cells["prescription_id"] = f"{common['prescription_id']}/{place + 1}"
        _put(cells, "start_date", _start(row, start))
        length = _length(row, days, in_steps=plan.in_steps, last=place == len(plan.rows) - 1)
        _put(cells, "days_supply", str(length) if length is not None else None)
        if row.end is not None:
            _put(cells, "stop_date", _day_after(row.end))
        if quantity is not None and len(plan.rows) == 1:
            cells["quantity"] = decimal(quantity)
        made.append(cells)
    return made


def _start(row: Instruction, start: str | None) -> str | None:
    first = day(start)
    if row.start is not None:
        return row.start
    if row.after and first is not None:
        return (first + dt.timedelta(days=row.after)).isoformat()
    return start


def _length(row: Instruction, days: int | None, *, in_steps: bool, last: bool) -> int | None:
    """The shorter of what the instruction and what the supply last for."""
    if not in_steps:
        known = [length for length in (row.days, days) if length is not None]
        return min(known, default=None)
    if row.days is not None or row.end is not None or not last or days is None:
        return row.days
    return days - row.after if days > row.after else None


def _later(first: str | None, second: str | None) -> str | None:
    """The later of two dates; the one that names a day, where the other does not."""
    known = [text for text in (first, second) if is_day(text) and text is not None]
    return max(known, key=lambda text: text[:10], default=first or second)


def _day_after(text: str) -> str:
    """The first day not covered; a date that names no day stays as it is, and is flagged."""
    last = day(text)
    return (last + dt.timedelta(days=1)).isoformat() if last is not None else text


def _days_between(first: str | None, last: str | None) -> int | None:
    """Days from the first to the last, both counted."""
    start, end = day(first), day(last)
    return (end - start).days + 1 if start and end and end >= start else None


def _quantity(quantity: Json, plan: Plan) -> Fraction | None:
    """How many units of the dose were supplied, in mL for liquids; packs have no known content."""
    value = amount(number(quantity, "value"))
    text = unit_text(quantity)
    unit = unit_of(text) if text is not None else None
    if value is None or (text is not None and unit is None):
        return None
    doses = {row.cells["dose_unit"] for row in plan.rows if "dose_unit" in row.cells}
    kinds = {found.kind for one in doses if (found := unit_of(one)) is not None}
    if "volume" in kinds:
        liquid = unit is not None and unit.kind == "volume" and len(kinds) == 1
        return value * Fraction(str(unit.factor)) if unit is not None and liquid else None
    counted = unit is None or (unit.kind == "countable" and unit.name not in PACKS)
    return value if counted else None
