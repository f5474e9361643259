"""The shape of what a check finds, so that every check builds the same columns."""

from __future__ import annotations

import numpy as np
import polars as pl

from screener.checks.spec import CheckResult
from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.units import divided

NOBODY = 1 << 40  # a day after every day
NAMED = 3  # of so many drugs a finding names each; of more, the words of the rule
PIECES: dict[str, pl.DataType] = {
    "patient": pl.UInt32(),
    "subject": pl.String(),
    "from_day": pl.Int64(),
    "to_day": pl.Int64(),
    "definite": pl.Boolean(),
    "steps_down": pl.Int8(),  # severity steps below the variant's (possible, as needed)
    "severity": pl.String(),  # null: the variant's own; bands set theirs
    "value": pl.Float64(),
    "badness": pl.Float64(),  # larger is worse: chooses the worst day among equally severe ones
    "limit": pl.Float64(),
    "unit": pl.String(),
    "how": pl.String(),
    "lab_ref": pl.String(),
    "event": pl.Boolean(),  # a point in time (a rise, a stop), not a state
    "look_from": pl.Int64(),  # orders from this day on belong to the finding
    "group": pl.Int64(),  # runs of one group are one finding (an episode); null: maximal runs
    "source": pl.Int64(),  # which alternative of the rule found it, counted from 0
}
UNKNOWN: dict[str, pl.DataType] = {
    "patient": pl.UInt32(), "from_day": pl.Int64(), "to_day": pl.Int64(), "reason": pl.String(),
}  # fmt: skip
IN_SCOPE: dict[str, pl.DataType] = {"patient": pl.UInt32(), "from_day": pl.Int64()}
FLAGS: dict[str, pl.DataType] = {
    "patient": pl.UInt32(), "from_day": pl.Int64(), "to_day": pl.Int64(), "flag": pl.String(),
    "ref": pl.String(), "detail": pl.String(),
}  # fmt: skip


def shaped(frames: list[pl.DataFrame], shape: dict[str, pl.DataType]) -> pl.DataFrame:
    """Frames put together with exactly the columns of `shape`, missing ones null."""
    parts = [_shaped(frame, shape) for frame in frames]
    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts) if parts else empty(shape)


def empty(shape: dict[str, pl.DataType]) -> pl.DataFrame:
    """No row, with the columns of `shape`. One shape always gives the same frame: making it costs
    more than most work on few rows."""
    if id(shape) not in _EMPTY:
        _EMPTY[id(shape)] = (shape, pl.DataFrame(schema=shape))
    return _EMPTY[id(shape)][1]


# id of a shape -> the shape, kept so that its id stays its own, and its frame
_EMPTY: dict[int, tuple[dict[str, pl.DataType], pl.DataFrame]] = {}


def _shaped(frame: pl.DataFrame, shape: dict[str, pl.DataType]) -> pl.DataFrame:
    if frame.schema == shape:
        return frame
    if frame.is_empty():
        return empty(shape)
    own = [
        column if column.dtype == shape[column.name] else column.cast(shape[column.name])
        for column in frame.get_columns()
        if column.name in shape
    ]
    return pl.concat([empty(shape), pl.DataFrame(own)], how="diagonal")


def result(
    timeline: Timeline,
    scope: DrugSet,
    pieces: list[pl.DataFrame],
    unknown: list[pl.DataFrame] | None = None,
    flags: list[pl.DataFrame] | None = None,
) -> CheckResult:
    """Pieces, unknown days and flags, with everybody who takes `scope` in scope.

    An order of the set that stands on no day is unknown from its start (`unknown-supply`).
    """
    loose = timeline.unplaced(scope).select(
        "patient", from_day="start", to_day="start", reason=pl.lit("unknown-supply")
    )
    return CheckResult(
        pieces=shaped(pieces, PIECES),
        unknown=shaped([*(unknown or []), loose], UNKNOWN),
        in_scope=first_days(timeline, [timeline.lines_of(scope), loose]),
        flags=shaped(flags or [], FLAGS),
    )


def first_days(timeline: Timeline, frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The earliest from_day of each patient of some run tables: IN_SCOPE, by patient."""
    first = np.full(timeline.people.height, NOBODY)
    for frame in frames:
        np.minimum.at(first, frame["patient"].to_numpy(), frame["from_day"].to_numpy())
    patients = np.flatnonzero(first < NOBODY)
    days = pl.Series("from_day", first[patients])
    return pl.DataFrame([pl.Series("patient", patients.astype(np.uint32)), days])


def watched(timeline: Timeline, runs: pl.DataFrame) -> pl.DataFrame:
    """Runs cut to each patient's last day; what begins after it falls away."""
    last = timeline.people["last_day"][runs["patient"]]
    seen = runs if (runs["from_day"] <= last).all() else runs.filter(runs["from_day"] <= last)
    last = timeline.people["last_day"][seen["patient"]]
    if (seen["to_day"] <= last).all():
        return seen
    return seen.with_columns(to_day=pl.min_horizontal("to_day", last))


def by_bounds(
    steps: pl.DataFrame, low_breaks: pl.Expr, high_breaks: pl.Expr, low: str, high: str
) -> pl.DataFrame:
    """Steps on which a bound breaks a limit, with definite, steps_down and value (µg)."""
    return (
        steps.with_columns(definite=low_breaks)
        .filter(low_breaks | high_breaks)
        .with_columns(
            steps_down=pl.when("definite").then(0).otherwise(1),
            value=pl.when("definite").then(pl.col(low)).otherwise(pl.col(high)),
        )
    )


def in_unit(ug: pl.Expr, text: str) -> pl.Expr:
    """Micrograms in the unit in which the rule speaks: mg unless its text says micrograms."""
    return ug if says_micrograms(text) else divided(ug, 1000)


def unit_words(text: str) -> str:
    """The unit of a rule's amount, spelled out."""
    return "micrograms/day" if says_micrograms(text) else "mg/day"


def says_micrograms(text: str) -> bool:
    """Whether a rule's amount is written in micrograms."""
    return any(word in text.lower() for word in ("mcg", "microgram", "µg", "μg", "ug/"))


def subject_of(drugs: DrugSet) -> str:
    """What a finding about a whole set calls it."""
    if len(drugs.ingredients) <= NAMED:
        return ", ".join(sorted(drugs.ingredients))
    return drugs.text
