"""From a rule's checks to its findings: variants, escalations, guards, runs of days.

Meaning: docs/checks.md, the part before the list. Nothing here knows what a check looks for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from screener.checks.clauses import Bench, any_of, found_by, guarded
from screener.checks.pieces import FLAGS, IN_SCOPE, PIECES, UNKNOWN, first_days, shaped, watched
from screener.checks.spec import Check, CheckResult
from screener.rule.model import (
    SEVERITIES,
    Clause,
    Rule,
    SameCheckWith,
)
from screener.timeline import Timeline
from screener.timeline.days import group_number, starts_group
from screener.timeline.runs import at_start, cut_at, edges_of

LEVEL: dict[str, int] = {name: level for level, name in enumerate(SEVERITIES)}


RUNS: dict[str, pl.DataType] = {
    **{c: PIECES[c] for c in ("patient", "subject", "value", "limit", "unit", "how", "lab_ref")},
    "sources": pl.List(pl.Int64()), "from_day": pl.Int64(), "to_day": pl.Int64(),
    "level": pl.Int8(), "definite": pl.Boolean(), "event": pl.Boolean(), "look_from": pl.Int64(),
    "worst_day": pl.Int64(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule says of a bucket, up to each patient's last day.

    runs: one row per finding: patient, subject, from_day, to_day, level, definite, value, limit,
    unit, how, lab_ref, event, look_from, sources (the alternatives that found it). unknown:
    patient, reason, from_day (earliest).
    scope: patient, from_day. flags: patient, day, flag, ref, detail.
    """

    runs: pl.DataFrame
    unknown: pl.DataFrame
    scope: pl.DataFrame
    flags: pl.DataFrame


def judge(timeline: Timeline, rule: Rule, checks: Mapping[str, Check]) -> Judged:
    """What the rule finds, raised, lowered, guarded and put into runs."""
    bench = Bench(timeline, checks)
    leading = [checks[use.check].drugs(use.params) for use in rule.flag_when.leading]
    if not any(drugs.ingredients & timeline.ingredients for drugs in leading):
        return _nobody()
    found = _alternatives(bench, rule.flag_when)
    pieces = [_leveled(found.pieces, rule.severity, own=True)]
    for escalation in rule.escalate:
        if isinstance(escalation.when, SameCheckWith):
            changed = _alternatives(bench, escalation.when.clause, severities=False)
            pieces.append(_leveled(changed.pieces, escalation.to, own=False))
    raised = _raised(bench, rule, pl.concat(pieces))
    lowered = _stepped_down(_downgraded(bench, rule, raised))
    found = guarded(bench, dataclasses.replace(found, pieces=lowered), rule.only_if, rule.unless)
    all_pieces, unknown, flags = found.pieces, found.unknown, found.flags
    scope = _scope(found.in_scope, timeline)
    if rule.adults_only:
        all_pieces, unknown, flags = _adults(timeline, all_pieces, unknown, flags, scope)
    unknown = watched(timeline, unknown)
    flags = pl.concat([watched(timeline, flags), _weight_flags(unknown)])
    return Judged(
        runs=_runs(watched(timeline, all_pieces)),
        unknown=unknown.group_by("patient", "reason")
        .agg(pl.col("from_day").min())
        .sort("patient", "reason"),
        scope=scope,
        flags=flags.select("patient", "flag", "ref", "detail", day=pl.col("from_day")),
    )


def _nobody() -> Judged:
    """The answer where nobody takes a drug of the rule."""
    return Judged(
        runs=pl.DataFrame(schema=RUNS),
        unknown=pl.DataFrame(schema=UNKNOWN).select("patient", "reason", "from_day"),
        scope=pl.DataFrame(schema=IN_SCOPE),
        flags=pl.DataFrame(schema=FLAGS).select("patient", "flag", "ref", "detail", day="from_day"),
    )


def alternatives_of(clause: Clause) -> tuple[Clause, ...]:
    """The alternatives of a rule, in the order by which `source` counts them."""
    if clause.kind != "any_of":
        return (clause,)
    return tuple(part for part in clause.parts if isinstance(part, Clause))


def _alternatives(bench: Bench, clause: Clause, *, severities: bool = True) -> CheckResult:
    """What a rule's clause finds, each piece with the number of its alternative."""
    if clause.kind != "any_of":
        found = found_by(bench, clause, severities=severities)
        return dataclasses.replace(found, pieces=found.pieces.with_columns(source=pl.lit(0)))
    parts = []
    for at, part in enumerate(alternatives_of(clause)):
        one = found_by(bench, part, severities=severities)
        parts.append(
            dataclasses.replace(one, pieces=one.pieces.with_columns(source=pl.lit(at, pl.Int64)))
        )
    return any_of(bench, clause, parts, severities=severities)


