"""Mapping files: every mistake is named with its line, and every function does what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from screener.errors import InputRefused, UsageError
from screener.intake import Intake, take_in
from screener.sources import load_mapping, mapping_names, read_export
from screener.sources.mapping_files import read_mapping

BASE = """schema: 1
mapping: ward
title: a ward's export
tables:
  prescriptions:
    files: ["orders*"]
    columns:
      patient_id: PID
      drug: Name
      start_date: Begin
"""
Taken = Callable[..., Intake]


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    """taken(mapping text, {'orders.csv': text}) -> Intake."""

    def read(mapping: str, files: dict[str, str]) -> Intake:
        folder = tmp_path / "export"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        path = tmp_path / "ward.yaml"
        path.write_text(mapping)
        return take_in([str(folder)], read=read_export, mapping=path, scratch=tmp_path)

    return read


def column(taken: Taken, rule: str, name: str, export: str) -> list[object]:
    """The values that one more column rule gives for an export of orders."""
    mapping = BASE + f"      {name}: {rule}\n"
    return taken(mapping, {"orders.csv": export}).bucket(0).prescriptions[name].to_list()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("schema: 1\n", "schema: 2\n"), "schema: 1"),
        (("mapping: ward\n", ""), "the mapping has no name"),
        (("title:", "titel:"), r'4?.*"titel" is no key of a mapping; did you mean .title.'),
        (("prescriptions:", "prescription:"), "no canonical table"),
        (("patient_id:", "patientid:"), r"ward.yaml:8:7: .*did you mean 'patient_id'"),
        (("      start_date: Begin\n", ""), "cannot do without start_date"),
        (('    files: ["orders*"]\n', ""), "`files` must list"),
        (("drug: Name", "drug: {from: Name, upper: yes}"), '"upper" is no function or step'),
        (("drug: Name", "drug: {values: {a: b}}"), "exactly one source"),
        (("drug: Name", "drug: {from: A, constant: b}"), "exactly one source"),
        (("drug: Name", "drug: {extract: {from: A}}"), "lacks pattern"),
        (("drug: Name", "drug: {extract: {from: A, pattern: '(x)'}}"), r"begin with \^"),
        (("drug: Name", "drug: {extract: {from: A, pattern: '^(?=x)(y)$'}}"), "cannot be used"),
        (("drug: Name", "drug: {from: A, values: {a: b}, otherwise: drop}"), "one of keep"),
        (("drug: Name", "drug: &x Name"), "anchor"),
        (("drug: Name", "drug: Name\n      drug: Other"), "stands twice"),
    ],
)
def test_a_mistake_in_a_mapping_is_named(change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_mapping("ward.yaml", BASE.replace(*change).encode())


def test_the_base_of_these_tests_is_right() -> None:
    assert read_mapping("ward.yaml", BASE.encode()).name == "ward"


def test_an_unknown_mapping_is_answered_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'synthea'"):
        load_mapping("sythea")
    with pytest.raises(UsageError, match="cannot be opened"):
        load_mapping("nowhere.yaml")


def test_every_mapping_that_is_shipped_can_be_read() -> None:
    assert mapping_names() == ("native", "eicu", "smart_outpatient", "synthea")
    for name in mapping_names():
        assert load_mapping(name).name == name


ORDERS = "PID,Name,Begin,X,Y\n"


def test_values_are_looked_up_and_others_kept_blanked_or_left_out(taken: Taken) -> None:
    mapping = BASE + "      dose_unit: {from: X, values: {'{tablet}': tablet}}\n"
    export = ORDERS + "P1,a,2024-01-02, {tablet} ,\nP2,a,2024-01-02,mL,\n"
    result = taken(mapping, {"orders.csv": export})
    assert result.bucket(0).prescriptions["dose_unit"].to_list() == ["tablet", "mL"]


def test_otherwise_blank(taken: Taken) -> None:
    rule = "{from: X, values: {a: tablet}, otherwise: blank}"
    export = ORDERS + "P1,a,2024-01-02,a,\nP2,a,2024-01-02,b,\n"
    assert column(taken, rule, "dose_unit", export) == ["tablet", None]


def test_otherwise_leave_out_is_counted(taken: Taken) -> None:
    mapping = BASE + "      form: {from: X, values: {a: tablet}, otherwise: leave_out}\n"
    export = ORDERS + "P1,a,2024-01-02,a,\nP2,a,2024-01-02,b,\nP3,a,2024-01-02,,\n"
    result = taken(mapping, {"orders.csv": export})
    count = result.files[0]
    assert (count.records, count.kept, count.left_out, count.set_aside) == (3, 2, 1, 0)
    assert result.bucket(0).prescriptions["source_row"].to_list() == [1, 3]
    assert any(notice.endswith("filter: 1") for notice in result.notices)


def test_only_rows_of_a_value_are_read(taken: Taken) -> None:
    mapping = BASE.replace("    columns:", "    only_rows: {column: X, in: [keep]}\n    columns:")
    export = ORDERS + "P1,a,2024-01-02,keep,\nP2,a,2024-01-02,b,\nP3,a,2024-01-02,,\n"
    assert taken(mapping, {"orders.csv": export}).files[0].left_out == 2


def test_a_constant(taken: Taken) -> None:
    export = ORDERS + "P1,a,2024-01-02,,\n"
    assert column(taken, "{constant: rxnorm}", "drug_code_system", export) == ["rxnorm"]


def test_the_first_that_is_not_blank(taken: Taken) -> None:
    export = ORDERS + "P1,a,2024-01-02, ,y\nP1,a,2024-01-02,x,y\nP1,a,2024-01-02,,\n"
    assert column(taken, "{first_of: [X, Y]}", "route", export) == ["y", "x", None]


def test_a_part_is_extracted(taken: Taken) -> None:
    rule = "{extract: {from: Name, pattern: '^.* ([0-9.]+) MG .*$'}}"
    export = ORDERS + "P1,Abc 12.5 MG Tablet,2024-01-02,,\nP1,Abc 12.5 MG,2024-01-02,,\n"
    assert column(taken, rule, "strength_value", export) == ["12.5", None]


def test_when_a_column_has_a_value(taken: Taken) -> None:
    rule = "{when: {column: X, in: [dose], then: Y}}"
    export = ORDERS + "P1,a,2024-01-02,dose,2\nP1,a,2024-01-02,other,3\n"
    assert column(taken, rule, "dose_min", export) == [2.0, None]


@pytest.mark.parametrize(
    ("counts", "days"), [("yes", [1, 28, None, None]), ("no", [0, 27, None, None])]
)
def test_days_between_two_dates(taken: Taken, counts: str, days: list[int | None]) -> None:
    rule = f"{{days_between: {{first: Begin, last: X, last_day_counts: {counts}}}}}"
    export = ORDERS + (
        "P1,a,2024-01-02T23:00:00Z,2024-01-02,\nP1,a,2024-02-02,2024-02-29T01:00:00Z,\n"
        "P1,a,2024-02-02,2024-01-01,\nP1,a,2024-02-02,,\n"
    )
    assert column(taken, rule, "days_supply", export) == days


def test_periods_from_units(taken: Taken) -> None:
    export = ORDERS + "".join(f"P1,a,2024-01-02,{u},\n" for u in ("/d", "/wk", "weekly", "/mo"))
    assert column(taken, "{from: X, periods: yes}", "frequency_period_days", export) == [
        1.0,
        7.0,
        7.0,
        None,
    ]


def test_a_declared_date_format_must_fit_exactly(taken: Taken) -> None:
    mapping = BASE.replace("start_date: Begin", 'start_date: {from: Begin, date: "%d/%m/%Y"}')
    export = ORDERS + "".join(
        f"P1,a,{day},,\n"
        for day in ("01/02/2024", "31/02/2024", "2/1/24", "1/2/2024", "2024-01-02")
    )
    result = taken(mapping, {"orders.csv": export})
    assert result.bucket(0).prescriptions["start_date"].to_list() == [
        dt.date(2024, 2, 1),
        dt.date(2024, 1, 2),
    ]
    assert result.set_aside["row"].to_list() == [2, 3, 4]


def test_null_tokens_separator_and_trimmed_ids(taken: Taken) -> None:
    mapping = BASE.replace(
        "tables:", 'separator: tab\nnull_tokens: ["NULL", "-"]\ntrim_ids: yes\ntables:'
    )
    mapping += "      route: X\n"
    export = (ORDERS + "P1 ,a,2024-01-02, NULL ,\nP2,a,2024-01-02,oral,\n").replace(",", "\t")
    result = taken(mapping, {"orders.txt": export}).bucket(0).prescriptions
    assert result.select("patient_id", "route").rows() == [("P1", None), ("P2", "oral")]


def test_alternative_names_of_a_column(taken: Taken) -> None:
    mapping = BASE.replace("patient_id: PID", "patient_id: [Patient, PID]")
    assert taken(mapping, {"orders.csv": ORDERS + "P1,a,2024-01-02,,\n"}).files[0].kept == 1


def test_a_column_that_the_mapping_needs_must_be_there(taken: Taken) -> None:
    with pytest.raises(InputRefused, match=r"missing: PID \(for patient_id\)"):
        taken(BASE, {"orders.csv": "Name,Begin\na,2024-01-02\n"})


def test_columns_that_the_mapping_does_not_read_are_named(taken: Taken) -> None:
    result = taken(BASE, {"orders.csv": ORDERS + "P1,a,2024-01-02,,\n"})
    assert any("does not read: X, Y" in notice for notice in result.notices)
    assert result.supplied["prescriptions"] == {"patient_id", "drug", "start_date"}


def test_integer_ids_are_read_when_the_mapping_says_so(tmp_path: Path) -> None:
    frame = pl.DataFrame({"PID": [7], "Name": ["x"], "Begin": [dt.date(2024, 1, 2)]})
    frame.write_parquet(tmp_path / "orders.parquet")
    path = tmp_path / "ward.yaml"
    export = [str(tmp_path / "orders.parquet")]
    path.write_text(BASE)
    with pytest.raises(InputRefused, match="'PID' holds numbers"):
        take_in(export, read=read_export, mapping=path, scratch=tmp_path)
    path.write_text(BASE.replace("tables:", "ids: integers\ntables:"))
    result = take_in(export, read=read_export, mapping=path, scratch=tmp_path)
    assert result.bucket(0).prescriptions["patient_id"].to_list() == ["7"]


def test_cautions_of_a_mapping_are_notices(taken: Taken) -> None:
    mapping = BASE.replace("tables:", "cautions:\n  - there is no dose\ntables:")
    result = taken(mapping, {"orders.csv": ORDERS + "P1,a,2024-01-02,,\n"})
    assert result.notices[0] == "mapping ward: there is no dose"
