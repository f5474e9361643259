"""test_overdue: a drug goes on without the test that should watch it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.pieces import result, watched
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet, LabTest
from screener.timeline import Timeline
from screener.timeline.episodes import episode_steps, episodes
from screener.timeline.people import FAR
from screener.timeline.runs import at_start, cut_at, edges_of, outside, stretches


@dataclass(frozen=True, slots=True)
class TestOverdue:
    """Parameters of `test_overdue`."""

    of: DrugSet = param("drugs", "the drug that needs the test")
    test: LabTest = param("test", "the laboratory test")
    within: int = param("days", "how old the latest test may be")
    already_due: bool = param("yes", "the test is due before the first day as well", default=False)
    grace: int = param("days", "uncovered days that do not end an episode", default=14)


def find(timeline: Timeline, params: TestOverdue) -> CheckResult:
    """Covered days with no test in the days before; value = days since the test, or the start."""
    steps = timeline.steps(params.of).select(
        "patient", "from_day", "to_day", only_prn=pl.col("scheduled") == 0
    )
    if not timeline.labs_supplied:
        unsupplied = steps.with_columns(reason=pl.lit("labs-not-supplied"))
        return result(timeline, params.of, [], [unsupplied])
    known_here = _seen_at_site(timeline, params.test)
    unseen = steps.join(known_here, on="patient", how="anti")
    unknown = [unseen.with_columns(reason=pl.lit("test-not-seen-at-site"))]
    asked = steps.join(known_here, on="patient", how="semi")
    since = _since(timeline, params)
    parts = at_start(cut_at(asked, edges_of(since)), since, ["since", "watched_only"])
    late = pl.col("since") + params.within
    overdue = (
        parts.filter(pl.col("since").is_not_null() & (pl.col("to_day") > late))
        .with_columns(from_day=pl.max_horizontal("from_day", late + 1))
    )  # fmt: skip
    value = (pl.col("to_day") - pl.col("since")).cast(pl.Float64)
    pieces = watched(timeline, overdue).with_columns(
        definite=pl.lit(value=True), steps_down=pl.col("only_prn").cast(pl.Int64),
        value=value, badness=value, limit=pl.lit(float(params.within)), unit=pl.lit("days"),
    )  # fmt: skip
    if params.already_due:
        early = outside(asked, stretches(overdue, ["patient"]))
        untested = at_start(early, since, ["since", "watched_only"]).filter("watched_only")
        unknown.append(untested.with_columns(reason=pl.lit("history-not-observed")))
    return result(timeline, params.of, [pieces], unknown)


def _seen_at_site(timeline: Timeline, test: LabTest) -> pl.DataFrame:
    """Patients at whose site the test has been seen at least once."""
    sites = sorted(site for site, analyte in timeline.tests_seen if analyte in test.analytes)
    return timeline.homes.filter(pl.col("site_id").fill_null("").is_in(sites)).select("patient")


def _since(timeline: Timeline, params: TestOverdue) -> pl.DataFrame:
    """The day from which the test is waited for: patient, from_day, to_day, since, watched_only.

    The latest test or, unless the test was due before, the first day of the course; before the
    first test of an `already_due` one, the day before the patient was watched (null: not known).
    """
    tests = timeline.labs.filter(pl.col("analyte").is_in(sorted(params.test.analytes))).select(
        "patient", from_day="day", since="day", watched_only=pl.lit(value=False)
    )
    if params.already_due:
        first = tests.group_by("patient").agg(_first=pl.col("from_day").min())
        watched_from = pl.col("observed_from") - 1
        before = (
            timeline.people.join(first, on="patient", how="left")
            .select(
                "patient", "_first", from_day=watched_from.fill_null(-FAR), since=watched_from,
                watched_only=pl.lit(value=True),
            )
            .filter((pl.col("from_day") < pl.col("_first")).fill_null(value=True))
            .drop("_first")
        )  # fmt: skip
        events = pl.concat([tests, before])
    else:
        courses = episodes(episode_steps(timeline, params.of, params.grace, as_needed_too=True))
        events = pl.concat([
            tests,
            courses.select("patient", from_day="first_day", since="first_day",
                           watched_only=pl.lit(value=False)),
        ])  # fmt: skip
    once = events.sort("patient", "from_day").unique(
        ["patient", "from_day"], keep="last", maintain_order=True
    )
    same = pl.col("patient") == pl.col("patient").shift(-1)
    until = pl.when(same).then(pl.col("from_day").shift(-1) - 1).otherwise(FAR)
    return once.with_columns(to_day=until)


CHECK = Check("test_overdue", TestOverdue, find, lambda p: p.of, "a test that is overdue")
