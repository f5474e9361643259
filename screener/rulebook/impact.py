"""What a change of rules does to real data, before it is signed: findings gained, lost, changed.

Only rules that mean something else are screened, the old and the new version together in one pass
over the buckets; of each bucket only the differences are kept.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from screener.checks.bucket import screen_bucket
from screener.engines.local import each_bucket
from screener.engines.sound import screen_soundly
from screener.findings import Results
from screener.intake import Intake
from screener.rule.model import Rule
from screener.rulebook.versions import Change

SIDES = ("before", "after")
NOT_ASSESSED = "not assessed"
# One row for each finding that is gained, lost or changed, and for each patient whom a rule cannot
# assess any more; days are first and last days of findings.
DIFFERENCES: dict[str, pl.DataType] = {
    "rule_id": pl.String(),
    "change": pl.String(),  # gained, lost, changed, not assessed
    "patient_id": pl.String(),
    "site_id": pl.String(),
    "subject": pl.String(),
    "severity_before": pl.String(),
    "severity_after": pl.String(),
    "certainty_before": pl.String(),
    "certainty_after": pl.String(),
    "from_before": pl.Date(),
    "from_after": pl.Date(),
    "to_before": pl.Date(),
    "to_after": pl.Date(),
    "reason": pl.String(),  # why not assessed
}
TOTALS: dict[str, pl.DataType] = {
    "rule_id": pl.String(),
    "side": pl.String(),
    "patients": pl.Int64(),  # in scope
    "findings": pl.Int64(),
}
_IDENTITY = ("rule_id", "patient_id", "subject")


@dataclass(frozen=True, slots=True)
class Impact:
    """differences: DIFFERENCES; totals: TOTALS; broke: rule id -> kind of failure (left out)."""

    differences: pl.DataFrame
    totals: pl.DataFrame
    broke: dict[str, str]


def impact(
    found: Sequence[Change],
    intake: Intake,
    as_of: dt.date,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Impact:
    """Screen both versions of every rule that matters over all buckets, in one pass."""
    rules = both_versions(found)
    work = partial(_one_bucket, intake=intake.rows_alone(), rules=rules, as_of=as_of)
    parts = []
    for part in each_bucket(intake.bucket_count, work, jobs):
        parts.append(part)
        if progress:
            progress(len(parts), intake.bucket_count)
    totals = pl.concat([part.totals for part in parts])
    broke = {name: kind for part in parts for name, kind in part.broke.items()}
    sound = ~pl.col("rule_id").is_in(sorted(broke))
    return Impact(
        pl.concat([part.differences for part in parts]).filter(sound).sort(
            "rule_id", "change", "patient_id", "subject", "from_before", "from_after"
        ),
        totals.filter(sound).group_by("rule_id", "side").agg(pl.sum("patients", "findings"))
        .sort("rule_id", "side"),
        broke,
    )  # fmt: skip


def both_versions(found: Sequence[Change]) -> tuple[Rule, ...]:
    """The versions to be screened, under the names `id#before` and `id#after`."""
    return tuple(
        dataclasses.replace(rule, id=f"{change.rule_id}#{side}", status="active")
        for change in found
        if change.matters
        for side, rule in zip(SIDES, (change.before, change.after), strict=True)
        if rule is not None
    )


def _one_bucket(bucket: int, *, intake: Intake, rules: tuple[Rule, ...], as_of: dt.date) -> Impact:
    """The differences of one bucket; runs in a worker process."""
    tables = intake.bucket(bucket)
    results, broke = screen_soundly(screen_bucket, tables, rules, as_of)
    return Impact(
        compared(results),
        pl.concat([_totals(results, side) for side in SIDES]),
        {name.partition("#")[0]: kind for name, kind in broke.items()},
    )


def compared(results: Results) -> pl.DataFrame:
    """DIFFERENCES between the findings of rules `id#before` and those of `id#after`."""
    before, after = (_findings(results, side) for side in SIDES)
    met = before.join(after, on=[*_IDENTITY, "date"], how="full", coalesce=True)
    there, now = pl.col("severity_before").is_not_null(), pl.col("severity_after").is_not_null()
    same = pl.all_horizontal(
        pl.col(f"{name}_before") == pl.col(f"{name}_after")
        for name in ("severity", "certainty", "to")
    )
    moved = _moved(met.filter(there & ~now), met.filter(now & ~there))
    frames = [
        _named(met.filter(there & now & ~same), "changed"),
        _named(moved, "changed"),
        _named(_without(met.filter(now & ~there), moved, "after"), "gained"),
        _named(_without(met.filter(there & ~now), moved, "before"), "lost"),
        _newly_not_assessed(results),
    ]
    return pl.concat(frames)


def _side(frame: pl.DataFrame, side: str) -> pl.DataFrame:
    return frame.filter(pl.col("rule_id").str.ends_with(f"#{side}")).with_columns(
        pl.col("rule_id").str.strip_suffix(f"#{side}")
    )


def _findings(results: Results, side: str) -> pl.DataFrame:
    return _side(results.findings, side).select(
        *_IDENTITY,
        "date",
        pl.col("severity").alias(f"severity_{side}"),
        pl.col("certainty").alias(f"certainty_{side}"),
        pl.col("date").alias(f"from_{side}"),
        pl.col("end_date").alias(f"to_{side}"),
        pl.col("site_id").alias(f"site_{side}"),
    )


def _moved(lost: pl.DataFrame, gained: pl.DataFrame) -> pl.DataFrame:
    """Findings that begin on another day: one lost and one gained that share a day, each once."""
    left = lost.select(*_IDENTITY, pl.col("^.*_before$"))
    right = gained.select(*_IDENTITY, pl.col("^.*_after$"))
    pairs = left.join(right, on=list(_IDENTITY)).filter(
        (pl.col("from_before") <= pl.col("to_after"))
        & (pl.col("from_after") <= pl.col("to_before"))
    )
    ordered = pairs.sort(*_IDENTITY, "from_before", "from_after")
    once = ordered.unique([*_IDENTITY, "from_before"], keep="first", maintain_order=True)
    return once.unique([*_IDENTITY, "from_after"], keep="first", maintain_order=True)


def _without(frame: pl.DataFrame, moved: pl.DataFrame, side: str) -> pl.DataFrame:
    return frame.join(moved, on=[*_IDENTITY, f"from_{side}"], how="anti")


def _named(frame: pl.DataFrame, change: str) -> pl.DataFrame:
    site = pl.coalesce("site_after", "site_before")
    return _shaped(frame.with_columns(change=pl.lit(change), site_id=site))


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
        for name, kind in DIFFERENCES.items()
    )


def _newly_not_assessed(results: Results) -> pl.DataFrame:
    """Patients of whom the new version cannot judge some day, and the old one could judge all."""
    before, after = (_side(results.not_assessed, side) for side in SIDES)
    newly = (
        after.join(before, on=["rule_id", "patient_id"], how="anti")
        .group_by("rule_id", "patient_id")
        .agg(pl.col("reason").unique().sort().str.join("; "), from_after=pl.col("from_date").min())
    )
    homes = (
        results.orders.join(newly, on="patient_id", how="semi")
        .sort("start_date")
        .group_by("patient_id")
        .agg(pl.col("site_id").last())
    )
    placed = newly.join(homes, on="patient_id", how="left")
    return _shaped(placed.with_columns(change=pl.lit(NOT_ASSESSED)))


def _totals(results: Results, side: str) -> pl.DataFrame:
    """Patients in scope and findings of each rule, of one version."""
    patients = _side(results.outcomes, side).group_by("rule_id").agg(
        patients=pl.col("patients").filter(pl.col("outcome") != "out_of_scope").sum()
    )  # fmt: skip
    findings = _side(results.findings, side).group_by("rule_id").agg(findings=pl.len())
    return (
        patients.join(findings, on="rule_id", how="left")
        .with_columns(pl.col("findings").fill_null(0), side=pl.lit(side))
        .select(pl.col(name).cast(kind) for name, kind in TOTALS.items())
    )
