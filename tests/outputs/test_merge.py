"""Parts of buckets merged into one table: the same rows and order as all of them sorted at once."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from screener.findings import FINDINGS
from screener.outputs.merge import gathered, in_groups, merged, write_merged
from screener.outputs.parts import write_part
from screener.outputs.tables import csv_bytes, height, in_order
from tests.outputs.invented_run import finding, frame

PATIENTS = st.sampled_from([*(f"P-{n:03}" for n in range(120)), "p", "Ö", "\U0001f48a"])


@st.composite
def buckets(draw: st.DrawFn) -> list[pl.DataFrame]:
    """Findings of patients of whom each is in one bucket; some buckets hold none."""
    count = draw(st.integers(1, 4))
    rows: list[list[dict[str, object]]] = [[] for _ in range(count)]
    for number, patient in enumerate(draw(st.lists(PATIENTS, max_size=300))):
        day = dt.date(2026, 1, 1) + dt.timedelta(days=draw(st.integers(0, 3)))
        row = finding(finding_id=f"{number:04}", patient_id=patient, date=day)
        rows[sum(patient.encode()) % count].append(row)
    return [in_order("findings", frame(FINDINGS, some)) for some in rows]


def written(folder: Path, frames: list[pl.DataFrame]) -> list[Path]:
    paths = [folder / f"findings-{place}.parquet" for place in range(len(frames))]
    for path, part in zip(paths, frames, strict=True):
        write_part("findings", part, path)
    return paths


def same(rows: pl.DataFrame, _first: str | None, _end: str | None) -> pl.DataFrame:
    return rows


@given(frames=buckets(), at_once=st.integers(1, 400))
def test_merged_parts_are_all_rows_sorted_at_once(frames: list[pl.DataFrame], at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        got = pl.concat(merged(written(Path(folder), frames), at_once, same))
    assert got.equals(in_order("findings", pl.concat(frames)))


@given(frames=buckets(), at_once=st.integers(1, 400), rows=st.integers(1, 400))
def test_parts_that_are_gathered_first_give_the_same(
    frames: list[pl.DataFrame], at_once: int, rows: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        parts, scratch = written(Path(name), frames), Path(name) / "scratch"
        scratch.mkdir()
        larger = gathered(parts, rows, partial(write_part, "findings"), scratch)
        got = pl.concat(merged(larger, at_once, same))
        heights = [height(pl.scan_parquet(part)) for part in larger]
    assert got.equals(in_order("findings", pl.concat(frames)))
    assert sum(heights) <= rows or all(a + b > rows for a, b in pairwise(heights))


@given(frames=buckets(), at_once=st.integers(1, 100))
def test_every_frame_is_told_the_patients_of_its_range(
    frames: list[pl.DataFrame], at_once: int
) -> None:
    edges: list[str | None] = []

    def noted(rows: pl.DataFrame, first: str | None, end: str | None) -> pl.DataFrame:
        edges.append(first)
        patients = rows["patient_id"]
        assert first is None or (patients >= first).all()
        assert end is None or (patients < end).all()
        return rows

    with tempfile.TemporaryDirectory() as folder:
        for _ in merged(written(Path(folder), frames), at_once, noted):
            pass
    assert edges[0] is None
    assert edges[1:] == sorted(set(edges[1:]), key=str)


@given(sizes=st.lists(st.integers(0, 30), min_size=1, max_size=8), rows=st.integers(1, 20))
def test_groups_have_exactly_the_rows_asked_for(sizes: list[int], rows: int) -> None:
    numbers = iter(range(1000))

    def given_frames() -> Iterator[pl.DataFrame]:
        for size in sizes:
            yield pl.DataFrame({"n": [next(numbers) for _ in range(size)]}, {"n": pl.Int64})

    groups = list(in_groups(given_frames(), rows))
    assert [n for group in groups for n in group["n"]] == list(range(sum(sizes)))
    assert all(group.height == rows for group in groups[:-1])
    assert 0 < groups[-1].height <= rows or sum(sizes) == 0


def test_the_csv_has_one_header_and_the_hash_of_what_stands_in_it(tmp_path: Path) -> None:
    whole = in_order("findings", frame(FINDINGS, [finding(finding_id=str(n)) for n in range(9)]))
    pieces = [whole.slice(n, 3) for n in (0, 3, 6)]
    done = write_merged(pieces, tmp_path / "findings.parquet", tmp_path / "findings.csv", tmp_path)
    assert (tmp_path / "findings.csv").read_bytes() == csv_bytes(whole)
    assert pl.read_parquet(tmp_path / "findings.parquet").equals(whole)
    assert done.rows == 9


def test_an_empty_table_is_written_with_its_columns(tmp_path: Path) -> None:
    empty = frame(FINDINGS, [])
    done = write_merged([empty], tmp_path / "findings.parquet", tmp_path / "f.csv", tmp_path)
    assert (tmp_path / "f.csv").read_bytes() == csv_bytes(empty)
    assert done.rows == 0
    assert pl.read_parquet(tmp_path / "findings.parquet").equals(empty)
