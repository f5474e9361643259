"""Runs of days as sets: each operation against the same thing said with sets of single days."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.timeline.people import FAR
from screener.timeline.runs import (
    at_start,
    cut_at,
    edges_of,
    outside,
    overlapping,
    steps_on,
    stretches,
    sweep,
    within,
)

Run = tuple[int, int, int]  # patient, from_day, to_day
SHAPE = {"patient": pl.UInt32, "from_day": pl.Int64, "to_day": pl.Int64}
DAYS = range(-3, 12)


def table(runs: list[Run], **columns: Any) -> pl.DataFrame:
    frame = pl.DataFrame(runs, schema=SHAPE, orient="row")
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


def rows(frame: pl.DataFrame) -> list[Run]:
    return sorted(frame.select(*SHAPE).iter_rows())


def days(runs: list[Run]) -> set[tuple[int, int]]:
    return {(patient, day) for patient, first, last in runs for day in range(first, last + 1)}


def disjoint(runs: list[Run]) -> list[Run]:
    return rows(stretches(table(runs), ["patient"]))


a_run = st.builds(
    lambda patient, first, length: (patient, first, first + length),
    st.integers(0, 2), st.integers(DAYS[0], DAYS[-1]), st.integers(0, 5),
)  # fmt: skip
some_runs = st.lists(a_run, max_size=8)


@given(some_runs)
def test_stretches_are_the_same_days_and_never_touch(runs: list[Run]) -> None:
    merged = disjoint(runs)
    assert days(merged) == days(runs)
    assert all(one[0] != two[0] or one[2] + 1 < two[1] for one, two in itertools.pairwise(merged))


@pytest.mark.parametrize(
    ("gap", "bridge", "runs"), [(2, 1, 2), (2, 2, 1), (0, 0, 1), (1, 0, 2), (14, 14, 1)]
)
def test_a_gap_of_just_so_many_days_is_bridged(gap: int, bridge: int, runs: int) -> None:
    two = table([(0, 1, 4), (0, 5 + gap, 9 + gap)])
    assert stretches(two, ["patient"], bridge=bridge).height == runs


def test_a_bridge_never_leads_to_another_patient() -> None:
    assert stretches(table([(0, 0, FAR), (1, -FAR, 0)]), ["patient"], bridge=FAR).height == 2


def test_drugs_are_merged_apart_and_come_in_the_order_of_their_names() -> None:
    runs = table([(0, 3, 5), (0, 1, 2), (0, 6, 6)], ingredient=["b", "a", "b"])
    merged = stretches(runs, ["patient", "ingredient"])
    assert merged.rows() == [(0, "a", 1, 2), (0, "b", 3, 6)]


@given(some_runs)
def test_a_sweep_adds_up_what_stands_on_each_day(runs: list[Run]) -> None:
    doses = [1000 + 7 * i for i in range(len(runs))]
    swept = sweep(table(runs, dose=pl.Series(doses, dtype=pl.Int64)), ["dose"], ["patient"])
    found = {
        (row["patient"], day): (row["dose"], row["covers"])
        for row in swept.to_dicts()
        for day in range(row["from_day"], row["to_day"] + 1)
    }
    expected = {
        (patient, day): (
            sum(d for d, r in zip(doses, runs, strict=True) if (patient, day) in days([r])),
            sum((patient, day) in days([r]) for r in runs),
        )
        for patient, day in days(runs)
    }
    assert found == expected


@given(some_runs, some_runs)
def test_inside_and_outside_share_the_days_of_a_run_between_them(
    runs: list[Run], others: list[Run]
) -> None:
    steps = table(disjoint(others))
    inner, outer = within(table(runs), steps), outside(table(runs), steps)
    assert days(rows(inner)) == days(runs) & days(others)
    assert days(rows(outer)) == days(runs) - days(others)
    lengths = [f["to_day"] - f["from_day"] + 1 for f in (inner, outer, table(runs))]
    assert lengths[0].sum() + lengths[1].sum() == lengths[2].sum()


@given(some_runs, some_runs)
def test_pairs_are_cut_to_the_days_they_share(runs: list[Run], others: list[Run]) -> None:
    held = disjoint(others)
    left = table(runs, name=pl.Series(range(len(runs)), dtype=pl.Int64))
    right = table(held, name=pl.Series(range(len(held)), dtype=pl.Int64))
    pairs = overlapping(left, right)
    found = sorted(pairs.select("name", "name_b", "from_day", "to_day").iter_rows())
    expected = sorted(
        (i, j, max(one[1], two[1]), min(one[2], two[2]))
        for i, one in enumerate(runs)
        for j, two in enumerate(held)
        if days([one]) & days([two])
    )
    assert found == expected


@given(some_runs, some_runs)
def test_cutting_changes_no_day_and_leaves_no_cut_inside(
    runs: list[Run], others: list[Run]
) -> None:
    cuts = edges_of(table(others))
    parts = cut_at(table(runs, name=pl.Series(range(len(runs)), dtype=pl.Int64)), cuts)
    for i, run in enumerate(runs):
        assert days(rows(parts.filter(pl.col("name") == i))) == days([run])
    inside = set(cuts.iter_rows())
    assert not any((p, day) in inside for p, a, b in rows(parts) for day in range(a + 1, b + 1))
    assert parts["name"].to_list() == sorted(parts["name"].to_list())


@given(some_runs, some_runs)
def test_the_step_of_the_first_day_is_found(runs: list[Run], others: list[Run]) -> None:
    held = disjoint(others)
    steps = table(held, value=pl.Series(range(len(held)), dtype=pl.Int64))
    found = at_start(table(runs), steps, ["value"])
    assert rows(found) == sorted(runs)
    for row in found.to_dicts():
        holds = [
            i for i, step in enumerate(held) if (row["patient"], row["from_day"]) in days([step])
        ]
        assert row["value"] == (holds[0] if holds else None)


def test_the_step_that_has_begun_is_found_for_a_matrix_of_days() -> None:
    steps = pl.DataFrame({"patient": [0, 0, 1], "from_day": [1, 5, 2]})

    whose = pl.DataFrame({"patient": [1, 0]})
    assert steps_on(steps, whose, ["patient"], np.array([[2, 9], [4, 5]])).tolist() == [
        [2, 2],
        [0, 1],
    ]


@pytest.mark.parametrize("column", ["from_day", "to_day"])
def test_a_run_without_a_day_is_a_fault_of_ours_and_is_never_guessed(column: str) -> None:
    broken = table([(0, 1, 2)]).with_columns(pl.lit(None, pl.Int64).alias(column))
    with pytest.raises(ValueError, match=f"{column} of a run table has nulls"):
        stretches(broken, ["patient"])


def test_empty_tables_keep_their_columns() -> None:
    empty, steps = table([], name=pl.Series([], dtype=pl.String)), table([(0, 1, 2)])
    assert outside(empty, steps).columns == within(empty, steps).columns == empty.columns
    assert cut_at(empty, edges_of(steps)).columns == empty.columns
    assert at_start(empty, steps.with_columns(v=1), ["v"]).columns == [*empty.columns, "v"]
    both = overlapping(empty, steps.with_columns(name=1, more=2))
    assert both.columns == [*empty.columns, "name_b", "more"]
