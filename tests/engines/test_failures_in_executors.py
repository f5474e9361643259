"""What a failure in an executor may tell: its kind and place, never the message with its cells."""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Iterator

import polars as pl
import pytest

from screener import __version__
from screener.engines.executors import FAULT, OTHER_VERSION, Block, guarded, loaded
from screener.engines.spark import refuse_faults
from screener.errors import InputRefused, RunBroke

SECRET = "P-SECRET"


def raising(error: Exception) -> Iterator[Block]:
    yield Block(3, "findings", 1, b"half of a bucket")
    raise error


def told(error: Exception) -> str:
    """The sentence that arrives at the driver."""
    with pytest.raises(RunBroke) as arrived:
        refuse_faults(guarded(3, raising, error))
    return str(arrived.value)


def test_a_failure_leaves_nothing_of_its_bucket_behind() -> None:
    assert [block.name for block in guarded(3, raising, ValueError(SECRET))] == [FAULT]


@pytest.mark.parametrize(
    "error", [ValueError(SECRET), KeyError(SECRET), pl.exceptions.ComputeError(SECRET)]
)
def test_an_unforeseen_failure_tells_its_kind_alone(error: Exception) -> None:
    sentence = told(error)
    assert type(error).__name__ in sentence
    assert SECRET not in sentence


def test_a_file_that_an_executor_does_not_see_says_where_it_must_lie() -> None:
    assert "--out" in told(FileNotFoundError(SECRET))


def test_a_failure_in_our_own_words_arrives_as_it_was() -> None:
    with pytest.raises(InputRefused, match=r"^labs: Bad table. Mend it.$"):
        refuse_faults(guarded(0, raising, InputRefused("Bad table.", where="labs", fix="Mend it.")))


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, SECRET), OSError(errno.EIO, SECRET), MemoryError(SECRET)]
)
def test_a_passing_failure_of_a_machine_is_left_to_spark_without_its_message(
    error: Exception,
) -> None:
    with pytest.raises(type(error)) as raised:
        guarded(0, raising, error)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__


def test_work_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "POLARS_MAX_THREADS", "2")
    assert loaded(pickle.dumps((__version__, pickle.dumps(len))))("abc") == 3
    with pytest.raises(RuntimeError, match=OTHER_VERSION):
        loaded(pickle.dumps(("another", pickle.dumps(len))))
