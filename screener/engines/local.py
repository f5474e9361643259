"""The engine of one machine: buckets one after the other, or in worker processes.

Workers are started afresh (spawn) with one polars thread each, which is quicker than several
threads in one process. Results come back in bucket order, so nothing depends on who was first.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from screener.errors import RunBroke

Done = TypeVar("Done")
WORTH_A_WORKER = 2  # buckets a worker; below that its start costs more than it saves


def workers_for(buckets: int, asked: int | None) -> int:
    """How many processes to use: what was asked for, else as many as pay for themselves."""
    if asked is not None:
        return max(1, min(asked, buckets))
    return max(1, min(os.cpu_count() or 1, buckets // WORTH_A_WORKER))


def each_bucket(
    buckets: int, work: Callable[[int], Done], jobs: int | None = None
) -> Iterator[Done]:
    """`work(i)` of every bucket, in order. With more than one process `work` must be picklable.

    Raises RunBroke when a worker process was killed (out of memory, mostly).
    """
    workers = workers_for(buckets, jobs)
    if workers == 1:
        yield from map(work, range(buckets))
        return
    spawn = multiprocessing.get_context("spawn")
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"  # read by the workers when they import polars
    try:
        with ProcessPoolExecutor(
            workers, mp_context=spawn, initializer=_begin, initargs=(work,)
        ) as pool:
            yield from pool.map(_one, range(buckets))
    except BrokenProcessPool as broken:
        raise RunBroke(
            "A worker process was ended from outside.",
            where="while screening",
            fix="The machine may be out of memory: run again with --jobs 1.",
        ) from broken
    finally:
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before


_work: list[Callable[[int], Any]] = []  # of this worker, handed over once and not with each bucket


def _begin(work: Callable[[int], Any]) -> None:
    _work.append(work)
    _end_with_parent()


def _one(bucket: int) -> Any:
    return _work[0](bucket)


def _end_with_parent() -> None:
    """A worker whose parent was killed must not go on writing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
