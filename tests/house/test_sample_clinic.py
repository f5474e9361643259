"""The sample clinic: the script makes the shipped bytes, the demo shows every rule and flag."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from screener.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data"
FILES = [f"{table}.csv" for table in TABLES]
# Every flag of the glossary.
FLAGS = {
    "weight",
    "unmapped-drug",
    "unreadable-sig",
    "missing-concentration",
    "unit",
    "unknown-route",
    "unknown-supply",
    "missing-period",
    "prn-without-maximum",
    "unknown-combination",
    "duplicate-row",
    "ambiguous-overlap",
    "impossible-date",
    "unknown-status",
    "implausible-dose",
    "lab-unit",
    "no-recent-kidney-test",
    "missing-demographics",
    "child",
}


def rows(table: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_script_makes_the_same_bytes_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SAMPLE / "make_sample_data.py"), str(tmp_path)], check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FILES)
    different = [n for n in FILES if (tmp_path / n).read_bytes() != (SAMPLE / n).read_bytes()]
    assert different == []


@pytest.mark.parametrize("table", list(TABLES))
def test_the_headers_are_the_canonical_columns(table: str) -> None:
    header = (SAMPLE / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0]
    # the sample has no second versions of an order
    names = [column.name for column in TABLES[table] if column.name != "version"]
    assert header.split(",") == names


def test_the_clinic_has_three_sites_twelve_prescribers_and_some_360_patients() -> None:
    orders = rows("prescriptions")
    assert {row["site_id"] for row in orders if row["site_id"]} == {"north", "south", "east"}
    assert len({row["prescriber_id"] for row in orders if row["prescriber_id"]}) == 12
    assert 340 <= len(rows("patients")) <= 390


def test_a_few_records_are_there_to_be_set_aside() -> None:
    lines = (SAMPLE / "prescriptions.csv").read_text(encoding="utf-8").splitlines()
    assert "" in lines
    assert sum("2026-02-30" in line for line in lines) == 1
    assert Counter(row["patient_id"] == "" for row in rows("prescriptions"))[True] == 1


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo run."""
    out = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "screener.cli.main", "demo", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out / "demo"


def rules_that_run(demo: Path) -> set[str]:
    return {
        rule["id"] for rule in json.loads((demo / "run.json").read_text())["rules"] if rule["ran"]
    }


def test_every_rule_that_is_on_finds_something(demo: Path) -> None:
    found = [pl.read_parquet(demo / f"{name}.parquet") for name in ("findings", "pilot_findings")]
    on = rules_that_run(demo)
    assert len(on) >= 58
    assert on - {rule for frame in found for rule in frame["rule_id"]} == set()


def test_every_data_flag_appears(demo: Path) -> None:
    flags = set(pl.read_parquet(demo / "data_flags.parquet")["flag"])
    assert FLAGS - flags == set()


def test_all_five_severities_and_both_certainties_appear(demo: Path) -> None:
    findings = pl.read_parquet(demo / "findings.parquet")
    assert set(findings["severity"]) == {"critical", "high", "moderate", "low", "info"}
    assert set(findings["certainty"]) == {"definite", "possible"}


def test_most_patients_are_unremarkable(demo: Path) -> None:
    findings = pl.read_parquet(demo / "findings.parquet")
    serious = findings.filter(pl.col("severity").is_in(["critical", "high", "moderate"]))
    assert serious["patient_id"].n_unique() < 0.3 * len(rows("patients"))


def test_the_unusable_records_are_set_aside_with_a_reason(demo: Path) -> None:
    set_aside = pl.read_csv(demo / "set_aside.csv", infer_schema=False)
    assert set_aside["reason"].null_count() == 0
    assert set_aside["row"].n_unique() == 4
