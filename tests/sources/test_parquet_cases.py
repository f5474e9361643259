"""The hand-written patients in native Parquet are read as the same rows as in native CSV."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from screener.checks.bucket import screen_bucket
from screener.tables import DTYPES, TABLES, Tables
from tests.sources.test_fhir_cases import RULES, case_tables, content, native, rows_of, taken_in

LAST_DAY = dt.date(2026, 10, 31)


def written(folder: Path, *, typed: bool) -> Path:
    """The native tables as Parquet: every cell text, or numbers, dates and truth values."""
    folder.mkdir()
    for table, rows in case_tables().items():
        kinds = {column.name: DTYPES[column.kind] for column in TABLES[table]}
        frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String()))
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
        if typed:
            days = [n for n in frame.columns if kinds[n] == pl.Date]
            yes_no = [n for n in frame.columns if kinds[n] == pl.Boolean]
            frame = frame.with_columns(
                pl.col(yes_no).replace_strict(
                    {"1": True, "yes": True, "0": False, "no": False}, return_dtype=pl.Boolean
                ),
                pl.col(days).str.to_date("%Y-%m-%d"),
                *(pl.col(n).cast(kinds[n]) for n in frame.columns if kinds[n].is_numeric()),
            )
        frame.write_parquet(folder / f"{table}.parquet")
    return folder


@pytest.fixture(scope="module")
def from_csv(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("csv")
    return taken_in("native", native(folder / "in"), folder / "scratch")


@pytest.mark.parametrize("typed", [False, True], ids=["texts", "typed columns"])
def test_all_patients_in_parquet_give_the_same_findings(
    typed: bool, from_csv: Tables, tmp_path: Path
) -> None:
    theirs = taken_in("native", written(tmp_path / "in", typed=typed), tmp_path / "scratch")
    assert theirs.patients is not None
    assert theirs.patients.height == 102
    for table in TABLES:
        assert content(getattr(theirs, table)) == content(getattr(from_csv, table)), table
    if typed:  # equal rows give equal findings; once is enough to see it
        found, wanted = (screen_bucket(t, RULES, LAST_DAY) for t in (theirs, from_csv))
        assert wanted.findings.height > 50
        for name in ("findings", "pilot_findings", "not_assessed", "outcomes", "timeline"):
            assert rows_of(found, name) == rows_of(wanted, name), name
