"""Drug texts of real exports, where their folder is at hand: how many rows are mapped."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from screener.terminology import resolve_drugs

SHARED = Path(__file__).parents[3] / "shared" / "data"
RXNORM = "rxnorm"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is absent"),
]
Texts = Counter[tuple[str, str | None]]  # (text, RxNorm code or None) -> rows; blank texts left out


def _table(file: str, text: str, code: str | None, separator: str = ",") -> Texts:
    with (SHARED / file).open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter=separator)
        named = Counter((row[text].strip(), row[code] if code else None) for row in rows)
    return Counter({key: n for key, n in named.items() if key[0]})


def _requests(file: str) -> Texts:
    found: Texts = Counter()
    with (SHARED / file).open(encoding="utf-8") as lines:
        for line in lines:
            concept = json.loads(line).get("medicationCodeableConcept") or {}
            coding = (concept.get("coding") or [{}])[0]
            found[concept.get("text") or coding.get("display") or "", coding.get("code")] += 1
    return Counter({key: n for key, n in found.items() if key[0].strip()})


def _exposures() -> Texts:
    with (SHARED / "omop_cdm" / "CONCEPT.csv").open(newline="", encoding="utf-8") as lines:
        names = {row["concept_id"]: row["concept_name"] for row in csv.DictReader(lines)}
    with (SHARED / "omop_cdm" / "DRUG_EXPOSURE.csv").open(newline="", encoding="utf-8") as lines:
        ids = [row["drug_concept_id"] for row in csv.DictReader(lines)]
    return Counter((names[one], None) for one in ids if names.get(one))


EXPORTS: dict[str, tuple[Callable[[], Texts], float]] = {
    "smart_outpatient": (lambda: _table("smart_outpatient/meds.txt", "Name", "RxNorm", "\t"), 0.95),
    "smart_outpatient sigs": (
        lambda: _table("smart_outpatient/ri-sigs.txt", "DRUG", None, "\t"),
        0.95,
    ),
    "synthea_csv": (lambda: _table("synthea_csv/medications.csv", "DESCRIPTION", "CODE"), 0.99),
    "synthea_csv_with_labs": (
        lambda: _table("synthea_csv_with_labs/medications.csv", "DESCRIPTION", "CODE"),
        0.99,
    ),
    "fhir_bulk": (lambda: _requests("fhir_bulk/MedicationRequest.000.ndjson"), 0.95),
    "fhir_slice": (lambda: _requests("fhir_slice/MedicationRequest.ndjson"), 0.95),
    "omop_cdm": (_exposures, 0.95),
    "eicu_demo orders": (lambda: _table("eicu_demo/medication.csv", "drugname", None), 0.95),
    "eicu_demo home": (lambda: _table("eicu_demo/admissiondrug.csv", "drugname", None), 0.95),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_nearly_every_named_order_of_a_real_export_is_a_known_drug_or_known_to_be_none(
    export: str,
) -> None:
    read, at_least = EXPORTS[export]
    counts = read()
    asked = pl.DataFrame(
        {
            "drug": [text for text, _ in counts],
            "drug_code": [code for _, code in counts],
            "drug_code_system": [RXNORM if code else None for _, code in counts],
        },
        schema=dict.fromkeys(("drug", "drug_code", "drug_code_system"), pl.String),
    )
    got = resolve_drugs(asked)
    unmapped = got.filter(pl.col("ingredient").is_null(), pl.col("kind") == "drug")
    left = {
        (text, code): counts[text, code]
        for text, code in unmapped.select("drug", "drug_code").rows()
    }
    share = 1 - sum(left.values()) / sum(counts.values())
    worst = sorted(((n, text) for (text, _), n in left.items()), reverse=True)[:50]
    assert share >= at_least, f"{export}: {share:.3f} of the rows are mapped; unmapped: {worst}"
