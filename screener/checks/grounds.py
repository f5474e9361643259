"""What a finding's conditions rest on, in words: age, weight and results on its worst day."""

from __future__ import annotations

import polars as pl

from screener.checks.clauses import conditions_in, simple
from screener.checks.conditions import kidney_steps
from screener.checks.judge import alternatives_of
from screener.renal import completed_years
from screener.rule.model import (
    Age,
    Clause,
    Condition,
    KidneyFunction,
    LabResult,
    Rule,
    SameCheckWith,
    Sex,
    Weight,
)
from screener.timeline import Timeline
from screener.timeline.labs import latest_steps, results_of
from screener.timeline.runs import at_start

SAID = {"finding": pl.UInt32(), "words": pl.String(), "ref": pl.String()}


def grounds(timeline: Timeline, rule: Rule, runs: pl.DataFrame) -> pl.DataFrame:
    """Per finding: finding, grounds (text, null when no condition has a number), ground_refs.

    runs: finding, patient, worst_day, sources. Conditions of the alternatives that found it, guards
    and escalations; each number as it stood on the worst day.
    """
    asked = runs.select("finding", "patient", "sources", from_day="worst_day", to_day="worst_day")
    said = []
    for condition, sources in _conditions(rule).items():
        mine = asked.filter(pl.col("sources").list.set_intersection(sorted(sources)).list.len() > 0)
        said.append(_words(timeline, condition, mine.drop("sources")))
    every = pl.concat([pl.DataFrame(schema=SAID), *said]).filter(pl.col("words").is_not_null())
    return every.group_by("finding", maintain_order=True).agg(
        grounds=pl.col("words").unique(maintain_order=True).str.join("; "),
        ground_refs=pl.col("ref").drop_nulls().unique(maintain_order=True),
    )


def _conditions(rule: Rule) -> dict[Condition, set[int]]:
    """Every condition with a number, and the alternatives of the rule for which it counts."""
    alternatives = alternatives_of(rule.flag_when)
    everywhere = set(range(len(alternatives)))
    found: dict[Condition, set[int]] = {}
    for source, clause in enumerate(alternatives):
        for condition in (*conditions_in(clause), *_guards(clause)):
            found.setdefault(condition, set()).add(source)
    raised = [one.when for one in rule.escalate] + [one.when for one in rule.downgrade]
    named = tuple(when for when in raised if not isinstance(when, SameCheckWith))
    for condition in simple((*rule.only_if, *rule.unless, *named)):
        found[condition] = everywhere
    return found


def _guards(clause: Clause) -> list[Condition]:
    inner = [g for part in clause.parts if isinstance(part, Clause) for g in _guards(part)]
    return [*simple((*clause.only_if, *clause.unless)), *inner]


def _words(timeline: Timeline, condition: Condition, runs: pl.DataFrame) -> pl.DataFrame:
    match condition:
        case Age():
            said = _age(timeline, runs)
        case Sex():
            people = timeline.people.select("patient", "sex")
            known = runs.join(people, on="patient", how="left", maintain_order="left")
            said = known.with_columns(words="sex " + pl.col("sex"))
        case Weight():
            known = at_start(runs, timeline.weights, ["value", "ref"])
            said = known.with_columns(words="weight " + _plain("value", 1) + " kg")
        case LabResult(test=test, unit=unit, limits=limits, result_good_for=good_for):
            upward = limits.more_than is not None or limits.at_least is not None
            results = results_of(timeline.labs, test)
            steps = latest_steps(results, good_for, largest=upward).with_columns(tested="from_day")
            known = at_start(runs, steps, ["value", "ref", "tested"])
            shown = unit.replace("/dl", "/dL").replace("/l", "/L")
            text = f"{test.text} " + _plain("value", 3) + f" {shown} on "
            said = known.with_columns(words=text + _date("tested"))
        case KidneyFunction(estimate=estimate, result_good_for=good_for):
            steps = kidney_steps(timeline, estimate, good_for)
            known = at_start(runs, steps, ["egfr", "how", "ref", "tested"])
            text = pl.col("how") + ": " + _plain("egfr", 2) + " on " + _date("tested")
            said = known.with_columns(words=text)
        case _:
            return pl.DataFrame(schema=SAID)
    return said.select(
        "finding", "words", ref=pl.col("ref") if "ref" in said.columns else pl.lit(None, pl.String)
    ).cast(SAID)  # type: ignore[arg-type]


def _age(timeline: Timeline, runs: pl.DataFrame) -> pl.DataFrame:
    born = timeline.people.select("patient", "birth_date")
    day = pl.from_epoch("from_day", time_unit="d")
    return runs.join(born, on="patient", how="left", maintain_order="left").with_columns(
        words="age " + completed_years(pl.col("birth_date"), day).cast(pl.String)
    )


def _plain(column: str, digits: int) -> pl.Expr:
    return pl.col(column).round(digits).cast(pl.String).str.replace(r"\.0$", "")


def _date(column: str) -> pl.Expr:
    return pl.from_epoch(column, time_unit="d").dt.strftime("%-d %b %Y")
