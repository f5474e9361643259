"""Writes a run in other forms into a folder: each file whole or not at all, and private.

What stands there under the same name is replaced, so that a nightly job may write to one place.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from screener.errors import RunBroke, UsageError
from screener.outputs import publish, run_folder
from screener.outputs.exports import fhir, prometheus
from screener.outputs.tables import csv_bytes, height

SLICE = 65_536  # rows of a table that are held at once
SHEET_ROWS = 100_000  # of a workbook: more takes minutes, and nobody reads them there
CHUNKS = Iterable[bytes]


def exported(out: Path, folder: Path, form: str, into: Path) -> list[Path]:
    """Write the run in `folder` as `form` (of FORMS) into `into`; gives the files.

    `out` is the folder of runs, where the last complete run is looked for. Raises UsageError when
    the run does not fit the form, RunBroke when the disk does not take it.
    """
    run = run_folder.read_run(folder)
    made = []
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, chunks in FORMS[form](out, folder, run):
            _replace(into / name, chunks, public=form == "prometheus")
            made.append(into / name)
    except OSError as error:
        raise RunBroke(
            f"The export cannot be written ({error.strerror}).",
            where=str(into),
            fix="Free space or name another folder with --into; the run itself is not touched.",
        ) from error
    return made


def _replace(target: Path, chunks: CHUNKS, *, public: bool) -> None:
    """Write beside and rename: who reads sees the old file or the new one.

    A file for a monitor is for all to read (it holds no patient); the others only for this user.
    """
    beside = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o644 if public else 0o600)
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(handle)
        beside.rename(target)
        publish.flush_folder(target.parent)
    finally:
        beside.unlink(missing_ok=True)


Made = Iterable[tuple[str, CHUNKS]]


def _csv(_out: Path, folder: Path, _run: Mapping[str, Any]) -> Made:
    for name, table in _tables(folder).items():
        yield f"{name}.csv", _csv_chunks(table)


def _csv_chunks(table: pl.LazyFrame) -> CHUNKS:
    yield csv_bytes(table.head(0).collect())
    for first in range(0, height(table), SLICE):
        yield csv_bytes(table.slice(first, SLICE).collect(), header=False)


def _parquet(_out: Path, folder: Path, _run: Mapping[str, Any]) -> Made:
    for name in _tables(folder):
        yield f"{name}.parquet", _blocks(folder / f"{name}.parquet")


def _blocks(path: Path) -> CHUNKS:
    with path.open("rb") as file:
        while block := file.read(publish.BLOCK):
            yield block


def _tables(folder: Path) -> dict[str, pl.LazyFrame]:
    """Every table that the run has as Parquet, by name."""
    return {p.stem: run_folder.table(folder, p.stem) for p in sorted(folder.glob("*.parquet"))}


def _xlsx(_out: Path, folder: Path, _run: Mapping[str, Any]) -> Made:
    from screener.outputs.exports.workbook import findings_workbook

    findings = run_folder.table(folder, "findings")
    if (rows := height(findings)) > SHEET_ROWS:
        raise UsageError(
            f"{rows:,} findings are too many for a workbook ({SHEET_ROWS:,} at most).",
            where=folder.name,
            fix="Use --to csv or parquet; review_list.xlsx of the run has the worst.",
        )
    yield "findings.xlsx", [findings_workbook(findings.collect())]


def _fhir(_out: Path, folder: Path, run: Mapping[str, Any]) -> Made:
    findings, outcomes = (run_folder.table(folder, name) for name in ("findings", "outcomes"))
    yield "DetectedIssue.ndjson", fhir.detected_issues(findings, run)
    yield "MeasureReport.ndjson", fhir.measure_reports(outcomes, run)


def _prometheus(out: Path, folder: Path, run: Mapping[str, Any]) -> Made:
    findings, outcomes = (run_folder.table(folder, name) for name in ("findings", "outcomes"))
    last = run if run["complete"] else _last_complete(out)
    yield prometheus.FILE, [prometheus.metrics(run, findings, outcomes, last)]


def _last_complete(out: Path) -> Mapping[str, Any] | None:
    runs = (run_folder.read_run(folder) for folder in reversed(run_folder.run_folders(out)))
    return next((run for run in runs if run["complete"]), None)


FORMS: Mapping[str, Callable[[Path, Path, Mapping[str, Any]], Made]] = {
    "csv": _csv,
    "parquet": _parquet,
    "xlsx": _xlsx,
    "fhir": _fhir,
    "prometheus": _prometheus,
}
