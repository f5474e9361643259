"""Random numbers without a state: each is a hash of a row's own number, so that a patient is the
same patient in every block, on every machine and in an export of any size."""

from __future__ import annotations

import numpy as np
import polars as pl


def chance(number: pl.Expr, salt: int) -> pl.Expr:
    """A number in [0, 1) for each row number: two multiply-and-fold rounds on 64-bit integers."""
    mixed = (number.cast(pl.UInt64) + salt * 1_000_003) * 6364136223846793005
    mixed = (mixed ^ (mixed // (1 << 33))) * 0xFF51AFD7ED558CCD
    mixed = mixed ^ (mixed // (1 << 33))
    return (mixed // (1 << 11)).cast(pl.Float64) / float(1 << 53)


def between(number: pl.Expr, salt: int, low: int, high: int) -> pl.Expr:
    """A whole number in [low, high]."""
    return (chance(number, salt) * (high - low + 1)).floor().cast(pl.Int64) + low


def one_of(draw: pl.Expr, choices: list[tuple[float, int]]) -> pl.Expr:
    """A whole number by its share: [(0.7, 30), (0.3, 90)]; the shares add up to 1."""
    edges = np.cumsum([share for share, _ in choices]).tolist()
    picked = pl.lit(choices[-1][1])
    for edge, (_, value) in reversed(list(zip(edges, choices, strict=True))[:-1]):
        picked = pl.when(draw < edge).then(value).otherwise(picked)
    return picked


def either(test: pl.Expr, yes: str, no: str) -> pl.Expr:
    """One of two texts."""
    return pl.when(test).then(pl.lit(yes)).otherwise(pl.lit(no))
