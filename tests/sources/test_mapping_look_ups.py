"""Several files read into one table, look-ups in another file, and minutes that become days."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from screener.errors import InputRefused, UsageError
from screener.intake import Intake, take_in
from screener.sources import mapping_files, read_export
from screener.sources.read import MODELS

MEDS = (
    "ID\tPID\tSTART_DATE\tEND_DATE\tRxNorm\tName\tSIG\tQ\tDAYS\tREFILLS\tQ_TO_TAKE_VALUE\t"
    "Q_TO_TAKE_UNIT\tFREQUENCY_VALUE\tFREQUENCY_UNIT\n"
    "1\t77 \t2024-01-02\t\t11\tAbc 20 MG Oral Tablet\t1 bid\t60\t30\t0\t1\t{tablet}\t2\t/d\n"
    "2\t77\t2024-01-02\t\t12\tXyz 5 MG Oral Tablet\t1 qd\t30\t30\t0\t1\t{tablet}\t1\t/d\n"
    "3\t77\t2024-02-02\t\t12\tXyz 5 MG Oral Tablet\t2 qd\t60\t30\t0\t2\t{tablet}\t1\t/d\n"
)
REFILLS = "ID\tPID\tDATE\tRXN\tDAYS\tQ\n"


def taken(folder: Path, mapping: str | Path) -> Intake:
    return take_in([str(folder)], read=read_export, mapping=mapping, scratch=folder)


def orders_of(intake: Intake) -> pl.DataFrame:
    return intake.bucket(0).prescriptions.sort("prescription_id")


def test_a_fill_takes_its_dose_from_the_order_and_the_first_fill_is_the_order(
    tmp_path: Path,
) -> None:
    (tmp_path / "meds.txt").write_text(MEDS)
    (tmp_path / "refills.txt").write_text(
        REFILLS + "1\t77\t2024-01-02\t11\t30\t60\n"  # the order itself
        "2\t77 \t2024-02-01\t11\t90\t180\n"  # a refill
        "3\t77\t2024-02-01\t12\t30\t30\n"  # two orders with other doses: which is not known
        "4\t78\t2024-02-01\t11\t30\t30\n"  # another patient, without an order
    )
    result = taken(tmp_path, "smart_outpatient")
    fills = orders_of(result).filter(pl.col("prescription_id").str.starts_with("refill-"))
    columns = ("prescription_id", "patient_id", "drug", "dose_min", "frequency_count")
    assert fills.select(*columns, "days_supply").rows() == [
        ("refill-2", "77", "Abc 20 MG Oral Tablet", 1.0, 2.0, 90),
        ("refill-3", "77", "12", None, None, 30),
        ("refill-4", "78", "11", None, None, 30),
    ]
    assert {f.name: (f.kept, f.left_out) for f in result.files} == {
        "meds.txt": (3, 0),
        "refills.txt": (3, 1),
    }


def test_a_record_of_vitals_gives_weight_and_height_and_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "meds.txt").write_text(MEDS)
    (tmp_path / "patients.txt").write_text("PID\tdob\tgender\n77\t1950-01-02\tmale\n")
    (tmp_path / "vitals.txt").write_text(
        "ID\tPID\tTIMESTAMP\tWEIGHT\tHEIGHT\n"
        "1\t77\t2024-01-02T10:00:00\t80\t180\n"
        "2\t77\t2024-02-02T10:00:00\t81\t\n"
        "3\t77\t2024-03-02T10:00:00\t\t181\n"
        "4\t77\t2024-04-02T10:00:00\t\t\n"
    )
    result = taken(tmp_path, "smart_outpatient")
    tables = result.bucket(0)
    assert tables.patients is not None
    assert tables.patients["height_cm"].to_list() == [181.0]
    assert tables.labs is not None
    measured = tables.labs.select("source_row", "analyte", "value", "unit").sort("source_row")
    assert measured.sort("source_row", "analyte").rows() == [
        (1, "body_height", 180.0, "cm"),
        (1, "body_weight", 80.0, "kg"),
        (2, "body_weight", 81.0, "kg"),
        (3, "body_height", 181.0, "cm"),
    ]
    (vitals,) = (f for f in result.files if f.name == "vitals.txt")
    assert (vitals.records, vitals.kept, vitals.left_out, vitals.added) == (4, 4, 2, 2)


def test_further_rows_have_only_rows_and_columns(tmp_path: Path) -> None:
    text = """\
