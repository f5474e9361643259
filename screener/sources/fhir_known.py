"""What records of a FHIR export say about each other, gathered before or while it is read.

Ids are kept, not records: about 200 bytes for each Encounter, Medication, dispensed request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from screener.sources.fhir_dosage import Plan, plan_of
from screener.sources.fhir_products import medication_cells
from screener.sources.fhir_values import Json, days_of, part, parts, reference_id, who, word

Pairs = tuple[tuple[str, str], ...]
NOT_HANDED_OVER = ("cancelled", "declined", "entered-in-error", "preparation", "draft")
_MEMORY = 20_000  # distinct dosages that are kept


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a request says that its dispenses may leave out. days: the expected supply."""

    plan: Plan
    prescriber: str | None
    site: str | None
    days: int | None


@dataclass(slots=True)
class Known:
    """products: drug columns by Medication id. sites: organization by Encounter id. handed_over:
    by request id, whether any dispense of it was. ordered: those requests. kinds: the resource
    types of the export."""

    products: dict[str, Pairs] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    handed_over: dict[str, bool] = field(default_factory=dict)
    ordered: dict[str, Ordered] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    _plans: dict[str, Plan] = field(default_factory=dict)
    _alike: dict[Any, Any] = field(default_factory=dict)

    def plan(self, dosages: list[Json]) -> Plan:
        """`plan_of`, worked out once for equal dosages."""
        if not dosages:
            return plan_of(dosages)
        key = json.dumps(dosages)
        found = self._plans.get(key)
        if found is None:
            found = plan_of(dosages)
            if len(self._plans) >= _MEMORY:
                self._plans.clear()
            self._plans[key] = found
        return found

    def one(self, value: Any) -> Any:
        """The first of equal texts or tuples, so that a million equal ones take no room."""
        return self._alike.setdefault(value, value)


def remember_medication(resource: Json, known: Known) -> None:
    """Keeps what a Medication resource is."""
    identity = word(resource, "id")
    if identity is not None:
        known.products[identity] = known.one(tuple(medication_cells(resource).items()))


def remember_encounter(resource: Json, known: Known) -> None:
    """Keeps whose encounter it was: the site of what was ordered in it."""
    identity, site = word(resource, "id"), who(part(resource, "serviceProvider"))
    if identity is not None and site is not None:
        known.sites[identity] = known.one(site)


def remember_dispense(resource: Json, known: Known) -> None:
    """Keeps whether the request behind a dispense was handed over by any of its dispenses."""
    if word(resource, "status") == "entered-in-error":
        return
    request = request_behind(resource)
    if request is not None:
        known.handed_over[request] = known.handed_over.get(request, False) or was_handed_over(
            resource
        )


def remember_request(resource: Json, known: Known) -> Ordered:
    """Keeps what a request says of dose and supply, for dispenses that say nothing of it."""
    supply = days_of(part(part(resource, "dispenseRequest"), "expectedSupplyDuration"))
    ordered = Ordered(
        known.plan(parts(resource, "dosageInstruction")),
        known.one(who(part(resource, "requester"))),
        site_of(resource, known),
        int(supply) if supply and supply >= 1 else None,
    )
    identity = word(resource, "id")
    if identity is not None:
        known.ordered[identity] = ordered
    return ordered


def request_behind(dispense: Json) -> str | None:
    """The id of the MedicationRequest that a dispense was made for."""
    found = (
        reference_id(r, "MedicationRequest") for r in parts(dispense, "authorizingPrescription")
    )
    return next((identity for identity in found if identity is not None), None)


def was_handed_over(dispense: Json) -> bool:
    """completed = picked up; in other states only a dispense with a day of handing over was."""
    status = word(dispense, "status")
    if status == "completed":
        return True
    return status not in NOT_HANDED_OVER and word(dispense, "whenHandedOver") is not None


def site_of(resource: Json, known: Known) -> str | None:
    """The organization of the encounter (a dispense: its context) of a record."""
    encounter = part(resource, "encounter") or part(resource, "context")
    return known.sites.get(reference_id(encounter, "Encounter") or "")
