"""taken_together: two drugs in force on the same day.

Presence counts, not dose. A one-day hand-over (one ends on the day the other begins) is no
co-prescribing; a single day inside the other's course is.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import polars as pl

from screener.checks.histories import known_starts
from screener.checks.pieces import result, watched
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DrugSet, LabTest
from screener.timeline import NO_OTHER, Timeline, dose_steps
from screener.timeline.days import starts_group
from screener.timeline.episodes import episode_steps, episodes
from screener.timeline.runs import at_start, overlapping, stretches

BY_SUBJECT = ["patient", "subject"]
RESTART_AFTER = 28  # uncovered days after which a partner is new again


@dataclass(frozen=True, slots=True)
class CheckedBy:
    """A laboratory test within so many days of the first day, before it not counted."""

    test: LabTest
    within: int


@dataclass(frozen=True, slots=True)
class TakenTogether:
    """Parameters of `taken_together`."""

    this: DrugSet = param("drugs", "the drug the rule is about")
    with_: DrugSet = param("drugs", "the partners", key="with")
    except_: DrugSet | None = param("drugs", "partners left out", key="except", default=None)
    for_at_least: int = param("days", "shortest overlap that counts", default=1)
    one_finding_per: str = param(
        "choice",
        "partner, or episode of the drug",
        default="partner",
        choices=("partner", "episode"),
    )
    grace: int = param("days", "uncovered days that do not end an episode", default=14)
    partner_started_within: int | None = param(
        "days", "only days so soon after a known start of the partner", default=None
    )
    partner_new_after: int = param(
        "days", "observed days without the partner that make its start new", default=90
    )
    checked_by: CheckedBy | None = param(
        "checked_by", "only overlaps after whose first day this test was done", default=None
    )


def find(timeline: Timeline, params: TakenTogether) -> CheckResult:
    """Shared days per partner, or one run per episode of the drug; subject = partner or list."""
    own = timeline.steps(params.this).select(
        "patient", "from_day", "to_day", own_prn=pl.col("scheduled") == 0
    )
    partner = _partner_steps(timeline, params)
    shared = overlapping(partner, _numbered(own, "own"))
    kept = _without_hand_over(shared)
    kept = watched(timeline, kept)
    long = stretches(kept, BY_SUBJECT).filter(
        pl.col("to_day") - pl.col("from_day") + 1 >= params.for_at_least
    )
    if params.checked_by is not None:
        long = _checked(timeline, long, params.checked_by)
    kept = _inside(kept, long)
    if params.partner_started_within is not None:
        kept = _inside(kept, _young(timeline, params, params.partner_started_within))
    pieces = kept.with_columns(
        definite=pl.col("given"),
        steps_down=(pl.col("own_prn") | pl.col("partner_prn") | ~pl.col("given")).cast(pl.Int64),
    )
    if params.one_finding_per == "episode":
        pieces = _one_per_episode(timeline, params, pieces)
    loose = timeline.unplaced(_partners(params)).select(
        "patient", from_day="start", to_day="start", reason=pl.lit("unknown-supply")
    )
    scope = timeline.lines_of(params.this).select("patient").unique()
    unknown = loose.join(scope, on="patient", how="semi")
    return result(timeline, params.this, [pieces], [unknown])


def _inside(pieces: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """The parts of pieces that lie inside runs of their subject."""
    met = pieces.join(runs.select(*BY_SUBJECT, _from="from_day", _to="to_day"), on=BY_SUBJECT)
    return met.with_columns(
        from_day=pl.max_horizontal("from_day", "_from"), to_day=pl.min_horizontal("to_day", "_to")
    ).filter(pl.col("from_day") <= pl.col("to_day")).drop("_from", "_to")  # fmt: skip


def _young(timeline: Timeline, params: TakenTogether, days: int) -> pl.DataFrame:
    """Days at most so long after a known start of the partner by itself."""
    starts = known_starts(timeline, _partners(params), params.partner_new_after, RESTART_AFTER)
    early = starts.select(
        "patient", "from_day", subject="ingredient", to_day=pl.col("from_day") + days
    )
    return stretches(early, BY_SUBJECT)


def _checked(timeline: Timeline, runs: pl.DataFrame, by: CheckedBy) -> pl.DataFrame:
    """Runs in which the test was done from their first day to so many days after it."""
    tests = timeline.labs.filter(pl.col("analyte").is_in(sorted(by.test.analytes)))
    numbered = runs.with_row_index("_run")
    done = numbered.join(tests.select("patient", _day="day"), on="patient").filter(
        (pl.col("_day") - pl.col("from_day")).is_between(0, by.within)
    )
    return numbered.join(done, on="_run", how="semi").drop("_run")


def _partners(params: TakenTogether) -> DrugSet:
    """`with` less `except` and less the drug itself; an order of unknown route may be one."""
    names = params.with_.ingredients - params.this.ingredients
    if params.except_ is not None:
        names = names - params.except_.ingredients
    tracks = params.with_.tracks | {"unknown"}
    return dataclasses.replace(params.with_, ingredients=names, tracks=tracks)


def _partner_steps(timeline: Timeline, params: TakenTogether) -> pl.DataFrame:
    """Presence of each partner: subject, patient, from_day, to_day, partner_prn, given."""
    lines = timeline.lines_of(_partners(params))
    steps = dose_steps(lines, NO_OTHER, ["patient", "ingredient"]).select(
        "patient", "from_day", "to_day", subject="ingredient",
        partner_prn=pl.col("scheduled") == 0, given=pl.col("given") > 0,
    )  # fmt: skip
    return _numbered(steps, "partner", "subject")


def _numbered(steps: pl.DataFrame, name: str, *keys: str) -> pl.DataFrame:
    """Steps with the first and last day of the covered stretch each belongs to."""
    by = ["patient", *keys]
    ordered = steps.sort(*by, "from_day")
    fresh = starts_group(*by) | (pl.col("from_day") > pl.col("to_day").shift(1) + 1)
    stretch = fresh.fill_null(value=True).cast(pl.Int64).cum_sum()
    return (
        ordered.with_columns(_s=stretch)
        .with_columns(
            pl.col("from_day").min().over("_s").alias(f"{name}_begins"),
            pl.col("to_day").max().over("_s").alias(f"{name}_ends"),
        )
        .drop("_s")
    )


def _without_hand_over(shared: pl.DataFrame) -> pl.DataFrame:
    one_day = (
        pl.max_horizontal("own_begins", "partner_begins")
        == pl.min_horizontal("own_ends", "partner_ends")
    )  # fmt: skip
    meets = (pl.col("own_ends") == pl.col("partner_begins")) | (
        pl.col("partner_ends") == pl.col("own_begins")
    )
    whole = (pl.col("own_begins") == pl.col("own_ends")) | (
        pl.col("partner_begins") == pl.col("partner_ends")
    )
    return shared.filter(~(one_day & meets & ~whole))


def _one_per_episode(
    timeline: Timeline, params: TakenTogether, pieces: pl.DataFrame
) -> pl.DataFrame:
    """Every shared day belongs to the episode of the drug in which it lies."""
    courses = episodes(
        episode_steps(timeline, params.this, params.grace, as_needed_too=True)
    ).select("patient", "episode", from_day="first_day", to_day="end_day")
    placed = at_start(pieces, courses, ["episode"])
    return placed.with_columns(subject=pl.lit(params.with_.text), group=pl.col("episode"))


CHECK = Check(
    "taken_together", TakenTogether, find, lambda p: p.this, "two drugs at the same time",
    partners=lambda p: (_partners(p),),
)  # fmt: skip
