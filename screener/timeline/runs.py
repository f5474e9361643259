"""Runs of whole days as sets: add up, merge, cut, intersect, take away.

A *run table* has columns patient (u32), from_day and to_day (i64, closed, no nulls) and values. A
patient and a day are packed into one whole number, so that one sort and one binary search serve a
whole bucket and no patient is looked at by itself. Empty tables cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Whole: TypeAlias = NDArray[np.int64]

LIFT = 1 << 25  # days between two groups: twice as far as any day number reaches
MIDDLE = LIFT >> 1


def sweep(intervals: pl.DataFrame, values: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    """Add up integer `values` of overlapping closed intervals into disjoint runs of days.

    intervals: by..., from_day, to_day, values... (no nulls). Gives by..., from_day, to_day,
    values..., `covers` (how many intervals), sorted; days that no interval covers stay out. The
    sums are whole numbers, so that they return to exactly zero at the edge of every group.
    """
    sums = [*values, "covers"]
    shape = {
        **{k: intervals.schema[k] for k in by},
        **dict.fromkeys(("from_day", "to_day", *sums), pl.Int64()),
    }
    if intervals.is_empty():
        return pl.DataFrame(schema=shape)
    groups = _groups(intervals, by)
    edges = np.concatenate(
        [_key(groups, intervals, "from_day"), _key(groups, intervals, "to_day") + 1]
    )
    order = np.argsort(edges)
    edges = edges[order]
    last = np.flatnonzero(np.append(edges[1:] != edges[:-1], True))
    height = intervals.height
    totals = {}
    for name in sums:
        amounts = _numbers(intervals, name) if name != "covers" else np.ones(height, np.int64)
        totals[name] = np.cumsum(np.concatenate([amounts, -amounts])[order])[last]
    covered = np.flatnonzero(totals["covers"] > 0)
    begins, ends = edges[last][covered], edges[last][covered + 1]
    whose = intervals.select(by)[_rows(order[last][covered] % height)]
    return whose.hstack(
        [
            _series("from_day", _day_of(begins)),
            _series("to_day", _day_of(ends) - 1),
            *(_series(name, totals[name][covered]) for name in sums),
        ]
    )


def stretches(intervals: pl.DataFrame, by: Sequence[str], *, bridge: int = 0) -> pl.DataFrame:
    """Merge closed intervals into maximal runs; gaps of up to `bridge` days are closed.

    Gives by..., from_day, to_day, sorted.
    """
    keys = intervals.select(*by)
    if intervals.is_empty():
        return keys.hstack([_series(c, np.empty(0, np.int64)) for c in ("from_day", "to_day")])
    groups = _groups(intervals, by)
    begins = _key(groups, intervals, "from_day")
    order = _order(begins)
    begins, groups = begins[order], groups[order]
    reach = np.maximum.accumulate(_key(groups, intervals[_rows(order)], "to_day"))
    fresh = np.ones(len(begins), bool)
    fresh[1:] = (begins[1:] > reach[:-1] + 1 + bridge) | (groups[1:] != groups[:-1])
    first = np.flatnonzero(fresh)
    ends = reach[np.append(first[1:], len(begins)) - 1]
    return keys[_rows(order[first])].hstack(
        [_series("from_day", _day_of(begins[first])), _series("to_day", _day_of(ends))]
    )


def at_start(runs: pl.DataFrame, steps: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """`runs`, by patient and day, with the `values` of the step that holds on each run's first day
    (null if none).

    steps: patient, from_day, to_day, values..., disjoint per patient.
    """
    empty = [pl.lit(None, dtype=steps.schema[v]).alias(v) for v in values]
    if runs.is_empty() or steps.is_empty():
        return _sorted(runs).with_columns(empty)
    asked, held = _sorted(runs), _sorted(steps)
    days = _packed(asked, "from_day")
    at = np.searchsorted(_packed(held, "from_day"), days, side="right") - 1
    inside = (at >= 0) & (_packed(held, "to_day")[at] >= days)
    if inside.all():
        return asked.with_columns(held.select(values)[_rows(at)])
    found = pl.Series(at).set(pl.Series(~inside), None).cast(pl.UInt32)
    return asked.with_columns(held.select(pl.col(values).gather(found)))


def overlapping(runs: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Every pair of a run and a step of a patient that share a day, cut to those days.

    steps: disjoint per patient. Columns of `steps` that `runs` has too get the suffix "_b";
    from_day and to_day are the shared days. Work grows with the pairs found, not with runs x steps.
    """
    more = [c for c in steps.columns if c not in ("patient", "from_day", "to_day")]
    names = {c: f"{c}_b" if c in runs.columns else c for c in more}
    if runs.is_empty() or steps.is_empty():
        return runs.clear().hstack(steps.clear().select(more).rename(names))
    asked, held = _by_end(runs), _sorted(steps)
    run, step = _met(asked, held)
    whose = asked[_rows(run)]
    other = held[_rows(step)]
    return whose.with_columns(
        _series("from_day", np.maximum(_numbers(whose, "from_day"), _numbers(other, "from_day"))),
        _series("to_day", np.minimum(_numbers(whose, "to_day"), _numbers(other, "to_day"))),
    ).hstack([other[c].alias(names[c]) for c in more])


