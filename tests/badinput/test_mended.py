"""Faults that the corpus found, kept apart so that `make test` always tries them."""

from __future__ import annotations

import errno
from pathlib import Path

import polars as pl
import pytest

from screener.cli.failures import in_one_sentence
from screener.errors import RuleFileError
from screener.rulebook.library import load_library
from tests.badinput.export import MARK, RULE, csv
from tests.badinput.test_bad_inputs import Call, laid_out
from tests.cli.invented_clinic import MAX_DOSE

PLACES = (
    ("80 mg/day", "{} mg/day"),
    ("version: 1\n", "version: {}\n"),
    ("for 28 days", "for {} days"),
    ("4 times a day", "{} times a day"),
    ("    more_than: 80 mg/day", "    more_than: 80 mg/day\n    for_at_least: {} days"),
)


@pytest.mark.parametrize("digits", [25, 5000])
@pytest.mark.parametrize(("old", "new"), PLACES)
def test_a_number_without_end_in_a_rule_is_a_problem_with_its_line(
    tmp_path: Path, old: str, new: str, digits: int
) -> None:
    assert old in MAX_DOSE
    path = tmp_path / RULE
    path.parent.mkdir()
    path.write_text(MAX_DOSE.replace(old, new.format("9" * digits), 1))
    with pytest.raises(RuleFileError) as refused:
        load_library(tmp_path)
    assert "more than 18 digits" in refused.value.problems[0]
    assert f"{RULE}:" in refused.value.problems[0]


def test_a_supply_of_more_than_a_hundred_years_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / RULE
    path.parent.mkdir()
    path.write_text(MAX_DOSE.replace("for 28 days", "for 999999999 days"))
    with pytest.raises(RuleFileError) as refused:
        load_library(tmp_path)
    assert "longer than a hundred years" in refused.value.problems[0]


def test_cells_of_a_record_that_the_header_swallowed_are_not_shown(
    tmp_path: Path, command: Call
) -> None:
    names, cells = "patient_id,drug,start_date", f"{MARK}P1,{MARK}drug,2026-01-05"
    bad = csv("header", (4,), f"{names},{cells}\n{cells}\n{cells}\n")
    ended = command(*laid_out(bad, tmp_path))
    assert MARK not in ended.out + ended.err.replace(str(tmp_path), "")
    assert "the first line may hold a record" in ended.err
    assert "2 records were set aside" in ended.err  # and not only that no order has a date


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EIO, "x", MARK), "Input/output error"),
        (OSError(errno.EACCES, "x", MARK), "Permission denied"),
        (OSError(errno.EDQUOT, "x", MARK), "The disk is full"),
        (pl.exceptions.ComputeError(f"{MARK}: No space left (os error 28)"), "The disk is full"),
        (pl.exceptions.ComputeError(f"{MARK} (os error 5)"), "Input/output error"),
        (pl.exceptions.ComputeError("parquet: Invalid thrift: transport error"), "Input/output"),
        (ValueError(MARK), "A fault of screener (ValueError"),
    ],
)
def test_an_error_of_the_disk_is_told_as_one(error: Exception, words: str) -> None:
    told = str(in_one_sentence(error))
    assert words in told
    assert MARK not in told
