"""Tiny OMOP exports for tests: tables as lists of rows, written as CSV, taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from screener.intake import Intake, take_in
from screener.sources import read_export

Rows = list[dict[str, Any]]
CONCEPTS: Rows = [
    {"concept_id": number, "concept_name": name, "domain_id": domain, "vocabulary_id": vocabulary,
     "concept_class_id": kind, "concept_code": code}
    for number, name, domain, vocabulary, kind, code in (
        (11, "baclofen 20 MG Oral Tablet", "Drug", "RxNorm", "Clinical Drug", "197392"),
        (12, "baclofen 1 MG/ML Oral Solution", "Drug", "RxNorm", "Clinical Drug", "r12"),
        (13, "150 ML baclofen 5 MG/ML Oral Suspension", "Drug", "RxNorm", "Quant Clinical Drug",
         "r13"),
        (14, "72 HR fentanyl 0.025 MG/HR Transdermal System", "Drug", "RxNorm",
         "Quant Clinical Drug", "r14"),
        (15, "methotrexate 2.5 MG Oral Tablet", "Drug", "RxNorm", "Clinical Drug", "r15"),
        (16, "acetaminophen 325 MG / oxycodone hydrochloride 10 MG Oral Tablet", "Drug", "RxNorm",
         "Clinical Drug", "r16"),
        (17, "Product of 100 units", "Drug", "RxNorm Extension", "Clinical Drug", "OMOP17"),
        (21, "baclofen", "Drug", "RxNorm", "Ingredient", "1292"),
        (31, "Oral", "Route", "SNOMED", "Qualifier Value", "26643006"),
        (41, "Creatinine [Mass/volume] in Serum or Plasma", "Measurement", "LOINC", "Lab Test",
         "2160-0"),
        (42, "Heart rate", "Measurement", "LOINC", "Clinical Observation", "8867-4"),
        (51, "Some disorder of no list", "Condition", "SNOMED", "Clinical Finding", "1000000"),
        (61, "Ward stay", "Visit", "Visit", "Visit", "w"),
    )
]  # fmt: skip
STRENGTHS: Rows = [
    {"drug_concept_id": 11, "ingredient_concept_id": 21, "amount_value": 20,
     "amount_unit_concept_id": 8576},
    {"drug_concept_id": 12, "ingredient_concept_id": 21, "numerator_value": 1,
     "numerator_unit_concept_id": 8576, "denominator_unit_concept_id": 8587},
    {"drug_concept_id": 13, "ingredient_concept_id": 21, "numerator_value": 750,
     "numerator_unit_concept_id": 8576, "denominator_value": 150,
     "denominator_unit_concept_id": 8587},
    {"drug_concept_id": 14, "ingredient_concept_id": 22, "numerator_value": 0.025,
     "numerator_unit_concept_id": 8576, "denominator_unit_concept_id": 8505},
    {"drug_concept_id": 15, "ingredient_concept_id": 23, "amount_value": 2.5,
     "amount_unit_concept_id": 8576},
    {"drug_concept_id": 16, "ingredient_concept_id": 24, "amount_value": 325,
     "amount_unit_concept_id": 8576},
    {"drug_concept_id": 16, "ingredient_concept_id": 25, "amount_value": 10,
     "amount_unit_concept_id": 8576},
    {"drug_concept_id": 17, "ingredient_concept_id": 26, "numerator_value": 100,
     "numerator_unit_concept_id": 8510, "denominator_unit_concept_id": 8587},
]  # fmt: skip
PERSON = {"person_id": 7, "gender_concept_id": 8532, "year_of_birth": 1960, "month_of_birth": 2,
          "day_of_birth": 29}  # fmt: skip


def exposure(**more: Any) -> dict[str, Any]:
    """A record of 28 days of baclofen tablets, three a day, with what a test says instead."""
    return {
        "drug_exposure_id": 1,
        "person_id": 7,
        "drug_concept_id": 11,
        "drug_exposure_start_date": "2024-03-01",
        "drug_exposure_end_date": "2024-03-28",
        "verbatim_end_date": None,
        "drug_type_concept_id": 38000177,
        "stop_reason": None,
        "quantity": 84,
        "days_supply": 28,
        "sig": None,
        "route_concept_id": 31,
        "provider_id": None,
        "drug_source_value": "BACLO20",
        "drug_source_concept_id": 0,
        "route_source_value": None,
    } | more


def written(folder: Path, tables: dict[str, Rows]) -> Path:
    """The tables as CSV files; CONCEPT, DRUG_STRENGTH and PERSON are there unless given."""
    own: dict[str, Rows] = {"concept": CONCEPTS, "drug_strength": STRENGTHS, "person": [PERSON]}
    folder.mkdir(exist_ok=True)
    for name, rows in (own | tables).items():
        if rows:
            pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / f"{name}.csv")
    return folder


def taken(folder: Path, export: str | None = None) -> Intake:
    """The export in a folder (or at another address), taken in."""
    scratch = folder / ".scratch"
    scratch.mkdir(exist_ok=True)
    return take_in([export or str(folder)], read=read_export, mapping="omop", scratch=scratch)


def orders(folder: Path, *exposures: dict[str, Any], **tables: Rows) -> pl.DataFrame:
    """The prescriptions that records of DRUG_EXPOSURE become."""
    written(folder, {"drug_exposure": list(exposures), **tables})
    return taken(folder).bucket(0).prescriptions
