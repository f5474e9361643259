"""Tables as bytes: the same frame always gives the same Parquet and the same CSV.

Parquet is the exact form. CSV is for people: lists are joined with ';' and a text cell that a
spreadsheet would run as a formula gets a leading apostrophe.
"""

from __future__ import annotations

import io

import polars as pl

ROW_GROUP = 65_536  # rows; fixed, so that the bytes do not depend on how the frame was built
# A total order for every table that is held whole; the columns of each key tell its rows apart.
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


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """The frame as Parquet: zstd, fixed row groups, one chunk."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", row_group_size=ROW_GROUP)
    return buffer.getvalue()


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """The frame as UTF-8 CSV with a header, '\\n' line ends and no cell that runs as a formula."""
    cells = [_as_cell(name, dtype) for name, dtype in frame.schema.items()]
    buffer = io.BytesIO()
    frame.select(cells).write_csv(buffer, line_terminator="\n")
    return buffer.getvalue()


def _as_cell(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.List):
        column = column.list.join(";", ignore_nulls=True)
    elif not isinstance(dtype, pl.String):
        return column
    risky = column.str.contains(FORMULA_START)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), column)).otherwise(column).alias(name)
