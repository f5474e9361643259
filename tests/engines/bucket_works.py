"""What the tests let an executor do with a bucket."""

from __future__ import annotations

import os
import time
from pathlib import Path

from screener.errors import RunBroke


def who(bucket: int) -> tuple[int, int, str | None]:
    """The bucket, the process and its number of polars threads."""
    import polars as pl

    time.sleep(0.3 if bucket == 0 else 0)
    return bucket, os.getpid(), pl.thread_pool_size()


def refuses(bucket: int) -> int:
    """A failure in our own words."""
    if bucket == 1:
        raise RunBroke("The scratch folder is full.", where="here", fix="Free some space.")
    return bucket


def stumbles(bucket: int) -> int:
    """A failure whose message holds what no log may hold."""
    raise ValueError("patient P-SECRET")


def is_killed_once(bucket: int, folder: str) -> int:
    """Ends its whole executor the first time that bucket 2 comes."""
    mark = Path(folder) / "was killed"
    if bucket == 2 and not mark.exists():
        mark.touch()
        kill_executor()
    return bucket


def is_always_killed(bucket: int) -> int:
    """Ends its executor each time."""
    if bucket == 1:
        kill_executor()
    return bucket


def kill_executor() -> None:
    """End the Java process that this Python worker works for, and the worker."""
    import signal

    process = os.getpid()
    while True:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        process = int(status.split("PPid:")[1].split()[0])
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        if b"CoarseGrainedExecutorBackend" in command:
            os.kill(process, signal.SIGKILL)
            os._exit(9)
        if process <= 1:
            os._exit(9)
