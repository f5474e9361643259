"""The hand-written peers of the benchmarks find what the screener finds, row by row."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from screener.cli.main import ended_with

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
TABLES = ("prescriptions", "patients", "labs", "conditions")
FIVE = ("baclofen-max-dose", "baclofen-raised-too-fast", "baclofen-with-cns-depressant",
        "baclofen-renal-dose", "baclofen-stopped-abruptly")  # fmt: skip
ALIKE = ["patient_id", "rule_id", "subject", "date", "end_date", "severity"]


def python_with(package: str) -> str:
    """This Python, or that of `make peers`; skips where neither has the package."""
    own = ROOT / "build" / "peers" / "bin" / "python"
    if importlib.util.find_spec(package):
        return sys.executable
    if package == "pandas" and own.exists():
        return str(own)
    pytest.skip(f"no {package} here (make peers)")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    script = str(BENCHMARKS / "make_orders.py")
    asked = [sys.executable, script, "--orders", "5000", "--folder", str(folder)]
    subprocess.run(asked, check=True, capture_output=True)
    return folder / "5000-orders"


@pytest.fixture(scope="module")
def ours(export: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    out = tmp_path_factory.mktemp("out")
    files = [str(export / f"{table}.csv") for table in TABLES]
    only = [part for rule in FIVE for part in ("--only", rule)]
    assert (
        ended_with(["run", *files, "--rules", str(ROOT / "rules"), "--out", str(out), *only]) == 0
    )
    (found,) = {path.resolve() for path in out.glob("2*/findings.parquet")}
    return pl.read_parquet(found).select(pl.col(name).cast(pl.String) for name in ALIKE).sort(ALIKE)


def test_the_small_export_breaks_every_one_of_the_five_rules(ours: pl.DataFrame) -> None:
    assert set(ours["rule_id"]) == set(FIVE)
    assert ours["severity"].n_unique() >= 3


@pytest.mark.parametrize(
    ("peer", "more"), [("duckdb", []), ("duckdb", ["days.parquet"]), ("pandas", [])]
)
def test_a_peer_finds_the_same(
    peer: str, more: list[str], export: Path, ours: pl.DataFrame, tmp_path: Path
) -> None:
    script = str(BENCHMARKS / "peers" / f"five_rules_{peer}.py")
    written = tmp_path / "findings.csv"
    days = [str(tmp_path / name) for name in more]
    done = subprocess.run(
        [python_with(peer), script, str(export), str(written), *days],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    theirs = pl.read_csv(written, infer_schema=False).select(ALIKE).sort(ALIKE)
    assert theirs.rows() == ours.rows()
