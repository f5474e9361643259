"""FHIR Patient, Observation, Condition and Encounter to their canonical rows.

Source of every meaning: HL7 FHIR R4; the choices are in docs/mappings.md, section FHIR. A function
gives the rows of one resource, or the reason why it is none of ours.
"""

from __future__ import annotations

from functools import lru_cache

from screener.sources.fhir_orders import NO_PATIENT, Made, about_something_else, patient_of
from screener.sources.fhir_values import (
    Json,
    bare_unit,
    codes,
    codings,
    concept_text,
    number,
    part,
    parts,
    word,
)
from screener.sources.loinc import LOINC, analyte_named, units_of_analyte

Cells = dict[str, str]
LOINC_SYSTEMS = ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1")
NO_RESULT = ("registered", "cancelled", "entered-in-error")
NOT_SO = ("refuted", "entered-in-error", "unconfirmed", "differential")
NOT_TAKEN_PLACE = ("planned", "cancelled", "entered-in-error")
# HL7 v3 ActEncounterCode: inpatient encounter, and the two kinds of it.
INPATIENT = frozenset({"IMP", "ACUTE", "NONAC"})
CONDITION_SYSTEMS = ("snomed", "icd", "2.16.840.1.113883.6.96", "2.16.840.1.113883.6.90")


def _cells(**given: str | None) -> Cells:
    return {name: value for name, value in given.items() if value is not None}


def patient_rows(resource: Json) -> Made:
    """A Patient. Gender other or unknown is unknown; deceasedBoolean has no day to give."""
    return [
        _cells(
            patient_id=word(resource, "id"),
            birth_date=word(resource, "birthDate"),
            sex=word(resource, "gender"),
            death_date=word(resource, "deceasedDateTime"),
        )
    ]


def observation_rows(resource: Json) -> Made:
    """An Observation with a test that rules can use, or whose components have one."""
    if about_something_else(resource):
        return NO_PATIENT
    if word(resource, "status") in NO_RESULT:
        return "have no result (registered, cancelled or entered in error)"
    patient = patient_of(resource)
    taken = word(resource, "effectiveDateTime") or word(resource, "effectiveInstant")
    taken = taken or word(part(resource, "effectivePeriod"), "start")
    rows = []
    for measured in (resource, *parts(resource, "component")):
        analyte = _analyte(part(measured, "code"))
        if analyte is None:
            continue
        quantity = part(measured, "valueQuantity")
        rows.append(
            _cells(
                patient_id=patient,
                date=taken,
                analyte=analyte,
                comparator=word(quantity, "comparator"),
                value=number(quantity, "value") or _other_value(measured),
                unit=_unit(analyte, word(quantity, "unit"), word(quantity, "code")),
            )
        )
    return rows or "are no test that rules use"


def _other_value(measured: Json) -> str | None:
    return number(measured, "valueInteger") or word(measured, "valueString")


def _analyte(concept: Json) -> str | None:
    """By LOINC code; by name only where no LOINC code says what it is: a creatinine may be of the
    urine."""
    coded = tuple(code for system, code in codings(concept) if system in LOINC_SYSTEMS)
    return _named(coded, concept_text(concept))


@lru_cache(4096)
def _named(coded: tuple[str, ...], said: str | None) -> str | None:
    if coded:
        return next((LOINC[code] for code in coded if code in LOINC), None)
    return analyte_named(said) if said is not None else None


@lru_cache(4096)
def _unit(analyte: str, said: str | None, code: str | None) -> str | None:
    """The way of writing the unit, of the two that a Quantity has, that the test is known by."""
    written = [bare_unit(text) for text in (code, said) if text is not None]
    allowed = units_of_analyte(analyte)
    fitting = (text for text in written if "".join(text.lower().split()) in allowed)
    return next(fitting, written[0] if written else None)


def condition_rows(resource: Json) -> Made:
    """A Condition: a row for its words and one for each code of SNOMED CT or an ICD."""
    if about_something_else(resource):
        return NO_PATIENT
    if set(codes(resource, "verificationStatus")) & set(NOT_SO):
        return "are refuted, unconfirmed, or entered in error"
    onset, abated = part(resource, "onsetPeriod"), part(resource, "abatementPeriod")
    start = word(resource, "onsetDateTime") or word(onset, "start")
    end = word(resource, "abatementDateTime") or word(abated, "end") or word(onset, "end")
    concept = part(resource, "code")
    named = [concept_text(concept)]
    for system, code in codings(concept):
        if any(sign in system.lower() for sign in CONDITION_SYSTEMS):
            named.append(code)
    told: list[str | None] = [*dict.fromkeys(name for name in named if name is not None)]
    return [
        _cells(
            patient_id=patient_of(resource),
            condition=name,
            start_date=start or word(resource, "recordedDate"),
            end_date=end,
        )
        for name in told or [None]
    ]


def encounter_rows(resource: Json) -> Made:
    """An Encounter of an inpatient: an admission."""
    if not INPATIENT & set(codes(resource, "class")):
        return "are not of inpatients"
    if word(resource, "status") in NOT_TAKEN_PLACE:
        return "are planned, cancelled or entered in error"
    period = part(resource, "period") or part(resource, "actualPeriod")
    return [
        _cells(
            patient_id=patient_of(resource),
            start_date=word(period, "start"),
            end_date=word(period, "end"),
        )
    ]
