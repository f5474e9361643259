"""Spark finds in a lake what one machine finds in the same export, row by row, in every table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.engines import exports
from tests.engines.compared import differences
from tests.engines.conftest import RULES, Jobs

pytestmark = pytest.mark.spark
ScreenedHere = Callable[..., Path]
DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
CLUSTER = "local-cluster[2,1,1024]"


def asked(tables: Path, into: Path, bucket_rows: int = 1000, **more: Any) -> dict[str, Any]:
    into.mkdir()
    return {
        "job": "lake",
        "tables": str(tables),
        "into": str(into),
        "rules": str(RULES),
        "as_of": exports.AS_OF,
        "bucket_rows": bucket_rows,
        **more,
    }


def test_an_untidy_lake_of_text_gives_what_the_export_gives(
    spark_job: Jobs, screened_here: ScreenedHere, tmp_path: Path
) -> None:
    tables = exports.untidy()
    lake = exports.write_lake(tables, tmp_path / "lake")
    (answer,) = spark_job("sail", asked(lake, tmp_path / "found"))
    run = screened_here(exports.write_csv(tables, tmp_path / "export"), tmp_path / "reports")
    assert differences(tmp_path / "found", run) == {}
    aside = pl.read_parquet(tmp_path / "found" / "set_aside.parquet")
    assert answer["rows"]["prescriptions set_aside"] == aside.height == 8
    assert answer["rows"]["prescriptions read"] == tables["prescriptions"].height


def test_typed_columns_meet_the_same_predicates_as_text(
    spark_job: Jobs, screened_here: ScreenedHere, tmp_path: Path
) -> None:
    tables = exports.typed(exports.typed_and_wrong())
    lake = exports.write_lake(tables, tmp_path / "lake")
    (answer,) = spark_job("sail", asked(lake, tmp_path / "found", bucket_rows=10_000))
    run = screened_here(exports.write_csv(tables, tmp_path / "export"), tmp_path / "reports")
    assert differences(tmp_path / "found", run) == {}
    assert answer["rows"]["prescriptions set_aside"] == 5


def test_a_patient_with_very_many_orders_is_one_bucket_like_any_other(
    spark_job: Jobs, screened_here: ScreenedHere, tmp_path: Path
) -> None:
    tables = exports.typed(exports.skewed(100_000 if DEEP else 3_000))
    lake = exports.write_lake(tables, tmp_path / "lake")
    spark_job("sail", asked(lake, tmp_path / "found"))
    run = screened_here(exports.write_csv(tables, tmp_path / "export"), tmp_path / "reports")
    assert differences(tmp_path / "found", run) == {}


def test_empty_tables_and_far_more_buckets_than_patients_change_nothing(
    spark_job: Jobs, screened_here: ScreenedHere, tmp_path: Path
) -> None:
    tables = exports.typed(exports.sample())
    few = ("P-0001", "P-0002", "P-0189")
    tables = {
        name: frame.filter(pl.col("patient_id").is_in(few)) for name, frame in tables.items()
    } | {"labs": tables["labs"].clear()}
    lake = exports.write_lake(tables, tmp_path / "lake")
    (answer,) = spark_job("sail", asked(lake, tmp_path / "found", bucket_rows=1))
    run = screened_here(
        exports.write_csv(tables, tmp_path / "export"), tmp_path / "reports", "--allow-empty"
    )
    assert answer["patients"] == len(few)
    assert differences(tmp_path / "found", run) == {}


def test_tables_that_cannot_be_used_are_refused_in_one_sentence(
    spark_job: Jobs, tmp_path: Path
) -> None:
    orders = exports.sample()["prescriptions"].head(50)
    wrong = {
        "an id of digits lost": orders.with_columns(patient_id=pl.lit(1.5)),
        "no drug": orders.drop("drug", "drug_code"),
        "a day of no zone": orders.with_columns(
            start_date=pl.lit("2026-01-01T00:00:00").str.to_datetime(time_zone="UTC")
        ),
    }
    jobs = []
    for name, frame in wrong.items():
        (tmp_path / name).mkdir()
        frame.with_columns(source_file=pl.lit("a"), source_row=pl.lit(1)).write_parquet(
            tmp_path / name / "prescriptions.parquet"
        )
        jobs.append(asked(tmp_path / name, tmp_path / f"{name} found"))
    (tmp_path / "no rows named").mkdir()
    orders.write_parquet(tmp_path / "no rows named" / "prescriptions.parquet")
    jobs.append(asked(tmp_path / "no rows named", tmp_path / "none named"))
    answers = spark_job("sail", *jobs)
    assert [a["error"] for a in answers] == ["InputRefused"] * 4
    said = [a["says"] for a in answers]
    assert "patient_id is of type double" in said[0]
    assert "drug is missing" in said[1]
    assert "start_date is of type timestamp" in said[2]
    assert "source_file is missing" in said[3]


@pytest.mark.parametrize("where", ["local[2]", "connect"])
def test_spark_itself_finds_the_same(
    spark_job: Jobs, screened_here: ScreenedHere, tmp_path: Path, where: str
) -> None:
    tables = exports.untidy()
    lake = exports.write_lake(tables, tmp_path / "lake")
    spark_job(where, asked(lake, tmp_path / "found"))
    run = screened_here(exports.write_csv(tables, tmp_path / "export"), tmp_path / "reports")
    assert differences(tmp_path / "found", run) == {}


def test_a_cluster_that_loses_an_executor_finds_the_same(
    spark_job: Jobs, screened_here: ScreenedHere, tmp_path: Path
) -> None:
    tables = exports.untidy()
    lake = exports.write_lake(tables, tmp_path / "lake")
    spark_job(CLUSTER, asked(lake, tmp_path / "found", lose_an_executor=True))
    run = screened_here(exports.write_csv(tables, tmp_path / "export"), tmp_path / "reports")
    assert (tmp_path / "found" / "lost").exists()
    assert differences(tmp_path / "found", run) == {}
