"""The benchmark's export: the same bytes each time, native columns, a heavy tail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from screener.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
WANTED = 12_000


def made(folder: Path) -> Path:
    code = "import sys, pathlib, make_orders; make_orders.make(pathlib.Path(sys.argv[1]), 12_000)"
    subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT / "benchmarks",
        check=True,
        capture_output=True,
    )
    return folder / f"{WANTED}-orders"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("once"))


def test_the_same_number_of_orders_gives_the_same_bytes(export: Path, tmp_path: Path) -> None:
    again = made(tmp_path)
    for table in ("prescriptions", "patients", "labs"):
        assert (again / f"{table}.csv").read_bytes() == (export / f"{table}.csv").read_bytes()


@pytest.mark.parametrize("table", ["prescriptions", "patients", "labs"])
def test_the_columns_are_the_canonical_ones(export: Path, table: str) -> None:
    header = pl.read_csv(export / f"{table}.csv", infer_schema=False, n_rows=1).columns
    # the invented orders have no second versions
    assert header == [column.name for column in TABLES[table] if column.name != "version"]


def test_there_are_about_twelve_orders_a_patient_with_a_heavy_tail(export: Path) -> None:
    orders = pl.read_csv(export / "prescriptions.csv", infer_schema=False)
    assert 0.97 * WANTED <= orders.height <= WANTED
    each = orders.group_by("patient_id").len()["len"]
    assert 10 <= (each.mean() or 0) <= 16  # type: ignore[operator]
    assert each.max() > 4 * each.median()  # type: ignore[operator]


def test_orders_come_by_date_and_not_by_patient(export: Path) -> None:
    orders = pl.read_csv(export / "prescriptions.csv", infer_schema=False)
    assert orders["start_date"].is_sorted()
    assert not orders["patient_id"].is_sorted()


def test_at_least_fifty_drugs_are_used_baclofen_among_them(export: Path) -> None:
    drugs = pl.read_csv(export / "prescriptions.csv", infer_schema=False)["drug"]
    assert drugs.n_unique() >= 50
    assert drugs.str.to_lowercase().str.contains("baclofen|lioresal").mean() > 0.05  # type: ignore[operator]
