"""The hand-written patients written as FHIR give the findings that the native tables give.

All of them are carried. The one fact that FHIR has no element for is when a patient's data begin
and end: both sides go without, or the end is put in from outside, as `--as-of` does for everybody.
What the missing beginning costs is listed in `THE_START_MATTERS`, patient by patient.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from screener.checks.bucket import screen_bucket
from screener.findings import Results
from screener.intake import take_in
from screener.rulebook.library import load_library
from screener.sources import read_export
from screener.tables import TABLES, Tables
from tests.sources.fhir_writer import BODY, Row, resources, write_bundle, write_ndjson

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
RULES = tuple(r for r in load_library(ROOT / "rules") if r.status in ("active", "pilot"))
# Patients whose findings rest on the day on which their data begin: (patient, rule).
THE_START_MATTERS = {
    ("B02", "baclofen-raised-too-fast"),
    ("B08", "baclofen-starting-dose"),
    ("G16", "lithium-interaction"),
}
WITHOUT_PERIODS, LAST_DAY = dt.date(2024, 4, 13), dt.date(2026, 10, 31)
Cells = tuple[object, ...]
# What names places in files, and so differs between two exports of the same patients.
PLACES = ("source_refs", "lab_refs")


@cache
def case_tables() -> dict[str, list[Row]]:
    """The case patients as text."""
    rows = {}
    for table in TABLES:
        with (CASES / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            rows[table] = list(csv.DictReader(file))
    return rows


@cache
def tables_for_fhir() -> dict[str, list[Row]]:
    """The same with weight and height as measurements, as FHIR has them."""
    rows = dict(case_tables())
    rows["labs"] = rows["labs"] + [
        {"patient_id": patient["patient_id"], "date": patient["observation_start"]}
        | {"analyte": analyte, "comparator": "", "value": patient[column], "unit": BODY[analyte][1]}
        for patient in rows["patients"]
        for column, analyte in (("weight_kg", "body_weight"), ("height_cm", "body_height"))
    ]
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
        write_bundle(folder / "all.json", resources(tables_for_fhir(), "referenced"))
    else:
        write_ndjson(folder, resources(tables_for_fhir(), form), packed=form == "contained")
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


@pytest.fixture(scope="module")
def from_native(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("native")
    return taken_in("native", native(folder / "in"), folder / "scratch")


def rows_of(results: Results, name: str) -> list[Cells]:
    """The rows of one output, without the places of files."""
    frame: pl.DataFrame = getattr(results, name)
    return sorted(frame.select(c for c in frame.columns if c not in PLACES).rows(), key=str)


def with_windows(tables: Tables, windows: pl.DataFrame) -> Tables:
    """The tables with these observed periods (patient_id, observation_start, observation_end)."""
    assert tables.patients is not None
    bare = tables.patients.drop("observation_start", "observation_end")
    joined = bare.join(windows, on="patient_id", how="left", maintain_order="left")
    return replace(tables, patients=joined.select(tables.patients.columns))


@pytest.fixture(scope="module")
def screened(from_fhir: dict[str, Tables], from_native: Tables) -> dict[str, Results]:
    """Both exports without observed periods, with their ends; the native one with both days."""
    assert from_native.patients is not None
    full = from_native.patients.select("patient_id", "observation_start", "observation_end")
    ends = full.with_columns(observation_start=pl.lit(None, pl.Date))
    none = ends.with_columns(observation_end=pl.lit(None, pl.Date))
    theirs, ours = from_fhir["referenced"], from_native
    return {
        "fhir": screen_bucket(with_windows(theirs, none), RULES, WITHOUT_PERIODS),
        "native": screen_bucket(with_windows(ours, none), RULES, WITHOUT_PERIODS),
        "fhir to the end": screen_bucket(with_windows(theirs, ends), RULES, LAST_DAY),
        "native to the end": screen_bucket(with_windows(ours, ends), RULES, LAST_DAY),
        "native with both": screen_bucket(ours, RULES, LAST_DAY),
    }


@pytest.mark.parametrize("until", ["", " to the end"], ids=["no periods", "to the end"])
def test_every_patient_written_as_fhir_gives_the_same_findings(
    until: str, screened: dict[str, Results]
) -> None:
    found, wanted = screened[f"fhir{until}"], screened[f"native{until}"]
    assert len(case_tables()["patients"]) == 102
    assert wanted.findings.height > 30
    for name in ("findings", "pilot_findings", "not_assessed", "outcomes", "timeline"):
        assert rows_of(found, name) == rows_of(wanted, name), name
    flags = [sorted(f.data_flags.select("patient_id", "flag", "date").rows())
             for f in (found, wanted)]  # fmt: skip
    assert flags[0] == flags[1]


def test_what_the_missing_start_of_the_data_costs_is_known(screened: dict[str, Results]) -> None:
    columns = ("patient_id", "rule_id", "subject", "date", "end_date", "severity", "certainty")
    sides = []
    for results in (screened["native to the end"], screened["native with both"]):
        frame = pl.concat([results.findings, results.pilot_findings])
        sides.append(set(frame.select(*columns, "value", "limit", "unit").rows()))
    assert {row[:2] for row in sides[0] ^ sides[1]} == THE_START_MATTERS
