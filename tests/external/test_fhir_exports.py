"""Whole runs on public FHIR exports, which stay outside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from screener.cli.main import ended_with

SHARED = Path(__file__).parents[3] / "shared" / "data"
RULES = Path(__file__).parents[2] / "rules"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is absent"),
]


def run_of(folder: str, out: Path) -> tuple[Path, dict[str, Any]]:
    arguments = ["run", str(SHARED / folder), "--format", "fhir", "--rules", str(RULES)]
    assert ended_with([*arguments, "--out", str(out)]) == 0
    (made,) = [p for p in out.iterdir() if (p / "run.json").exists() and not p.is_symlink()]
    return made, json.loads((made / "run.json").read_text())


@pytest.mark.parametrize(
    ("folder", "orders"), [("fhir_bulk", 1745), ("fhir_slice", 1705)]
)  # lines of their MedicationRequest files
def test_every_resource_ends_in_one_class_and_every_order_is_a_row(
    folder: str, orders: int, tmp_path: Path
) -> None:
    made, run = run_of(folder, tmp_path)
    assert all(check["ok"] for check in run["checks"])
    (requests,) = [file for file in run["inputs"] if file["table"] == "prescriptions"]
    assert (requests["records"], requests["set_aside"], requests["left_out"]) == (orders, 0, 0)
    written = pl.read_parquet(made / "orders.parquet")
    assert written["source_ref"].n_unique() == orders


def test_kidney_results_of_a_real_export_are_used(tmp_path: Path) -> None:
    made, run = run_of("fhir_slice", tmp_path)
    tested, patients = run["coverage"]["patients_with_kidney_test"]
    assert (tested, patients) > (0, 0)
    assert pl.read_parquet(made / "kidney.parquet").height > 500
    assert "lab-unit" not in run["counts"]["data_flags"]


def test_doses_without_a_unit_are_flagged_and_never_taken_for_tablets(tmp_path: Path) -> None:
    made, run = run_of("fhir_slice", tmp_path)
    assert run["counts"]["data_flags"]["unit"] > 1000
    orders = pl.read_parquet(made / "orders.parquet")
    structured = orders.filter(pl.col("doses_per_day") > 0, pl.col("as_needed").not_())
    assert structured.height > 500
    assert structured["dose_high_ug"].null_count() == structured.height
