"""CPU of the same screening by the local engine and by Spark, on one machine.

    .venv-spark/bin/python -m benchmarks.on_spark EXPORT --as-of 2026-10-31 [--master "local[2]"]

EXPORT is a folder of native CSV files (`make_orders.py` makes one). Its typed Parquet copy, which
stands for a lake, is made once beside the results. Printed are user + system seconds of the whole
process tree, with the start of the session apart, and whether the findings are the same.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("export", type=Path)
    args.add_argument("--master", default="local[2]")
    args.add_argument("--as-of", default="2026-10-31")
    args.add_argument("--rules", type=Path, default=ROOT / "rules")
    args.add_argument("--work", type=Path, default=Path("spark-bench"))
    args.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    told = args.parse_args()
    if told.inside:
        screen_lake(told)
        return
    work = told.work.resolve()
    work.mkdir(exist_ok=True)
    orders = make_lake(told.export, work / "lake")
    files = [str(p) for p in sorted(told.export.glob("*.csv"))]
    local = measured(
        [str(Path(sys.executable).parent / "screener"), "run", *files, "--out", str(work / "runs"),
         "--rules", str(told.rules), "--as-of", told.as_of, "--force", "--jobs", "2", "-q"],
        work / "began",
    )  # fmt: skip
    inside = [sys.executable, "-m", "benchmarks.on_spark", *sys.argv[1:], "--inside"]
    spark = measured(inside, work / "began")
    rows = {
        "local, all outputs": local,
        f"Spark {told.master}, from typed Parquet": spark,
    }
    print(f"{orders:,} orders")
    for name, (start, whole, wall) in rows.items():
        print(
            f"{name:45} {whole - start:7.1f} CPU s, {(whole - start) / orders * 1e6:6.2f} a million"
            f" (session start {start:.1f} CPU s), {wall:.0f} s wall"
        )
    print(f"ratio of CPU {(spark[1] - spark[0]) / local[1]:.2f}")
    print("findings are the same:", same(work))


def make_lake(export: Path, lake: Path) -> int:
    """Typed Parquet of every table, with its lineage; the number of orders."""
    from screener.tables import DTYPES, TABLES

    lake.mkdir(exist_ok=True)
    for table, columns in TABLES.items():
        source, target = export / f"{table}.csv", lake / f"{table}.parquet"
        if not source.exists() or target.exists():
            continue
        text = pl.scan_csv(source, infer_schema=False).with_row_index("source_row", offset=1)
        have = text.collect_schema()
        cells = [
            pl.when(pl.col(c.name) != "").then(pl.col(c.name) == "yes").alias(c.name)
            if c.kind == "yes_no"
            else pl.when(pl.col(c.name) != "").then(c.name).cast(DTYPES[c.kind])
            if c.kind in ("number", "whole")
            else pl.col(c.name).str.to_date("%Y-%m-%d", strict=False)
            if c.kind == "date"
            else pl.col(c.name)
            for c in columns
            if c.name in have
        ]
        lineage = [pl.col("source_row").cast(pl.Int64), pl.lit(source.name).alias("source_file")]
        text.select(*cells, *lineage).sink_parquet(target, row_group_size=200_000)
    return int(pl.scan_parquet(lake / "prescriptions.parquet").select(pl.len()).collect().item())


def screen_lake(told: argparse.Namespace) -> None:
    """The Spark side, in a process of its own."""
    from screener.lake import screen_spark
    from screener.rulebook.library import load_library
    from tests.engines.spark_job import session

    work = told.work.resolve()
    spark = session(told.master)
    spark.range(1).count()
    (work / "began").touch()
    frames = {p.stem: spark.read.parquet(str(p)) for p in (work / "lake").glob("*.parquet")}
    rules = [r for r in load_library(told.rules) if r.status in ("active", "pilot")]
    as_of = dt.date.fromisoformat(told.as_of)
    run = screen_spark(spark, frames, rules, as_of, scratch=str(work / "scratch"))
    for name, frame in run.tables.items():
        frame.write.mode("overwrite").parquet(str(work / "spark-results" / name))


def measured(command: list[str], began: Path) -> tuple[float, float, float]:
    """(CPU s until the file `began` appears, CPU s in all, wall s) of a process and all that it
    starts, sampled from /proc."""
    began.unlink(missing_ok=True)
    begin = time.monotonic()
    running = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    spent: dict[int, float] = {}
    start = 0.0
    while running.poll() is None:
        spent |= of_session(running.pid)
        if not start and began.exists():
            start = sum(spent.values())
        time.sleep(0.1)
    if running.returncode:
        raise SystemExit(f"failed: {' '.join(command[:4])}")
    return start, sum(spent.values()), time.monotonic() - begin


def of_session(session_id: int) -> dict[int, float]:
    """Process id -> CPU seconds so far, of every process of a session."""
    spent = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session_id:
            spent[int(stat.parent.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    return spent


def same(work: Path) -> bool:
    """Whether both found the same, whatever the order of rows."""
    ours = pl.read_parquet(work / "spark-results" / "findings" / "*.parquet")
    theirs = pl.read_parquet(work / "runs" / "latest" / "findings.parquet")
    return ours.sort("finding_id").equals(theirs.sort("finding_id"))


if __name__ == "__main__":
    main()
