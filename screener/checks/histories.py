"""What conditions ask of a patient's earlier days: started, stopped, lowered, cross-tapered.

Meaning: docs/checks.md, "Conditions". All give runs of days: patient, from_day, to_day.
"""

from __future__ import annotations

import polars as pl

from screener.rule.model import (
    CrossTaper,
    DoseLowered,
    StartedWithin,
    StoppedWithin,
)
from screener.rule.values import DrugSet
from screener.timeline import Timeline
from screener.timeline.days import starts_group
from screener.timeline.episodes import uncovered_between
from screener.timeline.runs import stretches

BY_DRUG = ("patient", "ingredient")


def known_starts(
    timeline: Timeline, drugs: DrugSet, new_after: int, or_restart_after: int
) -> pl.DataFrame:
    """Covered stretches of each ingredient by itself whose start is known: BY_DRUG, from_day,
    to_day. As-needed lines count; an earlier order that stands on no day makes a start unknown."""
    covered = stretches(timeline.lines_of(drugs), BY_DRUG)
    same = ~starts_group(*BY_DRUG)
    runs = covered.with_columns(_last=pl.when(same).then(pl.col("to_day").shift(1)))
    gap = uncovered_between(
        runs.with_columns(pl.col("_last").fill_null(pl.col("from_day") - 1)), timeline, "_last",
        "from_day",
    )  # fmt: skip
    loose = timeline.unplaced(drugs).select(*BY_DRUG, _loose="start").unique()
    before = (
        runs.select(*BY_DRUG, "from_day", "_last")
        .join(loose, on=BY_DRUG)
        .filter(
            (pl.col("_loose") < pl.col("from_day"))
            & (pl.col("_loose") > pl.col("_last").fill_null(pl.col("_loose") - 1))
        )
        .select(*BY_DRUG, "from_day", _vague=pl.lit(value=True))
        .unique()
    )
    people = timeline.people.select("patient", "observed_from")
    long_watched = (pl.col("from_day") - pl.col("observed_from") >= new_after).fill_null(
        value=False
    )
    first = pl.col("_last").is_null()
    return (
        runs.with_columns(_gap=gap)
        .join(people, on="patient", how="left", maintain_order="left")
        .join(before, on=[*BY_DRUG, "from_day"], how="left", maintain_order="left")
        .filter(
            ((first & long_watched) | (~first & (pl.col("_gap") >= or_restart_after)))
            & pl.col("_vague").is_null()
        )
        .select(*BY_DRUG, "from_day", "to_day")
    )


def started_days(timeline: Timeline, condition: StartedWithin) -> pl.DataFrame:
    """The day of a known start and so many days after it."""
    starts = known_starts(
        timeline, condition.drugs, condition.new_after, condition.or_restart_after
    )
    return starts.select("patient", "from_day", to_day=pl.col("from_day") + condition.days)


def stopped_days(timeline: Timeline, condition: StoppedWithin) -> pl.DataFrame:
    """Up to so many days after the end of a covered stretch of an ingredient, until it returns."""
    covered = stretches(timeline.lines_of(condition.drugs), BY_DRUG)
    follows = (pl.col("patient") == pl.col("patient").shift(-1)) & (
        pl.col("ingredient") == pl.col("ingredient").shift(-1)
    )
    after = covered.select(
        "patient",
        from_day=pl.col("to_day") + 1,
        to_day=pl.min_horizontal(
            pl.col("to_day") + condition.days,
            pl.when(follows).then(pl.col("from_day").shift(-1) - 1),
        ),
    )
    return after.filter(pl.col("from_day") <= pl.col("to_day"))


def lowered_days(timeline: Timeline, condition: DoseLowered) -> pl.DataFrame:
    """Scheduled days on which the dose is at most the share of the highest dose of a day before."""
    steps = timeline.steps(condition.drugs).filter(pl.col("scheduled") > 0)
    highest = pl.col("sched_low").cum_max().over("patient")
    before = highest.shift(1).over("patient")
    known = pl.col("sched_unknown") == 0
    share = condition.to_at_most.percent
    # Within a step only its own first day has no day of the same dose before it; a share below
    # 100 % never holds against the own dose, and at 100 % it holds from the second day on.
    whole = steps.with_columns(_before=before)
    held = pl.col("sched_high") * 100 <= pl.col("_before") * share
    later = pl.col("sched_high") * 100 <= pl.max_horizontal("_before", "sched_low") * share
    first = whole.filter(known & held.fill_null(value=False)).select(
        "patient", "from_day", to_day="from_day"
    )
    rest = whole.filter(known & later & (pl.col("to_day") > pl.col("from_day"))).select(
        "patient", pl.col("from_day") + 1, "to_day"
    )
    return pl.concat([first, rest])


def cross_tapers(timeline: Timeline, condition: CrossTaper) -> pl.DataFrame:
    """Short overlaps in which the one drug falls and the other rises."""
    left = _presence(timeline, condition.of)
    right = _presence(timeline, condition.and_ or condition.of)
    pairs = (
        left.join(right, on="patient", suffix="_b")
        .filter(pl.col("ingredient") != pl.col("ingredient_b"))
        .with_columns(
            from_day=pl.max_horizontal("from_day", "from_day_b"),
            to_day=pl.min_horizontal("to_day", "to_day_b"),
        )
        .filter(
            (pl.col("from_day") <= pl.col("to_day"))
            & (pl.col("to_day") - pl.col("from_day") + 1 <= condition.within)
        )
        .select("patient", "ingredient", "ingredient_b", "from_day", "to_day")
    )
    if pairs.is_empty():
        return pairs.select("patient", "from_day", "to_day")
    for drug, drugs in (("ingredient", condition.of), ("ingredient_b", condition.and_)):
        doses = timeline.steps(drugs or condition.of, BY_DRUG)
        for place in ("from_day", "to_day"):
            pairs = _dose_on(pairs, doses, drug, place, f"_{drug}_{place}")
    falls = pl.col("_ingredient_to_day") < pl.col("_ingredient_from_day")
    rises = pl.col("_ingredient_to_day") > pl.col("_ingredient_from_day")
    falls_b = pl.col("_ingredient_b_to_day") < pl.col("_ingredient_b_from_day")
    rises_b = pl.col("_ingredient_b_to_day") > pl.col("_ingredient_b_from_day")
    return pairs.filter((falls & rises_b) | (rises & falls_b)).select(
        "patient", "from_day", "to_day"
    )


def _presence(timeline: Timeline, drugs: DrugSet) -> pl.DataFrame:
    return stretches(timeline.lines_of(drugs).filter(~pl.col("as_needed")), BY_DRUG)


def _dose_on(
    pairs: pl.DataFrame, doses: pl.DataFrame, drug: str, place: str, name: str
) -> pl.DataFrame:
    """The low scheduled dose of the drug in column `drug` on the day in column `place`."""
    right = doses.select(
        "patient", pl.col("ingredient").alias(drug), pl.col("from_day").alias("_at"),
        pl.col("sched_low").alias(name),
    ).sort("patient", drug, "_at")  # fmt: skip
    return pairs.sort("patient", drug, place).join_asof(
        right, left_on=place, right_on="_at", by=["patient", drug], strategy="backward",
        check_sortedness=False, coalesce=False,
    ).drop("_at")  # fmt: skip
