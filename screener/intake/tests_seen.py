"""Which laboratory tests an export holds at which site: what "overdue" can be said of at all.

A patient belongs to the site of the latest order, as in the outcomes.
"""

from __future__ import annotations

import polars as pl

from screener.intake import buckets as store
from screener.intake.buckets import Buckets


def tests_seen(parts: Buckets) -> frozenset[tuple[str, str]]:
    """(site_id or "", analyte in lower case) over all buckets; one bucket in memory at a time."""
    seen: set[tuple[str, str]] = set()
    for number in range(parts.count):
        labs = store.columns(parts, "labs", number, ("patient_id", "analyte", "value"))
        orders = store.columns(
            parts, "prescriptions", number, ("patient_id", "start_date", "source_row", "site_id")
        )
        tested = labs.filter(pl.col("value").is_not_null()).select("patient_id", "analyte").unique()
        homes = (
            orders.join(tested, on="patient_id", how="semi")
            .sort("start_date", "source_row", maintain_order=True)
            .unique("patient_id", keep="last")
        )
        pairs = (
            tested.join(homes, on="patient_id", how="left")
            .select(
                pl.col("site_id").fill_null(""),
                analyte=pl.col("analyte").str.strip_chars().str.to_lowercase(),
            )
            .unique()
        )
        seen.update((site, analyte) for site, analyte in pairs.iter_rows())
    return frozenset(seen)
