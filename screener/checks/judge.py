"""From a rule's checks to its findings: variants, escalations, guards, runs of days.

Meaning: docs/checks.md, the part before the list. Nothing here knows what a check looks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from screener.checks.conditions import days_when
from screener.checks.pieces import FLAGS, IN_SCOPE, PIECES, UNKNOWN, shaped, watched
from screener.checks.spec import Check, CheckResult
from screener.rule.model import SEVERITIES, Rule, SameCheckWith
from screener.timeline import Timeline
from screener.timeline.days import (
    at_start,
    cut_at,
    edges_of,
    group_number,
    outside,
    overlapping,
    starts_group,
    within,
)  # fmt: skip

LEVEL = {name: level for level, name in enumerate(SEVERITIES)}


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule says of a bucket, up to each patient's last day.

    runs: one row per finding: patient, subject, from_day, to_day, level, definite, value, limit,
    unit, how, lab_ref, event, look_from. unknown: patient, reason, from_day (earliest).
    scope: patient, from_day. flags: patient, day, flag, ref, detail.
    """

    runs: pl.DataFrame
    unknown: pl.DataFrame
    scope: pl.DataFrame
    flags: pl.DataFrame


def judge(timeline: Timeline, rule: Rule, checks: Mapping[str, Check]) -> Judged:
    """Run every check of the rule and put its days together."""
    results = [(use, checks[use.check].find(timeline, use.params)) for use in rule.uses]
    pieces = [_leveled(result.pieces, rule.severity, own=True) for _, result in results]
    for escalation in rule.escalate:
        if isinstance(escalation.when, SameCheckWith):
            changed = checks[escalation.when.check].find(timeline, escalation.when.params)
            pieces.append(_leveled(changed.pieces, escalation.to, own=False))
    all_pieces = pl.concat(pieces)
    unknown = pl.concat([result.unknown for _, result in results])
    flags = pl.concat([result.flags for _, result in results])
    scope = _scope([result for _, result in results], timeline)
    all_pieces = _raised(timeline, rule, all_pieces)
    all_pieces, unknown, flags = _guarded(timeline, rule, all_pieces, unknown, flags)
    if rule.adults_only:
        all_pieces, unknown, flags = _adults(timeline, all_pieces, unknown, flags, scope)
    runs = _runs(watched(timeline, all_pieces))
    unknown = watched(timeline, unknown)
    return Judged(
        runs=runs,
        unknown=unknown.group_by("patient", "reason").agg(pl.col("from_day").min()).sort(
            "patient", "reason"
        ),
        scope=scope,
        flags=watched(timeline, flags).select(
            "patient", "flag", "ref", "detail", day=pl.col("from_day")
        ),
    )  # fmt: skip


def _leveled(pieces: pl.DataFrame, severity: str, *, own: bool) -> pl.DataFrame:
    """Pieces with level and own: found by the rule's check as written, or by a stricter variant."""
    level = pl.col("severity").fill_null(severity).replace_strict(LEVEL, return_dtype=pl.Int8)
    return pieces.with_columns(level=level, own=pl.lit(value=own))


def _scope(results: list[CheckResult], timeline: Timeline) -> pl.DataFrame:
    scope = (
        pl.concat([r.in_scope for r in results]).group_by("patient").agg(pl.col("from_day").min())
    )
    last = timeline.people.select("patient", "last_day")
    kept = scope.join(last, on="patient").filter(pl.col("from_day") <= pl.col("last_day"))
    return shaped([kept.sort("patient")], IN_SCOPE)


def _raised(timeline: Timeline, rule: Rule, pieces: pl.DataFrame) -> pl.DataFrame:
    """Raise days on which a condition of `escalate` holds, then take the steps down."""
    for escalation in rule.escalate:
        if isinstance(escalation.when, SameCheckWith):
            continue
        true = days_when(timeline, escalation.when).true
        parts = cut_at(pieces, edges_of(true))
        marked = at_start(parts, true.with_columns(_holds=pl.lit(value=True)), ["_holds"])
        to = LEVEL[escalation.to]
        pieces = marked.with_columns(
            level=pl.when(pl.col("_holds").fill_null(value=False))
            .then(pl.max_horizontal("level", pl.lit(to, pl.Int8)))
            .otherwise("level")
        ).drop("_holds")
    lowered = (pl.col("level") - pl.col("steps_down").fill_null(0)).clip(lower_bound=0)
    return pieces.with_columns(level=lowered.cast(pl.Int8))


