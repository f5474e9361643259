"""The table of sites of a copy: rounded sums, of sites large enough to be named."""

from __future__ import annotations

import dataclasses

import polars as pl

from screener.outputs.report.given import ReportInput
from screener.outputs.report.sites import units_of
from screener.outputs.share.frames import sites_named
from screener.outputs.share.small_counts import rate_shown, shown


def sites_shown(data: ReportInput[pl.LazyFrame]) -> list[dict[str, str]]:
    """`site`, `patients`, `part` (with an active critical or high finding there) and `rate` per
    1,000, as text, by name; "" is no site or too few patients in all small ones together.

    A patient of two small sites counts once where these are put together.
    """
    named = dict(sites_named(data.outcomes).iter_rows())
    site = pl.col("site_id").replace_strict(named, default=None, return_dtype=pl.String)
    put_together = dataclasses.replace(
        data, orders=data.orders.with_columns(site), findings=data.findings.with_columns(site)
    )
    return [
        {
            "site": unit.name,
            "patients": shown(unit.whole),
            "part": shown(unit.part),
            "rate": rate_shown(unit.part, unit.whole),
        }
        for unit in units_of(put_together)["site_id"]
    ]
