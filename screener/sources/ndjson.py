"""Reads NDJSON: one flat object a line, judged line by line with the json module.

polars drops keys that first appear late, takes the first of two equal keys and turns 0.10
into 0.1; here numbers keep their text, and a line that is not plain is set aside whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from screener.errors import InputRefused
from screener.sources.csv_records import FIELD_LIMIT, set_aside_rows
from screener.sources.derive import derivation, id_columns, named_columns, under_first_names
from screener.sources.find import Found
from screener.sources.mapping import Mapping
from screener.sources.tabular import (
    derived,
    missing_columns,
    refuse_columns,
    unknown_columns,
    with_end,
)
from screener.sources.text import utf8_slices
from screener.sources.unpack import Reading, pieces
from screener.tables import RawBatch


class _Fault(Exception):
    """Why a line is set aside."""


@dataclass(slots=True)
class _Seen:
    """Keys met so far, and those whose value was a number or yes/no, not text."""

    keys: dict[str, None] = field(default_factory=dict)
    not_text: set[str] = field(default_factory=set)


class _Bare(str):
    """The source text of a JSON value that stood without quotes."""

    __slots__ = ()


def read_ndjson(
    file: Found, mapping: Mapping, encoding: str, allow_empty: bool
) -> Iterator[RawBatch]:
    """Every line of an .ndjson file. Raises InputRefused."""
    reading, notices, seen = Reading(), list[str](), _Seen()
    names = named_columns(file.table, mapping)
    ids = id_columns(file.table, mapping)
    plan = derivation(names, file.table, mapping, file.name)
    done = 0
    ahead: RawBatch | None = None
    chunks = pieces(file.path, file.name, reading)
    for text in utf8_slices(chunks, encoding, file.name, notices):
        if ahead is None:
            _refuse_layout(text, file)
        else:
            yield ahead
        frame, batch = _batch(text, names, seen, done, file)
        rows, left_out = derived(under_first_names(frame, file.table, mapping), plan)
        ahead = replace(batch, rows=rows, left_out=left_out, bytes_read=reading.bytes)
        done += batch.records
        _refuse_bare_ids(set(ids & seen.not_text), file, mapping)
    if ahead is None or (done == 0 and not allow_empty):
        raise InputRefused(
            "the file has no record.",
            where=file.name,
            fix="Export it again, or pass --allow-empty.",
        )
    found = frozenset(seen.keys)
    missing = missing_columns(set(found), file.table) if mapping.is_native else []
    if missing and done:
        raise refuse_columns(missing, file, "Every line must be an object with these keys.")
    columns = derivation(tuple(found), file.table, mapping, file.name).columns if done else {}
    ignored = [key for key in seen.keys if key not in names]
    if mapping.is_native:
        notices += unknown_columns(ignored, found, file)
    elif ignored:
        notices.append(
            f"{file.name}: the mapping {mapping.name} does not read: {', '.join(ignored)}"
        )
    yield with_end(ahead, reading, frozenset(columns), notices)


def _refuse_layout(text: bytes, file: Found) -> None:
    start = text.lstrip()
    first = start.split(b"\n", 1)[0].strip()
    if start.startswith(b"[") or first == b"{":
        raise InputRefused(
            "this is one JSON document, not one object a line (NDJSON).",
            where=file.name,
            fix="Write every record on a line of its own, without a list around them.",
        )


def _refuse_bare_ids(bare: set[str], file: Found, mapping: Mapping) -> None:
    if bare and not mapping.integer_ids:
        raise InputRefused(
            f"the id '{min(bare)}' is written as a number, which loses leading zeros.",
            where=file.name,
            fix="Write ids as text in quotes, or say `ids: integers` in the mapping.",
        )


def _batch(
    text: bytes, names: tuple[str, ...], seen: _Seen, done: int, file: Found
) -> tuple[pl.DataFrame, RawBatch]:
    """(the lines' own columns as text, the batch still without rows)."""
    lines = text.decode().split("\n")
    if lines and not lines[-1]:
        lines.pop()
    cells: dict[str, list[str | None]] = {name: [] for name in names}
    numbers: list[int] = []
    aside: list[tuple[int, str, str]] = []
    blank = 0
    for number, line in enumerate(lines, start=done + 1):
        if not line.strip():
            blank += 1
            continue
        try:
            record = _record(line)
        except _Fault as fault:
            aside.append((number, str(fault), line))
            continue
        numbers.append(number)
        for key in record.keys() - seen.keys.keys():
            seen.keys[key] = None
        for name, column in cells.items():
            value = record.get(name)
            column.append(value)
            if isinstance(value, _Bare):
                seen.not_text.add(name)
    frame = pl.DataFrame(
        {"source_row": numbers, **cells},
        schema={"source_row": pl.Int64(), **dict.fromkeys(names, pl.String())},
    )
    return frame, RawBatch(frame, set_aside_rows(file.name, aside), len(lines), blank)


def _record(line: str) -> dict[str, str | None]:
    """One line's keys and values as text. Raises _Fault with the reason."""
    try:
        record = json.loads(
            line,
            object_pairs_hook=_pairs,
            parse_int=_Bare,
            parse_float=_Bare,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        raise _Fault("not-json") from None
    if not isinstance(record, dict):
        raise _Fault("not-json")
    return record


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, str | None]:
    record: dict[str, str | None] = {}
    for key, value in pairs:
        if key in record:
            raise _Fault("duplicate-key")
        if isinstance(value, bool):
            record[key] = _Bare("true" if value else "false")
        elif value is None or isinstance(value, str):
            if value is not None and len(value) > FIELD_LIMIT:
                raise _Fault("field-too-long")
            record[key] = value
        else:
            raise _Fault("nested")
    return record


def _no_constant(name: str) -> object:
    raise ValueError(name)
