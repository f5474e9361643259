"""One table of predicates: the fused expression and pandera say the same of every bad row."""

from __future__ import annotations

import datetime as dt
import string
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from screener.errors import RunBroke
from screener.findings import FINDINGS, Results
from screener.intake.predicates import broken, predicates, schema_and_required
from screener.intake.schemas import schema_of, validate, validate_findings
from screener.tables import TABLES

TEXTS = ["", " ", "a", "P1", "\ufffd", "a\0b", "x\ufffdy", "é", "high", "definite", "0" * 16]
NUMBERS = [0.0, -0.0, 1.5, -1.0, float("nan"), float("inf"), float("-inf"), 1e300]
DAYS = [dt.date(*day) for day in [(1800, 1, 1), (1900, 1, 1), (2024, 2, 29), (2100, 12, 31),
                                  (2101, 1, 1), (9999, 12, 31)]]  # fmt: skip


def cells(dtype: pl.DataType) -> st.SearchStrategy[Any]:
    if dtype == pl.String:
        hexes = st.text(string.hexdigits, min_size=15, max_size=17)
        return st.one_of(st.none(), st.sampled_from(TEXTS), hexes)
    if dtype == pl.Date:
        return st.one_of(st.none(), st.sampled_from(DAYS))
    if dtype == pl.Boolean:
        return st.one_of(st.none(), st.booleans())
    if dtype == pl.Float64:
        return st.one_of(st.none(), st.sampled_from(NUMBERS))
    if dtype.is_integer():
        return st.one_of(st.none(), st.integers(-2, 3))
    return st.one_of(st.none(), st.lists(st.sampled_from(["a", "b"]), max_size=2))


def frames(table: str) -> st.SearchStrategy[pl.DataFrame]:
    schema, _ = schema_and_required(table)
    row = st.tuples(*(cells(dtype) for dtype in schema.values()))
    return st.lists(row, max_size=6).map(
        lambda rows: pl.DataFrame(rows, schema=schema, orient="row")
    )


def said_by_pandera(table: str, frame: pl.DataFrame) -> tuple[dict[str, list[bool]], set[str]]:
    """Row by row what the failed checks gave, and the columns in which it saw nulls."""
    try:
        schema_of(table).validate(frame, lazy=True)
    except SchemaErrors as problem:
        rows: dict[str, list[bool]] = {}
        nulls: set[str] = set()
        for error in problem.schema_errors:
            name = getattr(error.check, "name", None)
            if name is None:
                assert error.reason_code is not None
                assert error.reason_code.name == "SERIES_CONTAINS_NULLS"
                nulls.add(str(error.schema.name))
                continue
            assert isinstance(error.check_output, pl.DataFrame)
            rows[name] = error.check_output.to_series().to_list()
        return rows, nulls
    return {}, set()


@pytest.mark.parametrize("table", [*TABLES, "findings"])
@settings(max_examples=60)
@given(data=st.data())
def test_pandera_and_the_fused_expression_agree_on_every_row(
    table: str, data: st.DataObject
) -> None:
    frame = data.draw(frames(table))
    expected = {p.code: frame.select(p.holds).to_series().to_list() for p in predicates(table)}
    rows, nulls = said_by_pandera(table, frame)
    assert rows == {code: held for code, held in expected.items() if not all(held)}
    _, required = schema_and_required(table)
    assert nulls == {name for name in required if frame[name].null_count()}
    reasons = [p.code for p in predicates(table) if p.reason is not None]
    first = [
        next((n for n, code in enumerate(reasons) if not expected[code][row]), None)
        for row in range(frame.height)
    ]
    assert broken(table, frame)["fault"].to_list() == first


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
def test_what_holds_everywhere_holds_of_every_row(table: str, data: st.DataObject) -> None:
    frame = data.draw(frames(table))
    for predicate in predicates(table):
        if predicate.holds_everywhere is not None:
            everywhere = frame.select(predicate.holds_everywhere).item()
            assert everywhere == all(frame.select(predicate.holds).to_series())


GOOD = {
    "finding_id": "0123456789abcdef",
    "rule_id": "a-rule",
    "rule_version": 1,
    "patient_id": "SECRET",
    "date": dt.date(2024, 1, 2),
    "end_date": dt.date(2024, 1, 2),
    "severity": "high",
    "certainty": "possible",
    "message": "It is so.",
}


def found(**cells: object) -> Results:
    none = pl.DataFrame()
    pilot = pl.DataFrame([GOOD | cells], schema=FINDINGS)
    sound = pl.DataFrame([GOOD], schema=FINDINGS)
    return Results(sound, pilot, none, none, none, none, none, none, none)


def test_sound_findings_pass() -> None:
    validate_findings(found())


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"finding_id": "0123456789ABCDEF"}, "finding_id is 16 hex digits"),
        ({"patient_id": None}, "patient_id is there"),
        ({"end_date": dt.date(2024, 1, 1)}, "date is not after end_date"),
        ({"severity": "dire"}, "severity is known"),
        ({"certainty": None}, "certainty is known"),
        ({"value": float("inf")}, "value is a number"),
    ],
)
def test_a_finding_that_cannot_be_breaks_the_run_without_showing_it(
    cells: dict[str, object], code: str
) -> None:
    with pytest.raises(RunBroke, match=code) as broke:
        validate_findings(found(**cells))
    assert "SECRET" not in str(broke.value)


def test_a_column_too_many_or_of_another_kind_breaks_the_run() -> None:
    frame = pl.DataFrame([GOOD], schema=FINDINGS)
    for other in (frame.with_columns(more=1), frame.cast({"value": pl.Int64}), frame.drop("unit")):
        with pytest.raises(RunBroke):
            validate("findings", other)