def _guarded(
    timeline: Timeline, rule: Rule, pieces: pl.DataFrame, unknown: pl.DataFrame, flags: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Keep days on which every `only_if` holds and no `unless` does; undecided days of a piece
    become unknown, with the guard's reason."""
    for conditions, wanted in ((rule.only_if, True), (rule.unless, False)):
        for condition in conditions:
            days = days_when(timeline, condition)
            keep = within if wanted else outside
            undecided = overlapping(pieces, days.unknown)
            pieces = keep(outside(pieces, days.unknown), days.true)
            flags = keep(outside(flags, days.unknown), days.true)
            open_ = [within(unknown, days.true), within(unknown, days.unknown)]
            unknown = pl.concat(open_) if wanted else outside(unknown, days.true)
            unknown = pl.concat([unknown, shaped([undecided], UNKNOWN)])
    return pieces, unknown, flags


def _adults(
    timeline: Timeline, pieces: pl.DataFrame, unknown: pl.DataFrame, flags: pl.DataFrame,
    scope: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """Judge no day before the 18th birthday: `not_assessed: child`, and the flag `child` once."""
    adult = timeline.people.select("patient", "adult_from")

    def grown(runs: pl.DataFrame) -> pl.DataFrame:
        return (
            runs.join(adult, on="patient", how="left", maintain_order="left")
            .filter(pl.col("to_day") >= pl.col("adult_from"))
            .with_columns(from_day=pl.max_horizontal("from_day", "adult_from"))
            .drop("adult_from")
        )

    young = scope.join(adult, on="patient").filter(pl.col("from_day") < pl.col("adult_from"))
    minors = young.select(
        "patient", "from_day", to_day=pl.col("adult_from") - 1, reason=pl.lit("child"),
        flag=pl.lit("child"),
        detail=pl.lit("under 18 on a day on which a rule for adults would apply; not judged"),
    )  # fmt: skip
    first_day = minors.with_columns(to_day="from_day")
    return (
        grown(pieces),
        pl.concat([grown(unknown), shaped([minors], UNKNOWN)]),
        pl.concat([grown(flags), shaped([first_day], FLAGS)]),
    )


def _runs(pieces: pl.DataFrame) -> pl.DataFrame:
    """Maximal runs of consecutive days per patient and subject (or per group), worst day chosen."""
    days = _one_piece_a_day(pieces)
    keys = ["patient", "subject", "group"]
    ordered = days.sort(*keys, "from_day", nulls_last=False)
    apart = (pl.col("from_day") > pl.col("to_day").shift(1) + 1) & pl.col("group").is_null()
    numbered = ordered.with_columns(
        _run=(starts_group(*keys) | apart.fill_null(value=True)).cast(pl.Int64).cum_sum()
    )
    worst = numbered.sort(
        "_run", pl.col("level"), pl.col("definite"), pl.col("badness"), "from_day",
        descending=[False, True, True, True, False], nulls_last=[False, True, True, True, False],
    ).group_by("_run", maintain_order=True).first()  # fmt: skip
    whole = numbered.group_by("_run", maintain_order=True).agg(
        run_from=pl.col("from_day").min(), run_to=pl.col("to_day").max(),
        run_level=pl.col("level").max(), run_definite=pl.col("definite").any(),
        run_look=pl.col("look_from").min(), run_event=pl.col("event").any(),
    )  # fmt: skip
    return worst.join(whole, on="_run").select(
        "patient", "subject", "value", "limit", "unit", "how", "lab_ref",
        from_day="run_from", to_day="run_to", level="run_level", definite="run_definite",
        event=pl.col("run_event").fill_null(value=False),
        look_from=pl.min_horizontal(pl.col("run_look"), "run_from"),
        worst_day="from_day",
    ).sort("patient", "subject", "from_day", nulls_last=False)  # fmt: skip


def _one_piece_a_day(pieces: pl.DataFrame) -> pl.DataFrame:
    """Where variants or partners overlap, the worst of each day; definite if any of them is.

    The limit shown is the rule's own: a stricter variant raises the severity, not the limit.
    """
    keys = ["patient", "subject", "group"]
    cut = cut_at(pieces, edges_of(pieces))
    best = cut.sort(
        *keys, "from_day", "level", "definite", "badness",
        descending=[False, False, False, False, True, True, True],
        nulls_last=[False, False, False, False, True, True, True],
        maintain_order=True,
    )  # fmt: skip
    numbered = best.with_columns(_day=group_number(*keys, "from_day"))
    whole = numbered.group_by("_day").agg(
        _definite=pl.col("definite").any(), _limit=pl.col("limit").filter(pl.col("own")).first()
    )
    return (
        numbered.unique("_day", keep="first", maintain_order=True)
        .join(whole, on="_day", how="left", maintain_order="left")
        .with_columns(
            definite=pl.col("_definite"),
            limit=pl.when("own").then("limit").otherwise(pl.coalesce("_limit", "limit")),
        )
        .select(*PIECES, "level")
    )
