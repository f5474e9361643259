"""taken_without: a drug, or two together, in the last weeks without a protecting one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import result, subject_of, watched
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet
from screener.timeline import NO_OTHER, Timeline, dose_steps
from screener.timeline.runs import overlapping, stretches

UNPROTECTED = frozenset({"local", "unknown"})  # routes that protect nobody


@dataclass(frozen=True, slots=True)
class TakenWithout:
    """Parameters of `taken_without`."""

    this: DrugSet = param("drugs", "the drug that needs protection")
    without: DrugSet = param("drugs", "the drugs that protect")
    and_: DrugSet | None = param("drugs", "a second drug on the same day", key="and", default=None)
    in_last: int = param("days", "the days looked at, up to the patient's last one", default=91)


def find(timeline: Timeline, params: TakenWithout) -> CheckResult:
    """Covered stretches that touch the last weeks, of patients whom nothing protected then."""
    window = timeline.people.select(
        "patient", from_day=pl.col("last_day") - params.in_last + 1, to_day="last_day"
    )
    taken = _taken(timeline, params)
    touching = _touching(stretches(taken, ["patient", "subject"]), window)
    protected = _touching(timeline.lines_of(_protecting(params.without)), window)
    loose = _touching(
        timeline.unplaced(_protecting(params.without)).select(
            "patient", from_day="start", to_day="start"
        ),
        window,
    )
    bare = touching.join(protected, on="patient", how="anti")
    unclear = bare.join(loose, on="patient", how="semi")
    runs = bare.join(loose, on="patient", how="anti")
    keys = ["patient", "subject"]
    met = taken.join(runs.select(*keys, _from="from_day", _to="to_day"), on=keys)
    inside = pl.col("from_day").is_between(pl.col("_from"), pl.col("_to"))
    pieces = watched(timeline, met.filter(inside)).with_columns(
        definite=pl.lit(value=True), steps_down=pl.col("only_prn").cast(pl.Int64)
    )
    unknown = [unclear.with_columns(reason=pl.lit("unknown-supply"))]
    if params.and_ is not None:
        partners = timeline.unplaced(params.and_).select(
            "patient", from_day="start", to_day="start"
        )
        scope = timeline.lines_of(params.this).select("patient").unique()
        maybe = partners.join(scope, on="patient", how="semi")
        unknown.append(maybe.with_columns(reason=pl.lit("unknown-supply")))
    return result(timeline, params.this, [pieces], unknown)


def _taken(timeline: Timeline, params: TakenWithout) -> pl.DataFrame:
    """Days of `this` (on which a drug of `and` stands): patient, subject, days, only_prn."""
    own = timeline.steps(params.this).select(
        "patient", "from_day", "to_day", subject=pl.lit(subject_of(params.this)),
        only_prn=pl.col("scheduled") == 0,
    )  # fmt: skip
    if params.and_ is None:
        return own
    lines = timeline.lines_of(params.and_)
    partner = dose_steps(lines, NO_OTHER, ["patient", "ingredient"])
    return overlapping(
        partner.select("patient", "from_day", "to_day", subject="ingredient"),
        own.drop("subject"),
    ).select("patient", "subject", "from_day", "to_day", "only_prn")


def _touching(runs: pl.DataFrame, window: pl.DataFrame) -> pl.DataFrame:
    """Runs that share a day with the patient's window."""
    met = runs.join(window.select("patient", _a="from_day", _b="to_day"), on="patient")
    shared = (pl.col("from_day") <= pl.col("_b")) & (pl.col("to_day") >= pl.col("_a"))
    return met.filter(shared).drop("_a", "_b")


def _protecting(drugs: DrugSet) -> DrugSet:
    return dataclasses.replace(drugs, tracks=drugs.tracks - UNPROTECTED)


CHECK = Check(
    "taken_without", TakenWithout, find, lambda p: p.this,
    "a drug without the one that should go with it",
    partners=lambda p: () if p.and_ is None else (p.and_,),
)  # fmt: skip
