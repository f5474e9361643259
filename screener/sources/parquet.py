"""Reads one Parquet file: its rows as canonical text columns, batch by batch."""

from __future__ import annotations

import os
from collections.abc import Iterator

import polars as pl

from screener.errors import InputRefused
from screener.sources.csv_records import no_set_aside
from screener.sources.derive import Derivation, derivation, id_columns
from screener.sources.find import Found
from screener.sources.header import Header
from screener.sources.mapping import Mapping
from screener.sources.tabular import (
    column_notices,
    derived,
    missing_columns,
    no_records,
    refuse_columns,
    with_end,
)
from screener.sources.unpack import Reading, pieces
from screener.tables import RawBatch

PARQUET_ROWS = 200_000


def read_parquet(
    file: Found, mapping: Mapping, encoding: str, allow_empty: bool
) -> Iterator[RawBatch]:
    """Every row of a Parquet file. Raises InputRefused for damage or integer ids."""
    del encoding
    reading = Reading()
    for _ in pieces(file.path, file.name, reading):
        pass
    before = os.stat(file.path)
    damaged = InputRefused(
        "the Parquet file is damaged or is something else.",
        where=file.name,
        fix="Export or copy it again.",
    )
    try:
        scan = pl.scan_parquet(file.path, glob=False)
        schema = dict(scan.collect_schema())
        records = int(scan.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        raise damaged from None
    names = tuple(schema)
    missing = missing_columns(set(names), file.table) if mapping.is_native else []
    if missing:
        raise refuse_columns(missing, file, "Export it, or use --format.")
    plan = derivation(names, file.table, mapping, file.name)
    _refuse_types(schema, plan, file, mapping)
    if records == 0 and not allow_empty:
        raise no_records(file)
    texts = [
        pl.col(name) if name not in plan.read else _as_text(name, schema[name]) for name in names
    ]
    notices = list(column_notices(Header(names, ","), plan, file, mapping))
    done = 0
    while True:
        try:
            frame = scan.slice(done, PARQUET_ROWS).select(texts).collect()
        except (pl.exceptions.PolarsError, OSError):
            raise damaged from None
        numbered = frame.with_row_index("source_row", offset=done + 1).cast(
            {"source_row": pl.Int64}
        )
        rows, left_out = derived(numbered, plan)
        done += frame.height
        batch = RawBatch(
            rows,
            no_set_aside(),
            frame.height,
            left_out=left_out,
            bytes_read=reading.bytes * done // max(records, 1),
        )
        if done >= records or frame.height == 0:
            break
        yield batch
    after = os.stat(file.path)
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (
        after.st_size,
        after.st_mtime_ns,
        after.st_ino,
    ) or done != records:
        raise InputRefused("the file changed while it was read.", where=file.name)
    yield with_end(batch, reading, frozenset(plan.columns), notices)


def _refuse_types(
    schema: dict[str, pl.DataType], plan: Derivation, file: Found, mapping: Mapping
) -> None:
    for name in sorted(plan.read):
        dtype = schema[name]
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Time, pl.Duration):
            raise InputRefused(
                f"the column '{name}' holds {dtype}, which cannot be read as one value.",
                where=file.name,
                fix="Export it as text.",
            )
    if mapping.integer_ids:
        return
    for name in sorted(id_columns(file.table, mapping) & plan.read):
        if not isinstance(schema[name], (pl.String, pl.Categorical, pl.Enum, pl.Null)):
            raise InputRefused(
                f"the id column '{name}' holds numbers, which lose leading zeros.",
                where=file.name,
                fix="Export ids as text, or say `ids: integers` in the mapping.",
            )


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).dt.to_string("%Y-%m-%dT%H:%M:%S")
    return pl.col(name).cast(pl.String)
