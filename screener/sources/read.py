"""Finds the files of an export and says how each of them is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl

from screener.sources.ahead import ahead
from screener.sources.fhir import read_fhir
from screener.sources.find import Found, find_files
from screener.sources.look_up import Reader, read_mapped
from screener.sources.mapping import TableRules
from screener.sources.mapping_files import load_mapping
from screener.sources.ndjson import read_ndjson
from screener.sources.omop import read_omop
from screener.sources.parquet import read_parquet
from screener.sources.tabular import read_delimited
from screener.sources.text import check_encoding
from screener.sources.unpack import sample
from screener.tables import Export, RawFile

# To add a format: one function with these arguments, one line here, its ending in find.FORMATS.
READERS: dict[str, Reader] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".ndjson": read_ndjson,
    ".parquet": read_parquet,
}

# Formats that no mapping of columns can say: a function with read_export's other arguments.
MODELS: dict[str, Callable[..., Export]] = {"fhir": read_fhir, "omop": read_omop}


def read_export(
    exports: list[str],
    *,
    mapping: str | Path = "native",
    tables: dict[str, list[str]] | None = None,
    encoding: str = "utf-8",
    allow_empty: bool = False,
    known: frozenset[str] = frozenset(),
) -> Export:
    """The files of an export; nothing but their first bytes is read before `batches` is called.

    known: names of files read before, of which these are the continuation; only for formats whose
    files are read each by itself (see `reads_alone`).
    Raises UsageError for a wrong mapping, path or encoding, InputRefused for a missing file.
    """
    if str(mapping) in MODELS:
        read = MODELS[str(mapping)]
        return read(exports, tables=tables, encoding=encoding, allow_empty=allow_empty)
    rules = load_mapping(mapping)
    codec = check_encoding(encoding)
    found, notices = find_files(exports, rules, tables, known)
    raw = tuple(
        RawFile(
            file.name,
            file.path_as_given,
            file.table,
            _rows_about(file),
            partial(
                ahead,
                partial(read_mapped, file, rules, codec, allow_empty, found=found, readers=READERS),
            ),
        )
        for file in found
    )
    return Export(raw, (*(f"mapping {rules.name}: {text}" for text in rules.cautions), *notices))


def reads_alone(mapping: str | Path) -> bool:
    """Whether each file of the format is read by itself, so that files may come night by night.

    FHIR, OMOP and mappings with look-ups need all files at once. Raises UsageError.
    """
    if str(mapping) in MODELS:
        return False
    return not any(_looks_up(rules) for rules in load_mapping(mapping).tables.values())


def _looks_up(rules: TableRules) -> bool:
    return rules.look_up is not None or any(_looks_up(r) for r in (*rules.also, *rules.more))


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
