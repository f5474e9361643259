"""One row a patient, buckets that hold whole patients, and what the intake says about itself."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from screener.errors import InputRefused, RunBroke
from screener.intake import Intake, take_in
from screener.intake import buckets as store
from screener.intake.schemas import self_test, validate
from screener.sources import read_export
from screener.tables import empty_table

Take = Callable[..., Intake]
RX = "patient_id,drug,start_date\n"
PEOPLE = "patient_id,birth_date,sex,observation_end\n"


def test_identical_copies_of_a_patient_count_once(take: Take) -> None:
    rows = "P1,1950-01-01,F,2024-03-31\nP2,1960-01-01,M,\n"
    taken = take({"prescriptions.csv": RX + "P1,x,2024-01-02\n", "patients.csv": PEOPLE + rows * 2})
    patients = taken.bucket(0).patients
    assert patients is not None
    assert patients.select("patient_id", "sex", "source_row").rows() == [
        ("P1", "F", 1),
        ("P2", "M", 2),
    ]
    assert taken.cell_flags.is_empty()
    said = "rows that repeat a patient id, which count once: 2;"
    assert any(said in notice for notice in taken.notices)


def test_contradicting_rows_of_a_patient_leave_only_what_they_agree_on(take: Take) -> None:
    rows = "P1,1950-01-01,F,2024-03-31\nP1,1950-01-01,M,\nP1,,F,\n"
    taken = take({"prescriptions.csv": RX + "P1,x,2024-01-02\n", "patients.csv": PEOPLE + rows})
    patients = taken.bucket(0).patients
    assert patients is not None
    assert patients.select("birth_date", "sex", "observation_end").rows() == [
        (dt.date(1950, 1, 1), None, dt.date(2024, 3, 31))
    ]
    assert taken.cell_flags.rows() == [
        (
            "P1",
            "missing-demographics",
            None,
            "patients.csv:1",
            "rows of this patient contradict each other",
        )
    ]


def test_a_table_that_nobody_supplied_is_absent_not_empty(take: Take) -> None:
    taken = take(
        {
            "prescriptions.csv": RX + "P1,x,2024-01-02\n",
            "labs.csv": "patient_id,date,analyte\nP9,2024-01-01,egfr\n",
        }
    )
    tables = taken.bucket(0)
    assert tables.patients is None
    assert tables.conditions is None
    assert tables.admissions is None
    assert tables.labs is not None
    assert tables.supplied == {
        "prescriptions": {"patient_id", "drug", "start_date"},
        "labs": {"patient_id", "date", "analyte"},
    }


def many(patients: int, orders: int) -> dict[str, str]:
    rows = "".join(f"P{n % patients},drug{n},2024-01-{n % 28 + 1:02d}\n" for n in range(orders))
    labs = "".join(f"P{n},2024-02-01,creatinine\n" for n in range(patients))
    return {
        "prescriptions.csv": RX + rows,
        "patients.csv": "patient_id,sex\n" + "".join(f"P{n},F\n" * 2 for n in range(patients)),
        "labs.csv": "patient_id,date,analyte\n" + labs,
    }


def test_buckets_hold_whole_patients_and_together_everything(take: Take) -> None:
    export = many(patients=50, orders=1000)
    one = take(export).bucket(0)
    taken = take(export, bucket_rows=100)
    assert taken.bucket_count > 5
    parts = [taken.bucket(n) for n in range(taken.bucket_count)]
    together = pl.concat([p.prescriptions for p in parts]).sort("source_row")
    assert together.equals(one.prescriptions)
    owners = [set(p.prescriptions["patient_id"]) for p in parts]
    assert sum(len(ids) for ids in owners) == 50
    for ids, part in zip(owners, parts, strict=True):
        assert part.patients is not None
        assert part.labs is not None
        assert set(part.patients["patient_id"]) == ids
        assert set(part.labs["patient_id"]) == ids
        assert part.prescriptions["source_row"].is_sorted()
        assert part.patients.height == len(ids)


def test_the_bucket_of_a_patient_never_changes() -> None:
    ids = pl.Series(["P1", "00123", "é", "P1"])
    expected = [zlib.crc32(text.encode()) % 7 for text in ids]
    assert store.bucket_of(ids, 7).to_list() == expected == [6, 4, 4, 6]


def test_ids_that_a_spreadsheet_may_have_changed_are_counted_aloud(take: Take) -> None:
    taken = take(
        {"prescriptions.csv": RX + "P1 ,x,2024-01-02\n 12.0,x,2024-01-02\nP1,x,2024-01-02\n"}
    )
    assert taken.bucket(0).prescriptions["patient_id"].to_list() == ["P1 ", " 12.0", "P1"]
    notices = " ".join(taken.notices)
    assert "have spaces at the edges count as other patients; rows with such an id: 2" in notices
    assert "that end in '.0' count as other patients; rows with such an id: 1" in notices


def test_a_bucket_that_is_not_there_is_an_error(take: Take) -> None:
    taken = take({"prescriptions.csv": RX + "P1,x,2024-01-02\n"})
    with pytest.raises(IndexError):
        taken.bucket(1)


def test_rows_stand_in_the_order_of_files_and_records(tmp_path: Path) -> None:
    for name, drug in (("prescriptions-b.csv", "b"), ("prescriptions-a.csv", "a")):
        (tmp_path / name).write_text(RX + f"P1,{drug}1,2024-01-02\nP1,{drug}2,2024-01-02\n")
    paths = [str(tmp_path / n) for n in ("prescriptions-b.csv", "prescriptions-a.csv")]
    taken = take_in(paths, read=read_export, scratch=tmp_path)
    assert taken.bucket(0).prescriptions["drug"].to_list() == ["b1", "b2", "a1", "a2"]


def test_a_full_scratch_folder_breaks_the_run(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(RunBroke, match="disk may be full"):
        take(many(20, 300), bucket_rows=50)


def test_dates_and_observation_ends_are_gathered(take: Take) -> None:
    taken = take(
        {
            "prescriptions.csv": RX + "P1,x,2024-01-02\nP2,x,2024-01-02\nP1,x,2031-01-01\n",
            "labs.csv": "patient_id,date,analyte\nP1,2024-02-01,egfr\n",
            "patients.csv": PEOPLE + "P1,,,2024-03-31\nP2,,,2024-02-28\n",
        }
    )
    assert taken.latest_observation_end == dt.date(2024, 3, 31)
    assert taken.date_counts.rows() == [
        (dt.date(2024, 1, 2), 2),
        (dt.date(2024, 2, 1), 1),
        (dt.date(2031, 1, 1), 1),
    ]
    assert taken.latest_date_not_after(dt.date(2024, 12, 31)) == dt.date(2024, 2, 1)
    assert taken.latest_date_not_after(dt.date(2024, 2, 1)) == dt.date(2024, 2, 1)
    assert taken.latest_date_not_after(dt.date(2024, 1, 31)) == dt.date(2024, 1, 2)
    assert taken.latest_date_not_after(dt.date(2023, 1, 1)) is None


def test_progress_is_told_file_and_bytes(take: Take) -> None:
    told: list[tuple[str, int]] = []
    text = RX + "P1,x,2024-01-02\n"
    take({"prescriptions.csv": text}, progress=lambda name, size: told.append((name, size)))
    assert told[-1] == ("prescriptions.csv", len(text))


def test_the_same_content_twice_is_refused(take: Take) -> None:
    text = RX + "P1,x,2024-01-02\n"
    with pytest.raises(InputRefused, match=r"same content as prescriptions-1\.csv"):
        take({"prescriptions-1.csv": text, "prescriptions-2.csv": text})


def test_a_validation_that_is_switched_off_is_noticed() -> None:
    self_test()
    code = "from screener.intake.schemas import self_test; self_test()"
    switched_off = os.environ | {"PANDERA_VALIDATION_ENABLED": "False"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=switched_off, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "RunBroke: the validation does not work" in done.stderr


def test_a_row_that_slipped_through_breaks_the_run_without_showing_it() -> None:
    bad = empty_table("admissions").vstack(
        pl.DataFrame(
            [
                {
                    "patient_id": "SECRET",
                    "start_date": None,
                    "end_date": None,
                    "source_file": "f",
                    "source_row": 1,
                }
            ],
            schema=empty_table("admissions").schema,
        )
    )
    with pytest.raises(RunBroke, match="start_date is there") as broke:
        validate("admissions", bad)
    assert "SECRET" not in str(broke.value)


def test_a_count_that_does_not_hold_breaks_the_run(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    from screener.intake import take as module

    monkeypatch.setattr(module, "_take_batch", lambda *args: (0, 0, 0))
    with pytest.raises(RunBroke, match="1 records were counted, but 0 kept"):
        take({"prescriptions.csv": RX + "P1,x,2024-01-02\n"})


def test_two_runs_give_equal_frames(take: Take) -> None:
    export = many(30, 400) | {"conditions.csv": "patient_id,condition\nP1,\nP2,x\n,y\n"}
    first, second = take(export, bucket_rows=60), take(export, bucket_rows=60)
    assert first.set_aside.equals(second.set_aside)
    assert first.files == second.files
    for number in range(first.bucket_count):
        assert first.bucket(number).prescriptions.equals(second.bucket(number).prescriptions)
