"""What runs inside an executor: rows or blocks of bytes in, blocks of bytes out.

polars reads its thread count when it is imported, so nothing here imports it: the work arrives
pickled and is loaded once the count is set. No message of an exception leaves an executor, since
it may quote a cell: a failure travels as a block of its own, told by kind and place.
"""

from __future__ import annotations

import errno
import os
import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from screener import __version__
from screener.errors import ScreenerError

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 250_000  # rows of a table that are worked on together, whatever Spark's batches hold
OTHER_VERSION = "the screener of this executor is of another version"
FAULT = "fault"  # the name of a block that tells of a failure
PASSING = (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.ETIMEDOUT)


class Block(NamedTuple):
    """Some rows of one table and one bucket, as bytes; the columns of the frames between stages."""

    bucket: int
    name: str  # the table, or FAULT
    rows: int
    content: bytes


FromRows = Callable[["pa.Table"], Iterable[Block]]
FromBucket = Callable[[int, dict[str, list[bytes]]], Iterable[Block]]


def rows_to_blocks(job: bytes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For mapInArrow: `job` (a pickled FromRows) on every ROWS_AT_ONCE rows of a partition."""
    import pyarrow as pa

    work = loaded(job)
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROWS_AT_ONCE:
            yield as_batch(guarded(0, work, pa.Table.from_batches(waiting)))
            waiting, rows = [], 0
    if rows:
        yield as_batch(guarded(0, work, pa.Table.from_batches(waiting)))


def buckets_to_blocks(job: bytes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For mapInArrow: `job` (a pickled FromBucket) on every bucket whose blocks lie in a partition.

    A bucket for which a failure was told is not worked on; the failure is passed on.
    """
    work = loaded(job)
    buckets: dict[int, dict[str, list[bytes]]] = {}
    for batch in batches:
        for block in blocks_in(batch):
            buckets.setdefault(block.bucket, {}).setdefault(block.name, []).append(block.content)
    for number in sorted(buckets):
        held = buckets.pop(number)
        if FAULT in held:
            yield as_batch(Block(number, FAULT, 0, fault) for fault in held[FAULT])
        else:
            yield as_batch(guarded(number, work, number, held))


def numbers_to_blocks(job: bytes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For mapInArrow: `job` (a pickled function of a bucket's number) on every number; its answer
    stands pickled in the block."""
    work = loaded(job)

    def answered(number: int) -> Iterator[Block]:
        yield Block(number, "done", 0, pickle.dumps(work(number)))

    for batch in batches:
        for number in batch.column(0).to_pylist():
            yield as_batch(guarded(number, answered, number))


def blocks_to_rows(job: bytes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For mapInArrow: `job` (a pickled function from bytes to an Arrow table) on every block."""
    work = loaded(job)
    for batch in batches:
        for block in blocks_in(batch):
            try:
                rows = work(block.content)
            except Exception as error:
                raise RuntimeError(told(error)[1]) from None
            yield from rows.to_batches()


def loaded(job: bytes) -> Callable[..., Any]:
    """The function in `job`, imported with one polars thread (one task runs on a core).

    Raises RuntimeError (OTHER_VERSION) when the driver runs another screener.
    """
    os.environ["POLARS_MAX_THREADS"] = "1"
    version, packed = pickle.loads(job)
    if version != __version__:
        raise RuntimeError(OTHER_VERSION)
    work: Callable[..., Any] = pickle.loads(packed)
    return work


def guarded(number: int, work: Callable[..., Iterable[Block]], *given: object) -> list[Block]:
    """The blocks that `work` makes, or one FAULT block. A passing failure of the machine (disk,
    files, memory) is raised, without its message, so that Spark tries again elsewhere."""
    try:
        return list(work(*given))
    except MemoryError:
        raise MemoryError("memory ran out in an executor") from None
    except OSError as error:
        if error.errno in PASSING:
            raise OSError(error.errno, os.strerror(error.errno)) from None
        return [Block(number, FAULT, 0, pickle.dumps(told(error)))]
    except Exception as error:
        return [Block(number, FAULT, 0, pickle.dumps(told(error)))]


def told(error: Exception) -> tuple[str, str, str | None, str | None]:
    """Kind, message, where and advice of a failure; an unforeseen one keeps its kind and place."""
    if isinstance(error, ScreenerError):
        return type(error).__name__, error.message, error.where, error.fix
    if isinstance(error, FileNotFoundError):
        return (
            "RunBroke",
            "An executor of Spark does not see a file of the run.",
            None,
            "Let --out lie on storage that every executor sees under the same path.",
        )
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "screener" in Path(f.filename).parts]
    at = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    kind = type(error).__name__
    return "RunBroke", f"A fault in an executor of Spark ({kind}{at}).", None, "Please report it."


def as_batch(blocks: Iterable[Block]) -> pa.RecordBatch:
    """Blocks as the columns of SCHEMA."""
    import pyarrow as pa

    columns = list(zip(*blocks, strict=True)) or [(), (), (), ()]
    types = (pa.int32(), pa.string(), pa.int64(), pa.binary())
    return pa.record_batch(
        [pa.array(column, dtype) for column, dtype in zip(columns, types, strict=True)],
        names=list(Block._fields),
    )


def blocks_in(batch: pa.RecordBatch) -> Iterator[Block]:
    """The blocks of a batch with the columns of SCHEMA."""
    columns = [batch.column(name).to_pylist() for name in Block._fields]
    yield from map(Block._make, zip(*columns, strict=True))
