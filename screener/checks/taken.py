"""taken: the drug is in force at all, where the guards of the rule make that a matter.

An order counts even if its dose is unreadable; as needed, it counts one step lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.conditions import days_when, no_checks
from screener.checks.histories import BY_DRUG
from screener.checks.pieces import result, watched
from screener.checks.spec import Check, CheckResult, param
from screener.rule.model import HasCondition
from screener.rule.values import DrugSet
from screener.timeline import NO_OTHER, Timeline, dose_steps
from screener.timeline.runs import overlapping, stretches, within


@dataclass(frozen=True, slots=True)
class Taken:
    """Parameters of `taken`."""

    of: DrugSet = param("drugs", "the drug that is taken")
    for_at_least: int = param("days", "only runs of at least this many days", default=1)
    in_unit_other_than: str | None = param(
        "choice",
        "only orders written in another mass unit",
        default=None,
        choices=("mcg", "mg", "g"),
    )
    with_condition: HasCondition | None = param(
        "condition", "only days with this condition", default=None
    )
    one_finding_per: str = param(
        "choice", "the set together, or each drug alone", default="set", choices=("set", "drug")
    )


def find(timeline: Timeline, params: Taken) -> CheckResult:
    """Covered days of the drug (runs of `for_at_least`), or those with an odd unit or condition."""
    by = BY_DRUG if params.one_finding_per == "drug" else ("patient",)
    if params.in_unit_other_than is not None:
        odd = timeline.standing(params.of).filter(pl.col("mass_unit") != params.in_unit_other_than)
        steps = dose_steps(odd, NO_OTHER, list(by))
    else:
        steps = timeline.steps(params.of, by)
    days = steps.select(*by, "from_day", "to_day", only_prn=pl.col("scheduled") == 0)
    unknown = []
    if params.with_condition is not None:
        when = days_when(timeline, params.with_condition, no_checks)
        days = within(days, when.true)
        unknown.append(overlapping(steps, when.unknown))
    days = watched(timeline, days)
    runs = stretches(days, by).filter(
        pl.col("to_day") - pl.col("from_day") + 1 >= params.for_at_least
    )
    met = days.join(runs.select(*by, _from="from_day", _to="to_day"), on=list(by))
    pieces = met.filter(pl.col("from_day").is_between(pl.col("_from"), pl.col("_to"))).with_columns(
        definite=True, steps_down=pl.col("only_prn").cast(pl.Int64)
    )
    if params.one_finding_per == "drug":
        pieces = pieces.with_columns(subject=pl.col("ingredient"))
    return result(timeline, params.of, [pieces], unknown)


CHECK = Check("taken", Taken, find, lambda p: p.of, "that a drug is taken")
