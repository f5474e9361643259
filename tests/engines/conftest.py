"""Fixtures: jobs of Spark in processes of their own, and runs of one machine to compare with."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engines.exports import AS_OF

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules"
Jobs = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def spark_job() -> Jobs:
    """Does jobs (see spark_job.py) in one session; skips without PySpark or Java."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed here: make test-spark")

    def do(where: str, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        if where == "sail":
            if importlib.util.find_spec("pysail") is None:
                pytest.skip("Sail is not installed here: make test-spark")
        elif shutil.which("java") is None:
            pytest.skip("there is no Java here")
        done = subprocess.run(
            [sys.executable, "-m", "tests.engines.spark_job", where, json.dumps(jobs)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
            env=os.environ | {"PYTHONPATH": str(ROOT)},  # executors stand in other folders
            start_new_session=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert "P-SECRET" not in done.stdout + done.stderr
        answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return answers

    return do


@pytest.fixture(scope="session")
def screened_here() -> Callable[..., Path]:
    """Screens an export with `screener run` and gives the folder of the run."""

    def run(export: Path, out: Path, *more: str) -> Path:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "screener"), "run", str(export), "--out", str(out),
             "--rules", str(RULES), "--as-of", AS_OF, "--max-set-aside", "50", *more],
            capture_output=True,
            text=True,
            check=False,
            cwd=out.parent,
            env={k: v for k, v in os.environ.items() if not k.startswith("SCREENER_")}
            | {"SPARK_LOCAL_IP": "127.0.0.1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return out / "latest"

    return run
