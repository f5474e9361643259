"""Which files are read, and as which table."""

from __future__ import annotations

from pathlib import Path

import pytest

from screener.errors import InputRefused, UsageError
from screener.sources import read_export

RX = "patient_id,drug,start_date\nP1,x,2024-01-02\n"


def write(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).write_text(RX + f"P{number},x,2024-01-02\n")
    return folder


def test_tables_are_told_apart_by_the_beginning_of_the_name(tmp_path: Path) -> None:
    write(tmp_path, "Prescriptions_2024.CSV", "labs.tsv", "conditions-1.ndjson", "patients.csv.gz")
    export = read_export([str(tmp_path)])
    assert {file.name: file.table for file in export.files} == {
        "Prescriptions_2024.CSV": "prescriptions",
        "labs.tsv": "labs",
        "conditions-1.ndjson": "conditions",
        "patients.csv.gz": "patients",
    }


def test_other_files_of_a_folder_are_named_and_hidden_ones_are_not(tmp_path: Path) -> None:
    write(tmp_path, "prescriptions.csv", "README.md", "stock.csv", ".prescriptions.csv")
    (notice,) = read_export([str(tmp_path)]).notices
    assert "2 entries are not read" in notice
    assert "README.md, stock.csv" in notice


def test_a_path_given_for_a_table_needs_no_name(tmp_path: Path) -> None:
    write(tmp_path, "dump.csv", "values.csv")
    export = read_export(
        [],
        tables={
            "prescriptions": [str(tmp_path / "dump.csv")],
            "labs": [str(tmp_path / "values.csv")],
        },
    )
    assert [file.table for file in export.files] == ["prescriptions", "labs"]


def test_files_of_one_name_are_numbered(tmp_path: Path) -> None:
    for site in ("north", "south"):
        write(tmp_path / site, "prescriptions.csv")
    export = read_export([str(tmp_path / "north"), str(tmp_path / "south")])
    assert [file.name for file in export.files] == ["prescriptions.csv", "prescriptions (2).csv"]
    assert export.files[1].path_as_given.endswith("south/prescriptions.csv")


def test_without_prescriptions_nothing_is_read(tmp_path: Path) -> None:
    write(tmp_path, "labs.csv")
    with pytest.raises(InputRefused, match="no file of prescriptions"):
        read_export([str(tmp_path)])


def test_the_same_path_twice_is_refused(tmp_path: Path) -> None:
    path = str(write(tmp_path, "prescriptions.csv") / "prescriptions.csv")
    with pytest.raises(InputRefused, match="given twice"):
        read_export([path, str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("dump.csv", "does not say which table"),
        ("prescriptions.xlsx", "ending is not one"),
        ("prescriptions.txt", "ending is not one"),
        ("prescriptions", "ending is not one"),
    ],
)
def test_a_file_that_cannot_be_placed_is_a_wrong_command_line(
    tmp_path: Path, name: str, sentence: str
) -> None:
    write(tmp_path, name)
    with pytest.raises(UsageError, match=sentence):
        read_export([str(tmp_path / name)])


def test_an_unknown_table_name_is_a_wrong_command_line(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    with pytest.raises(UsageError, match="'recipes' is not a table"):
        read_export([], tables={"recipes": [str(tmp_path / "a.csv")]})


def test_a_tab_separated_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "prescriptions.tsv").write_text(RX.replace(",", "\t"))
    (file,) = read_export([str(tmp_path)]).files
    assert sum(batch.records for batch in file.batches()) == 1


@pytest.mark.parametrize("rows", [1, 1000, 50_000])
def test_the_estimate_of_rows_is_near(tmp_path: Path, rows: int) -> None:
    (tmp_path / "prescriptions.csv").write_text(RX + "P1,metformin,2024-01-02\n" * (rows - 1))
    (file,) = read_export([str(tmp_path)]).files
    assert rows * 0.8 <= file.rows_about <= rows * 1.2 + 2
