"""The hand-written patients written as FHIR give the findings that the native tables give."""

from __future__ import annotations

import csv
import datetime as dt
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from screener.checks.bucket import screen_bucket
from screener.intake import take_in
from screener.rulebook.library import load_library
from screener.sources import read_export
from screener.tables import TABLES, Tables
from tests.sources.fhir_writer import BODY, Row, resources, write_bundle, write_ndjson

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
RULES = tuple(r for r in load_library(ROOT / "rules") if r.status in ("active", "pilot"))
LAST_DAYS = (dt.date(2024, 4, 13), dt.date(2024, 9, 20))
# What names places in files, and so differs between two exports of the same patients.
PLACES = ("source_refs", "lab_refs")


@cache
def case_tables() -> dict[str, list[Row]]:
    """The case patients as text; weight and height as measurements, without observed periods."""
    rows = {}
    for table in TABLES:
        with (CASES / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            rows[table] = list(csv.DictReader(file))
    first_lab = {row["patient_id"]: row["date"] for row in rows["labs"]}
    for patient in rows["patients"]:
        for column, analyte in (("weight_kg", "body_weight"), ("height_cm", "body_height")):
            value = patient.pop(column)
            if value and patient["patient_id"] in first_lab:
                on = first_lab[patient["patient_id"]]
                rows["labs"].append(
                    {"patient_id": patient["patient_id"], "date": on, "analyte": analyte}
                    | {"comparator": "", "value": value, "unit": BODY[analyte][1]}
                )
        del patient["observation_start"], patient["observation_end"]
    return rows


def taken_in(mapping: str, path: Path, scratch: Path) -> Tables:
    scratch.mkdir()
    intake = take_in([str(path)], read=read_export, mapping=mapping, scratch=scratch)
    assert intake.set_aside.is_empty()
    return intake.bucket(0)


def native(folder: Path) -> Path:
    folder.mkdir()
    for table, rows in case_tables().items():
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def fhir(folder: Path, form: str) -> Path:
    folder.mkdir()
    if form == "bundle":
        write_bundle(folder / "all.json", resources(case_tables(), "referenced"))
    else:
        write_ndjson(folder, resources(case_tables(), form), packed=form == "contained")
    return folder


@pytest.fixture(scope="module")
def from_fhir(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    folder = tmp_path_factory.mktemp("fhir")
    forms = ("referenced", "contained", "bundle")
    return {f: taken_in("fhir", fhir(folder / f, f), folder / f"{f} scratch") for f in forms}


def content(frame: pl.DataFrame | None) -> list[tuple[object, ...]]:
    """The rows without the places that they were read from."""
    assert frame is not None
    assert frame.height > 0
    rows = frame.drop("source_file", "source_row").rows()
    return sorted(rows, key=str)


@pytest.mark.parametrize("form", ["contained", "bundle"])
def test_every_form_of_an_export_gives_the_same_rows(
    form: str, from_fhir: dict[str, Tables]
) -> None:
    for table in TABLES:
        one, other = (content(getattr(from_fhir[f], table)) for f in (form, "referenced"))
        assert one == other, table


@pytest.mark.parametrize("as_of", LAST_DAYS, ids=str)
def test_patients_written_as_fhir_give_the_same_findings(
    as_of: dt.date, from_fhir: dict[str, Tables], tmp_path: Path
) -> None:
    theirs = taken_in("native", native(tmp_path / "native"), tmp_path / "scratch")
    found, wanted = (screen_bucket(t, RULES, as_of) for t in (from_fhir["referenced"], theirs))
    assert wanted.findings.height > 30
    for name in ("findings", "pilot_findings", "not_assessed", "outcomes", "timeline"):
        sides = []
        for frame in (getattr(found, name), getattr(wanted, name)):
            kept = frame.select(c for c in frame.columns if c not in PLACES)
            sides.append(sorted(kept.rows(), key=str))
        assert sides[0] == sides[1], name
    flags = [
        sorted(f.data_flags.select("patient_id", "flag", "date").rows()) for f in (found, wanted)
    ]
    assert flags[0] == flags[1]
