"""Checks put together: any_of, all_of, guards and shortest runs of a clause, day by day.

Meaning: docs/checks.md, "Putting together".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from screener.checks.conditions import Days, days_when, one_reason_a_day
from screener.checks.pieces import FLAGS, IN_SCOPE, PIECES, UNKNOWN, shaped, subject_of, watched
from screener.checks.spec import Check, CheckResult
from screener.rule.model import (
    AllOf,
    CheckUse,
    Clause,
    Condition,
    SomeOf,
)
from screener.timeline import Timeline
from screener.timeline.runs import cut_at, edges_of, outside, overlapping, stretches, within

# Of two clauses that share a day, these are those of the first that has any.
_OF_THE_FIRST = ("subject", "group", "severity", "lab_ref")
_FIGURES = ("value", "badness", "limit", "unit")


@dataclass(frozen=True, slots=True)
class Bench:
    """What clauses are judged on: the days of a bucket, and the registry of checks."""

    timeline: Timeline
    checks: Mapping[str, Check]

    def days(self, condition: Condition) -> Days:
        """The days of a condition."""
        return days_when(self.timeline, condition, self._found)

    def find(self, use: CheckUse) -> CheckResult:
        """What one check finds; pieces without a subject get that of their drugs."""
        kept = self.timeline.conditions_kept
        if use not in kept:
            check = self.checks[use.check]
            found = check.find(self.timeline, use.params)
            words = subject_of(check.drugs(use.params))
            kept[use] = dataclasses.replace(
                found, pieces=found.pieces.with_columns(pl.col("subject").fill_null(words))
            )
        result: CheckResult = kept[use]
        return result

    def _found(self, use: CheckUse) -> Days:
        found = self.find(use)
        true = stretches(found.pieces, ["patient"])
        return Days(true, one_reason_a_day(outside(found.unknown, true)))


def conditions_in(clause: Clause) -> list[Condition]:
    """Every condition that is a line of the clause, or stands inside one; guards are not."""
    found: list[Condition] = []
    for part in clause.parts:
        if isinstance(part, Clause):
            found += conditions_in(part)
        elif not isinstance(part, CheckUse):
            found += simple((part,))
    return found


def simple(conditions: tuple[Condition, ...]) -> list[Condition]:
    """The conditions, with those inside all_of, any_of and some_of in their place."""
    found: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, AllOf | SomeOf):
            found += simple(condition.parts)
        else:
            found.append(condition)
    return found


def found_by(bench: Bench, clause: Clause, *, severities: bool = True) -> CheckResult:
    """What a clause finds. severities=False: those beside its alternatives do not count."""
    kept, asked = bench.timeline.conditions_kept, (clause, severities)
    if asked not in kept:
        kept[asked] = _found_by(bench, clause, severities=severities)
    found: CheckResult = kept[asked]
    return found


def _found_by(bench: Bench, clause: Clause, *, severities: bool) -> CheckResult:
    if clause.kind == "any_of":
        parts = [found_by(bench, part, severities=severities) for part in _clauses(clause)]
        return any_of(bench, clause, parts, severities=severities)
    if clause.kind == "check":
        use = clause.parts[0]
        assert isinstance(use, CheckUse)
        found = bench.find(use)
    else:
        found = _all_of(bench, clause, severities=severities)
    return finished(bench, clause, found, severities=severities)


def finished(
    bench: Bench, clause: Clause, found: CheckResult, *, severities: bool = True
) -> CheckResult:
    """What is left after the clause's own guards and shortest run, with its own severity."""
    found = guarded(bench, found, clause.only_if, clause.unless)
    if clause.for_at_least > 1:
        found = dataclasses.replace(
            found, pieces=long_enough(bench.timeline, found.pieces, clause.for_at_least)
        )
    if clause.severity is not None and severities:
        own = found.pieces.with_columns(pl.col("severity").fill_null(clause.severity))
        found = dataclasses.replace(found, pieces=own)
    return found


def _clauses(clause: Clause) -> list[Clause]:
    return [part for part in clause.parts if isinstance(part, Clause)]


def any_of(
    bench: Bench, clause: Clause, parts: list[CheckResult], *, severities: bool
) -> CheckResult:
    """The pieces of all that the clause keeps; a day that one alternative cannot judge stays so
    unless another flags it."""
    together = CheckResult(
        pieces=pl.concat(
            [part.pieces.with_columns(_by=pl.lit(at, pl.Int64)) for at, part in enumerate(parts)]
        ),
        unknown=shaped([], UNKNOWN),
        in_scope=pl.concat([part.in_scope for part in parts]),
        flags=pl.concat([part.flags for part in parts]),
    )
    kept = finished(bench, clause, together, severities=severities)
    unknown = []
    for at, part in enumerate(parts):
        open_ = guarded(bench, part, clause.only_if, clause.unless).unknown
        others = kept.pieces.filter(pl.col("_by") != at)
        unknown.append(outside(open_, stretches(others, ["patient"])))
    return dataclasses.replace(kept, pieces=kept.pieces.drop("_by"), unknown=pl.concat(unknown))


