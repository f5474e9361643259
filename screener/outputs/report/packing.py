"""Packs frames into one base64 text: a JSON header, then little-endian typed arrays, gzipped.

Layout before gzip: 4 bytes length of the header, header (UTF-8 JSON), padding to 8 bytes, arrays
(each on an 8-byte edge, `at` counted from the first). The header holds `facts`, sorted text
`dictionaries` (a long one of numbered texts as its stem, the width of the numbers and their steps)
and per table its rows and columns. Kinds of column:
text: codes into a dictionary, 0 = null (`rising`: steps from the row before); whole: integers,
`null` names the sentinel (days count from 1970-01-01; `base`: to be added to that column, null
there being 0; `after`: gap to the `after` of the row before, plus 1, at the first row from 0);
real: float64, NaN = null; yes: 0, 1, 2 = null; hex: 8 bytes a row; list: `lengths`
of the rows, and per row the first code, then steps from the code before.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

# Columns of several tables that share a dictionary, so that codes can be compared.
SHARED = {
    "patient_id": "patient", "prescription_id": "order", "prescription_ids": "order",
    "site_id": "site", "prescriber_id": "prescriber", "rule_id": "rule",
    "ingredient": "ingredient", "track": "track", "lab_ref": "lab", "lab_refs": "lab",
}  # fmt: skip
# Columns kept as the difference from another one, which is mostly small and so packs well.
RELATIVE = {
    ("findings", "end_date"): "date", ("findings", "first_seen"): "date",
    ("orders", "end_date"): "start_date",
    ("orders", "counted_from"): "start_date", ("orders", "counted_to"): "end_date",
    ("orders", "dose_high_ug"): "dose_low_ug", ("timeline", "to_date"): "from_date",
    ("timeline", "high_ug"): "low_ug", ("timeline", "other_reading_high_ug"): "high_ug",
}  # fmt: skip
# Columns kept as the days since the row before ended: steps mostly follow one another.
FOLLOWING = {("timeline", "from_date"): "to_date"}
_WHOLE = (("i8", 7), ("i16", 15), ("i32", 31))
_CODES = (("u8", 8), ("u16", 16), ("u32", 32))
_NUMPY = {"i8": "<i1", "i16": "<i2", "i32": "<i4", "u8": "<u1", "u16": "<u2", "u32": "<u4",
          "f64": "<f8"}  # fmt: skip
_I32 = 2**31
_TEXTS_AT_ONCE = 10_000
_LONG = 1000  # texts in a dictionary above which numbers are looked for
_GZIP = 31  # zlib's number for its widest window in gzip's frame


class _Arrays:
    """The binary part under construction; adding gives a description for the header."""

    def __init__(self) -> None:
        self.body = bytearray()

    def add_bytes(self, kind: str, raw: bytes, count: int) -> dict[str, Any]:
        self.body += b"\0" * (-len(self.body) % 8)
        place = {"type": kind, "at": len(self.body), "n": count}
        self.body += raw
        return place

    def add(self, kind: str, values: pl.Series) -> dict[str, Any]:
        return self.add_bytes(kind, values.to_numpy().astype(_NUMPY[kind]).tobytes(), values.len())

    def add_codes(self, values: pl.Series, largest: int) -> dict[str, Any]:
        kind, _ = next(t for t in _CODES if largest < 2 ** t[1])
        return self.add(kind, values)


def _texts_of(column: pl.Series) -> pl.Series:
    flat = column.explode() if isinstance(column.dtype, pl.List) else column
    return flat.drop_nulls().unique().cast(pl.String)


def _is_hex(column: pl.Series) -> bool:
    """Whether these are finding ids as this project makes them: 16 hex digits each."""
    if column.name != "finding_id":
        return False
    return bool(column.str.contains("^[0-9a-f]{16}$").fill_null(False).all())


def dictionaries(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.Series]:
    """Name -> sorted distinct texts of every text column, shared ones together."""
    parts: dict[str, list[pl.Series]] = {}
    for table, frame in tables.items():
        for column in frame.iter_columns():
            dtype = column.dtype.inner if isinstance(column.dtype, pl.List) else column.dtype
            if dtype in (pl.String, pl.Enum) and not _is_hex(column):
                name = SHARED.get(column.name, f"{table}.{column.name}")
                parts.setdefault(name, []).append(_texts_of(column))
    return {
        name: pl.concat([s.alias("text") for s in found]).unique().sort()
        for name, found in sorted(parts.items())
    }


def _codes(column: pl.Series, words: pl.Series) -> pl.Series:
    """1 + the place in `words`; 0 for null."""
    places = pl.Enum(words)
    if isinstance(column.dtype, pl.Enum):
        of_known = (
            column.dtype.categories.cast(places, strict=False).to_physical().cast(pl.UInt32) + 1
        )
        return of_known.gather(column.to_physical()).fill_null(0)
    return (column.cast(places).to_physical().cast(pl.UInt32) + 1).fill_null(0)


def _whole(column: pl.Series, arrays: _Arrays) -> dict[str, Any]:
    low, high = int(column.min() or 0), int(column.max() or 0)  # type: ignore[arg-type]
    for kind, bits in _WHOLE:
        edge = -(2**bits)
        if low > edge and high < -edge:
            return {"kind": "whole", "null": edge, **arrays.add(kind, column.fill_null(edge))}
    return _real(column.cast(pl.Float64), arrays)


def _real(column: pl.Series, arrays: _Arrays) -> dict[str, Any]:
    known = column.drop_nulls()
    if (known.is_finite() & (known.round() == known) & (known.abs() < _I32)).all():
        return _whole(column.cast(pl.Int64), arrays)
    values = column.cast(pl.Float64).fill_null(float("nan"))
    return {"kind": "real", **arrays.add("f64", values)}


def _text(column: pl.Series, table: str, words: dict[str, pl.Series],
          arrays: _Arrays) -> dict[str, Any]:  # fmt: skip
    name = SHARED.get(column.name, f"{table}.{column.name}")
    codes = _codes(column, words[name])
    if codes.is_sorted():
        steps = codes - codes.shift(1, fill_value=0)
        place = arrays.add_codes(steps, max(1, words[name].len()))
        return {"kind": "text", "words": name, "rising": True, **place}
    return {"kind": "text", "words": name, **arrays.add_codes(codes, words[name].len())}


def _list(column: pl.Series, table: str, words: dict[str, pl.Series],
          arrays: _Arrays) -> dict[str, Any]:  # fmt: skip
    name = SHARED.get(column.name, f"{table}.{column.name}")
    lengths = column.list.len().fill_null(0)
    rows = column.filter(lengths > 0).alias("code").to_frame().with_row_index("_row")
    rows = rows.explode("code").with_columns(pl.col("code").cast(pl.String))
    codes = _codes(rows["code"], words[name]).cast(pl.Int64)
    goes_on = rows["_row"].eq_missing(rows["_row"].shift(1))
    steps = codes - codes.shift(1, fill_value=0) * goes_on.cast(pl.Int64)
    return {**_whole(steps, arrays), "kind": "list", "words": name,
            "lengths": arrays.add_codes(lengths, int(lengths.max() or 0))}  # type: ignore[arg-type]  # fmt: skip


def _days_as_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Date).to_physical())


def _relative(column: pl.Series, table: str, frame: pl.DataFrame,
              arrays: _Arrays) -> dict[str, Any]:  # fmt: skip
    base = RELATIVE[table, column.name]
    return {**_whole(column.cast(pl.Int64) - frame[base].cast(pl.Int64).fill_null(0), arrays),
            "base": base}  # fmt: skip


def _following(column: pl.Series, table: str, frame: pl.DataFrame,
               arrays: _Arrays) -> dict[str, Any]:  # fmt: skip
    last = FOLLOWING[table, column.name]
    if column.has_nulls() or frame[last].has_nulls():
        return _whole(column.cast(pl.Int64), arrays)
    before = (frame[last].cast(pl.Int64) + 1).shift(1, fill_value=0)
    return {**_whole(column.cast(pl.Int64) - before, arrays), "after": last}


def _column(column: pl.Series, table: str, words: dict[str, pl.Series],
            arrays: _Arrays) -> dict[str, Any]:  # fmt: skip
    dtype = column.dtype
    if _is_hex(column):
        raw = bytes.fromhex("".join(column.to_list()))
        return {"kind": "hex", **arrays.add_bytes("u8", raw, len(raw))}
    if isinstance(dtype, pl.List):
        return _list(column, table, words, arrays)
    if dtype in (pl.String, pl.Enum):
        return _text(column, table, words, arrays)
    if dtype == pl.Boolean:
        return {"kind": "yes", **arrays.add("u8", column.cast(pl.UInt8).fill_null(2))}
    return _whole(column.cast(pl.Int64), arrays) if dtype.is_integer() else _real(column, arrays)


def _columns(frame: pl.DataFrame, table: str, words: dict[str, pl.Series],
             arrays: _Arrays) -> dict[str, dict[str, Any]]:  # fmt: skip
    return {
        c.name: _relative(c, table, frame, arrays)
        if (table, c.name) in RELATIVE and RELATIVE[table, c.name] in frame.columns
        else _following(c, table, frame, arrays)
        if (table, c.name) in FOLLOWING
        else _column(c, table, words, arrays)
        for c in frame.iter_columns()
    }


def pack(tables: Mapping[str, pl.DataFrame], facts: Mapping[str, Any]) -> str:
    """The base64 text of the tables and facts; the same input gives the same text."""
    arrays = _Arrays()
    words = dictionaries(tables)
    described = {
        table: {"rows": frame.height, "columns": _columns(_days_as_numbers(frame), table, words,
                                                          arrays)}
        for table, frame in tables.items()
    }  # fmt: skip
    numbered = {name: _numbered(texts, arrays) for name, texts in words.items()}
    pieces = list(_header(words, numbered, facts, described))
    length = sum(map(len, pieces))
    padding = b" " * (-(4 + length) % 8)
    gzip = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    packed = [gzip.compress(struct.pack("<I", length + len(padding)))]
    packed += [gzip.compress(piece) for piece in (*pieces, padding, bytes(arrays.body))]
    return base64.b64encode(b"".join([*packed, gzip.flush()])).decode("ascii")


def _numbered(texts: pl.Series, arrays: _Arrays) -> dict[str, Any] | None:
    """A long dictionary such as P-0001, P-0002 as its numbers; None where it reads differently."""
    if texts.len() < _LONG:
        return None
    stem = re.sub(r"[0-9]{1,9}$", "", str(texts[0]))
    width = len(str(texts[0])) - len(stem)
    rest = texts.str.strip_prefix(stem)
    alike = texts.str.starts_with(stem) & rest.str.contains(f"^[0-9]{{{width}}}$")
    if not width or not alike.all():
        return None
    numbers = rest.cast(pl.Int64)
    steps = numbers - numbers.shift(1, fill_value=0)
    largest = int(steps.max() or 0)  # type: ignore[arg-type]
    return {"stem": stem, "width": width, **arrays.add_codes(steps, largest)}


def _header(
    words: Mapping[str, pl.Series], numbered: Mapping[str, Any], facts: Mapping[str, Any],
    tables: Mapping[str, Any],
) -> Iterator[bytes]:  # fmt: skip
    """The header in pieces: the texts of a large run fill hundreds of megabytes."""
    yield b'{"dictionaries":{'
    for place, (name, texts) in enumerate(words.items()):
        yield (b"," if place else b"") + _json(name) + b":"
        if numbered[name]:
            yield _json(numbered[name])
            continue
        yield b"["
        for first in range(0, texts.len(), _TEXTS_AT_ONCE):
            some = _json(texts.slice(first, _TEXTS_AT_ONCE).to_list())
            yield (b"," if first else b"") + some[1:-1]
        yield b"]"
    yield b'},"facts":' + _json(facts) + b',"tables":' + _json(tables) + b"}"


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "replace")
