"""The order of findings in the report, most pressing first, and what fits into the file."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.outputs.report.words import SEVERITY_ORDER

# What orders and counts findings: few narrow columns, so that all findings can be held at once.
_CODED = ("rule_id", "patient_id", "severity", "certainty", "state")
_RANKS = {name: rank for rank, name in enumerate(SEVERITY_ORDER)}
_NEWS = {"new": 0, "reopened": 0, "worsened": 1}


def severity_rank(column: str = "severity") -> pl.Expr:
    """0 = critical ... 4 = info; 5 for a word that is none of ours."""
    return pl.col(column).replace_strict(_RANKS, default=len(_RANKS), return_dtype=pl.Int8)


def pressing() -> pl.Expr:
    """An integer that is the smaller the more a finding presses: not waived, then the worst, then
    active, definite, latest."""
    later = 2**31 - pl.col("date").to_physical().cast(pl.Int64).fill_null(-(2**31))
    steps = (
        pl.col("state").eq_missing("waived"),
        pl.col("active").fill_null(False).not_(),
        pl.col("certainty").ne_missing("definite"),
    )
    waived, ended, possible = (step.cast(pl.Int64) for step in steps)
    kind = ((waived * 8 + severity_rank().cast(pl.Int64)) * 2 + ended) * 2 + possible
    return kind * 2**33 + later


def briefly(findings: pl.LazyFrame) -> pl.DataFrame:
    """All findings, most pressing first, in what counts them: `place` (which row it was), active,
    and rule_id, patient_id, severity, certainty and state as categories."""
    coded = [pl.col(name).cast(pl.Categorical) for name in _CODED]
    rows = findings.with_row_index("place").select("place", "active", *coded, _key=pressing())
    return rows.collect().sort("_key", maintain_order=True).drop("_key")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Findings that did not fit into the file: how many, of how many, by severity."""

    findings: int
    of: int
    by_severity: dict[str, int]


def keep_at_most(findings: pl.DataFrame, most: int) -> tuple[pl.DataFrame, LeftOut | None]:
    """The first `most` findings: critical and high, then new and worsened, then by severity.

    The input is in the order of `pressing`, and so is the answer.
    """
    if findings.height <= most:
        return findings, None
    ranked = findings.with_row_index("_place").sort(
        pl.when(severity_rank() <= _RANKS["high"]).then(severity_rank()).otherwise(9),
        pl.col("state").replace_strict(_NEWS, default=2, return_dtype=pl.Int8),
        "_place",
    )
    kept = ranked.head(most).sort("_place").drop("_place")
    lost = ranked.tail(ranked.height - most).group_by("severity").len()
    by_severity = dict(lost.sort(severity_rank()).iter_rows())
    return kept, LeftOut(findings.height - most, findings.height, by_severity)
