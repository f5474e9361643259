"""Jobs of Spark, in a process of their own: `python -m tests.engines.spark_job WHERE JSON`.

WHERE is a master, `connect` (Spark's own Connect server on this machine) or `sail`; JSON lists the
jobs. What they found is written as Parquet; what they answered is a JSON line on stdout.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import screener

_servers: list[Any] = []  # one that nobody holds stops


def session(where: str) -> Any:
    """A session on this machine alone; executors get the interpreter of this process."""
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    import pyspark
    from pyspark.sql import SparkSession

    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    if where == "sail":
        from pysail.spark import SparkConnectServer

        server = SparkConnectServer(port=0)
        server.start(background=True)
        _servers.append(server)
        _, port = server.listening_address
        return SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    builder = SparkSession.builder
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.pyspark.python": sys.executable,
        "spark.sql.shuffle.partitions": "4",
    }.items():
        builder = builder.config(name, value)
    builder = builder.remote("local[2]") if where == "connect" else builder.master(where)
    return builder.getOrCreate()


def lake(spark: Any, told: dict[str, Any]) -> dict[str, Any]:
    """Screen the Parquet tables of a folder, and write every result as Parquet of polars."""
    import polars as pl

    from screener.lake import screen_spark
    from screener.rulebook.library import load_library

    folder, into = Path(told["tables"]), Path(told["into"])
    frames = {path.stem: spark.read.parquet(str(path)) for path in folder.glob("*.parquet")}
    if told.get("lose_an_executor"):
        threading.Thread(target=lose_an_executor, args=(into / "scratch",), daemon=True).start()
    rules = [r for r in load_library(Path(told["rules"])) if r.status in ("active", "pilot")]
    run = screen_spark(
        spark,
        frames,
        rules,
        dt.date.fromisoformat(told["as_of"]),
        scratch=str(into / "scratch"),
        bucket_rows=told["bucket_rows"],
    )
    for name, frame in run.tables.items():
        if hasattr(frame, "toArrow"):
            pl.from_arrow(frame.toArrow()).write_parquet(into / f"{name}.parquet")
        else:  # before Spark 4
            frame.coalesce(1).write.parquet(str(into / f"{name}.parquet"))
    return {
        "rows": {" ".join(key): rows for key, rows in run.rows.items()},
        "patients": run.patients,
        "broke": dict(run.broke),
        "notices": run.notices,
    }


def lose_an_executor(scratch: Path) -> None:
    """Kill one of this session's executors as soon as buckets are being screened."""
    while not list(scratch.glob("screener-*/screened/_temporary/*/*")):
        time.sleep(0.02)
    ours = os.getsid(0)
    for process in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes()
            if b"CoarseGrainedExecutorBackend" in command and os.getsid(process) == ours:
                os.kill(process, signal.SIGKILL)
                (scratch.parent / "lost").touch()
                return
        except OSError:
            continue


def buckets(spark: Any, told: dict[str, Any]) -> dict[str, Any]:
    """Call a function of `tests.engines.bucket_works` on some buckets."""
    from functools import partial

    from screener.engines import spark as engine
    from tests.engines import bucket_works

    engine.__version__ = told.get("version", screener.__version__)
    work = getattr(bucket_works, told["work"])
    if "folder" in told:
        work = partial(work, folder=told["folder"])
    return {"done": list(engine.each_bucket(told["buckets"], work, spark))}


def main() -> None:
    """Do the jobs, one after the other, in one session."""
    from screener.errors import ScreenerError

    where, asked = sys.argv[1], json.loads(sys.argv[2])
    spark = session(where)
    jobs = {"lake": lake, "buckets": buckets}
    answers: list[dict[str, Any]] = []
    for told in asked:
        try:
            answers.append(jobs[told["job"]](spark, told))
        except ScreenerError as error:
            answers.append({"error": type(error).__name__, "says": str(error)})
    print(json.dumps(answers), flush=True)
    if where != "sail":
        spark.stop()


if __name__ == "__main__":
    main()
