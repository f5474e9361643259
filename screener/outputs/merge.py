"""The parts of all buckets merged into one table in the order of patients, never held whole.

A part is in its table's order and holds all rows of its patients. So the rows of a range of
patients, taken from every part and sorted by patient alone, are in the order of the whole.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from screener.outputs.tables import ROW_GROUP, csv_bytes, height, one_after_the_other


@dataclass(frozen=True, slots=True)
class Written:
    """What was handed to the disk: rows, and the SHA-256 of the CSV beside them."""

    rows: int
    csv_sha256: str | None = None


SAMPLED = 16  # every so many rows of a part stand for the others when ranges are chosen
WAITING = 1  # row groups that may wait besides the one that is to be written
Change = Callable[[pl.DataFrame, str | None, str | None], pl.DataFrame]


def gathered(
    parts: Sequence[Path], rows: int, write: Callable[[pl.DataFrame, Path], None], scratch: Path
) -> list[Path]:
    """The same rows in parts of about `rows` rows, written to `scratch` where several become one.

    Merging opens every part for every range: work that would grow with the square of the rows.
    """
    heights = [height(pl.scan_parquet(part, glob=False)) for part in parts]
    if sum(heights) <= rows:
        return list(parts)
    groups: list[list[Path]] = [[]]
    held = 0
    for part, more in zip(parts, heights, strict=True):
        if groups[-1] and held + more > rows:
            groups.append([])
            held = 0
        groups[-1].append(part)
        held += more
    larger = []
    for number, group in enumerate(groups):
        if len(group) == 1:
            larger += group
            continue
        whole = pl.concat([pl.read_parquet(part, glob=False) for part in group])
        larger.append(scratch / f"{group[0].stem}-and-{number:06d}.parquet")
        write(whole.sort("patient_id", maintain_order=True), larger[-1])
    return larger


def merged(parts: Sequence[Path], at_once: int, change: Change) -> Iterator[pl.DataFrame]:
    """Frames of about `at_once` rows, one after the other in the order of patient_id.

    `change` is given each frame with the patients where its range begins and ends (the end is
    outside; None = open), and gives what shall stand there.
    """
    ids = [
        pl.read_parquet(part, columns=["patient_id"], glob=False)["patient_id"] for part in parts
    ]
    cuts = _cuts(ids, at_once)
    steps = [[0, *one.search_sorted(cuts, side="left").to_list(), one.len()] for one in ids]
    edges = [None, *cuts.to_list(), None]
    del ids
    for number in range(len(edges) - 1):
        rows = [
            pl.scan_parquet(part, glob=False).slice(at[number], at[number + 1] - at[number])
            for part, at in zip(parts, steps, strict=True)
            if at[number] < at[number + 1] or number == 0  # the first gives the columns
        ]
        frames = [frame.collect() for frame in rows]
        if frames:
            whole = pl.concat(frames).sort("patient_id", maintain_order=True)
            yield change(whole, edges[number], edges[number + 1])


def _cuts(ids: Sequence[pl.Series], at_once: int) -> pl.Series:
    """The patients at which ranges of about `at_once` rows begin, but the first."""
    rows = sum(one.len() for one in ids)
    ranges = -(-rows // at_once)
    if ranges < 2:
        return pl.Series(dtype=pl.String)
    sampled = pl.concat([one.gather_every(SAMPLED) for one in ids]).sort()
    places = [sampled.len() * number // ranges for number in range(1, ranges)]
    return sampled.gather(places).unique(maintain_order=True)


def in_groups(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of exactly `rows` (the last has what is left; one at least)."""
    held: pl.DataFrame | None = None
    for frame in frames:
        held = frame if held is None else pl.concat([held, frame])
        while held.height > rows:
            yield held.head(rows).rechunk()
            held = held.slice(rows)
    if held is not None:
        yield held.rechunk()


def write_merged(
    frames: Iterable[pl.DataFrame], target: Path, csv: Path | None, scratch: Path
) -> Written:
    """Write a table as Parquet, and as CSV too where `csv` is given.

    The next frame is read while the last row group is written.
    """
    digest = hashlib.sha256()
    groups: list[Path] = []
    rows = 0
    waiting: deque[Future[None]] = deque()
    out = csv.open("xb") if csv is not None else None
    try:
        with ThreadPoolExecutor(max_workers=1) as writer:
            for frame in in_groups(frames, ROW_GROUP):
                groups.append(scratch / f"{target.stem}-group-{len(groups):06d}.parquet")
                rows += frame.height
                first = len(groups) == 1
                waiting.append(
                    writer.submit(_write_group, frame, groups[-1], out, digest, header=first)
                )
                if len(waiting) > WAITING:
                    waiting.popleft().result()
            for last in waiting:
                last.result()
    finally:
        if out is not None:
            out.close()
    one_after_the_other(groups, target)
    for group in groups:
        group.unlink()
    return Written(rows, digest.hexdigest() if csv is not None else None)


def _write_group(
    frame: pl.DataFrame, group: Path, csv: BinaryIO | None, digest: hashlib._Hash, *, header: bool
) -> None:
    frame.write_parquet(group, compression="lz4")
    if csv is not None:
        content = csv_bytes(frame, header=header)
        digest.update(content)
        csv.write(content)
