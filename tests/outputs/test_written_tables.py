from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from screener.findings import DATA_FLAGS, FINDINGS
from screener.outputs import parts
from screener.outputs.tables import csv_bytes, in_order, parquet_bytes
from tests.outputs.invented_run import finding, frame, order, outcome, results


def cells(frame: pl.DataFrame) -> list[str]:
    return csv_bytes(frame).decode().splitlines()[1:]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert cells(pl.DataFrame({"a": [f"{start}1+1"]})) == [f"'{start}1+1"]


@pytest.mark.parametrize("start", ["\t", "\r", "\n"])
def test_a_text_cell_that_begins_with_a_control_character_gets_an_apostrophe(start: str) -> None:
    assert csv_bytes(pl.DataFrame({"a": [f"{start}x"]})).decode().endswith(f"'{start}x\"\n") or (
        start == "\t" and cells(pl.DataFrame({"a": ["\tx"]})) == ["'\tx"]
    )


def test_an_ordinary_text_and_a_negative_number_stay_as_they_are() -> None:
    assert cells(pl.DataFrame({"a": ["x=1"], "n": [-2.5]})) == ["x=1,-2.5"]


def test_lists_are_joined_with_a_semicolon_and_guarded_as_one_text() -> None:
    assert cells(pl.DataFrame({"l": [["RX-1", "RX-2"], ["=1", "b"]]})) == ["RX-1;RX-2", "'=1;b"]


def test_csv_and_parquet_hold_the_same_rows() -> None:
    table = frame(FINDINGS, [finding(), finding(finding_id="ff", message='a,"b"\nc')])
    back = pl.read_csv(io.BytesIO(csv_bytes(table)), infer_schema=False)
    assert back["message"].to_list() == table["message"].to_list()
    assert pl.read_parquet(io.BytesIO(parquet_bytes(table))).equals(table)


def test_the_bytes_do_not_depend_on_how_the_rows_came_together() -> None:
    rows = [finding(finding_id=f"{i:016x}", patient_id=f"P-{i % 7}") for i in range(200)]
    whole = in_order("findings", frame(FINDINGS, rows))
    pieces = pl.concat([frame(FINDINGS, [row]) for row in reversed(rows)], rechunk=False)
    assert parquet_bytes(in_order("findings", pieces)) == parquet_bytes(whole)
    assert csv_bytes(in_order("findings", pieces)) == csv_bytes(whole)


STREAM = """
import sys
from pathlib import Path
import polars as pl
from screener.findings import DATA_FLAGS
from screener.outputs import parts, publish
into = Path(sys.argv[2])
into.mkdir()
parts.put_together(Path(sys.argv[1]), 3, pl.DataFrame(schema=DATA_FLAGS), into)
print(publish.manifest(into))
"""


def test_every_file_is_the_same_with_one_and_with_many_threads(tmp_path: Path) -> None:
    for bucket in range(3):
        orders = [order(patient_id=f"P-{bucket}-{i}") for i in range(40_000)]
        found = [
            finding(finding_id=f"{bucket}-{i}", patient_id=f"P-{(i * 7919 + bucket) % 9973:05}")
            for i in range(bucket, 30_000, 3)
        ]
        parts.write_parts(tmp_path, bucket, results(orders=orders, findings=found))
    hashes = {
        subprocess.run(
            [sys.executable, "-c", STREAM, str(tmp_path), str(tmp_path / threads)],
            env={"POLARS_MAX_THREADS": threads, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "8")
    }
    assert len(hashes) == 1
    read = pl.read_parquet(tmp_path / "8" / "orders.parquet")["patient_id"]
    assert read.to_list() == [f"P-{b}-{i}" for b in range(3) for i in range(40_000)]


def test_outcomes_of_all_buckets_are_added_and_in_scope_is_made_from_the_sum(
    tmp_path: Path,
) -> None:
    first = [
        outcome(patients=2, in_scope=2),
        outcome(outcome="out_of_scope", patients=9, in_scope=0),
    ]
    second = [outcome(patients=1, in_scope=4), outcome(outcome="clear", patients=3, in_scope=4)]
    parts.write_parts(tmp_path, 0, results(outcomes=first))
    parts.write_parts(tmp_path, 1, results(outcomes=second))
    rows = parts.all_outcomes(tmp_path, 2).select("outcome", "patients", "in_scope").rows()
    assert rows == [("clear", 3, 6), ("flagged", 3, 6), ("out_of_scope", 9, 0)]


def test_a_flag_that_intake_and_the_engine_both_raise_stands_once_with_the_words_of_intake(
    tmp_path: Path,
) -> None:
    day = dt.date(2026, 1, 1)
    same = {"patient_id": "P-1", "flag": "unit", "date": day, "ref": "p.csv:1"}
    engine = [same | {"detail": "unit missing"}, same | {"ref": "p.csv:2", "detail": "other"}]
    parts.write_parts(tmp_path, 0, results(flags=engine))
    cells = frame(DATA_FLAGS, [same | {"detail": "strength_unit cannot be read"}])
    into = tmp_path / "run"
    into.mkdir()
    parts.put_together(tmp_path, 1, cells, into)
    flags = pl.read_parquet(into / "data_flags.parquet")
    assert flags["detail"].to_list() == ["strength_unit cannot be read", "other"]
