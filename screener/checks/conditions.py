"""Conditions of guards and escalations as days: when they hold, and when nobody can say."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.rule.model import (
    Age,
    Condition,
    HasCondition,
    KidneyFunction,
    NoKidneyTestWithin,
    Sex,
    Taking,
)
from screener.timeline import Timeline
from screener.timeline.days import birthday, day, outside, stretches
from screener.timeline.kidney import result_steps
from screener.timeline.people import FAR

RUNS = {"patient": pl.UInt32(), "from_day": pl.Int64(), "to_day": pl.Int64()}


@dataclass(frozen=True, slots=True)
class Days:
    """Disjoint runs (patient, from_day, to_day) on which a condition holds, or is unknown.

    unknown has the reason beside each run.
    """

    true: pl.DataFrame
    unknown: pl.DataFrame


def _because(runs: pl.DataFrame, reason: str) -> pl.DataFrame:
    return runs.select(*RUNS, reason=pl.lit(reason))


def days_when(timeline: Timeline, condition: Condition) -> Days:
    """The days of every patient on which the condition holds. SameCheckWith is judged elsewhere."""
    match condition:
        case Age():
            return _age(timeline, condition)
        case Sex():
            return _sex(timeline, condition)
        case HasCondition():
            return _has(timeline, condition)
        case KidneyFunction():
            return _kidney(timeline, condition)
        case NoKidneyTestWithin():
            return _untested(timeline, condition)
        case Taking():
            runs = stretches(timeline.lines_of(condition.drugs), ["patient"])
            return Days(runs, _because(_none(), ""))
    raise TypeError(f"no days for a condition of type {type(condition).__name__}")


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=RUNS)


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


def _has(timeline: Timeline, condition: HasCondition) -> Days:
    if timeline.conditions is None:
        return Days(_none(), _because(_always(timeline.people), "conditions-not-supplied"))
    mine = timeline.conditions.filter(pl.col("name").is_in(sorted(condition.names)))
    return Days(stretches(mine, ["patient"]), _because(_none(), ""))


def _kidney(timeline: Timeline, condition: KidneyFunction) -> Days:
    """Dialysis counts as a kidney function of 0."""
    steps = outside(result_steps(timeline.results, condition.result_good_for), timeline.dialysis)
    egfr = pl.col("egfr")
    inside = pl.lit(value=True)
    if condition.below is not None:
        inside = inside & (egfr < condition.below)
    if condition.at_least is not None:
        inside = inside & (egfr >= condition.at_least)
    judged = steps.filter(egfr.is_not_null())
    true = judged.filter(inside).select(RUNS.keys())
    if condition.at_least is None:
        true = pl.concat([true, timeline.dialysis.select(RUNS.keys())])
    tested = stretches(
        pl.concat([steps.select(RUNS.keys()), timeline.dialysis.select(RUNS.keys())]), ["patient"]
    )
    untested = _because(outside(_always(timeline.people), tested), "no-recent-kidney-test")
    if not timeline.labs_supplied:
        untested = _because(untested, "labs-not-supplied")
    no_estimate = _because(steps.filter(egfr.is_null()), "missing-demographics")
    unknown = pl.concat([untested, no_estimate]).sort("patient", "from_day")
    return Days(stretches(true, ["patient"]), unknown)


def _untested(timeline: Timeline, condition: NoKidneyTestWithin) -> Days:
    """A result on day d counts on d and the `days` days after it."""
    if not timeline.labs_supplied:
        return Days(_none(), _because(_always(timeline.people), "labs-not-supplied"))
    tested = result_steps(timeline.results, condition.days).select(RUNS.keys())
    both = stretches(pl.concat([tested, timeline.dialysis.select(RUNS.keys())]), ["patient"])
    return Days(outside(_always(timeline.people), both), _because(_none(), ""))
