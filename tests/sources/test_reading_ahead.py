"""One batch is read while the last one is in use; order, errors and an early end stay the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import polars as pl
import pytest

from screener.errors import InputRefused
from screener.sources.ahead import ahead
from screener.tables import RawBatch


def batch(number: int) -> RawBatch:
    return RawBatch(pl.DataFrame(), pl.DataFrame(), number)


def test_batches_come_in_their_order() -> None:
    found = ahead(lambda: (batch(number) for number in range(20)))
    assert [one.records for one in found] == list(range(20))


def test_the_error_that_ends_a_file_comes_after_the_batches_before_it() -> None:
    def batches() -> Iterator[RawBatch]:
        yield batch(1)
        yield batch(2)
        raise InputRefused("the file changed while it was read.", where="a.csv")

    found = ahead(batches)
    assert [next(found).records, next(found).records] == [1, 2]
    with pytest.raises(InputRefused, match="changed while"):
        next(found)


def test_no_more_than_one_batch_is_read_ahead_and_none_after_the_end() -> None:
    read: list[int] = []
    closed = threading.Event()

    def batches() -> Iterator[RawBatch]:
        try:
            for number in range(1_000):
                read.append(number)
                yield batch(number)
        finally:
            closed.set()

    found = ahead(batches)
    for number in range(5):
        assert next(found).records == number
        assert len(read) <= number + 2
    found.close()
    assert closed.wait(10)
    assert len(read) <= 6
    assert not [t for t in threading.enumerate() if t.name == "read ahead"]
