"""What is done differently for many rows gives the same as for few: distinct texts, buckets."""

from __future__ import annotations

import zlib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.intake import buckets, parse
from screener.intake.buckets import Buckets, bucket_of, buckets_for, finish, get, put
from screener.tables import TABLES

CELLS = [
    None, "", " ", "a", " a ", "\u00a0", "é", "1", "1.0", " 2.50 ", "1e3", "-1", "5,0", ".5", "5.",
    "1" * 16, "28", "28.0", "28.5", "9999999999", "2024-02-29", "2023-02-29", "2024-01-02T10:00",
    "2024-01-02 25:00", "9999-12-31", "1899-12-31", "yes", "PRN", "0", "maybe", "F", "female", "M",
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
def test_each_text_read_once_gives_what_reading_every_cell_gives(
    table: str, data: st.DataObject
) -> None:
    rows = data.draw(st.integers(1, 12))
    names = [c.name for c in TABLES[table]]
    column = st.lists(st.sampled_from(CELLS), min_size=rows, max_size=rows)
    raw = pl.DataFrame(
        {name: data.draw(column) for name in names}, schema=dict.fromkeys(names, pl.String)
    ).with_row_index("source_row", offset=1).cast({"source_row": pl.Int64})  # fmt: skip
    every = parse.typed(table, raw, "f.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "_repeats_much", lambda _: True)
        once = parse.typed(table, pl.concat([raw[:1], raw[1:]], rechunk=False), "f.csv")
    assert once.schema == every.schema
    assert once.equals(every)
    flags = parse.cell_flags(table, raw, once)
    assert flags.equals(parse.cell_flags(table, raw, every))


def test_a_column_that_repeats_itself_is_told_by_a_sample() -> None:
    many = parse.SAMPLE * 4
    assert parse._repeats_much(pl.Series(["a", "b"] * many))
    assert not parse._repeats_much(pl.Series([str(n) for n in range(many)]))
    # patients in order: neighbours are equal, the column is not
    assert not parse._repeats_much(pl.Series([str(n // 3) for n in range(many * 3)]))
    assert not parse._repeats_much(pl.Series(["a"] * 10))


@given(
    ids=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=20),
    count=st.sampled_from([1, 2, 7, 41, 70_000]),
    longest=st.sampled_from([0, 8, 64]),
)
def test_the_bucket_of_an_id_is_its_crc_32(ids: list[str], count: int, longest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "LONGEST_ID", longest)
        found = bucket_of(pl.Series("patient_id", ids), count)
    assert found.dtype == pl.Int32
    assert found.to_list() == [zlib.crc32(text.encode()) % count for text in ids]


def test_the_bucket_of_an_id_never_changes() -> None:
    """Kept stores and distributed runs rely on it: CRC-32 of "123456789" is a published value."""
    assert bucket_of(pl.Series(["123456789"]), 1 << 30).item() == 0xCBF43926 % (1 << 30)


@pytest.mark.parametrize("part_rows", [1, 7, 1_000])
def test_buckets_hold_every_row_in_its_order_whenever_parts_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_rows: int
) -> None:
    monkeypatch.setattr(buckets, "rows_that_wait", lambda count: part_rows)
    frames = [
        parse.typed(
            "labs",
            pl.DataFrame(
                {
                    "source_row": range(5 * n, 5 * n + 5),
                    "patient_id": [f"P{(n + k) % 4}" for k in range(5)],
                    "value": [None if n < 3 else str(k) for k in range(5)],  # not in all parts
                    "unit": ["mg/dL" if n < 3 else "" for k in range(5)],
                },
                schema_overrides={"source_row": pl.Int64, "value": pl.String},
            ),
            "labs.csv",
        )
        for n in range(6)
    ]
    parts = Buckets(3, tmp_path)
    for frame in frames:
        put(parts, "labs", frame)
    finish(parts)
    whole = pl.concat(frames)
    for number in range(3):
        here = bucket_of(whole["patient_id"], 3) == number
        assert get(parts, "labs", number).equals(whole.filter(here))


def test_the_number_of_buckets_follows_from_the_rows() -> None:
    assert [buckets_for(rows, 10) for rows in (0, 1, 10, 11, 100)] == [1, 1, 1, 2, 10]
