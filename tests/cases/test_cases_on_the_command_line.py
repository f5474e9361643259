"""The hand-written patients through the command line, with the whole library as it is shipped."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from screener.cli.main import ended_with
from tests.cases.expectations import against_expectations

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
GROUPS = "ABCDEG"


def test_a_run_finds_what_was_written_by_hand_and_nothing_else(tmp_path: Path) -> None:
    tables = ["prescriptions", "patients", "labs", "conditions", "admissions"]
    exports = [str(HERE / f"{table}.csv") for table in tables]
    code = ended_with(["run", *exports, "--rules", str(RULES), "--out", str(tmp_path)])
    assert code == 0
    (folder,) = [p for p in tmp_path.iterdir() if (p / "run.json").exists() and not p.is_symlink()]
    columns = ["patient_id", "rule_id", "severity", "certainty", "date"]
    findings = pl.read_parquet(folder / "findings.parquet")
    flags = pl.read_parquet(folder / "data_flags.parquet")
    found = set(findings.with_columns(pl.col("date").cast(pl.String)).select(columns).rows())
    flagged = set(
        flags.with_columns(pl.col("date").cast(pl.String))
        .select("patient_id", "flag", "date")
        .rows()
    )
    assert against_expectations(found, flagged, GROUPS) == []
