"""What each bucket found, kept on disk until the run is put together.

Small tables are read back whole and sorted. The three audit tables (orders, timeline, kidney)
hold a row per order and are streamed from the parts into their final file: buckets hold
different patients, so bucket order plus the order inside a bucket is a total order.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from screener.findings import (
    DATA_FLAGS,
    FINDINGS,
    KIDNEY,
    NOT_ASSESSED,
    ORDERS,
    OUTCOMES,
    TIMELINE,
    Results,
)
from screener.outputs.tables import ROW_GROUP, in_order

HELD: dict[str, dict[str, pl.DataType]] = {
    "findings": FINDINGS,
    "pilot_findings": FINDINGS,
    "outcomes": OUTCOMES,
    "not_assessed": NOT_ASSESSED,
    "data_flags": DATA_FLAGS,
}
STREAMED: dict[str, dict[str, pl.DataType]] = {
    "orders": ORDERS,
    "timeline": TIMELINE,
    "kidney": KIDNEY,
}


def part_path(folder: Path, table: str, bucket: int) -> Path:
    """Where the rows of one table and one bucket stand."""
    return folder / f"{table}-{bucket:06d}.parquet"


def write_parts(folder: Path, bucket: int, results: Results) -> dict[str, int]:
    """Write every table of one bucket; gives the number of rows of each."""
    rows = {}
    for table, schema in (HELD | STREAMED).items():
        frame: pl.DataFrame = getattr(results, table)
        frame = frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        frame.write_parquet(part_path(folder, table, bucket), compression="lz4")
        rows[table] = frame.height
    return rows


def held_whole(folder: Path, table: str, buckets: int) -> pl.DataFrame:
    """All rows of a small table, in its total order."""
    parts = [pl.read_parquet(part_path(folder, table, i)) for i in range(buckets)]
    return in_order(table, pl.concat([pl.DataFrame(schema=HELD[table]), *parts]))


def all_outcomes(folder: Path, buckets: int) -> pl.DataFrame:
    """Outcomes of all buckets added up; `in_scope` is made again from the sums.

    `in_scope` counts the flagged, clear and not assessed patients of the row's rule, site and
    prescriber, and stands on each of their rows; on `out_of_scope` rows it is 0.
    """
    keys = ["rule_id", "site_id", "prescriber_id"]
    added = (
        held_whole(folder, "outcomes", buckets)
        .group_by([*keys, "outcome"], maintain_order=True)
        .agg(pl.col("patients").sum())
    )
    in_scope = pl.col("outcome") != "out_of_scope"
    judged = pl.col("patients").filter(in_scope).sum().over(keys)
    added = added.with_columns(in_scope=pl.when(in_scope).then(judged).otherwise(0))
    return in_order("outcomes", added.select(*OUTCOMES))


def stream_to(folder: Path, table: str, buckets: int, target: Path) -> None:
    """Write one audit table from its parts, without holding it in memory."""
    parts = [part_path(folder, table, i) for i in range(buckets)]
    frame = pl.scan_parquet(parts, glob=False) if parts else pl.LazyFrame(schema=STREAMED[table])
    frame.sink_parquet(target, compression="zstd", row_group_size=ROW_GROUP, maintain_order=True)


def put_together(folder: Path, buckets: int, cell_flags: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Every small table of the run. The flags of unreadable cells (from intake) join the others;
    where both say the same of one order and day, intake's stands, since it names the column."""
    held = {name: held_whole(folder, name, buckets) for name in HELD if name != "outcomes"}
    held["outcomes"] = all_outcomes(folder, buckets)
    cells = cell_flags.select(*DATA_FLAGS)
    same = ["patient_id", "flag", "date", "ref"]
    others = held["data_flags"].join(cells, on=same, how="anti", nulls_equal=True)
    held["data_flags"] = in_order("data_flags", pl.concat([cells, others]))
    return held
