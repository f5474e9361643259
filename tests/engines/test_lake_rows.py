"""Rows of a lake are judged as the records of an export are; no Spark is needed to see that."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from screener.errors import InputRefused
from screener.intake import Intake, take_in
from screener.intake.lake_rows import one_bucket, settled
from screener.sources import read_export
from screener.tables import TABLES
from tests.engines import exports


@pytest.fixture(scope="module")
def untidy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Intake]:
    """The tables of a lake, and what an export of the same rows gives."""
    folder = tmp_path_factory.mktemp("untidy")
    tables = exports.untidy()
    export = exports.write_csv(tables, folder / "export")
    intake = take_in([str(export)], read=read_export, scratch=folder, bucket_rows=1_000_000)
    return exports.write_lake(tables, folder / "lake"), intake


@pytest.mark.parametrize("table", TABLES)
def test_text_gives_the_rows_of_an_export(table: str, untidy: tuple[Path, Intake]) -> None:
    lake, intake = untidy
    done = settled(table, pl.read_parquet(lake / f"{table}.parquet"))
    kept = done.kept.sort("source_row", maintain_order=True)
    if table == "patients":
        kept = one_bucket({"patients": kept})[0]["patients"]
    expected = getattr(intake.bucket(0), table)
    if table == "patients":  # heights measured among the labs are filled in later
        kept, expected = kept.drop("height_cm"), expected.drop("height_cm")
    assert_frame_equal(kept, expected)
    (counted,) = [file for file in intake.files if file.table == table]
    assert (done.read, done.added) == (counted.records, counted.added)
    assert done.set_aside.height == counted.set_aside


def test_the_same_is_set_aside_and_flagged(untidy: tuple[Path, Intake]) -> None:
    lake, intake = untidy
    done = {table: settled(table, pl.read_parquet(lake / f"{table}.parquet")) for table in TABLES}
    aside = pl.concat([one.set_aside for one in done.values()])
    assert aside.height > 5
    assert_frame_equal(aside, intake.set_aside, check_row_order=False)
    people = done["patients"].kept.sort("source_row")
    torn = one_bucket({"patients": people})[1]
    flags = pl.concat([torn, *(one.cell_flags for one in done.values())])
    assert flags["flag"].n_unique() > 3
    assert_frame_equal(flags, intake.cell_flags, check_row_order=False)


def test_what_a_typed_cell_may_not_hold_is_told_apart_from_an_empty_one() -> None:
    orders = pl.DataFrame(
        {
            "patient_id": [7, 8, 9],
            "drug": ["baclofen"] * 3,
            "start_date": pl.Series(["2026-01-01", "1850-01-01", None]).str.to_date(),
            "dose_min": [float("nan"), 1.0, 1.0],
            "days_supply": [28.5, 28.0, 28.0],
            "quantity": [None, -1.0, None],
            "source_file": "orders",
            "source_row": [1, 2, 3],
        },
        strict=False,
    )
    done = settled("prescriptions", orders)
    assert done.kept["patient_id"].to_list() == ["7"]
    assert done.kept["prescription_id"].to_list() == ["orders:1"]
    assert done.set_aside.select("row", "value", "reason").rows() == [
        (2, "1850-01-01", "unreadable-date"),
        (3, "", "missing"),
    ]
    assert sorted(done.cell_flags.select("flag", "detail").rows()) == [
        ("unknown-supply", "days_supply cannot be read"),
        ("unreadable-sig", "dose_min cannot be read"),
    ]


def test_rows_that_do_not_say_where_they_come_from_are_refused() -> None:
    rows = pl.DataFrame(
        {
            "patient_id": ["a"],
            "start_date": ["2026-01-01"],
            "source_file": ["x"],
            "source_row": None,
        },
        schema_overrides={"source_row": pl.Int64},
    )
    with pytest.raises(InputRefused, match="source_row"):
        settled("admissions", rows)
