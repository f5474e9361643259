"""Runs on public OMOP exports, which stay outside the project."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from screener.cli.main import ended_with
from screener.sources import read_export
from screener.sources.omop_concepts import UNIT_IDS, UNITS, Cdm, lookup_file
from screener.sources.omop_products import products
from screener.sources.omop_tables import file_tables
from screener.units import unit_of

SHARED = Path(__file__).parents[3] / "shared" / "data"
RULES = Path(__file__).parents[2] / "rules"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is absent"),
]


def test_a_cdm_of_28_persons_is_read_whole(tmp_path: Path) -> None:
    arguments = ["run", str(SHARED / "omop_cdm"), "--format", "omop", "--rules", str(RULES)]
    assert ended_with([*arguments, "--out", str(tmp_path)]) == 0
    (made,) = [p for p in tmp_path.iterdir() if (p / "run.json").exists() and not p.is_symlink()]
    run = json.loads((made / "run.json").read_text())
    assert all(check["ok"] for check in run["checks"])
    for file in run["inputs"]:
        ends = ("used", "excluded", "duplicate", "superseded", "set_aside", "blank", "left_out")
        assert file["records"] == sum(file[end] for end in ends), file["file"]
    mapped, orders = run["coverage"]["drugs_mapped"]
    assert orders == 883
    assert mapped / orders > 0.95
    assert run["basis"] == "dispensed"  # every record is a pharmacy claim


def test_the_laboratory_tests_of_the_cdm_are_used() -> None:
    export = read_export([str(SHARED / "omop_cdm")], mapping="omop")
    rows = {
        file.table: pl.concat([b.rows for b in file.batches()], how="diagonal")
        for file in export.files
    }
    labs = rows["labs"].group_by("analyte").len().sort("analyte")
    counts = dict(labs.iter_rows())
    assert counts["creatinine"] == 241
    assert counts["potassium"] == 241
    assert set(rows["labs"].filter(pl.col("analyte") == "creatinine")["unit"]) == {"mg/dL"}


def test_unit_concepts_mean_what_the_vocabulary_says() -> None:
    concepts = pl.read_csv(SHARED / "omop_cdm" / "CONCEPT.csv", infer_schema=False)
    ucum = concepts.filter(vocabulary_id="UCUM")
    codes = dict(ucum.select("concept_id", "concept_code").iter_rows())
    for concept_id, ours in UNIT_IDS.items():
        assert ours == UNITS.get(codes[concept_id], codes[concept_id])
    plain = {
        "gram": "g", "kilogram": "kg", "milligram": "mg", "microgram": "mcg", "nanogram": "ng",
        "milliliter": "mL", "microliter": "mcL", "liter": "L", "millimole": "mmol",
        "milliequivalent": "mEq", "international unit": "IU", "unit": "unit", "drop": "drop",
        "tablet": "tablet", "milligram per milliliter": "mg/mL", "microgram per hour": "mcg/h",
        "microgram per milliliter": "mcg/mL", "milligram per hour": "mg/h",
    }  # fmt: skip
    names = dict(ucum.filter(standard_concept="S").select("concept_name", "concept_code").rows())
    known = {name: unit_of(names[name]) for name in plain}
    assert {name: unit.name if unit else None for name, unit in known.items()} == plain


def test_strengths_of_the_vocabulary_excerpt_are_read(tmp_path: Path) -> None:
    folder = SHARED / "omop_drug_strength"
    drugs = pl.read_csv(folder / "drug_strength.csv", infer_schema=False)["drug_concept_id"]
    records = [f"{n},1,{drug},2024-01-01" for n, drug in enumerate(drugs.unique().sort(), start=1)]
    header = "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date"
    (tmp_path / "drug_exposure.csv").write_text("\n".join([header, *records]) + "\n")
    tables = [*file_tables(str(folder), "utf-8", []), *file_tables(str(tmp_path), "utf-8", [])]
    cdm = Cdm({})
    for one in tables:
        cdm.tables.setdefault(one.table, []).append(one)
    for name in ("drug_strength", "concept_ancestor", "concept"):
        for one in cdm.tables[name]:
            assert sum(b.records for b in lookup_file(cdm, one).batches()) > 0
    found = products(cdm).select("drug", "strength_value", "strength_unit", "counted_in")
    strengths = {row[0]: row[1:] for row in found.iter_rows() if row[1] is not None}
    assert strengths["simvastatin 10 MG Oral Tablet"] == ("10", "mg", "tablet")
    assert strengths["acetaminophen 500 MG Oral Capsule"] == ("500", "mg", "capsule")
    marketed = "200 ML acetaminophen 48 MG/ML Oral Solution by Pharmacy Choice"
    assert strengths[marketed] == ("9600", "mg", "pack")
    assert not any(" / " in drug or "insulin" in drug for drug in strengths if drug)
