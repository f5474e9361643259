"""The files of one run, written into its scratch folder in the order in which they depend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from screener.errors import RunBroke
from screener.findings import SET_ASIDE
from screener.outputs import parts, publish, rule_files, run_folder
from screener.outputs.facts import BucketFacts, counted
from screener.outputs.laws import Law, same_rows_law
from screener.outputs.merge import Written
from screener.outputs.review_list import review_list
from screener.outputs.tables import csv_bytes, height, parquet_bytes

if TYPE_CHECKING:
    from screener.outputs.report import ReportInput

# Tables of which a run has not just the rows of its buckets: sums, and flags that intake raised.
CHANGED = ("outcomes", "data_flags")


@dataclass(frozen=True, slots=True)
class Ready:
    """The folder of a run that is being made, and what was written of each table."""

    folder: Path
    written: Mapping[str, Written]


def tables(
    scratch: Path,
    buckets: int,
    cell_flags: pl.DataFrame,
    set_aside: pl.DataFrame,
    mark: Callable[[pl.DataFrame], pl.DataFrame],
) -> Ready:
    """Write every table from the parts of the buckets; `mark` gives findings their state."""
    folder = scratch / "run"
    folder.mkdir(mode=0o700)
    written = parts.put_together(scratch / "parts", buckets, cell_flags, folder, mark=mark)
    for file in sorted(folder.iterdir()):
        publish.seal(file)
    publish.write_all(folder, {"set_aside.csv": csv_bytes(set_aside)})
    return Ready(folder, written)


def read_back(ready: Ready, facts: Sequence[BucketFacts]) -> Law:
    """Whether the files hold every row that the buckets wrote, and those that joined them."""
    by_bucket = counted([fact.rows for fact in facts])
    rows = {}
    for name, written in ready.written.items():
        expected = written.rows if name in CHANGED else by_bucket.get(name, 0)
        rows[name] = (expected, height(run_folder.table(ready.folder, name)))
    return same_rows_law(rows)


def no_longer_found(ready: Ready, gone: pl.DataFrame) -> None:
    """Write what the run before found and this one does not, though it looked."""
    files = {"no_longer_found.parquet": parquet_bytes(gone), "no_longer_found.csv": csv_bytes(gone)}
    publish.write_all(ready.folder, files)


def documents(ready: Ready, run: Mapping[str, Any], rules: Mapping[str, bytes]) -> None:
    """Write the rule files as they were read, and the review list and the report from the written
    tables and `run`."""
    publish.write_all(ready.folder, {rule_files.NAME: rule_files.zipped(rules)})
    findings = run_folder.table(ready.folder, "findings")
    publish.write_all(ready.folder, review_list(findings, run))
    publish.write_all(ready.folder, {"report.html": report_bytes(ready.folder, run)})


def report_bytes(folder: Path, run: Mapping[str, Any]) -> bytes:
    """The report of a run folder, from its tables and `run` (what run.json holds or will hold)."""
    from screener.outputs.report import render

    return render(_report_input(folder, run))


def share_bytes(folder: Path, run: Mapping[str, Any], key: bytes, *, prescribers: bool) -> bytes:
    """The pseudonymised copy of the report of a run folder."""
    from screener.outputs.share import copy_bytes

    return copy_bytes(_report_input(folder, run), key, prescribers=prescribers)


def _report_input(folder: Path, run: Mapping[str, Any]) -> ReportInput[pl.LazyFrame]:
    from screener.outputs.report import ReportInput

    aside = pl.scan_csv(folder / "set_aside.csv", glob=False, schema=SET_ASIDE)
    return ReportInput(run=run, set_aside=aside, **run_folder.tables(folder))


def run_json(ready: Ready, run: dict[str, Any]) -> None:
    """Complete `run["files"]` with rows, size and hash of every file, and write run.json.

    Raises RunBroke when a file reads back differently from what was written.
    """
    rows = {f"{name}.parquet": {"rows": one.rows} for name, one in ready.written.items()}
    files = publish.manifest(ready.folder)
    for name, one in ready.written.items():
        if one.csv_sha256 not in (None, files.get(f"{name}.csv", {}).get("sha256")):
            raise RunBroke(
                "A file reads back differently from what was written.",
                where=f"{name}.csv",
                fix="Check the disk; nothing was published.",
            )
    run["files"] = {name: facts | rows.get(name, {}) for name, facts in files.items()}
    publish.write_all(ready.folder, {publish.RUN_JSON: publish.json_bytes(run)})
