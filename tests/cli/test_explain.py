from __future__ import annotations

import io
from collections.abc import Callable

import polars as pl
import pytest

from tests.cli.invented_clinic import Ended, Place, order

Call = Callable[..., Ended]


@pytest.fixture
def screened(clinic: Place, screener: Call) -> Place:
    clinic.prescriptions(
        order(1, "P-1", 5), order(2, "P-2", 3), order(3, "P-1", 5, start="2026-06-01")
    )
    assert screener(*clinic.run()).code == 0
    return clinic


def ids(place: Place) -> list[str]:
    return pl.read_parquet(place.published()[0] / "findings.parquet")["finding_id"].to_list()


def test_a_finding_is_explained_by_its_rule_orders_sums_and_days(
    screened: Place, screener: Call
) -> None:
    ended = screener("explain", ids(screened)[0], "--out", str(screened.out))
    assert ended.code == 0
    for said in (
        "high, definite",
        "patient P-1, baclofen, 2026-01-05 to 2026-02-01 (28 days)",
        "value 100, limit 80 mg/day",
        "Rule baclofen-max-dose, version 1",
        "Source: US tablets label, section 2, 2026-11-22",
        "5 × 1 tablet × 20 mg = 100 mg/day",
        "prescriptions.csv:1",
        "*  2026-01-05 to 2026-02-01  baclofen    by mouth  100",
    ):
        assert said in ended.out
    assert "RX-3" not in ended.out  # far from these days


def test_the_beginning_of_an_id_is_enough_and_nonsense_is_not(
    screened: Place, screener: Call
) -> None:
    whole = ids(screened)[0]
    out = ["--out", str(screened.out)]
    assert screener("explain", whole[:8], *out).out == screener("explain", whole, *out).out
    for wrong in ("ffffffffffffffff"[:7], "abc"):
        ended = screener("explain", wrong, *out)
        assert (ended.code, ended.out) == (2, "")


def test_a_patient_is_explained_rule_by_rule(screened: Place, screener: Call) -> None:
    out = ["--out", str(screened.out)]
    ended = screener("explain", "--patient", "P-1", *out)
    assert ended.code == 0
    for finding in ids(screened):
        assert finding in ended.out
    assert "baclofen-supplied-twice  no finding" in ended.out
    assert {"RX-1", "RX-3"} <= set(ended.out.split())
    assert "RX-2" not in ended.out
    one = screener("explain", "--patient", "P-1", "--rule", "baclofen-max-dose", *out)
    assert "baclofen-supplied-twice" not in one.out


def test_an_id_can_be_kept_out_of_the_arguments(
    screened: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ["--out", str(screened.out)]
    monkeypatch.setattr("sys.stdin", io.StringIO("P-1\nP-2\n"))
    told = screener("explain", "--patient", "-", *out)
    assert told == screener("explain", "--patient", "P-1", *out)
    assert told.code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert screener("explain", "--patient", "-", *out).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["0123456", "--patient", "P-1"],
        ["--patient", "P-9"],
        ["--patient", "P-1", "--rule", "x"],
    ],
)
def test_what_cannot_be_explained_is_told(
    screened: Place, screener: Call, arguments: list[str]
) -> None:
    ended = screener("explain", *arguments, "--out", str(screened.out))
    assert (ended.code, ended.out) == (2, "")


def test_without_a_run_explain_says_what_to_do(screener: Call) -> None:
    ended = screener("explain", "0123456789abcdef")
    assert ended.code == 2
    assert "screener run" in ended.err