def within(runs: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The parts of `runs` that lie inside `steps` (disjoint per patient); columns of `runs`."""
    if runs.is_empty():
        return runs
    return overlapping(runs, steps.select("patient", "from_day", "to_day"))


def outside(runs: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The parts of `runs` that lie on no day of `steps` (disjoint per patient)."""
    if runs.is_empty() or steps.is_empty():
        return runs
    asked, held = _sorted(runs), _sorted(steps)
    begins, ends = _packed(held, "from_day"), _packed(held, "to_day")
    first = np.searchsorted(ends, _packed(asked, "from_day"))
    met = np.maximum(np.searchsorted(begins, _packed(asked, "to_day"), side="right") - first, 0)
    run, turn = _turns(met + 1)
    step = first[run] + turn  # the step that ends this part; the one before begins it
    whose = asked[_rows(run)]
    days, untils = _numbers(held, "from_day"), _numbers(held, "to_day")
    start, end = _numbers(whose, "from_day").copy(), _numbers(whose, "to_day").copy()
    after, before = turn > 0, turn < met[run]
    start[after] = untils[step[after] - 1] + 1
    end[before] = days[step[before]] - 1
    kept = np.flatnonzero(start <= end)
    return whose[_rows(kept)].with_columns(
        _series("from_day", start[kept]), _series("to_day", end[kept])
    )


def edges_of(steps: pl.DataFrame) -> pl.DataFrame:
    """The days on which steps begin, and the days after their ends: patient, day."""
    days = np.concatenate([_numbers(steps, "from_day"), _numbers(steps, "to_day") + 1])
    return pl.DataFrame([pl.concat([steps["patient"], steps["patient"]]), _series("day", days)])


def cut_at(runs: pl.DataFrame, cuts: pl.DataFrame) -> pl.DataFrame:
    """Split runs so that a new one begins on every cut day (patient, day) that falls inside.

    Other columns of `runs` are copied to each part.
    """
    if runs.is_empty() or cuts.is_empty():
        return runs
    days = np.unique(_packed(cuts, "day"))
    first = np.searchsorted(days, _packed(runs, "from_day"), side="right")
    inner = np.searchsorted(days, _packed(runs, "to_day"), side="right") - first
    if not inner.any():
        return runs
    run, turn = _turns(inner + 1)
    parts = runs[_rows(run)]
    start, end = _numbers(parts, "from_day").copy(), _numbers(parts, "to_day").copy()
    cut = _day_of(days)
    after, before = turn > 0, turn < inner[run]
    start[after] = cut[(first[run] + turn - 1)[after]]
    end[before] = cut[(first[run] + turn)[before]] - 1
    return parts.with_columns(_series("from_day", start), _series("to_day", end))


def steps_on(
    steps: pl.DataFrame, whose: pl.DataFrame, by: Sequence[str], days: Whole
) -> NDArray[np.intp]:
    """For each day of a matrix (a row for each row of `whose`) the row of the step that has begun
    by then: the latest from_day of its group. steps: by..., from_day, sorted; one must be there.
    """
    groups = _groups(pl.concat([steps.select(by), whose.select(by)]), by)
    begun = groups[: steps.height] * LIFT + (_numbers(steps, "from_day") + MIDDLE)
    asked = groups[steps.height :, None] * LIFT + (days + MIDDLE)
    return np.searchsorted(begun, asked, side="right") - 1


def _met(runs: pl.DataFrame, steps: pl.DataFrame) -> tuple[Whole, Whole]:
    """Rows of runs and of steps (sorted, disjoint) that share a day, run by run."""
    first = np.searchsorted(_packed(steps, "to_day"), _packed(runs, "from_day"))
    last = np.searchsorted(_packed(steps, "from_day"), _packed(runs, "to_day"), side="right")
    run, turn = _turns(np.maximum(last - first, 0))
    return run, first[run] + turn


def _turns(times: Whole) -> tuple[Whole, Whole]:
    """Each row number as often as its count says, and which time it is, from 0."""
    rows = np.repeat(np.arange(len(times)), times)
    before = np.cumsum(times) - times
    return rows, np.arange(len(rows)) - before[rows]


def _sorted(runs: pl.DataFrame) -> pl.DataFrame:
    """By patient and first day; as it is where it is so already."""
    return _in_order(runs, _packed(runs, "from_day"))


def _by_end(runs: pl.DataFrame) -> pl.DataFrame:
    return _in_order(runs, _packed(runs, "to_day"))


def _in_order(frame: pl.DataFrame, keys: Whole) -> pl.DataFrame:
    return frame if (keys[1:] >= keys[:-1]).all() else frame[_rows(_order(keys))]


def _order(keys: Whole) -> Whole:
    """Equal keys stay as they stood."""
    return np.argsort(keys, kind="stable")


def _groups(frame: pl.DataFrame, by: Sequence[str]) -> Whole:
    """One number for each combination of the columns `by`, in their order; null comes first."""
    groups = np.zeros(frame.height, np.int64)
    for name in by:
        codes = _codes(frame[name])
        groups = groups * (int(codes.max(initial=0)) + 1) + codes
    return groups


def _codes(column: pl.Series) -> Whole:
    if column.dtype.is_integer() and column.null_count() == 0:
        return column.to_numpy().astype(np.int64)
    names = column.unique().drop_nulls().sort()
    ranks = column.cast(pl.String).cast(pl.Enum(names.cast(pl.String))).to_physical()
    return (ranks.cast(pl.Int64) + 1).fill_null(0).to_numpy()


def _packed(frame: pl.DataFrame, day: str) -> Whole:
    return _key(frame["patient"].to_numpy().astype(np.int64), frame, day)


def _key(groups: Whole, frame: pl.DataFrame, day: str) -> Whole:
    return groups * LIFT + (_numbers(frame, day) + MIDDLE)


def _day_of(keys: Whole) -> Whole:
    return keys % LIFT - MIDDLE


def _numbers(frame: pl.DataFrame, name: str) -> Whole:
    column = frame[name]
    if column.null_count():
        raise ValueError(f"{name} of a run table has nulls")
    return column.to_numpy().astype(np.int64, copy=False)


def _rows(at: Whole) -> pl.Series:
    return pl.Series(at.astype(np.uint32))


def _series(name: str, numbers: Whole) -> pl.Series:
    return pl.Series(name, numbers)
