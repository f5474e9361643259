"""The files of one run, written into its scratch folder in the order in which they depend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from screener.errors import RunBroke
from screener.findings import SET_ASIDE
from screener.outputs import parts, publish, run_folder
from screener.outputs.facts import BucketFacts, counted
from screener.outputs.laws import Law, same_rows_law
from screener.outputs.review_list import workbook_bytes
from screener.outputs.tables import csv_bytes, parquet_bytes

ALSO_CSV = ("findings", "data_flags")  # what people open without a tool; set_aside is CSV only


def tables(
    scratch: Path,
    run: dict[str, Any],
    held: Mapping[str, pl.DataFrame],
    facts: Sequence[BucketFacts],
    set_aside: pl.DataFrame,
) -> Path:
    """Write every table and the review list, read them back; gives the folder.

    Adds the outcome of the reading back to `run["checks"]` and the row counts to `run["files"]`.
    """
    folder = scratch / "run"
    folder.mkdir(mode=0o700)
    files = {f"{name}.parquet": parquet_bytes(frame) for name, frame in held.items()}
    files |= {f"{name}.csv": csv_bytes(held[name]) for name in ALSO_CSV}
    files["set_aside.csv"] = csv_bytes(set_aside)
    files["review_list.xlsx"] = workbook_bytes(held["findings"], run)
    publish.write_all(folder, files)
    for name in parts.STREAMED:
        parts.stream_to(scratch / "parts", name, len(facts), folder / f"{name}.parquet")
        publish.seal(folder / f"{name}.parquet")
    expected = {name: frame.height for name, frame in held.items()}
    streamed = counted([fact.rows for fact in facts])
    expected |= {name: streamed.get(name, 0) for name in parts.STREAMED}
    law = _read_back(folder, expected)
    if not law.ok:
        raise RunBroke(f"A written table lost rows: {law.detail}.", fix="Nothing was published.")
    run["checks"] = [*run["checks"], law.as_dict()]
    run["files"] = {f"{name}.parquet": {"rows": n} for name, n in expected.items()}
    return folder


def _read_back(folder: Path, expected: Mapping[str, int]) -> Law:
    return same_rows_law(
        {
            name: (n, run_folder.height(run_folder.table(folder, name)))
            for name, n in expected.items()
        }
    )


def report(folder: Path, run: Mapping[str, Any]) -> None:
    """Render report.html from the written tables and `run`."""
    publish.write_all(folder, {"report.html": report_bytes(folder, run)})


def report_bytes(folder: Path, run: Mapping[str, Any]) -> bytes:
    """The report of a run folder, from its tables and `run` (what run.json holds or will hold)."""
    from screener.outputs.report import ReportInput, render

    held = {name: run_folder.table(folder, name).collect() for name in parts.HELD}
    return render(
        ReportInput(
            run=run,
            set_aside=pl.read_csv(folder / "set_aside.csv", glob=False, schema=SET_ASIDE),
            **held,
            orders=run_folder.table(folder, "orders"),
            timeline=run_folder.table(folder, "timeline"),
            kidney=run_folder.table(folder, "kidney"),
        )
    )


def run_json(folder: Path, run: dict[str, Any]) -> None:
    """Complete `run["files"]` with the size and hash of every file, and write run.json."""
    rows = run.get("files", {})
    run["files"] = {
        name: facts | rows.get(name, {}) for name, facts in publish.manifest(folder).items()
    }
    publish.write_all(folder, {publish.RUN_JSON: publish.json_bytes(run)})
