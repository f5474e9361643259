"""Typed rows kept by patient: one bucket in memory, or many as Parquet parts in a scratch folder.

A patient's rows of every table lie in one bucket, chosen by CRC-32 of the id, which is the same in
every process, version and machine.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from screener.errors import RunBroke
from screener.tables import empty_table


@dataclass(slots=True)
class Buckets:
    """Where the parts are: frames in memory when `count` is 1, else Parquet files."""

    count: int
    folder: Path
    held: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    parts: dict[tuple[str, int], list[Path]] = field(default_factory=dict)
    written: int = 0


def bucket_of(patient_ids: pl.Series, count: int) -> pl.Series:
    """The bucket number (i32) of each id."""
    distinct = patient_ids.unique()
    numbers = [zlib.crc32(text.encode()) % count for text in distinct.to_list()]
    return patient_ids.replace_strict(distinct, numbers, return_dtype=pl.Int32)


def put(buckets: Buckets, table: str, frame: pl.DataFrame) -> None:
    """Adds rows of a table. Raises RunBroke when the scratch folder cannot take them."""
    if buckets.count == 1:
        buckets.held.setdefault(table, []).append(frame)
        return
    if frame.is_empty():
        return
    numbered = frame.with_columns(
        bucket_of(frame["patient_id"], buckets.count).alias("bucket_number")
    )
    split = numbered.partition_by("bucket_number", as_dict=True, include_key=False)
    for (number,), part in split.items():
        _write(buckets, table, int(str(number)), part)


def replace(buckets: Buckets, table: str, number: int, frame: pl.DataFrame) -> None:
    """Puts one frame in the place of all parts of a bucket's table."""
    if buckets.count == 1:
        buckets.held[table] = [frame]
        return
    old = buckets.parts.pop((table, number), [])
    _write(buckets, table, number, frame)
    for path in old:
        path.unlink(missing_ok=True)


def get(buckets: Buckets, table: str, number: int) -> pl.DataFrame:
    """All rows of a table in one bucket, in the order in which they were put."""
    if buckets.count == 1:
        frames = buckets.held.get(table, [])
        if len(frames) > 1:
            buckets.held[table] = frames = [pl.concat(frames)]
    else:
        frames = [
            pl.read_parquet(path, glob=False) for path in buckets.parts.get((table, number), [])
        ]
    return pl.concat(frames) if frames else empty_table(table)


def columns(buckets: Buckets, table: str, number: int, names: tuple[str, ...]) -> pl.DataFrame:
    """Some columns of a table in one bucket; other columns are not read from disk."""
    if buckets.count == 1:
        return get(buckets, table, number).select(names)
    frames = [
        pl.read_parquet(path, columns=list(names), glob=False)
        for path in buckets.parts.get((table, number), [])
    ]
    return pl.concat(frames) if frames else empty_table(table).select(names)


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
