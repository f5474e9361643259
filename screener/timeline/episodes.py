"""Treatment episodes of a drug set: stretches of scheduled days joined across short gaps.

Meaning: docs/timeline.md, section 4. Admitted days count as neither covered nor uncovered.
"""

from __future__ import annotations

import polars as pl

from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.timeline.days import starts_group
from screener.timeline.runs import stretches


def admitted_until(frame: pl.DataFrame, timeline: Timeline, on: str) -> pl.Series:
    """For each row: the patient's admitted days up to and including the day in column `on`."""
    stays = timeline.admissions
    if stays.is_empty():
        return pl.repeat(0, frame.height, dtype=pl.Int64, eager=True)
    length = pl.col("to_day") - pl.col("from_day") + 1
    before = stays.sort("patient", "from_day").with_columns(
        _before=length.cum_sum().over("patient") - length
    )
    asked = (
        frame.select("patient", _asked=pl.col(on)).with_row_index("_row").sort("patient", "_asked")
    )
    found = asked.join_asof(
        before, left_on="_asked", right_on="from_day", by="patient", strategy="backward",
        check_sortedness=False, coalesce=False,
    ).with_columns(
        _days=(
            pl.col("_before") + pl.min_horizontal("_asked", "to_day") - pl.col("from_day") + 1
        ).fill_null(0)
    )  # fmt: skip
    return found.sort("_row")["_days"]


def uncovered_between(
    frame: pl.DataFrame, timeline: Timeline, after: str, before: str
) -> pl.Series:
    """Days strictly between the days in two columns, less the admitted ones."""
    admitted = admitted_until(
        frame.with_columns(_b=pl.col(before) - 1), timeline, "_b"
    ) - admitted_until(frame, timeline, after)
    return frame[before] - frame[after] - 1 - admitted


PATIENT = ("patient",)


def episode_steps(
    timeline: Timeline, drugs: DrugSet, grace: int, *, as_needed_too: bool = False,
    by: tuple[str, ...] = PATIENT,
) -> pl.DataFrame:  # fmt: skip
    """Scheduled doses of the set, carried through gaps: one row per run of unchanged dose.

    as_needed_too: episodes of mere presence, which as-needed orders make and bridge as well.
    by: PATIENT for the whole set, or patient and ingredient for each drug by itself.

    Columns: by..., episode (number), from_day, to_day, low, high, uncertain (bool), unknown,
    first_day, end_day (the episode's own first and last day), covered_to (the run's last covered
    day; later days of the run are carried).
    """
    steps = timeline.steps(drugs, by).filter((pl.col("scheduled") > 0) | as_needed_too)
    same = ~starts_group(*by)
    gaps = steps.with_columns(
        _last=pl.when(same).then(pl.col("to_day").shift(1)),
    )
    uncovered = uncovered_between(
        gaps.with_columns(pl.col("_last").fill_null(pl.col("from_day") - 1)), timeline, "_last",
        "from_day",
    )  # fmt: skip
    numbered = gaps.with_columns(_gap=uncovered).with_columns(
        episode=(starts_group(*by) | (pl.col("_gap") > grace)).cast(pl.Int64).cum_sum()
    )
    follows = pl.col("episode") == pl.col("episode").shift(-1)
    return numbered.select(
        *by, "episode", "from_day",
        to_day=pl.when(follows).then(pl.col("from_day").shift(-1) - 1).otherwise("to_day"),
        covered_to="to_day", low="sched_low", high="sched_high",
        uncertain=pl.col("sched_uncertain") > 0,
        unknown=pl.col("sched_unknown") > 0,
        first_day=pl.col("from_day").min().over("episode"),
        end_day=pl.col("to_day").max().over("episode"),
    )  # fmt: skip


def episodes(steps: pl.DataFrame, by: tuple[str, ...] = PATIENT) -> pl.DataFrame:
    """One row per episode: by..., episode, first_day, end_day."""
    return steps.select(*by, "episode", "first_day", "end_day").unique(maintain_order=True)


def with_gaps(
    found: pl.DataFrame, steps: pl.DataFrame, by: tuple[str, ...] = PATIENT
) -> pl.DataFrame:
    """Episodes plus gap_days, the days between first and last without supply, and next_day, on
    which the next episode begins (null: none)."""
    gaps = steps.group_by("episode").agg(gap_days=(pl.col("to_day") - pl.col("covered_to")).sum())
    return found.join(gaps, on="episode", how="left", maintain_order="left").with_columns(
        next_day=pl.when(~starts_group(*by).shift(-1, fill_value=True)).then(
            pl.col("first_day").shift(-1)
        )
    )


def with_known_start(
    found: pl.DataFrame, timeline: Timeline, drugs: DrugSet, new_after: int, restart_after: int
) -> pl.DataFrame:
    """Episodes plus start_known (bool) and history_short (nothing before, too few days watched).

    Any line of the set before the episode's first day, as needed or not, counts as use; an
    order that stands on no day counts from its start.
    """
    covered = stretches(timeline.lines_of(drugs), ["patient"]).select(
        "patient", _start="from_day", _last_use="to_day"
    )
    before = found.with_columns(_day_before=pl.col("first_day") - 1).sort("patient", "_day_before")
    # The stretch that began before the first day; it may itself reach the first day.
    joined = before.join_asof(
        covered.sort("patient", "_start"), left_on="_day_before", right_on="_start", by="patient",
        strategy="backward", check_sortedness=False, coalesce=False,
    ).with_columns(
        _last_use=pl.when(pl.col("_last_use").is_not_null()).then(
            pl.min_horizontal("_last_use", "_day_before")
        )
    )  # fmt: skip
    loose = (
        timeline.unplaced(drugs)
        .select("patient", _loose="start")
        .unique()
        .sort("patient", "_loose")
    )
    joined = joined.join_asof(
        loose, left_on="_day_before", right_on="_loose", by="patient", strategy="backward",
        check_sortedness=False, coalesce=False,
    )  # fmt: skip
    gap = uncovered_between(
        joined.with_columns(pl.col("_last_use").fill_null(pl.col("_day_before"))), timeline,
        "_last_use", "first_day",
    )  # fmt: skip
    watched = joined.join(
        timeline.people.select("patient", "observed_from"), on="patient", how="left",
        maintain_order="left",
    ).with_columns(_gap=gap)  # fmt: skip
    fresh = pl.col("_last_use").is_null() & pl.col("_loose").is_null()
    long_watched = (pl.col("first_day") - pl.col("observed_from") >= new_after).fill_null(
        value=False
    )
    restart = (
        pl.col("_last_use").is_not_null()
        & (pl.col("_gap") >= restart_after)
        & (pl.col("_loose").is_null() | (pl.col("_loose") <= pl.col("_last_use")))
    )
    return watched.with_columns(
        start_known=((fresh & long_watched) | restart).fill_null(value=False),
        history_short=fresh & ~long_watched,
    ).select(*found.columns, "start_known", "history_short")
