"""Exports that repeat each other: the same orders in two files of one run.

A file with the same bytes is refused; one that holds nearly the same orders may be meant, since
copies count once, but somebody should know.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import polars as pl

SAMPLED = 20_000  # orders of the whole export of which the keys are held, about
ENOUGH = 20  # keys of the smaller file; fewer say nothing, unless they are all that there are
SAME = 0.95  # share of the smaller file's keys that the other one has too
MOST_FILES = 1_000  # every two of them are compared


def one_in(files: int, rows_about: int) -> int:
    """Which share of the orders is looked at; 0 when there is nothing to compare."""
    return max(1, rows_about // SAMPLED) if 1 < files <= MOST_FILES else 0


def keys_of(orders: pl.DataFrame, one_in: int) -> set[int]:
    """Hashes of patient, drug and first day of the orders whose hash falls into the sample."""
    key = pl.col("patient_id").hash(1) ^ pl.col("drug").hash(2) ^ pl.col("start_date").hash(3)
    return set(orders.select(key=key).filter(pl.col("key") % one_in == 0)["key"])


def said(keys: Mapping[str, set[int]], one_in: int) -> list[str]:
    """A notice for every two files of which the smaller one is nearly all in the other."""
    enough = 1 if one_in == 1 else ENOUGH
    notices = []
    for one, other in combinations(keys, 2):
        small, large = sorted((one, other), key=lambda name: len(keys[name]))
        both = len(keys[small] & keys[large])
        if len(keys[small]) >= enough and both >= SAME * len(keys[small]):
            share = 100 * both / len(keys[small])
            about = "about " if one_in > 1 else ""
            notices.append(
                f"{small}: {about}{share:.0f} % of its orders (patient, drug and first day) stand "
                f"in {large} too; equal orders count once"
            )
    return notices
