"""What records of a FHIR export say about each other, gathered before or while it is read.

Ids are kept, not records: about 200 bytes for each Encounter, Medication, dispensed request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from screener.sources.fhir_dosage import Plan, plan_of
from screener.sources.fhir_products import medication_cells
from screener.sources.fhir_values import (
    Json,
    days_of,
    part,
    parts,
    reference_id,
    version_of,
    who,
    word,
)

Pairs = tuple[tuple[str, str], ...]
NOT_HANDED_OVER = ("cancelled", "declined", "entered-in-error", "preparation", "draft")
_MEMORY = 20_000  # distinct dosages that are kept


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a request says that its dispenses may leave out. days: the expected supply; version: as
    `sorted_version` of the record that said so."""

    plan: Plan
    prescriber: str | None
    site: str | None
    days: int | None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Supply:
    """What the newest record of a dispense says: whether each of its requests was handed over, and
    whether it gives no row, as nothing was handed over and no day stands there."""

    version: str
    given: tuple[tuple[str, bool], ...]
    no_row: bool


@dataclass(slots=True)
class Known:
    """products: drug columns by Medication id, of the version in product_versions. sites:
    organization by Encounter id. handed_over: by request id, whether any dispense of it was.
    ordered: those requests. kinds: the resource types of the export. twice: dispense ids with
    several records, and supplies: what the newest of them says, kept where it gives no row.
    copied: records so far with an instruction that is there twice, to the letter."""

    products: dict[str, Pairs] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    handed_over: dict[str, bool] = field(default_factory=dict)
    ordered: dict[str, Ordered] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    product_versions: dict[str, str] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    supplies: dict[str, Supply] = field(default_factory=dict)
    copied: int = 0
    _plans: dict[str, Plan] = field(default_factory=dict)
    _alike: dict[Any, Any] = field(default_factory=dict)

    def plan(self, dosages: list[Json]) -> Plan:
        """`plan_of`, worked out once for equal dosages; what stands there twice counts once."""
        if not dosages:
            return plan_of(dosages)
        given, dosages = len(dosages), _once_each(dosages)
        self.copied += len(dosages) < given
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


def _once_each(dosages: list[Json]) -> list[Json]:
    """Instructions without those that repeat another in everything but the element's id."""
    if len(dosages) < 2:
        return dosages
    texts = (json.dumps(one | {"id": None}, sort_keys=True) for one in dosages)
    return list(dict(zip(texts, dosages, strict=True)).values())


def remember_medication(resource: Json, known: Known) -> None:
    """Keeps what a Medication resource is; of several with one id the newest version."""
    identity = word(resource, "id")
    if identity is None or _is_older(resource, known.product_versions.get(identity, "")):
        return
    known.products[identity] = known.one(tuple(medication_cells(resource).items()))
    version = sorted_version(resource)
    if version:
        known.product_versions[identity] = known.one(version)


def sorted_version(resource: Json) -> str:
    """The version of a record as a text that sorts in time, as in screener.timeline.versions: whole
    numbers are filled up with zeros; without a version it is blank, the oldest."""
    version = version_of(resource) or ""
    return version.zfill(24) if version.isdecimal() else version


def _is_older(resource: Json, version: str) -> bool:
    return bool(version) and sorted_version(resource) < version


def remember_encounter(resource: Json, known: Known) -> None:
    """Keeps whose encounter it was: the site of what was ordered in it."""
    identity, site = word(resource, "id"), who(part(resource, "serviceProvider"))
    if identity is not None and site is not None:
        known.sites[identity] = known.one(site)


def remember_dispense(resource: Json, known: Known) -> None:
    """Keeps whether the request behind a dispense was handed over by any of its dispenses.

    Of a dispense with several records (`twice`) only the newest counts, as a supply may have been
    reversed; call `settle_supplies` when all were remembered.
    """
    request = request_behind(resource)
    void = word(resource, "status") == "entered-in-error" or request is None
    said = () if void or request is None else ((request, was_handed_over(resource)),)
    identity = word(resource, "id")
    if identity is None or identity not in known.twice:
        _hand_over(said, known)
        return
    version, newest = sorted_version(resource), known.supplies.get(identity)
    no_row = not was_handed_over(resource) and day_of_supply(resource) is None
    if newest is None or version > newest.version:
        known.supplies[identity] = Supply(version, said, no_row)
    elif version == newest.version:
        both = (*newest.given, *said)
        known.supplies[identity] = Supply(version, both, newest.no_row and no_row)


def settle_supplies(known: Known) -> None:
    """Counts the newest records of the dispenses that stand in the export several times."""
    for supply in known.supplies.values():
        _hand_over(supply.given, known)
    known.supplies = {key: one for key, one in known.supplies.items() if one.no_row}


def was_taken_back(dispense: Json, known: Known) -> bool:
    """Whether a newer record of the dispense says that nothing was handed over, without a day: it
    gives no row that could supersede this one."""
    newest = known.supplies.get(word(dispense, "id") or "")
    return newest is not None and sorted_version(dispense) < newest.version


def _hand_over(said: tuple[tuple[str, bool], ...], known: Known) -> None:
    for request, given in said:
        known.handed_over[request] = known.handed_over.get(request, False) or given


def remember_request(resource: Json, known: Known) -> Ordered:
    """Keeps what a request says of dose and supply, for dispenses that say nothing of it; of
    several records of a request what the newest says."""
    supply = days_of(part(part(resource, "dispenseRequest"), "expectedSupplyDuration"))
    ordered = Ordered(
        known.plan(parts(resource, "dosageInstruction")),
        known.one(who(part(resource, "requester"))),
        site_of(resource, known),
        int(supply) if supply and supply >= 1 else None,
        sorted_version(resource),
    )
    identity = word(resource, "id")
    before = known.ordered.get(identity or "")
    if identity is not None and (before is None or ordered.version >= before.version):
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


def day_of_supply(dispense: Json) -> str | None:
    """When a dispense was handed over, else when it was prepared."""
    return word(dispense, "whenHandedOver") or word(dispense, "whenPrepared")


def site_of(resource: Json, known: Known) -> str | None:
    """The organization of the encounter (a dispense: its context) of a record."""
    encounter = part(resource, "encounter") or part(resource, "context")
    return known.sites.get(reference_id(encounter, "Encounter") or "")
