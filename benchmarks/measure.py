"""One process from start to end: wall, CPU and the memory of its whole tree of processes.

Memory is what the processes hold for themselves: the sum of anonymous and shared-memory pages of
the process and all its descendants, sampled. Pages of files (the page cache, memory-mapped
exports) are left out; a page shared after a fork counts once a process, so the figure is never
too small but for peaks shorter than the time between two samples.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

BETWEEN_SAMPLES = 0.02  # seconds
HELD = ("RssAnon:", "RssShmem:")
PROC = Path("/proc")
LISTED = (PROC / "thread-self" / "children").exists()


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of wall and of CPU (user and system, with all children), peak MB, exit code."""

    wall: float
    cpu: float
    peak_mb: float
    code: int


def timed(command: list[str], log: Path, environment: dict[str, str] | None = None) -> Timing:
    """Run a command to its end, its output appended to `log`."""
    begun = time.perf_counter()
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        peak = [0.0]
        done = threading.Event()
        sampler = threading.Thread(target=_sample, args=(process.pid, done, peak), daemon=True)
        if LISTED:
            sampler.start()
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    done.set()
    if LISTED:
        sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if not LISTED:  # no sampling there: the largest process stands for the tree
        peak[0] = used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return Timing(wall, used.ru_utime + used.ru_stime, peak[0], process.returncode)


def _sample(root: int, done: threading.Event, peak: list[float]) -> None:
    while not done.wait(BETWEEN_SAMPLES):
        peak[0] = max(peak[0], sum(_held_mb(pid) for pid in tree(root)))


def tree(root: int) -> list[int]:
    """A process and all its descendants that live now; needs a kernel that lists children."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        with contextlib.suppress(OSError):  # it ended meanwhile
            for task in (PROC / str(pid) / "task").iterdir():
                waiting.extend(int(child) for child in (task / "children").read_text().split())
    return found


def _held_mb(pid: int) -> float:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(HELD)) / 1024


def machine() -> dict[str, str | int]:
    """The machine in words, with nothing that names it."""
    import importlib.metadata
    import platform

    import polars as pl

    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    model = next(
        (
            line.partition(":")[2].strip()
            for line in (PROC / "cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    ) if (PROC / "cpuinfo").exists() else platform.machine()  # fmt: skip
    said: dict[str, str | int] = {
        "cores": os.cpu_count() or 0,
        "processor": model,
        "memory_gb": round(pages / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "polars": pl.__version__,
    }
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        said["duckdb"] = importlib.metadata.version("duckdb")
    return said
