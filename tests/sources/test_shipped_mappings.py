"""The shipped mappings on invented files of the same shape, and on real public exports."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from screener.intake import Intake, take_in
from screener.sources import read_export

SHARED = Path(__file__).parents[3] / "shared" / "data"
external = pytest.mark.external
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is absent")


def taken(folder: Path, mapping: str, scratch: Path) -> Intake:
    return take_in([str(folder)], read=read_export, mapping=mapping, scratch=scratch)


def test_synthea_tables_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "medications.csv").write_text(
        "START,STOP,PATIENT,CODE,DESCRIPTION\n"
        "2024-01-02T23:38:03Z,2024-01-16T23:38:03Z,p-1,308192,Abc 500 MG  Oral Tablet\n"
        "2024-01-02,,p-1,1,Other\n"
    )
    (tmp_path / "patients.csv").write_text(
        "Id,BIRTHDATE,DEATHDATE,GENDER\np-1,1950-02-03,,F\np-2,1960-02-03,2024-01-01,M\n"
    )
    (tmp_path / "observations.csv").write_text(
        "DATE,PATIENT,CODE,VALUE,UNITS\n"
        "2024-01-01T10:00:00Z,p-1,2160-0,1.1,mg/dL\n"
        "2024-01-01T10:00:00Z,p-1,33914-3,58.2,mL/min/{1.73_m2}\n"
        "2024-01-01T10:00:00Z,p-1,72166-2,Never smoker,\n"
        "2023-01-01T10:00:00Z,p-1,29463-7,70.0,kg\n"
        "2024-01-01T10:00:00Z,p-1,29463-7,72.5,kg\n"
        "2024-02-01T10:00:00Z,p-1,29463-7,160,lb\n"
        "2024-01-01T10:00:00Z,p-1,8302-2,171,cm\n"
    )
    (tmp_path / "encounters.csv").write_text(
        "Id,START,STOP,PATIENT,ENCOUNTERCLASS\n"
        "1,2024-01-01T10:00:00Z,2024-01-04T10:00:00Z,p-1,inpatient\n"
        "2,2024-01-01T10:00:00Z,2024-01-01T11:00:00Z,p-1,wellness\n"
    )
    result = taken(tmp_path, "synthea", tmp_path)
    tables = result.bucket(0)
    orders = tables.prescriptions
    assert orders.select(
        "drug", "drug_code", "drug_code_system", "start_date", "stop_date"
    ).rows() == [
        ("Abc 500 MG  Oral Tablet", "308192", "rxnorm", dt.date(2024, 1, 2), dt.date(2024, 1, 16)),
        ("Other", "1", "rxnorm", dt.date(2024, 1, 2), None),
    ]
    assert tables.patients is not None
    assert tables.labs is not None
    assert tables.admissions is not None
    weights = tables.labs.filter(pl.col("analyte") == "body_weight")
    assert weights.select("value", "unit").rows() == [(70.0, "kg"), (72.5, "kg"), (160.0, "lb")]
    assert tables.patients.select("sex", "weight_kg", "height_cm").rows() == [
        ("F", None, 171.0),
        ("M", None, None),
    ]
    assert tables.labs.head(2).select("analyte", "value", "unit").rows() == [
        ("creatinine", 1.1, "mg/dL"),
        ("egfr", 58.2, "mL/min/1.73m2"),
    ]
    assert tables.admissions.select("start_date", "end_date").rows() == [
        (dt.date(2024, 1, 1), dt.date(2024, 1, 4))
    ]
    assert {f.name: f.left_out for f in result.files} == {
        "encounters.csv": 1,
        "medications.csv": 0,
        "observations.csv": 1,
        "patients.csv": 0,
    }
    assert result.cell_flags.is_empty()


MEDS = (
    "ID\tPID\tSTART_DATE\tEND_DATE\tRxNorm\tName\tSIG\tQ\tDAYS\tREFILLS\tQ_TO_TAKE_VALUE\t"
    "Q_TO_TAKE_UNIT\tFREQUENCY_VALUE\tFREQUENCY_UNIT\r\n"
)


def test_smart_outpatient_orders_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "meds.txt").write_bytes(
        (
            MEDS + "1\t77 \t2024-01-02\t\t1\tAbc 20 MG Oral Tablet [Abcor]\t1 bid\t60\t30\t0\t1\t"
            "{tablet}\t2\t/d\r\n"
            "2\t77\t2024-01-02\t\t2\tXyz 80 MG/ML Oral Suspension\t7 mL prn pain\t1\t10\t0\t"
            "7\tmL\t1\t/wk\r\n"
            "3\t77\t2024-01-02\t\t3\tAbc 875 MG / Xyz 125 MG Oral Tablet\tsurprnal\t1\t10\t0\t"
            "\t\t\t\r\n"
        ).encode()
    )
    (tmp_path / "patients.txt").write_text(
        "dob\tGENDER\tPID\tgender\n1950-01-01\tF\t77\tfemale\n1951-01-01\tM\t78\t\n"
    )
    (tmp_path / "labs.txt").write_text(
        "ID\tPID\tDATE\tLOINC\tVALUE\tUNITS\n1\t77\t2024-01-01\t2160-0\t1.1\tmg/dL\n"
        "2\t77\t2024-01-01\t5767-9\tclear\t\n"
    )
    result = taken(tmp_path, "smart_outpatient", tmp_path)
    tables = result.bucket(0)
    seen = tables.prescriptions.select(
        "prescription_id",
        "patient_id",
        "strength_value",
        "strength_unit",
        "strength_per_value",
        "strength_per_unit",
        "dose_min",
        "dose_unit",
        "frequency_count",
        "frequency_period_days",
        "prn",
    )
    assert seen.rows() == [
        ("1", "77", "20", "mg", None, None, 1.0, "tablet", 2.0, 1.0, None),
        ("2", "77", "80", "mg", 1.0, "mL", 7.0, "mL", 1.0, 7.0, True),
        ("3", "77", None, None, None, None, None, None, None, None, None),
    ]
    assert tables.patients is not None
    assert tables.patients["sex"].to_list() == ["F", "M"]
    assert tables.labs is not None
    assert tables.labs["analyte"].to_list() == ["creatinine"]
    assert any("A refill takes its dose" in notice for notice in result.notices)


@external
@needs_shared
@pytest.mark.parametrize(
    ("folder", "mapping", "orders", "aside"),
    [
        ("synthea_csv", "synthea", 6124, 0),
        ("synthea_csv_with_labs", "synthea", 663, 0),
        ("smart_outpatient", "smart_outpatient", 363, 1),
    ],
)
def test_real_exports_are_taken_in(
    tmp_path: Path, folder: str, mapping: str, orders: int, aside: int
) -> None:
    result = taken(SHARED / folder, mapping, tmp_path)
    count = next(file for file in result.files if file.table == "prescriptions")
    assert (count.records, count.set_aside) == (orders, aside)
    assert result.bucket(0).prescriptions["drug_code"].null_count() < orders * 0.2
    for file in result.files:
        counted = file.kept + file.set_aside + file.blank + file.left_out
        assert file.records + file.added == counted
