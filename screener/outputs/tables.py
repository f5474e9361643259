"""Tables as bytes: the same frame always gives the same Parquet and the same CSV.

Parquet is the exact form. CSV is for people: lists are joined with ';' and a text cell that a
spreadsheet would run as a formula gets a leading apostrophe.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

Table = pl.DataFrame | pl.LazyFrame  # lazy: read from its file, only the columns asked for
ROW_GROUP = 65_536  # rows; fixed, so that the bytes do not depend on how the frame was built
STRETCH = 16 * ROW_GROUP  # rows of a file that are searched together
# A total order for every table that is sorted as a whole; the columns of each key tell its rows
# apart.
SORTED_BY: dict[str, tuple[str, ...]] = {
    "findings": ("patient_id", "rule_id", "subject", "date", "finding_id"),
    "pilot_findings": ("patient_id", "rule_id", "subject", "date", "finding_id"),
    "outcomes": ("rule_id", "site_id", "prescriber_id", "outcome"),
    "not_assessed": ("patient_id", "rule_id", "reason", "from_date"),
    "data_flags": ("patient_id", "flag", "date", "ref", "detail"),
    "set_aside": ("file", "row", "column", "reason", "value"),
}
# A spreadsheet takes a cell that starts like this for a formula (also in full-width letters).
FORMULA_START = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"


def in_order(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in its total order, in one piece."""
    return frame.sort(SORTED_BY[table], nulls_last=True, maintain_order=True).rechunk()


def height(frame: Table) -> int:
    """How many rows a table has, without reading them."""
    return int(frame.lazy().select(pl.len()).collect().item())


def rows_at(frame: pl.LazyFrame, places: pl.Series) -> pl.DataFrame:
    """The whole rows at these places (row numbers from 0, each once), in the order of `places`.

    A stretch of rows is read at a time: a scan in one go may hold much of a file.
    """
    stretches = (places // STRETCH).unique().sort().to_list() or [0]
    found = []
    for begin in (number * STRETCH for number in stretches):
        here = places.filter((places >= begin) & (places < begin + STRETCH)).implode()
        rows = frame.slice(begin, STRETCH).with_row_index("_place", offset=begin)
        few = rows.filter(pl.col("_place").is_in(here)).collect()
        found.append(few[few["_place"].arg_sort()])  # copied, it lets go of the texts of the others
    return pl.concat(found).drop("_place")[places.rank("ordinal") - 1]


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """The frame as Parquet: zstd, fixed row groups, one chunk."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", row_group_size=ROW_GROUP)
    return buffer.getvalue()


def one_after_the_other(files: Sequence[Path], target: Path) -> int:
    """Write `target` from Parquet files of one schema (one at least), never held whole; gives its
    rows. The bytes depend on the rows alone."""
    rows = pl.scan_parquet(list(files), glob=False)
    rows.sink_parquet(target, compression="zstd", row_group_size=ROW_GROUP, maintain_order=True)
    return height(pl.scan_parquet(target, glob=False))


def csv_bytes(frame: pl.DataFrame, *, header: bool = True) -> bytes:
    """The frame as UTF-8 CSV, '\\n' line ends and no cell that runs as a formula."""
    lists = pl.col(pl.List(pl.String)).list.join(";", ignore_nulls=True)
    cells = frame.with_columns(lists)
    texts = cells.select(pl.col(pl.String).str.contains(FORMULA_START).any())
    risky = [column.name for column in texts.iter_columns() if column.item()]
    buffer = io.BytesIO()
    cells.with_columns(_guarded(name) for name in risky).write_csv(
        buffer, include_header=header, line_terminator="\n"
    )
    return buffer.getvalue()


def _guarded(name: str) -> pl.Expr:
    column = pl.col(name)
    risky = column.str.contains(FORMULA_START)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), column)).otherwise(column).alias(name)
