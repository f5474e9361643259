"""Finds the files of an export and says how each of them is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import polars as pl

from screener.sources.find import Found, find_files
from screener.sources.mapping import Mapping
from screener.sources.mapping_files import load_mapping
from screener.sources.ndjson import read_ndjson
from screener.sources.parquet import read_parquet
from screener.sources.tabular import read_delimited
from screener.sources.text import check_encoding
from screener.sources.unpack import sample
from screener.tables import Export, RawBatch, RawFile

Reader = Callable[[Found, Mapping, str, bool], Iterator[RawBatch]]
# To add a format: one function with these arguments, one line here, its ending in find.FORMATS.
READERS: dict[str, Reader] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".ndjson": read_ndjson,
    ".parquet": read_parquet,
}


def read_export(
    exports: list[str],
    *,
    mapping: str | Path = "native",
    tables: dict[str, list[str]] | None = None,
    encoding: str = "utf-8",
    allow_empty: bool = False,
) -> Export:
    """The files of an export; nothing but their first bytes is read before `batches` is called.

    Raises UsageError for a wrong mapping, path or encoding, InputRefused for a missing file.
    """
    rules = load_mapping(mapping)
    codec = check_encoding(encoding)
    found, notices = find_files(exports, rules, tables)
    raw = tuple(
        RawFile(
            file.name,
            file.path_as_given,
            file.table,
            _rows_about(file),
            partial(READERS[file.format], file, rules, codec, allow_empty),
        )
        for file in found
    )
    return Export(raw, (*(f"mapping {rules.name}: {text}" for text in rules.cautions), *notices))


def _rows_about(file: Found) -> int:
    """An estimate from the first megabyte, or a Parquet file's own count."""
    if file.format == ".parquet":
        try:
            return int(pl.scan_parquet(file.path, glob=False).select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError):
            return 0  # the reader will say what is wrong
    text, expansion = sample(file.path)
    line = max(len(text) / max(text.count(b"\n"), 1), 1.0)
    return round(file.path.stat().st_size * expansion / line)
