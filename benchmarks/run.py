"""Times `screener run` against the floor: polars reading and rewriting the same prescriptions file.

Each is a whole process, in turn (floor, run, floor, run, ...), so that both see the same machine.
Reports wall, CPU and peak memory, and the ratios; asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from make_orders import make

FLOOR = (
    "import sys, polars as pl;"
    "pl.scan_csv(sys.argv[1], schema_overrides={'strength_value': pl.String})"
    ".sink_parquet(sys.argv[2])"
)


@dataclass(frozen=True)
class Timing:
    """One process from start to end, in seconds; MB is the peak of its largest process."""

    wall: float
    cpu: float
    peak_mb: float
    code: int


def timed(command: list[str], log: Path) -> Timing:
    """Run a command to its end; CPU includes its worker processes."""
    begun = time.perf_counter()
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    per_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Timing(
        time.perf_counter() - begun,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / per_mb,
        process.returncode,
    )


def shown(name: str, timings: list[Timing]) -> str:
    """One line: the medians of several timings."""
    wall, cpu, peak = (
        median(getattr(one, column) for one in timings) for column in ("wall", "cpu", "peak_mb")
    )
    return f"{name:<8}{wall:>9.2f} s wall{cpu:>9.2f} s CPU{peak:>9.0f} MB"


def main() -> int:
    """Make the orders once, time both in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark"))
    parser.add_argument("run_options", nargs="*", help="after --, handed to `screener run`")
    asked = parser.parse_args()
    export = make(asked.folder, asked.orders)
    out = asked.folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    log = asked.folder / "log.txt"
    log.unlink(missing_ok=True)
    screener = str(Path(sys.executable).parent / "screener")
    floor = [sys.executable, "-c", FLOOR, str(export / "prescriptions.csv"), str(out / "f.parquet")]
    files = [str(export / f"{table}.csv") for table in ("prescriptions", "patients", "labs")]
    run = [screener, "run", *files, "--out", str(out / "reports"), "--force", "-q"]
    floors, runs = [], []
    for _ in range(asked.rounds):
        floors.append(timed(floor, log))
        runs.append(timed([*run, *asked.run_options], log))
        if floors[-1].code or runs[-1].code not in {0, 1, 3}:
            print(f"a process failed: floor {floors[-1].code}, run {runs[-1].code}; see {log}")
            return 1
    print(f"{asked.orders} orders asked for, {asked.rounds} rounds, medians")
    print(shown("floor", floors))
    print(shown("run", runs))
    ratios = [(r.cpu / f.cpu, r.wall / f.wall) for r, f in zip(runs, floors, strict=True)]
    print(
        f"run / floor: CPU {median(r[0] for r in ratios):.2f}, "
        f"wall {median(r[1] for r in ratios):.2f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