def _all_of(bench: Bench, clause: Clause, *, severities: bool) -> CheckResult:
    """Days on which every part holds, beginning with the first clause, which sets the scope."""
    clauses = [found_by(bench, part, severities=severities) for part in _clauses(clause)]
    found, scope = clauses[0], clauses[0].in_scope
    waiting = iter(clauses[1:])
    first = True
    for part in clause.parts:
        if isinstance(part, Clause):
            if first:
                first = False
                continue
            found = _both(found, next(waiting))
        elif not isinstance(part, CheckUse):
            found = _kept(found, bench.days(part))
    return dataclasses.replace(found, in_scope=scope)


def _kept(found: CheckResult, days: Days) -> CheckResult:
    """What is left of a result when a condition must hold as well."""
    flagged = stretches(found.pieces, ["patient"])
    open_ = stretches(
        pl.concat([d.select("patient", "from_day", "to_day") for d in (days.true, days.unknown)]),
        ["patient"],
    )
    undecided = [
        within(found.unknown, open_),
        within(shaped([days.unknown], UNKNOWN), flagged),
    ]
    return dataclasses.replace(
        found,
        pieces=within(found.pieces, days.true),
        unknown=pl.concat(undecided),
        flags=within(found.flags, days.true),
    )


def _both(one: CheckResult, two: CheckResult) -> CheckResult:
    """Days on which two clauses hold; the figures are those of the first that has any."""
    holds = [stretches(result.pieces, ["patient"]) for result in (one, two)]
    doubt = [outside(r.unknown, h) for r, h in zip((one, two), holds, strict=True)]
    maybe = stretches(
        pl.concat([d.select("patient", "from_day", "to_day") for d in (holds[1], doubt[1])]),
        ["patient"],
    )
    edges = pl.concat([edges_of(one.pieces), edges_of(two.pieces)])
    left, right = cut_at(one.pieces, edges), cut_at(two.pieces, edges)
    met = left.join(right, on=["patient", "from_day"], suffix="_b", maintain_order="left_right")
    return CheckResult(
        pieces=_merged(met),
        unknown=pl.concat([within(doubt[0], maybe), within(doubt[1], holds[0])]),
        in_scope=one.in_scope,
        flags=pl.concat([within(one.flags, holds[1]), within(two.flags, holds[0])]),
    )


def _merged(met: pl.DataFrame) -> pl.DataFrame:
    """One row for each pair of pieces that share their days."""
    has_figures = pl.col("value").is_not_null()
    figures = {
        c: pl.when(has_figures).then(c).otherwise(pl.coalesce(f"{c}_b", c)) for c in _FIGURES
    }
    steps = [pl.col(c).fill_null(0) for c in ("steps_down", "steps_down_b")]
    return met.with_columns(
        **{c: pl.coalesce(c, f"{c}_b") for c in _OF_THE_FIRST},
        **figures,
        definite=pl.col("definite") & pl.col("definite_b"),
        steps_down=pl.max_horizontal(*steps),
        how=pl.concat_str("how", "how_b", separator="; ", ignore_nulls=True).replace("", None),
        event=pl.col("event").fill_null(value=False) | pl.col("event_b").fill_null(value=False),
        look_from=pl.min_horizontal("look_from", "look_from_b"),
    ).select(PIECES.keys())


def guarded(
    bench: Bench, found: CheckResult, only_if: tuple[Condition, ...], unless: tuple[Condition, ...]
) -> CheckResult:
    """Keep days on which every `only_if` holds and no `unless` does; undecided days of a piece
    become unknown, with the guard's reason."""
    pieces, unknown, flags = found.pieces, found.unknown, found.flags
    for conditions, wanted in ((only_if, True), (unless, False)):
        for condition in conditions:
            days = bench.days(condition)
            keep = within if wanted else outside
            undecided = overlapping(pieces, days.unknown)
            pieces = keep(outside(pieces, days.unknown), days.true)
            flags = keep(outside(flags, days.unknown), days.true)
            open_ = [within(unknown, days.true), within(unknown, days.unknown)]
            unknown = pl.concat(open_) if wanted else outside(unknown, days.true)
            unknown = pl.concat([unknown, shaped([undecided], UNKNOWN)])
    return dataclasses.replace(
        found,
        pieces=pieces,
        unknown=shaped([unknown], UNKNOWN),
        flags=shaped([flags], FLAGS),
        in_scope=shaped([found.in_scope], IN_SCOPE),
    )


def long_enough(timeline: Timeline, pieces: pl.DataFrame, days: int) -> pl.DataFrame:
    """Pieces in runs (per patient and subject, up to the last day) of at least so many days."""
    cut = watched(timeline, pieces)
    keys = ["patient", "subject"]
    runs = stretches(cut, keys).filter(pl.col("to_day") - pl.col("from_day") + 1 >= days)
    met = cut.join(
        runs.select(*keys, _from="from_day", _to="to_day"), on=keys, maintain_order="left"
    )
    inside = pl.col("from_day").is_between(pl.col("_from"), pl.col("_to"))
    return met.filter(inside).drop("_from", "_to")