schema: 1
mapping: ward
title: A ward
tables:
  prescriptions:
    files: [orders.csv]
    columns: {patient_id: PID, drug: Name, start_date: Day}
    more_rows:
      - files: [others.csv]
        columns: {patient_id: PID, drug: Second, start_date: Day}
"""
    mapping = tmp_path / "ward.yaml"
    mapping.write_text(text)
    with pytest.raises(UsageError, match="files"):
        taken(tmp_path, mapping)
    mapping.write_text(
        text.replace("files: [others.csv]", "only_rows: {column: Second, filled: yes}")
    )
    (tmp_path / "orders.csv").write_text(
        "PID,Name,Second,Day\n1,baclofen,senna,2024-01-02\n2,baclofen,,2024-01-02\n"
    )
    orders = orders_of(taken(tmp_path, mapping)).select("patient_id", "drug", "source_row")
    assert sorted(orders.rows()) == [("1", "baclofen", 1), ("1", "senna", 1), ("2", "baclofen", 2)]


def test_fills_without_the_file_of_orders_keep_their_code(tmp_path: Path) -> None:
    (tmp_path / "refills.txt").write_text(REFILLS + "1\t77\t2024-01-02\t11\t30\t60\n")
    result = taken(tmp_path, "smart_outpatient")
    assert orders_of(result).select("drug", "drug_code").rows() == [("11", "11")]


@pytest.mark.parametrize(
    ("medications", "encounters"),
    [
        # of the first years: ids in capitals, encounters with one date and no class
        ("START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION", "ID,DATE,PATIENT,CODE,DESCRIPTION"),
        # of today
        (
            "START,STOP,PATIENT,PAYER,ENCOUNTER,CODE,DESCRIPTION,BASE_COST,PAYER_COVERAGE,"
            "DISPENSES,TOTALCOST,REASONCODE,REASONDESCRIPTION",
            "Id,START,STOP,PATIENT,ORGANIZATION,PROVIDER,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION",
        ),
    ],
)
def test_synthea_headers_of_several_generations(
    tmp_path: Path, medications: str, encounters: str
) -> None:
    cells = {
        "START": "2024-01-02T10:00:00Z", "STOP": "2024-01-09", "PATIENT": "p-1", "ENCOUNTER": "e-1",
        "CODE": "308192", "DESCRIPTION": "Abc 500 MG", "ID": "e-1", "Id": "e-1",
        "DATE": "2024-01-02", "ORGANIZATION": "o-1", "PROVIDER": "d-1",
        "ENCOUNTERCLASS": "inpatient",
    }  # fmt: skip
    for name, header in (("medications.csv", medications), ("encounters.csv", encounters)):
        line = ",".join(cells.get(column, "") for column in header.split(","))
        (tmp_path / name).write_text(f"{header}\n{line}\n")
    (tmp_path / "patients.csv").write_text("ID,BIRTHDATE,DEATHDATE,GENDER\np-1,1950-02-03,,F\n")
    intake = taken(tmp_path, "synthea")
    tables = intake.bucket(0)
    newer = "ORGANIZATION" in encounters
    given = tables.prescriptions.select("drug", "prescriber_id", "site_id").rows()
    assert given == [("Abc 500 MG", *(("d-1", "o-1") if newer else (None, None)))]
    assert tables.admissions is not None
    assert tables.admissions.height == int(newer)


EICU_MEDICATION = (
    "medicationid,patientunitstayid,drugorderoffset,drugstartoffset,drugordercancelled,drugname,"
    "drughiclseqno,dosage,routeadmin,frequency,prn,drugstopoffset\n"
)


def eicu(folder: Path, *lines: str) -> Intake:
    (folder / "medication.csv").write_text(EICU_MEDICATION + "".join(f"{x}\n" for x in lines))
    (folder / "patient.csv").write_text(
        "patientunitstayid,gender,age,hospitalid,admissionheight,admissionweight,"
        "hospitaladmitoffset,hospitaldischargeoffset,hospitaldischargestatus\n"
        "5,Female,> 89,59,160,50,-100,4000,Expired\n6,Male,40,60,,,-1,1500,Alive\n"
    )
    (folder / "lab.csv").write_text(
        "patientunitstayid,labresultoffset,labname,labresult,labresulttext,labmeasurenamesystem\n"
        "5,1440,creatinine,1.10,1.1,mg/dL\n5,-1,Digoxin,,<0.2,ng/mL\n"
    )
    return taken(folder, "eicu")


def test_minutes_from_admission_become_days_of_24_hours(tmp_path: Path) -> None:
    tables = eicu(tmp_path, "1,5,0,-1,No,ABC 5 MG TAB,7,5 mg,PO,BID,No,2880").bucket(0)
    order = tables.prescriptions.row(0, named=True)
    assert (str(order["start_date"]), order["days_supply"]) == ("1999-12-31", 4)
    assert order["site_id"] == "59"
    assert tables.patients is not None
    assert tables.labs is not None
    shown = ("birth_date", "observation_start", "observation_end", "death_date")
    assert [[str(cell) for cell in row] for row in tables.patients.select(shown).rows()] == [
        ["1910-01-01", "1999-12-31", "2000-01-03", "2000-01-03"],
        ["1960-01-01", "1999-12-31", "2000-01-02", "None"],
    ]
    assert [
        (str(date), *rest)
        for date, *rest in tables.labs.select("date", "analyte", "comparator", "value").rows()
    ] == [("2000-01-02", "creatinine", None, 1.1), ("1999-12-31", "Digoxin", "<", 0.2)]


@pytest.mark.parametrize(
    ("frequency", "times"),
    [
        ("BID", 2), ("Q6H PRN", 4), ("q 12 hour (BID)", 2), ("Every 4 hours PRN", 6), ("Q4HP", 6),
        ("2 times daily", 2), ("3xDaily", 3), ("QHS (2100)", 1), ("Q48H", 0.5), ("TID WC", 3),
        ("Resp q 6 hour", 4), ("Every Other Day", 0.5), ("DAILY (0900) Routine", 1),
        # a number of doses, an interval that is no part of a day: not a daily dose
        ("Q4H X2", None), ("Once X2", None), ("Q10H", None), ("Titrate", None),
        ("PRN", None), ("Q5 Min PRN", None), ("H8", None),
    ],
)  # fmt: skip
def test_frequency_texts_of_eicu(tmp_path: Path, frequency: str, times: float | None) -> None:
    intake = eicu(tmp_path, f"1,5,0,0,No,ABC,7,5 mg,PO,{frequency},No,100")
    assert intake.bucket(0).prescriptions["frequency_count"].to_list() == [times]


@pytest.mark.parametrize("frequency", ["Once", "ONCE X1", "1XONLY", "ONE TIME X1", "Once PRN"])
def test_a_single_dose_counts_on_its_first_day_only(tmp_path: Path, frequency: str) -> None:
    intake = eicu(tmp_path, f"1,5,0,0,No,ABC,7,5 mg,PO,{frequency},No,9000")
    orders = intake.bucket(0).prescriptions
    assert orders.select("frequency_count", "days_supply").rows() == [(1.0, 1)]


@pytest.mark.parametrize(
    ("dosage", "dose"),
    [
        ('"1,000 mg"', (1000.0, None, "mg")), ("2-4 MG", (2.0, 4.0, "MG")),
        ("5", (5.0, None, None)),
        ("5 3", (5.0, None, "3")), ("PYXIS", (None, None, None)), ("", (None, None, None)),
    ],
)  # fmt: skip
def test_dosages_of_eicu(tmp_path: Path, dosage: str, dose: tuple[object, ...]) -> None:
    intake = eicu(tmp_path, f"1,5,0,0,No,ABC,7,{dosage},PO,BID,No,100")
    assert intake.bucket(0).prescriptions.select("dose_min", "dose_max", "dose_unit").row(0) == dose


def test_orders_without_name_and_stops_before_the_start(tmp_path: Path) -> None:
    intake = eicu(
        tmp_path,
        "1,5,0,100,Yes,ABC,7,5 mg,PO,BID,No,0",
        "2,5,0,100,No,,7,5 mg,PO,BID,No,200",
        "3,5,0,100,No,,,5 mg,PO,BID,No,200",
    )
    columns = ("prescription_id", "status", "days_supply", "drug_code")
    assert orders_of(intake).select(columns).rows() == [
        ("1", "cancelled", None, "7"),
        ("2", "active", 1, "7"),
    ]
    assert intake.set_aside.select("row", "reason").rows() == [(3, "missing")]


OWN = """schema: 1
mapping: own
tables:
  prescriptions:
    files: [rx.csv]
    columns: {{patient_id: p, drug: d, start_date: s}}
    {more}
