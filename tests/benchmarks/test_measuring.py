"""Timing of whole trees of processes, dirty rows of the made exports, and the drawn figures."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import polars as pl
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
HOLD = "import time; held = b'x' * 60_000_000; time.sleep(0.6)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}], check=True)"


def in_benchmarks(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=BENCHMARKS,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.mark.skipif(
    not Path("/proc/thread-self/children").exists(), reason="no lists of child processes in /proc"
)
def test_memory_and_time_are_those_of_the_whole_tree(tmp_path: Path) -> None:
    code = (
        "import sys, json, pathlib, dataclasses; from measure import timed;"
        "t = timed([sys.executable, '-c', sys.argv[1]], pathlib.Path(sys.argv[2]));"
        "print(json.dumps(dataclasses.asdict(t)))"
    )
    took = json.loads(in_benchmarks(code, PARENT, str(tmp_path / "log")))
    assert took["code"] == 0
    assert took["peak_mb"] > 60  # the child's bytes, which the parent never held
    assert took["wall"] > 0.6


def test_dirty_rows_are_as_many_as_asked_for(tmp_path: Path) -> None:
    script = [sys.executable, str(BENCHMARKS / "make_orders.py"), "--orders", "4000"]
    for more in ([], ["--dirty", "0.1"]):
        asked = [*script, "--folder", str(tmp_path), *more]
        subprocess.run(asked, check=True, capture_output=True)
    clean, dirty = (
        pl.read_csv(tmp_path / name / "prescriptions.csv", infer_schema=False)
        for name in ("4000-orders", "4000-orders-dirty0.1")
    )
    other = dirty.join(clean, on=clean.columns, how="anti", nulls_equal=True).height
    twice = dirty.height - clean.height
    assert 0.07 * clean.height < other + twice < 0.13 * clean.height
    assert twice > 0


def test_the_seed_changes_the_export_and_another_size_keeps_the_patients(tmp_path: Path) -> None:
    script = [sys.executable, str(BENCHMARKS / "make_orders.py"), "--folder", str(tmp_path)]
    for more in (["--orders", "2000"], ["--orders", "3000"], ["--orders", "2000", "--seed", "7"]):
        subprocess.run([*script, *more], check=True, capture_output=True)
    small, larger, other = (
        (tmp_path / name / "patients.csv").read_text().splitlines()
        for name in ("2000-orders", "3000-orders", "2000-orders-seed7")
    )
    assert larger[: len(small)] == small
    assert other[1:50] != small[1:50]


def test_figures_become_a_table_and_a_drawing() -> None:
    row = {"wall": 2.0, "cpu": 3.0, "peak_mb": 100.0}
    ratios = {"wall_ratio": [2.0, 1.5, 2.5], "cpu_ratio": [3.0, 2.5, 3.5]}
    rows = {
        "floor": row,
        "library": row | ratios | {"findings": 1234, "stages": {"read": 0.5}},
        "duckdb": row | ratios | {"findings": 12, "equal_findings": False},
    }
    machine = {
        "cores": 2,
        "processor": "p",
        "memory_gb": 8,
        "system": "s",
        "python": "3",
        "polars": "2",
    }
    figures = {"machine": machine, "dirty": 0.0, "options": [],
               "sizes": {"1000000": {"rounds": 5, "rows": rows}}}  # fmt: skip
    code = (
        "import sys, json; from say import table, WORDS; from draw import drawing;"
        "f = json.loads(sys.argv[1]); print(table(f)); print('=====');"
        "print(drawing({size: one['rows'] for size, one in f['sizes'].items()}, WORDS))"
    )
    said, _, drawn = in_benchmarks(code, json.dumps(figures)).partition("=====\n")
    assert "| screener, whole library | 2.00 | 3.00 | 100 | 2.00 (1.50 to 2.50)" in said
    assert "12, NOT equal" in said
    assert "1,000,000 orders, medians of 5 rounds" in said
    circles = ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}circle")
    assert len(list(circles)) == 6  # three rows at one size, in two panels
