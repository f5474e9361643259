"""Typed rows kept by patient: one bucket in memory, or many as Parquet parts in a scratch folder.

A patient's rows of every table lie in one bucket, chosen by CRC-32 of the id, which is the same in
every process, version and machine. Rows wait until they are worth a part in every bucket, so that
memory is bounded by MOST_WAITING and not by the export, and parts are not many and small.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl

from screener.errors import RunBroke
from screener.tables import empty_table, typed_schema

# Rows of the largest table in one bucket. A bucket costs about 0.9 s of CPU however small it is
# (the whole library), and a worker process 120 MB and then about 3 KB a row at its peak: larger
# buckets are quicker, smaller ones let two workers stay below a gigabyte.
BUCKET_ROWS = 120_000
# Rows that wait in memory to be written, about 300 bytes each: so many for each bucket, that the
# parts of a bucket grow with the rows alone and not with the number of buckets too.
WAITING = 2_500
LEAST_WAITING, MOST_WAITING = 250_000, 1_000_000
LONGEST_ID = 64  # bytes; the hash of longer ids is worked out one by one


@dataclass(slots=True)
class Buckets:
    """Where the parts are: frames in memory when `count` is 1, else Parquet files."""

    count: int
    folder: Path
    held: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    parts: dict[tuple[str, int], list[Path]] = field(default_factory=dict)
    waiting: dict[tuple[str, int], list[pl.DataFrame]] = field(default_factory=dict)
    rows_waiting: int = 0
    written: int = 0


def buckets_for(rows: int, bucket_rows: int) -> int:
    """How many buckets a table of so many rows needs.

    In steps of an eighth to a quarter, so that a store that grows seldom moves into another number
    (docs/incremental.md).
    """
    needed = max(1, ceil(rows / max(bucket_rows, 1)))
    step = 1 << max(0, needed.bit_length() - 3)
    return ceil(needed / step) * step


def rows_that_wait(count: int) -> int:
    """How many rows are gathered before every one of `count` buckets gets a part of them."""
    return min(max(WAITING * count, LEAST_WAITING), MOST_WAITING)


def bucket_of(patient_ids: pl.Series, count: int) -> pl.Series:
    """The bucket number (i32) of each id: CRC-32 (ISO-HDLC, as of zlib) of its UTF-8, modulo."""
    sizes = patient_ids.str.len_bytes().cast(pl.Int64).to_numpy()
    if sizes.max(initial=0) > LONGEST_ID:
        distinct = patient_ids.unique()
        numbers = [zlib.crc32(text.encode()) % count for text in distinct.to_list()]
        return patient_ids.replace_strict(distinct, numbers, return_dtype=pl.Int32)
    text = np.frombuffer(patient_ids.str.join("").item().encode(), np.uint8)
    begins = np.cumsum(sizes) - sizes
    found = np.full(len(sizes), 0xFFFFFFFF, np.uint32)
    for at in range(sizes.max(initial=0)):
        longer = slice(None) if at < sizes.min() else np.flatnonzero(sizes > at)
        state = found[longer]
        byte = text[begins[longer] + at]
        found[longer] = CRC_TABLE[(state ^ byte) & 0xFF] ^ (state >> 8)
    return pl.Series(patient_ids.name, ((found ^ 0xFFFFFFFF) % count).astype(np.int32))


def _crc_table() -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """One step of CRC-32 for each byte; polynomial 0xEDB88320 (reflected)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ 0xEDB88320, table >> 1).astype(np.uint32)
    return table


CRC_TABLE = _crc_table()


def put(buckets: Buckets, table: str, frame: pl.DataFrame) -> None:
    """Adds rows of a table. Raises RunBroke when the scratch folder cannot take them."""
    if buckets.count == 1:
        buckets.held.setdefault(table, []).append(frame)
        return
    for number, part in _by_bucket(frame, buckets.count):
        buckets.waiting.setdefault((table, number), []).append(part)
    buckets.rows_waiting += frame.height
    if buckets.rows_waiting >= rows_that_wait(buckets.count):
        finish(buckets)


def _by_bucket(frame: pl.DataFrame, count: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Each bucket's rows in their order, without the columns that have no value in the frame."""
    if frame.is_empty():
        return
    whole = frame.select(c.rechunk() for c in frame if c.null_count() < c.len())
    numbers = bucket_of(frame["patient_id"], count).to_numpy()
    small = np.uint16 if count <= 1 << 16 else np.int32  # numpy sorts 16 bits by counting
    ordered = whole[np.argsort(numbers.astype(small), kind="stable")]
    begin = 0
    for number, rows in enumerate(np.bincount(numbers, minlength=count).tolist()):
        if rows:
            yield number, ordered.slice(begin, rows)
        begin += rows


def finish(buckets: Buckets) -> None:
    """Writes what still waits; before it no bucket is complete."""
    for (table, number), frames in buckets.waiting.items():
        _write(buckets, table, number, pl.concat(frames, how="diagonal", rechunk=True))
    buckets.waiting.clear()
    buckets.rows_waiting = 0


def replace(buckets: Buckets, table: str, number: int, frame: pl.DataFrame) -> None:
    """Puts one frame in the place of all parts of a bucket's table."""
    if buckets.count == 1:
        buckets.held[table] = [frame]
        return
    old = buckets.parts.pop((table, number), [])
    _write(buckets, table, number, frame)
    for path in old:
        if path.is_relative_to(buckets.folder):  # parts from elsewhere are not ours to remove
            path.unlink(missing_ok=True)


def get(buckets: Buckets, table: str, number: int) -> pl.DataFrame:
    """All rows of a table in one bucket, in the order in which they were put.

    Columns without a value are not in the parts, and come back here.
    """
    if buckets.count == 1:
        frames = buckets.held.get(table, [])
        if len(frames) > 1:
            buckets.held[table] = frames = [pl.concat(frames)]
        return frames[0] if frames else empty_table(table)
    return columns(buckets, table, number, tuple(typed_schema(table)))


def columns(buckets: Buckets, table: str, number: int, names: tuple[str, ...]) -> pl.DataFrame:
    """Some columns of a table in one bucket; other columns are not read from disk."""
    if buckets.count == 1:
        return get(buckets, table, number).select(names)
    none = empty_table(table).select(names)
    paths = buckets.parts.get((table, number), [])
    if not paths:
        return none
    return pl.scan_parquet(
        paths, schema=none.schema, missing_columns="insert", extra_columns="ignore", glob=False
    ).collect()


def _write(buckets: Buckets, table: str, number: int, part: pl.DataFrame) -> None:
    folder = buckets.folder / f"{table}-{number:05d}"
    path = folder / f"{buckets.written:08d}.parquet"
    buckets.written += 1
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_parquet(path, compression="lz4", statistics=False)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise RunBroke(
            "the scratch folder cannot be written; the disk may be full.",
            where=str(buckets.folder),
            fix="Free some space and run again.",
        ) from problem
    buckets.parts.setdefault((table, number), []).append(path)
