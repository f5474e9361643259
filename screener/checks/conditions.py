"""Conditions of guards, clauses and escalations as days: when they hold, when nobody can say.

Meaning: docs/checks.md, "Conditions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from screener.checks.histories import cross_tapers, lowered_days, started_days, stopped_days
from screener.rule.model import (
    Age,
    AllOf,
    CheckUse,
    Condition,
    CrossTaper,
    DoseLowered,
    Finds,
    HadTest,
    HasCondition,
    KidneyFunction,
    LabResult,
    NoKidneyTestWithin,
    Recorded,
    Sex,
    SomeOf,
    StartedWithin,
    StoppedWithin,
    Taking,
    Weight,
)
from screener.rule.values import Limits
from screener.timeline import Timeline
from screener.timeline.days import birthday, day
from screener.timeline.kidney import clearance_steps, result_steps
from screener.timeline.labs import latest_steps, results_of
from screener.timeline.people import FAR
from screener.timeline.runs import cut_at as cut
from screener.timeline.runs import edges_of, outside, stretches, sweep, within

RUNS = {"patient": pl.UInt32(), "from_day": pl.Int64(), "to_day": pl.Int64()}


@dataclass(frozen=True, slots=True)
class Days:
    """Disjoint runs (patient, from_day, to_day) on which a condition holds, or is unknown.

    unknown has the reason beside each run.
    """

    true: pl.DataFrame
    unknown: pl.DataFrame


Find = Callable[[CheckUse], Days]


def no_checks(use: CheckUse) -> Days:
    """For conditions that hold no check."""
    raise TypeError(f"{use.check} cannot stand here")


def days_when(timeline: Timeline, condition: Condition, find: Find) -> Days:
    """The days of every patient on which the condition holds.

    find says it of a check that serves as a condition. SameCheckWith is judged elsewhere.
    """
    kept = timeline.conditions_kept
    if condition not in kept:
        kept[condition] = _days_when(timeline, condition, find)
    found: Days = kept[condition]
    return found


def _days_when(timeline: Timeline, condition: Condition, find: Find) -> Days:
    if isinstance(condition, Finds):
        return find(condition.use)
    if isinstance(condition, AllOf | SomeOf):
        inner = [days_when(timeline, part, find) for part in condition.parts]
        if isinstance(condition, AllOf):
            return _counted(timeline.people, inner, len(inner), fewer=False)
        if condition.at_least is not None:
            return _counted(timeline.people, inner, condition.at_least, fewer=False)
        return _counted(timeline.people, inner, condition.fewer_than or 0, fewer=True)
    if type(condition) not in DAYS:
        raise TypeError(f"no days for a condition of type {type(condition).__name__}")
    return DAYS[type(condition)](timeline, condition)


def within_limits(value: pl.Expr, limits: Limits) -> pl.Expr:
    """Whether a number lies within the limits."""
    inside = pl.lit(value=True)
    if limits.more_than is not None:
        inside = inside & (value > limits.more_than)
    if limits.at_least is not None:
        inside = inside & (value >= limits.at_least)
    if limits.below is not None:
        inside = inside & (value < limits.below)
    if limits.at_most is not None:
        inside = inside & (value <= limits.at_most)
    return inside


def _because(runs: pl.DataFrame, reason: str) -> pl.DataFrame:
    return runs.select(*RUNS, reason=pl.lit(reason))


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=RUNS)


def _runs(frame: pl.DataFrame) -> pl.DataFrame:
    return stretches(frame, ["patient"])


def _certain(runs: pl.DataFrame) -> Days:
    """A condition of which every day is known."""
    return Days(_runs(runs), _because(_none(), ""))


def _always(people: pl.DataFrame) -> pl.DataFrame:
    return people.select("patient", from_day=pl.lit(-FAR, pl.Int64), to_day=pl.lit(FAR, pl.Int64))


def _age(timeline: Timeline, condition: Age) -> Days:
    people = timeline.people
    begin = (
        day(birthday("birth_date", condition.at_least))
        if condition.at_least is not None
        else pl.lit(-FAR, pl.Int64)
    )
    end = (
        day(birthday("birth_date", condition.below)) - 1
        if condition.below is not None
        else pl.lit(FAR, pl.Int64)
    )
    known = people.filter(pl.col("birth").is_not_null())
    runs = known.select("patient", from_day=begin, to_day=end)
    unknown = _always(people.filter(pl.col("birth").is_null()))
    return Days(
        runs.filter(pl.col("from_day") <= pl.col("to_day")), _because(unknown, "age-unknown")
    )


def _sex(timeline: Timeline, condition: Sex) -> Days:
    people = timeline.people
    return Days(
        _always(people.filter(pl.col("sex") == condition.is_)),
        _because(_always(people.filter(pl.col("sex").is_null())), "sex-unknown"),
    )


def _weight(timeline: Timeline, condition: Weight) -> Days:
    known = timeline.weights
    heavy = known.filter(within_limits(pl.col("value"), condition.limits))
    return Days(_runs(heavy), _because(outside(_always(timeline.people), known), "weight-unknown"))


def _has(timeline: Timeline, condition: HasCondition) -> Days:
    if timeline.conditions is None:
        return Days(_none(), _because(_always(timeline.people), "conditions-not-supplied"))
    return _certain(_recorded(timeline, condition.names))


def _recorded(timeline: Timeline, names: frozenset[str]) -> pl.DataFrame:
    if timeline.conditions is None:
        return _none()
    return timeline.conditions.filter(pl.col("name").is_in(sorted(names)))


def kidney_steps(timeline: Timeline, estimate: str, good_for: int) -> pl.DataFrame:
    """The kidney estimate of each day, dialysis left out: patient, from_day, to_day, tested, egfr
    (or clearance), open_above, how, ref, reason (why a test gives no estimate)."""
    if estimate == "creatinine_clearance":
        steps = clearance_steps(timeline.creatinines, timeline.weights, good_for)
    else:
        steps = result_steps(timeline.results, good_for).with_columns(
            reason=pl.when(pl.col("egfr").is_null()).then(pl.lit("missing-demographics"))
        )
    return outside(steps, timeline.dialysis)


def _kidney(timeline: Timeline, condition: KidneyFunction) -> Days:
    """Dialysis counts as a kidney function of 0."""
    steps = kidney_steps(timeline, condition.estimate, condition.result_good_for)
    judged = steps.filter(pl.col("egfr").is_not_null())
    true = judged.filter(within_limits(pl.col("egfr"), condition.limits)).select(RUNS.keys())
    if condition.limits.at_least is None and condition.limits.more_than is None:
        true = pl.concat([true, timeline.dialysis.select(RUNS.keys())])
    tested = stretches(
        pl.concat([steps.select(RUNS.keys()), timeline.dialysis.select(RUNS.keys())]), ["patient"]
    )
    untested = _because(outside(_always(timeline.people), tested), "no-recent-kidney-test")
    if not timeline.labs_supplied:
        untested = _because(untested, "labs-not-supplied")
    no_estimate = steps.filter(pl.col("egfr").is_null()).select(*RUNS, "reason")
    unknown = pl.concat([untested, no_estimate]).sort("patient", "from_day")
    return Days(stretches(true, ["patient"]), unknown)


def _untested(timeline: Timeline, condition: NoKidneyTestWithin) -> Days:
    """A result on day d counts on d and the `days` days after it; dialysis counts as a test."""
    if not timeline.labs_supplied:
        open_ = outside(_always(timeline.people), timeline.dialysis)
        return Days(_none(), _because(open_, "labs-not-supplied"))
    tested = result_steps(timeline.results, condition.days).select(RUNS.keys())
    both = stretches(pl.concat([tested, timeline.dialysis.select(RUNS.keys())]), ["patient"])
    return Days(outside(_always(timeline.people), both), _because(_none(), ""))


def _lab(timeline: Timeline, condition: LabResult) -> Days:
    every = _always(timeline.people)
    if not timeline.labs_supplied:
        return Days(_none(), _because(every, "labs-not-supplied"))
    limits = condition.limits
    upward = limits.more_than is not None or limits.at_least is not None
    found = results_of(timeline.labs, condition.test)
    steps = latest_steps(found, condition.result_good_for, largest=upward)
    true = steps.filter(within_limits(pl.col("value"), limits))
    return Days(_runs(true), _because(outside(every, _runs(steps)), "no-recent-test"))


def _tested(timeline: Timeline, condition: HadTest) -> Days:
    if not timeline.labs_supplied:
        return Days(_none(), _because(_always(timeline.people), "labs-not-supplied"))
    had = timeline.labs.filter(pl.col("analyte").is_in(sorted(condition.test.analytes)))
    near = had.select(
        "patient",
        from_day=pl.col("day") - condition.within,
        to_day=pl.col("day") + condition.within,
    )
    return _certain(near)


def _counted(people: pl.DataFrame, parts: Sequence[Days], number: int, *, fewer: bool) -> Days:
    """Days on which at least (or fewer than) so many of the parts hold; undecided where the
    undecided parts could change the answer, with the reason of the first of them."""
    zero, one = pl.lit(0, pl.Int64), pl.lit(1, pl.Int64)
    marks = [_always(people).with_columns(yes=zero, open=zero)]
    for part in parts:
        marks.append(part.true.select(*RUNS).with_columns(yes=one, open=zero))
        marks.append(part.unknown.select(*RUNS).with_columns(yes=zero, open=one))
    days = sweep(pl.concat(marks), ["yes", "open"], ["patient"])
    enough, possible = pl.col("yes") >= number, pl.col("yes") + pl.col("open") >= number
    true = days.filter(~possible if fewer else enough)
    undecided = stretches(days.filter(possible & ~enough), ["patient"])
    reasons = []
    for part in parts:
        reasons.append(_within_reasons(undecided, part.unknown))
        undecided = outside(undecided, part.unknown)
    return Days(_runs(true), pl.concat(reasons).sort("patient", "from_day"))


def _within_reasons(runs: pl.DataFrame, unknown: pl.DataFrame) -> pl.DataFrame:
    return within(unknown, runs).select(*RUNS, "reason")


def one_reason_a_day(unknown: pl.DataFrame) -> pl.DataFrame:
    """Runs with reasons that may overlap, made disjoint: the first in order wins each day."""
    parts = cut(unknown.with_row_index("_order"), edges_of(unknown))
    return (
        parts.sort("patient", "from_day", "_order")
        .unique(["patient", "from_day"], keep="first", maintain_order=True)
        .select(*RUNS, "reason")
    )


# What is known of each kind of condition, by its class.
DAYS: dict[type[Any], Callable[[Timeline, Any], Days]] = {
    Age: _age,
    Sex: _sex,
    Weight: _weight,
    HasCondition: _has,
    Recorded: lambda timeline, c: _certain(_recorded(timeline, c.names)),
    KidneyFunction: _kidney,
    NoKidneyTestWithin: _untested,
    LabResult: _lab,
    HadTest: _tested,
    Taking: lambda timeline, c: _certain(timeline.lines_of(c.drugs)),
    StartedWithin: lambda timeline, c: _certain(started_days(timeline, c)),
    StoppedWithin: lambda timeline, c: _certain(stopped_days(timeline, c)),
    DoseLowered: lambda timeline, c: _certain(lowered_days(timeline, c)),
    CrossTaper: lambda timeline, c: _certain(cross_tapers(timeline, c)),
}
