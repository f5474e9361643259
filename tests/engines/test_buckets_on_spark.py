"""Buckets as tasks of Spark: in order, one thread each, all of them or a clean failure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines import exports
from tests.engines.conftest import Jobs

pytestmark = pytest.mark.spark


def test_buckets_on_one_machine(spark_job: Jobs) -> None:
    who, refused, stumbled, other, died = spark_job(
        "local[2]",
        {"job": "buckets", "work": "who", "buckets": 5},
        {"job": "buckets", "work": "refuses", "buckets": 3},
        {"job": "buckets", "work": "stumbles", "buckets": 2},
        {"job": "buckets", "work": "who", "buckets": 2, "version": "another"},
        {"job": "buckets", "work": "is_always_killed", "buckets": 2},
    )
    assert [bucket for bucket, _, _ in who["done"]] == [0, 1, 2, 3, 4]
    assert {threads for _, _, threads in who["done"]} == {1}
    assert refused == {
        "error": "RunBroke",
        "says": "here: The scratch folder is full. Free some space.",
    }
    assert stumbled["error"] == "RunBroke"
    assert "ValueError" in stumbled["says"]
    assert other["error"] == "RunBroke"
    assert "no screener of this version" in other["says"]
    assert died["error"] == "RunBroke"
    assert died["says"].startswith("while screening: Spark gave the job up")


def test_a_lost_executor_of_a_cluster_costs_no_bucket(spark_job: Jobs, tmp_path: Path) -> None:
    (answer,) = spark_job(
        "local-cluster[2,1,1024]",
        {"job": "buckets", "work": "is_killed_once", "buckets": 6, "folder": str(tmp_path)},
    )
    assert (tmp_path / "was killed").exists()
    assert answer["done"] == list(range(6))


def test_a_run_on_spark_leaves_the_files_of_a_run_of_one_machine(
    spark_job: Jobs, screened_here: Callable[..., Path], tmp_path: Path
) -> None:
    export = exports.write_csv(exports.untidy(), tmp_path / "export")
    runs = [
        screened_here(export, tmp_path / engine, "--engine", engine)
        for engine in ("local", "spark")
    ]
    digests = [
        {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in run.iterdir()
            if path.name != "run.json"
        }
        for run in runs
    ]
    assert digests[0] == digests[1]
    ids = [json.loads((run / "run.json").read_text(encoding="utf-8"))["run_id"] for run in runs]
    assert ids[0] == ids[1]
