"""Which rows are older versions of an order that a later export corrected.

Meaning: docs/timeline.md, section 1.
"""

from __future__ import annotations

import polars as pl

KEY = ("patient_id", "prescription_id")
RECORD = ("source_file", "source_row")
WIDTH = 24  # digits to which whole numbers are filled up, so that 9 comes before 10


def superseded(rows: pl.DataFrame) -> pl.Series:
    """True for a row whose order has a later version: another row of the same patient and id.

    Versions are whole numbers, or texts that sort in time (ISO dates); a blank one is the oldest.
    Rows of equal version stand side by side. One record may give several rows, of ids of their own;
    when its first is older, all of them are.
    """
    number = pl.col("version").str.strip_chars()
    filled = (
        pl.when(number.str.contains(r"^[0-9]{1,24}$"))
        .then(number.str.zfill(WIDTH))
        .otherwise(number)
        .fill_null("")
    )
    versioned = rows.filter(pl.col("version").is_not_null()).select(*KEY).unique()
    if versioned.is_empty():
        return pl.repeat(False, rows.height, eager=True, dtype=pl.Boolean)
    marked = rows.select(*RECORD, *KEY, at=filled).join(versioned, on=[*KEY], how="semi")
    newest = marked.group_by(*KEY).agg(newest=pl.col("at").max())
    older = marked.join(newest, on=[*KEY]).filter(pl.col("at") < pl.col("newest"))
    return rows["row"].is_in(rows.join(older, on=[*RECORD], how="semi")["row"].implode())
