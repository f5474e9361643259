"""What a FHIR medication is: Medication resources and CodeableConcepts to the drug columns.

Source of every meaning: HL7 FHIR R4, Medication and MedicationRequest.medication[x].
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from screener.sources.fhir_values import (
    CODE_SYSTEMS,
    Json,
    amount,
    codings,
    concept_text,
    days_of,
    decimal,
    number,
    part,
    parts,
    reference_id,
    unit_text,
    word,
)
from screener.terminology import ingredient_named, resolve_drugs

Cells = dict[str, str]
_PREFERRED = ("atc", "rxnorm", "ndc", "snomed")  # the first two lead to ingredients


def product_of(resource: Json, known: Mapping[str, tuple[tuple[str, str], ...]]) -> Cells:
    """The drug of a request, dispense or statement; `known` are Medication resources by id.

    R4: medicationCodeableConcept or medicationReference (contained "#id", or another resource);
    R5: medication.concept or medication.reference. Empty when nothing leads to a drug.
    """
    either = part(resource, "medication")
    concept = part(resource, "medicationCodeableConcept") or part(either, "concept")
    cells = drug_cells(concept)
    reference = part(resource, "medicationReference") or part(either, "reference")
    if cells or not reference:
        return cells
    text = word(reference, "reference") or ""
    if text.startswith("#"):
        inside = (c for c in parts(resource, "contained") if "#" + (word(c, "id") or "") == text)
        cells = medication_cells(next(inside, {}))
    else:
        cells = dict(known.get(reference_id(reference, "Medication") or "", ()))
    shown = word(reference, "display")
    if "drug" not in cells and shown is not None:
        return cells | {"drug": shown}
    return cells


def drug_cells(concept: Json) -> Cells:
    """drug, drug_code and drug_code_system of a CodeableConcept."""
    cells: Cells = {}
    said = concept_text(concept)
    if said is not None:
        cells["drug"] = said
    coded = {
        CODE_SYSTEMS[system]: code for system, code in codings(concept) if system in CODE_SYSTEMS
    }
    for system in _PREFERRED:
        if system in coded:
            return cells | {"drug_code": coded[system], "drug_code_system": system}
    return cells


def medication_cells(medication: Json) -> Cells:
    """The drug columns, form and strength of a Medication resource."""
    cells = drug_cells(part(medication, "code"))
    form = concept_text(part(medication, "form")) or concept_text(part(medication, "doseForm"))
    if form is not None:
        cells["form"] = form
    active = [one for one in parts(medication, "ingredient") if one.get("isActive") is not False]
    named = [_ingredient_name(one) for one in active]
    if "drug" not in cells and "drug_code" not in cells and named and all(named):
        cells["drug"] = " / ".join(name for name in named if name)
    return cells | _strength(cells.get("drug"), active, named)


def _ingredient_name(ingredient: Json) -> str | None:
    either = part(ingredient, "item")
    concept = part(ingredient, "itemCodeableConcept") or part(either, "concept") or either
    return concept_text(concept) or word(part(ingredient, "itemReference"), "display")


def _strength(drug: str | None, active: list[Json], named: list[str | None]) -> Cells:
    """The amounts of the active ingredients, in the order in which the product lists them."""
    found = [_one_strength(one) for one in active]
    whole = [one for one in found if one is not None]
    if not whole or len(whole) < len(found) or len({one[1:] for one in whole}) > 1:
        return {}
    value, unit, per_value, per_unit = whole[0]
    if len(whole) > 1:
        order = _order(drug, tuple(name or "" for name in named))
        if order is None:
            return {}
        value = "/".join(whole[place][0] for place in order)
    cells = {"strength_value": value, "strength_unit": unit}
    if per_value is not None:
        cells["strength_per_value"] = per_value
    if per_unit is not None:
        cells["strength_per_unit"] = per_unit
    return cells


def _one_strength(ingredient: Json) -> tuple[str, str, str | None, str | None] | None:
    ratio = part(ingredient, "strength") or part(ingredient, "strengthRatio")
    above, below = part(ratio, "numerator"), part(ratio, "denominator")
    if not above:
        above, below = part(ingredient, "strengthQuantity"), {}
    value, unit = amount(number(above, "value")), unit_text(above)
    if value is None or unit is None:
        return None
    time = days_of(below)
    if time:  # what a patch gives off: 1.8 mg in 72 hours is 0.025 mg/h
        return decimal(value / (time * 24)), f"{unit}/h", None, None
    return decimal(value), unit, number(below, "value"), unit_text(below)


@lru_cache(4096)
def _order(drug: str | None, named: tuple[str, ...]) -> tuple[int, ...] | None:
    """Where each ingredient of the product stands among the names; null when that is not sure."""
    if drug is None:
        return None
    key = {"drug": [drug], "drug_code": [None], "drug_code_system": [None]}
    schema = dict.fromkeys(key, pl.String())
    product = resolve_drugs(pl.DataFrame(key, schema=schema))["ingredient"].to_list()
    ours = [ingredient_named(name) for name in named]
    if None in ours or sorted(ours, key=str) != sorted(product, key=str):
        return None
    return tuple(ours.index(ingredient) for ingredient in product)
