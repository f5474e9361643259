"""What each bucket found, kept on disk until the run is put together.

A part of findings, flags and the like is in its table's order, and parts are merged into one.
The three audit tables (orders, timeline, kidney) hold a row per order and stand bucket by bucket:
buckets hold different patients, so bucket order plus the order inside a bucket is a total order.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
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
from screener.outputs.merge import Change, Written, gathered, merged, write_merged
from screener.outputs.tables import ROW_GROUP, in_order, one_after_the_other, parquet_bytes

# Rows of a part that are read together when a range of patients is merged. Findings are wide.
READ_TOGETHER = {"findings": 1024, "pilot_findings": 1024}
MERGED_AT_ONCE = {"findings": ROW_GROUP, "pilot_findings": ROW_GROUP}
NARROW_AT_ONCE = 16 * ROW_GROUP  # of the other tables
TOGETHER = 2  # so many ranges make a part for merging; many small parts would be opened often
ALSO_CSV = ("findings", "data_flags")  # what people open without a tool; set_aside is CSV only
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
    """Write every table of one bucket; gives the number of rows of each.

    A part appears whole or not at all, also when two tasks of a cluster write the same one.
    """
    rows = {}
    for table, frame in typed_results(results).items():
        target = part_path(folder, table, bucket)
        beside = target.with_suffix(f".{secrets.token_hex(4)}")
        write_part(table, frame, beside)
        beside.rename(target)
        rows[table] = frame.height
    return rows


def write_part(table: str, frame: pl.DataFrame, path: Path) -> None:
    """Write the rows of one table and one bucket, in the form that `put_together` wants."""
    frame.write_parquet(path, compression="lz4", row_group_size=READ_TOGETHER.get(table))


def typed_results(results: Results) -> dict[str, pl.DataFrame]:
    """Every table of a bucket by name, in exactly the columns of `screener.findings`, in order."""
    typed = {}
    for table, schema in (HELD | STREAMED).items():
        frame: pl.DataFrame = getattr(results, table)
        frame = frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        typed[table] = in_order(table, frame) if table in HELD else frame
    return typed


def all_outcomes(folder: Path, buckets: int) -> pl.DataFrame:
    """Outcomes of all buckets added up; `in_scope` is made again from the sums.

    `in_scope` counts the flagged, clear and not assessed patients of the row's rule, site and
    prescriber, and stands on each of their rows; on `out_of_scope` rows it is 0.
    """
    keys = ["rule_id", "site_id", "prescriber_id"]
    parts = [part_path(folder, "outcomes", i) for i in range(buckets)]
    rows = pl.scan_parquet(parts, glob=False) if parts else pl.LazyFrame(schema=OUTCOMES)
    added = rows.group_by([*keys, "outcome"]).agg(pl.col("patients").sum()).collect()
    in_scope = pl.col("outcome") != "out_of_scope"
    judged = pl.col("patients").filter(in_scope).sum().over(keys)
    added = added.with_columns(in_scope=pl.when(in_scope).then(judged).otherwise(0))
    return in_order("outcomes", added.select(*OUTCOMES))


def put_together(
    folder: Path,
    buckets: int,
    cell_flags: pl.DataFrame,
    into: Path,
    *,
    mark: Callable[[pl.DataFrame], pl.DataFrame] = lambda findings: findings,
) -> dict[str, Written]:
    """Write every table of the run as a file of `into`; what was written of each.

    The flags of unreadable cells (from intake) join the others; where both say the same of one
    order and day, intake's stands, since it names the column. `mark` gives findings their state.
    """

    def with_cells(flags: pl.DataFrame, first: str | None, end: str | None) -> pl.DataFrame:
        here = pl.lit(value=True)
        if first is not None:
            here &= pl.col("patient_id") >= first
        if end is not None:
            here &= pl.col("patient_id") < end
        return flags_joined(flags, cell_flags.filter(here))

    changes: dict[str, Change] = {
        "findings": lambda findings, _first, _end: mark(findings),
        "pilot_findings": lambda findings, _first, _end: mark(findings),
        "not_assessed": lambda rows, _first, _end: rows,
        "data_flags": with_cells,
    }
    written = {}
    for table, change in changes.items():
        parts = [part_path(folder, table, i) for i in range(buckets)]
        at_once = MERGED_AT_ONCE.get(table, NARROW_AT_ONCE)
        larger = gathered(parts, TOGETHER * at_once, partial(write_part, table), folder)
        frames = merged(larger, at_once, change)
        csv = into / f"{table}.csv" if table in ALSO_CSV else None
        written[table] = write_merged(frames, into / f"{table}.parquet", csv, folder)
        for made in set(larger) - set(parts):
            made.unlink()
    outcomes = all_outcomes(folder, buckets)
    (into / "outcomes.parquet").write_bytes(parquet_bytes(outcomes))
    written["outcomes"] = Written(outcomes.height)
    for table in STREAMED:
        parts = [part_path(folder, table, i) for i in range(buckets)]
        written[table] = Written(one_after_the_other(parts, into / f"{table}.parquet"))
    return written


def flags_joined(raised: pl.DataFrame, cell_flags: pl.DataFrame) -> pl.DataFrame:
    """The flags that screening raised and those of unreadable cells, in their total order."""
    cells = cell_flags.select(*DATA_FLAGS)
    same = ["patient_id", "flag", "date", "ref"]
    others = raised.select(*DATA_FLAGS).join(cells, on=same, how="anti", nulls_equal=True)
    return in_order("data_flags", pl.concat([cells, others]))
