"""Databases as exports: what is read, in which order, and what is never shown."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import polars as pl
import pytest

from screener.errors import InputRefused, UsageError
from screener.sources import read_export
from screener.sources.database import database_kind, database_tables
from screener.sources.database_open import without_password
from tests.sources.omop_small import CONCEPTS, PERSON, STRENGTHS, exposure, taken


def sqlite_cdm(path: Path, *, exposures: int = 3) -> Path:
    """A CDM whose records lie in the table in reverse, with names in mixed case."""
    tables = {
        "Drug_Exposure": [
            exposure(drug_exposure_id=n, person_id=n) for n in range(exposures, 0, -1)
        ],
        "PERSON": [PERSON],
        "concept": CONCEPTS,
        "drug_strength": STRENGTHS,
        "cohort": [{"subject_id": 1}],
    }
    connection = sqlite3.connect(path)
    for name, rows in tables.items():
        frame = pl.DataFrame(rows, infer_schema_length=None)
        connection.execute(f'CREATE TABLE "{name}" ({", ".join(frame.columns)})')
        marks = ", ".join("?" * frame.width)
        connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', frame.rows())
    connection.commit()
    connection.close()
    return path


def test_the_kind_is_told_by_the_bytes_not_the_name(tmp_path: Path) -> None:
    path = sqlite_cdm(tmp_path / "export.csv")
    other = tmp_path / "plain.sqlite"
    other.write_text("person_id\n1\n")
    assert database_kind(str(path)) == "sqlite"
    assert database_kind(str(other)) is None
    assert database_kind("postgresql://host/cdm") == "postgresql"


def test_rows_come_in_the_order_of_their_key(tmp_path: Path) -> None:
    path = sqlite_cdm(tmp_path / "cdm.db", exposures=11)
    rows = taken(tmp_path, str(path)).bucket(0).prescriptions
    assert rows.select("source_row", "prescription_id").rows() == [
        (number, str(number)) for number in range(1, 12)
    ]
    assert set(rows["source_file"]) == {"cdm.db drug_exposure"}


def test_only_tables_of_the_model_are_read_and_each_row_is_counted(tmp_path: Path) -> None:
    path = sqlite_cdm(tmp_path / "cdm.db", exposures=5)
    files = {f.table: (f.name, f.records) for f in taken(tmp_path, str(path)).files}
    assert files["prescriptions"] == ("cdm.db drug_exposure", 5)
    assert "cohort" not in files


def test_equal_tables_have_equal_hashes_and_others_do_not(tmp_path: Path) -> None:
    def hashes(name: str, exposures: int) -> dict[str, str]:
        (tmp_path / name).mkdir()
        path = sqlite_cdm(tmp_path / name / "cdm.db", exposures=exposures)
        return {f.table: f.sha256 for f in taken(tmp_path, str(path)).files}

    first, again, longer = hashes("a", 3), hashes("b", 3), hashes("c", 4)
    assert first == again
    assert first["prescriptions"] != longer["prescriptions"]
    assert first["patients"] == longer["patients"]


def test_dates_that_sqlite_keeps_as_seconds_are_read_and_other_numbers_are_not(
    tmp_path: Path,
) -> None:
    path = sqlite_cdm(tmp_path / "cdm.db")
    connection = sqlite3.connect(path)
    for row, number in ((1, 1709251200.0), (2, 19783.0), (3, 20240301)):
        connection.execute(
            "UPDATE drug_exposure SET drug_exposure_start_date = ? WHERE drug_exposure_id = ?",
            (number, row),
        )
    connection.commit()
    connection.close()
    intake = taken(tmp_path, str(path))
    rows = intake.bucket(0).prescriptions
    assert rows.select("prescription_id", pl.col("start_date").cast(pl.String)).rows() == [
        ("1", "2024-03-01")
    ]
    assert set(intake.set_aside["reason"]) == {"unreadable-date"}


def test_the_file_itself_is_never_written(tmp_path: Path) -> None:
    path = sqlite_cdm(tmp_path / "cdm.db")
    before = path.read_bytes()
    taken(tmp_path, str(path))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("cdm")] == ["cdm.db"]


def test_a_damaged_database_is_refused_without_the_drivers_words(tmp_path: Path) -> None:
    path = sqlite_cdm(tmp_path / "cdm.db")
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputRefused) as refused:
        database_tables(str(path), "sqlite")
    assert "malformed" not in str(refused.value)
    assert str(refused.value).startswith("cdm.db: ")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://auditor:open%20sesame@host:5433/cdm", "postgresql://host:5433/cdm"),
        ("postgres://host/cdm?user=a&password=open-sesame", "postgresql://host/cdm"),
        ("postgresql://auditor:open-sesame@:bad/cdm", "postgresql://"),
        ("postgresql:///cdm?passfile=/x", "postgresql:///cdm"),
    ],
)
def test_an_address_is_shown_without_user_and_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_a_failed_connection_does_not_show_the_password(tmp_path: Path) -> None:
    pytest.importorskip("adbc_driver_postgresql")
    pytest.importorskip("nanoarrow")
    address = f"postgresql://auditor:open-sesame@/cdm?host={tmp_path}"
    with pytest.raises(InputRefused) as refused:
        read_export([address], mapping="omop")
    assert "open-sesame" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert "open-sesame" not in repr(refused.value.__context__ and refused.value.args)


def test_a_missing_package_is_named_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    path = tmp_path / "cdm.duckdb"
    path.write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 8)
    with pytest.raises(UsageError, match=r"needs the package duckdb.*screener\[databases\]"):
        read_export([str(path)], mapping="omop")


def test_two_schemas_with_the_same_table_need_a_word_from_the_user(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("nanoarrow")
    path = tmp_path / "cdm.duckdb"
    with duckdb.connect(str(path)) as connection:
        for schema in ("a", "b"):
            connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute(f"CREATE TABLE {schema}.person (person_id BIGINT)")
    with pytest.raises(UsageError, match="several schemas"):
        database_tables(str(path), "duckdb")


def test_duckdb_types_become_plain_text(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("nanoarrow")
    path = tmp_path / "cdm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE person AS SELECT 1::BIGINT AS person_id, 8507 AS gender_concept_id, "
            "1960::SMALLINT AS year_of_birth, TIMESTAMP '1960-02-03 10:00:00' AS birth_datetime, "
            "1.50::DECIMAL(8,2) AS amount"
        )
    (person,) = database_tables(str(path), "duckdb")
    (batch,) = person.read()
    assert batch.rows.drop("source_row").row(0) == (
        "1", "8507", "1960", "1960-02-03 10:00:00", "1.50",
    )  # fmt: skip
    assert batch.end is not None
