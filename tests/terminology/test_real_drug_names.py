"""Names of real exports, where their folder is at hand: how many of them are mapped."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from screener.terminology import resolve_drugs

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def _names(file: Path, column: str, separator: str) -> Counter[str]:
    with file.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter=separator)
        return Counter((row[column] or "").strip() for row in rows)


@pytest.mark.external
@pytest.mark.parametrize(
    ("file", "column", "separator", "at_least"),
    [
        ("synthea_csv/medications.csv", "DESCRIPTION", ",", 0.99),
        ("synthea_csv_with_labs/medications.csv", "DESCRIPTION", ",", 0.99),
        ("smart_outpatient/meds.txt", "Name", "\t", 0.90),
        ("smart_outpatient/ri-sigs.txt", "DRUG", "\t", 0.95),
    ],
)
def test_nearly_every_order_of_a_real_outpatient_export_is_mapped(
    file: str, column: str, separator: str, at_least: float
) -> None:
    path = DATA / file
    if not path.exists():
        pytest.skip("the shared folder of public exports is not here")
    counts = _names(path, column, separator)
    asked = pl.DataFrame({"drug": list(counts)}).with_columns(
        drug_code=pl.lit(None, pl.String), drug_code_system=pl.lit(None, pl.String)
    )
    unmapped = set(resolve_drugs(asked).filter(pl.col("ingredient").is_null())["drug"])
    rows = sum(counts.values())
    assert 1 - sum(counts[name] for name in unmapped) / rows >= at_least
