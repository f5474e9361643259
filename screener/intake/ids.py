"""Patient ids are never mended: those that a spreadsheet may have changed, and those that look like
the same person written twice, are counted aloud."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from screener.intake import buckets as store
from screener.intake.buckets import Buckets

PLAIN = r"^[!-~]*$"  # visible ASCII: nothing to fold but the case
SPREADSHEET = r"^([0-9]+)\.0+$"


def odd(ids: pl.Series) -> dict[str, int]:
    """What is odd of ids -> how many rows have such an id."""
    signs = {
        "have spaces at the edges": ids.str.contains(r"^\s|\s$"),
        "end in '.0'": ids.str.ends_with(".0"),
    }
    return {what: int(rows.sum()) for what, rows in signs.items()}


def alike(parts: Buckets, tables: Iterable[str]) -> int:
    """How many patient ids of all tables differ from another one only by letter case, blanks at the
    edges, invisible characters, compatibility forms (NFKC) or a ".0" at the end.

    Only hashes of the ids are held, 16 bytes for each patient.
    """
    named = list(tables)
    found: list[pl.DataFrame] = []
    for number in range(parts.count):
        columns = [store.columns(parts, table, number, ("patient_id",)) for table in named]
        ids = pl.concat([one["patient_id"].unique() for one in columns]).unique()
        found.append(pl.DataFrame({"folded": folded(ids).hash()}))
    if not found:
        return 0
    return int(pl.concat(found).select(pl.col("folded").is_duplicated().sum()).item())


def folded(ids: pl.Series) -> pl.Series:
    """The ids without what a reader does not see; equal where two ids look like one."""
    bare = ids.str.to_lowercase()
    if not ids.str.contains(PLAIN).all():
        seen = bare.str.normalize("NFKC").str.replace_all(r"\p{Cf}", "").str.strip_chars()
        bare = seen.str.to_lowercase()
    return bare.str.replace(SPREADSHEET, "$1") if bare.str.ends_with("0").any() else bare


def said(alike: int) -> list[str]:
    """The notice about ids that look alike."""
    if not alike:
        return []
    return [
        "patient ids that differ from another one only by letter case, blanks, invisible "
        f"characters or '.0', and count as patients of their own: {alike}"
    ]
