from __future__ import annotations

import datetime as dt
import os
import time
from typing import Any

import polars as pl
import pytest

from screener.engines.local import each_bucket, workers_for
from screener.engines.sound import screen_soundly
from screener.errors import RunBroke
from screener.findings import (
    DATA_FLAGS,
    FINDINGS,
    KIDNEY,
    NOT_ASSESSED,
    ORDERS,
    OUTCOMES,
    TIMELINE,
    Results,
)
from screener.rule.model import CheckUse, Rule
from screener.tables import Tables, empty_table, typed_schema


def late_first(bucket: int) -> tuple[int, int, str | None]:
    time.sleep(0.3 if bucket == 0 else 0)
    return bucket, os.getpid(), os.environ.get("POLARS_MAX_THREADS")


def dies(bucket: int) -> int:
    if bucket == 1:
        os._exit(9)
    return bucket


def fails(bucket: int) -> int:
    raise RunBroke("bucket", where=str(bucket))


def test_results_come_in_bucket_order_from_other_processes_with_one_thread_each() -> None:
    done = list(each_bucket(5, late_first, jobs=2))
    assert [bucket for bucket, _, _ in done] == [0, 1, 2, 3, 4]
    assert os.getpid() not in {pid for _, pid, _ in done}
    assert {threads for _, _, threads in done} == {"1"}


def test_one_job_works_in_this_process() -> None:
    assert {pid for _, pid, _ in each_bucket(2, late_first, jobs=1)} == {os.getpid()}


def test_a_worker_that_is_killed_breaks_the_run() -> None:
    with pytest.raises(RunBroke, match="out of memory"):
        list(each_bucket(3, dies, jobs=2))


def test_an_error_of_a_worker_arrives_as_it_was() -> None:
    with pytest.raises(RunBroke, match="bucket"):
        list(each_bucket(3, fails, jobs=2))


@pytest.mark.parametrize(
    ("buckets", "asked", "workers"), [(1, 8, 1), (8, 1, 1), (8, 3, 3), (0, None, 1), (1, None, 1)]
)
def test_never_more_workers_than_buckets(buckets: int, asked: int | None, workers: int) -> None:
    assert workers_for(buckets, asked) == workers


RULES = tuple(
    Rule(name, name, 1, "active", "high", (CheckUse("daily_dose", None),)) for name in ("a", "b")
)
AS_OF = dt.date(2026, 10, 31)


def nothing_found(rules: tuple[Rule, ...]) -> Results:
    outcomes = [
        {"rule_id": r.id, "site_id": "", "prescriber_id": "", "outcome": "clear",
         "patients": 2, "in_scope": 2}
        for r in rules
    ]  # fmt: skip
    return Results(
        pl.DataFrame(schema=FINDINGS),
        pl.DataFrame(schema=FINDINGS),
        pl.DataFrame(outcomes, schema=OUTCOMES),
        *(pl.DataFrame(schema=s) for s in (NOT_ASSESSED, DATA_FLAGS, ORDERS, TIMELINE, KIDNEY)),
        pl.DataFrame(),
    )


def two_patients() -> Tables:
    orders = pl.DataFrame(
        {"patient_id": ["P-1", "P-1"]}, schema_overrides=typed_schema("prescriptions")
    )
    patients = pl.DataFrame({"patient_id": ["P-1", "P-2"]})
    return Tables(pl.concat([empty_table("prescriptions"), orders], how="diagonal"), patients)


def breaking(*names: str) -> Any:
    def screen(tables: Tables, rules: tuple[Rule, ...], as_of: dt.date) -> Results:
        if any(rule.id in names for rule in rules):
            raise ValueError("P-1")
        return nothing_found(rules)

    return screen


def test_a_broken_rule_leaves_every_patient_not_assessed_and_the_other_rule_speaks() -> None:
    results, broke = screen_soundly(breaking("b"), two_patients(), RULES, AS_OF)
    assert broke == {"b": "ValueError"}
    assert results.outcomes.select("rule_id", "outcome", "patients", "in_scope").rows() == [
        ("a", "clear", 2, 2),
        ("b", "not_assessed", 2, 2),
    ]
    assert results.not_assessed.sort("patient_id").select(
        "patient_id", "rule_id", "reason"
    ).rows() == [
        ("P-1", "b", "rule-broke"),
        ("P-2", "b", "rule-broke"),
    ]


def test_a_fault_that_breaks_every_rule_is_raised() -> None:
    with pytest.raises(ValueError, match="P-1"):
        screen_soundly(breaking("a", "b"), two_patients(), RULES, AS_OF)
