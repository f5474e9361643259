"""How cells become typed values, and what an unreadable one leads to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from screener.intake import Intake
from screener.intake.parse import CELL_FLAGS, typed
from screener.intake.predicates import broken, predicates
from screener.intake.schemas import faults_of
from screener.tables import TABLES, typed_schema

Take = Callable[..., Intake]
RX = "patient_id,drug,start_date"


def one(table: str, column: str, cell: str | None) -> object:
    """The typed value of one text cell."""
    raw = pl.DataFrame(
        {"source_row": [1], column: [cell]}, schema={"source_row": pl.Int64(), column: pl.String()}
    )
    return typed(table, raw, "f.csv")[column][0]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("20", 20.0),
        ("20.50", 20.5),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("0.0000001", 1e-7),
        ("", None),
        ("-5", None),
        ("-0", None),
        ("+5", None),
        ("5,0", None),
        ("1_000", None),
        ("1 000", None),
        ("1e3", None),
        (".5", None),
        ("5.", None),
        ("NaN", None),
        ("inf", None),
        ("1" * 16, None),
        ("５００", None),
        ("½", None),
        ("5-10", None),
        ("0x10", None),
        ("<5", None),
        ("500mg", None),
    ],
)
def test_numbers_follow_one_strict_grammar(cell: str, value: float | None) -> None:
    assert one("prescriptions", "dose_min", cell) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("28", 28),
        ("28.0", 28),
        ("0", 0),
        ("999999999", 999_999_999),
        ("1000000000", None),
        ("28.5", None),
        ("-1", None),
        ("", None),
    ],
)
def test_whole_numbers_accept_a_zero_fraction_only(cell: str, value: int | None) -> None:
    assert one("prescriptions", "days_supply", cell) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2024-02-29", dt.date(2024, 2, 29)),
        (" 2024-01-02 ", dt.date(2024, 1, 2)),
        ("1900-01-01", dt.date(1900, 1, 1)),
        ("2100-12-31", dt.date(2100, 12, 31)),
        ("2024-01-02T23:59:59Z", dt.date(2024, 1, 2)),
        ("2024-01-02 23:59", dt.date(2024, 1, 2)),
        ("2024-01-02T23:30:00.123456+05:30", dt.date(2024, 1, 2)),
        ("2024-01-02T23:30:00-0800", dt.date(2024, 1, 2)),
        ("1899-12-31", None),
        ("2101-01-01", None),
        ("9999-12-31", None),
        ("0001-01-01", None),
        ("2023-02-29", None),
        ("2024-13-01", None),
        ("0000-00-00", None),
        ("2024-1-2", None),
        ("01/02/2024", None),
        ("20240102", None),
        ("44927", None),
        ("2024-01-02T25:00", None),
        ("2024-01-02x", None),
        ("２０２４-01-02", None),
    ],
)
def test_dates_are_iso_or_a_timestamp_cut_as_written(cell: str, value: dt.date | None) -> None:
    assert one("prescriptions", "stop_date", cell) == value


@pytest.mark.parametrize("cell", ["1", "true", "TRUE", "Yes", "y"])
def test_words_for_yes(cell: str) -> None:
    assert one("prescriptions", "prn", cell) is True


@pytest.mark.parametrize("cell", ["0", "false", "No", "N"])
def test_words_for_no(cell: str) -> None:
    assert one("prescriptions", "prn", cell) is False


@pytest.mark.parametrize("cell", ["2", "maybe", "", "10"])
def test_other_words_are_neither(cell: str) -> None:
    assert one("prescriptions", "prn", cell) is None


@pytest.mark.parametrize(
    ("cell", "value"),
    [("F", "F"), ("female", "F"), (" m ", "M"), ("Male", "M"), ("X", None), ("unknown", None)],
)
def test_sex_is_f_or_m_or_unknown(cell: str, value: str | None) -> None:
    assert one("patients", "sex", cell) == value


def test_ids_stay_byte_by_byte_and_text_loses_its_edges() -> None:
    assert one("prescriptions", "patient_id", "00123") == "00123"
    assert one("prescriptions", "patient_id", "1E5 ") == "1E5 "
    assert one("prescriptions", "patient_id", "  ") is None
    assert one("prescriptions", "drug", "  baclofen ") == "baclofen"


def test_every_column_of_every_table_gets_its_dtype() -> None:
    for table in TABLES:
        raw = pl.DataFrame({"source_row": [1]}, schema={"source_row": pl.Int64()})
        assert dict(typed(table, raw, "f.csv").schema) == typed_schema(table)


def test_ids_that_look_like_numbers_stay_apart(take: Take) -> None:
    ids = ["00123", "0123", "123", "1E5", "100000", "9007199254740993", "9007199254740992"]
    text = RX + "\n" + "".join(f"{i},baclofen,2024-01-02\n" for i in ids)
    assert take({"prescriptions.csv": text}).bucket(0).prescriptions["patient_id"].to_list() == ids


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (",baclofen,2024-01-02", "patient_id", "", "missing"),
        ("   ,baclofen,2024-01-02", "patient_id", "   ", "missing"),
        ("P1,,2024-01-02", "drug", "", "missing"),
        ("P1,baclofen,", "start_date", "", "missing"),
        ("P1,baclofen,02.01.2024", "start_date", "02.01.2024", "unreadable-date"),
        ("P1,baclofen,1899-12-31", "start_date", "1899-12-31", "unreadable-date"),
        ("P\ufffd,baclofen,2024-01-02", "patient_id", "P\ufffd", "damaged-text"),
        (",,", "patient_id", "", "missing"),
    ],
)
def test_an_order_without_patient_drug_or_start_is_set_aside(
    take: Take, row: str, column: str, value: str, reason: str
) -> None:
    taken = take({"prescriptions.csv": f"{RX}\n{row}\nP2,x,2024-01-02\n"})
    assert taken.set_aside.rows() == [("prescriptions.csv", 1, column, value, reason)]
    assert taken.files[0].kept == 1


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("labs.csv", "patient_id,date,analyte\nP1,,creatinine\n", "date"),
        ("labs.csv", "patient_id,date,analyte\nP1,2024-01-02,\n", "analyte"),
        ("labs.csv", "patient_id,date,analyte\n,2024-01-02,egfr\n", "patient_id"),
        ("conditions.csv", "patient_id,condition\nP1,\n", "condition"),
        ("admissions.csv", "patient_id,start_date\nP1,\n", "start_date"),
        ("patients.csv", "patient_id,sex\n,F\n", "patient_id"),
    ],
)
def test_other_tables_need_their_own_columns(take: Take, name: str, text: str, column: str) -> None:
    taken = take({"prescriptions.csv": f"{RX}\nP2,x,2024-01-02\n", name: text})
    assert taken.set_aside.select("file", "column", "reason").rows() == [(name, column, "missing")]


RX_FLAGS = [
    ("dose_min", "two", "unreadable-sig"),
    ("dose_max", "-1", "unreadable-sig"),
    ("frequency_count", "bid", "unreadable-sig"),
    ("frequency_period_days", "week", "unreadable-sig"),
    ("max_doses_per_day", "1e1", "unreadable-sig"),
    ("prn", "perhaps", "unreadable-sig"),
    ("days_supply", "a month", "unknown-supply"),
    ("quantity", "1,000", "unknown-supply"),
    ("strength_per_value", "5 mL", "unit"),
    ("stop_date", "9999-12-31", "impossible-date"),
    ("dispensed", "?", "unknown-status"),
]


@pytest.mark.parametrize(("column", "cell", "flag"), RX_FLAGS)
def test_an_unreadable_cell_of_an_order_is_a_flag_on_a_row_that_stays(
    take: Take, column: str, cell: str, flag: str
) -> None:
    text = f'{RX},{column}\nP1,baclofen,2024-01-02,"{cell}"\nP2,x,2024-01-03,\n'
    taken = take({"prescriptions.csv": text})
    assert taken.cell_flags.rows() == [
        ("P1", flag, dt.date(2024, 1, 2), "prescriptions.csv:1", f"{column} cannot be read")
    ]
    assert taken.set_aside.is_empty()
    assert taken.bucket(0).prescriptions[column].to_list() == [None, None]


OTHER_FLAGS = [
    ("patients", "birth_date", "missing-demographics"),
    ("patients", "weight_kg", "weight"),
    ("patients", "height_cm", "weight"),
    ("patients", "observation_start", "impossible-date"),
    ("patients", "observation_end", "impossible-date"),
    ("patients", "death_date", "impossible-date"),
    ("labs", "value", "lab-unit"),
    ("conditions", "start_date", "impossible-date"),
    ("conditions", "end_date", "impossible-date"),
    ("admissions", "end_date", "impossible-date"),
]


@pytest.mark.parametrize(("table", "column", "flag"), OTHER_FLAGS)
def test_an_unreadable_cell_of_another_table_is_flagged(
    take: Take, table: str, column: str, flag: str
) -> None:
    needed = {c.name: "2024-01-02" if c.kind == "date" else "P1" for c in TABLES[table]}
    required = [c.name for c in TABLES[table] if c.required]
    text = ",".join([*required, column]) + "\n" + ",".join(needed[n] for n in required) + ",bad\n"
    taken = take({"prescriptions.csv": f"{RX}\nP2,x,2024-01-02\n", f"{table}.csv": text})
    day = dt.date(2024, 1, 2) if table == "labs" else None
    assert taken.cell_flags.rows() == [
        ("P1", flag, day, f"{table}.csv:1", f"{column} cannot be read")
    ]


def test_the_flag_tests_cover_every_flagged_column() -> None:
    tested = {("prescriptions", column) for column, _, _ in RX_FLAGS}
    tested |= {(table, column) for table, column, _ in OTHER_FLAGS}
    flagged = {(t, c) for t, columns in CELL_FLAGS.items() for c in columns}
    assert tested == flagged


def test_every_optional_cell_that_is_no_text_has_a_flag() -> None:
    for table, columns in TABLES.items():
        typed_cells = {
            c.name
            for c in columns
            if c.kind in {"number", "whole", "date", "yes_no"} and not c.required
        }
        assert typed_cells == set(CELL_FLAGS[table])


def test_a_cell_flag_does_not_show_the_cell(take: Take) -> None:
    text = f"{RX},dose_min\nP1,baclofen,2024-01-02,secret words\n"
    assert "secret" not in str(take({"prescriptions.csv": text}).cell_flags.rows())


def test_a_missing_order_id_is_made_from_file_and_row(take: Take) -> None:
    text = f"prescription_id,{RX}\nA,P1,x,2024-01-02\n,P1,x,2024-01-02\n"
    taken = take({"prescriptions.csv": text}).bucket(0).prescriptions
    assert taken["prescription_id"].to_list() == ["A", "prescriptions.csv:2"]


def test_a_blank_drug_with_a_code_is_named_by_its_code(take: Take) -> None:
    text = f"{RX},drug_code\nP1,,2024-01-02,1292\nP2,,2024-01-02,\n"
    taken = take({"prescriptions.csv": text})
    assert taken.bucket(0).prescriptions["drug"].to_list() == ["1292"]
    assert taken.set_aside.select("row", "column", "reason").rows() == [(2, "drug", "missing")]


BAD_TYPED = {
    "prescriptions": pl.DataFrame(
        [
            {"patient_id": "P1", "drug": "x", "start_date": dt.date(2024, 1, 2), "source_row": 1},
            {"patient_id": None, "drug": "x", "start_date": dt.date(2024, 1, 2), "source_row": 2},
            {"patient_id": "P1", "drug": None, "start_date": None, "source_row": 3},
            {"patient_id": "P\0", "drug": "x", "start_date": dt.date(2024, 1, 2), "source_row": 4},
            {
                "patient_id": "P",
                "drug": "\ufffd",
                "start_date": dt.date(2024, 1, 2),
                "source_row": 5,
            },
            {"patient_id": "", "drug": "x", "start_date": dt.date(1800, 1, 2), "source_row": 0},
        ],
        schema_overrides={"source_row": pl.Int64()},
    )
}


def test_pandera_and_the_predicates_name_the_same_faults() -> None:
    schema = typed_schema("prescriptions")
    frame = BAD_TYPED["prescriptions"].with_columns(source_file=pl.lit("f.csv"))
    frame = frame.with_columns(
        [pl.lit(None, dtype=d).alias(n) for n, d in schema.items() if n not in frame.columns]
    ).select(list(schema))
    frame = frame.with_columns(dose_min=pl.Series([1.0, -1.0, float("nan"), None, 2.0, 3.0]))
    for row in range(frame.height):
        part = frame[row]
        expected = {
            p.code
            for p in predicates("prescriptions")
            if not part.select(p.holds).item() and p.column in part.columns
        }
        seen = set(faults_of("prescriptions", part)) - {"SERIES_CONTAINS_NULLS"}
        assert seen == expected, row
        first = broken("prescriptions", part)["fault"][0]
        reasons = [p for p in predicates("prescriptions") if p.reason]
        broken_codes = [p.code for p in reasons if p.code in expected]
        assert (None if first is None else reasons[first].code) == next(iter(broken_codes), None)