def _weight_flags(unknown: pl.DataFrame) -> pl.DataFrame:
    """`weight`: a day that only a missing weight keeps from being judged."""
    if not (unknown["reason"] == "weight-unknown").any():
        return pl.DataFrame(schema=FLAGS)
    found = unknown.filter(pl.col("reason") == "weight-unknown").with_columns(
        flag=pl.lit("weight"),
        detail=pl.lit("no weight of the last 365 days: what needs one was not judged"),
    )
    return shaped([found.with_columns(to_day="from_day")], FLAGS)


def _leveled(pieces: pl.DataFrame, severity: str, *, own: bool) -> pl.DataFrame:
    """Pieces with level and own: found by the rule's check as written, or by a stricter variant."""
    level = pl.lit(LEVEL[severity], pl.Int8)
    if pieces["severity"].null_count() < pieces.height:
        level = pl.col("severity").fill_null(severity).replace_strict(LEVEL, return_dtype=pl.Int8)
    return shaped([pieces], PIECES).with_columns(level=level, own=pl.lit(value=own))


def _scope(in_scope: pl.DataFrame, timeline: Timeline) -> pl.DataFrame:
    """Patients whose first day in scope was seen, by patient."""
    scope = first_days(timeline, [in_scope])
    return scope.filter(scope["from_day"] <= timeline.people["last_day"][scope["patient"]])


def _raised(bench: Bench, rule: Rule, pieces: pl.DataFrame) -> pl.DataFrame:
    """Raise days on which a condition of `escalate` holds."""
    for escalation in rule.escalate:
        if isinstance(escalation.when, SameCheckWith):
            continue
        marked = _marked(pieces, bench.days(escalation.when).true)
        to = pl.lit(LEVEL[escalation.to], pl.Int8)
        raised = pl.when("_holds").then(pl.max_horizontal("level", to)).otherwise("level")
        pieces = marked.with_columns(level=raised).drop("_holds")
    return pieces


def _marked(pieces: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Pieces cut at the edges of the days, with `_holds`."""
    parts = cut_at(pieces, edges_of(days))
    marked = at_start(parts, days.with_columns(_holds=pl.lit(value=True)), ["_holds"])
    return marked.with_columns(pl.col("_holds").fill_null(value=False))


def _downgraded(bench: Bench, rule: Rule, pieces: pl.DataFrame) -> pl.DataFrame:
    """Lower days on which a condition of `downgrade` holds; a changed check holds by subject."""
    for one in rule.downgrade:
        if isinstance(one.when, SameCheckWith):
            changed = _alternatives(bench, one.when.clause, severities=False).pieces
            edges = pl.concat([edges_of(changed), edges_of(pieces)])
            days = cut_at(changed, edges).select("patient", "subject", "from_day").unique()
            marked = cut_at(pieces, edges).join(
                days.with_columns(_holds=pl.lit(value=True)),
                on=["patient", "subject", "from_day"], how="left", maintain_order="left",
            )  # fmt: skip
        else:
            marked = _marked(pieces, bench.days(one.when).true)
        level = pl.col("level")
        lower = level - 1 if one.to is None else pl.min_horizontal(level, LEVEL[one.to])
        pieces = marked.with_columns(
            level=pl.when(pl.col("_holds").fill_null(value=False))
            .then(lower.clip(lower_bound=0))
            .otherwise(level)
            .cast(pl.Int8)
        ).drop("_holds")
    return pieces


def _stepped_down(pieces: pl.DataFrame) -> pl.DataFrame:
    """Take the steps for what is only possible, or only as needed."""
    lowered = (pl.col("level") - pl.col("steps_down").fill_null(0)).clip(lower_bound=0)
    return pieces.with_columns(level=lowered.cast(pl.Int8))


def _adults(
    timeline: Timeline, pieces: pl.DataFrame, unknown: pl.DataFrame, flags: pl.DataFrame,
    scope: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """Judge no day before the 18th birthday: `not_assessed: child`, and the flag `child` once."""
    adult = timeline.people["adult_from"]

    def grown(runs: pl.DataFrame) -> pl.DataFrame:
        since = adult[runs["patient"]]
        if (since <= runs["from_day"]).all():
            return runs
        return runs.with_columns(from_day=pl.max_horizontal("from_day", since)).filter(
            pl.col("from_day") <= pl.col("to_day")
        )

    young = scope.with_columns(adult_from=adult[scope["patient"]]).filter(
        pl.col("from_day") < pl.col("adult_from")
    )
    if young.is_empty():
        return grown(pieces), grown(unknown), grown(flags)
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
    if pieces.is_empty():
        return pl.DataFrame(schema=RUNS)
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
        sources=pl.col("source").unique().sort(),
    )  # fmt: skip
    return worst.join(whole, on="_run").select(
        "patient", "subject", "value", "limit", "unit", "how", "lab_ref", "sources",
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
    if numbered["own"].all() and numbered["_day"][-1] == numbered.height - 1:
        return numbered.select(*PIECES, "level")
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
