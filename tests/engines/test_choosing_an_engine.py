"""Which engine a run may ask for, said before anything is read."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from screener.engines.spark import refuse_without_pyspark
from screener.errors import UsageError
from screener.screen import ENGINES
from tests.engines.exports import SAMPLE


def test_an_unknown_engine_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "screener"), "run", str(SAMPLE), "--engine", "dask"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"--engine is one of {', '.join(ENGINES)}." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_spark_without_pyspark_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs PySpark, which is not installed"):
        refuse_without_pyspark()
