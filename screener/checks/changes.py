"""Days on which a scheduled dose changes within an episode: what rises and falls are read from."""

from __future__ import annotations

import polars as pl


def dose_changes(steps: pl.DataFrame) -> pl.DataFrame:
    """One row per day on which the carried dose differs from the day before, in one episode.

    From `timeline.episodes.episode_steps`: patient, episode, first_day, from_day = to_day = the
    day, low, high, low_before, high_before (µg a day), uncertain, uncertain_before, and unread: an
    order of unknown dose stands before or after, so that the dose may have gone either way.
    """
    follows = pl.col("episode") == pl.col("episode").shift(1)
    return (
        steps.with_columns(
            low_before=pl.when(follows).then(pl.col("low").shift(1)),
            high_before=pl.when(follows).then(pl.col("high").shift(1)),
            uncertain_before=pl.when(follows).then(pl.col("uncertain").shift(1)),
            unknown_before=pl.when(follows).then(pl.col("unknown").shift(1)),
        )
        .filter(pl.col("low_before").is_not_null())
        .filter(
            (pl.col("low") != pl.col("low_before"))
            | (pl.col("high") != pl.col("high_before"))
            | (pl.col("unknown") != pl.col("unknown_before"))
        )
        .with_columns(
            unread=pl.col("unknown") | pl.col("unknown_before"), to_day=pl.col("from_day")
        )
    )