"""


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_look_ups_work_in_every_file_format(tmp_path: Path, ending: str) -> None:
    more = """look_up: {name: old, files: ["orders.*"], by: {no: [nr, number]}}
    also:
      - files: ["fills.*"]
        look_up: {name: order, files: ["orders.*"], by: {no: [nr, number]}}
        columns: {patient_id: p, drug: order.d, start_date: s}"""
    (tmp_path / "own.yaml").write_text(OWN.format(more=more).replace("rx.csv", '"orders.*"'))
    orders = pl.DataFrame({"p": ["1"], "d": ["abc"], "s": ["2024-01-01"], "number": ["7"]})
    fills = pl.DataFrame({"p": ["1"] * 2, "s": ["2024-02-01"] * 2, "no": ["7", "8"]})
    for name, frame in (("orders", orders), ("fills", fills)):
        path = tmp_path / f"{name}.{ending}"
        match ending:
            case "csv":
                frame.write_csv(path)
            case "ndjson":
                frame.write_ndjson(path)
            case _:
                frame.write_parquet(path)
    result = taken(tmp_path, tmp_path / "own.yaml")
    seen = result.bucket(0).prescriptions.select("source_file", "source_row", "drug").rows()
    assert sorted(seen) == [(f"fills.{ending}", 1, "abc"), (f"orders.{ending}", 1, "abc")]
    assert result.set_aside.select("file", "row", "column", "reason").rows() == [
        (f"fills.{ending}", 2, "drug", "missing")
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("only_rows: {column: a}", "needs `column` and one of in, differs_from, filled"),
        ("only_rows: {column: a, in: [b], filled: yes}", "needs `column` and one of"),
        ("look_up: {name: x, files: [y]}", "lacks by"),
        ("look_up: {name: x, files: [y], by: p}", "`by` must give"),
        (
            "also: [{files: a, columns: {drug: {from: d, instead: {where: d, fits: x, then: 1}}}}]",
            "the pattern must begin with",
        ),
        ("also: {files: [z.csv]}", "`also` must be a list"),
        ("also: [{files: [z.csv], columns: {drug: d}}]", "cannot do without"),
    ],
)
def test_mistakes_in_these_parts_are_named(tmp_path: Path, more: str, said: str) -> None:
    (tmp_path / "own.yaml").write_text(OWN.format(more=more))
    (tmp_path / "rx.csv").write_text("p,d,s\n1,abc,2024-01-01\n")
    with pytest.raises(UsageError) as raised:
        taken(tmp_path, tmp_path / "own.yaml")
    assert said in str(raised.value)


def test_a_day_zero_that_is_no_date_is_named(tmp_path: Path) -> None:
    text = OWN.format(more="").replace("start_date: s", "start_date: {from: s, minutes_after: x}")
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(UsageError) as raised:
        taken(tmp_path, tmp_path / "own.yaml")
    assert "a date such as 2000-01-01" in str(raised.value)


def test_a_column_that_tells_which_rows_count_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.format(more="only_rows: {column: kind, filled: yes}"))
    (tmp_path / "rx.csv").write_text("p,d,s\n1,abc,2024-01-01\n")
    with pytest.raises(InputRefused):
        taken(tmp_path, tmp_path / "own.yaml")


def test_the_formats_that_a_message_names_are_those_that_are_read() -> None:
    assert tuple(MODELS) == mapping_files.BUILT_IN
