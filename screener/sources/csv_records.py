"""Delimited text to frames of String, with an independent count of the records.

polars pads short rows and accepts some broken quoting, so it is never asked what a record is:
either bytes are counted (text without quotes), or the csv module judges every record, and polars
only parses what was found well-formed. A record that is not is set aside whole, never repaired.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import polars as pl

from screener.errors import RunBroke
from screener.findings import SET_ASIDE
from screener.sources.header import Header

FIELD_LIMIT = 64 << 10  # characters in one field
SHOWN = 2_000  # characters of a record that set_aside keeps


@dataclass(frozen=True, slots=True)
class Records:
    """What one slice of text held: rows (source_row i64, then the file's columns), and the rest.

    records = rows + set_aside + blank, where records is counted without polars.
    """

    rows: pl.DataFrame
    set_aside: pl.DataFrame
    records: int
    blank: int


def read_records(
    slices: Iterator[bytes], header: Header, where: str
) -> Iterator[tuple[Records, int]]:
    """Each slice's records, numbered from 1 through the file, and its bytes."""
    done = 0
    carried = b""
    ahead = next(slices, None)
    while ahead is not None:
        size = len(ahead)
        following = next(slices, None)
        text = carried + ahead
        found, carried = _read_slice(text, header, done, following is None, where)
        if len(found.rows) + len(found.set_aside) + found.blank != found.records:
            raise RunBroke("the records read are not the records counted.", where=where)
        done += found.records
        yield found, size
        ahead = following


def _read_slice(
    text: bytes, header: Header, done: int, last: bool, where: str
) -> tuple[Records, bytes]:
    plain = not (b'"' in text or b"\0" in text or text.count(b"\r") != text.count(b"\r\n"))
    if plain:
        found = _read_plain(text, header, done)
        if found is not None:
            return found, b""
    return _read_strictly(text, header, done, last, where)


def _read_plain(text: bytes, header: Header, done: int) -> Records | None:
    """Text without quotes: records are line ends. None when any record is not well-formed."""
    if not text:
        return Records(_numbered(_parsed(b"", header), [], 0), no_set_aside(), 0, 0)
    if text.startswith((b"\n", b"\r")) or b"\n\n" in text or b"\n\r\n" in text:
        return None
    records = text.count(b"\n") + (not text.endswith(b"\n"))
    if text.count(header.separator.encode()) != records * (header.fields - 1):
        return None
    frame = _parsed(text, header)
    if frame is None or frame.height != records or _too_long(frame):
        return None
    frame = _numbered(frame, None, done)
    if header.surplus and frame.get_column("\0surplus").null_count() != frame.height:
        return None
    return Records(frame.drop("\0surplus", strict=False), no_set_aside(), records, 0)


def _too_long(frame: pl.DataFrame) -> bool:
    longest = frame.select(pl.all().str.len_bytes().max()).row(0) if frame.height else ()
    return any((size or 0) > FIELD_LIMIT for size in longest)


def _parsed(text: bytes, header: Header) -> pl.DataFrame | None:
    """Every column as text; None where polars refuses (its message may quote cells)."""
    names = [*header.names, *(["\0surplus"] if header.surplus else [])]
    schema = dict.fromkeys(names, pl.String())
    if not text:
        return pl.DataFrame(schema=schema)
    try:
        return pl.read_csv(
            io.BytesIO(text),
            has_header=False,
            separator=header.separator,
            schema=schema,
            quote_char='"' if b'"' in text else None,
            truncate_ragged_lines=False,
            glob=False,
        )
    except pl.exceptions.PolarsError:
        return None


def _numbered(frame: pl.DataFrame | None, numbers: list[int] | None, done: int) -> pl.DataFrame:
    if frame is None:
        raise RunBroke("well-formed records could not be parsed.")
    if numbers is None:
        return frame.with_row_index("source_row", offset=done + 1).cast({"source_row": pl.Int64})
    return frame.insert_column(0, pl.Series("source_row", numbers, dtype=pl.Int64))


def _read_strictly(
    text: bytes, header: Header, done: int, last: bool, where: str
) -> tuple[Records, bytes]:
    """Judges record by record with the csv module; gives the unfinished end back for later."""
    lines = text.decode().split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    spans, stop = _spans(lines, header.separator, last)
    good: list[str] = []
    numbers: list[int] = []
    aside: list[tuple[int, str, str]] = []
    blank = 0
    wanted = header.fields
    odd = b"\0" in text or text.count(b"\r") != text.count(b"\r\n")
    for number, (start, end, fields) in enumerate(spans, start=done + 1):
        raw = lines[start] if end == start + 1 else "".join(lines[start:end])
        if fields == wanted and not odd and '"' not in raw:
            reason = None
        else:
            reason = _fault(raw, fields, header)
        if reason is None:
            good.append(raw)
            numbers.append(number)
        elif reason == "blank":
            blank += 1
        else:
            aside.append((number, reason, raw.rstrip("\r\n")))
    frame = _parsed("".join(good).encode(), header)
    if frame is None or frame.height != len(good):
        raise RunBroke("well-formed records could not be parsed.", where=where)
    rows = _numbered(frame, numbers, done)
    if header.surplus:
        full = rows.filter(pl.col("\0surplus").is_not_null()).get_column("source_row").to_list()
        aside += [(n, "fields", "") for n in full]
        rows = rows.filter(pl.col("\0surplus").is_null()).drop("\0surplus")
        aside.sort()
    return (
        Records(rows, set_aside_rows(where, aside), len(spans), blank),
        "".join(lines[stop:]).encode(),
    )


def _spans(lines: list[str], separator: str, last: bool) -> tuple[list[tuple[int, int, int]], int]:
    """(first line, line after, fields) of every record; fields is -1 for broken quoting, -2 for
    an over-long field. After a broken record, reading goes on at the next line. Also: the
    line from which a record is not complete yet."""
    spans: list[tuple[int, int, int]] = []
    at = 0
    limit = csv.field_size_limit(FIELD_LIMIT)
    try:
        while at < len(lines):
            base = at
            ahead = map(lines.__getitem__, range(at, len(lines)))
            reader = csv.reader(ahead, delimiter=separator, strict=True)
            try:
                for row in reader:
                    end = base + reader.line_num
                    spans.append((at, end, len(row)))
                    at = end
            except csv.Error as problem:
                unfinished = "unexpected end of data" in str(problem)
                if unfinished and not last:
                    return spans, at
                spans.append((at, at + 1, -2 if len(lines[at]) > FIELD_LIMIT else -1))
                at += 1
    finally:
        csv.field_size_limit(limit)
    return spans, at


def _fault(raw: str, fields: int, header: Header) -> str | None:
    """Why a record cannot be used; 'blank' for an empty line, None for a good record."""
    if fields == 0:
        return "blank"
    if fields == -2:
        return "field-too-long"
    if fields == -1:
        return "quotes"
    if "\0" in raw or raw.count("\r") != raw.count("\r\n"):
        return "control-character"
    if '"' in raw and not _quoted_by_the_book(raw, header.separator):
        return "quotes"
    return None if fields == header.fields else "fields"


def _quoted_by_the_book(raw: str, separator: str) -> bool:
    """RFC 4180: a field with a quote in it is quoted as a whole, and its quotes are doubled."""
    return _well_quoted(separator).fullmatch(raw) is not None


@cache
def _well_quoted(separator: str) -> re.Pattern[str]:
    """Possessive throughout, so that no text makes the match slow."""
    sign = re.escape(separator)
    field = rf'(?:"(?:[^"]|"")*+"|[^"{sign}\r\n]*+)'
    return re.compile(rf"{field}(?:{sign}{field})*+\r?\n?")


def no_set_aside() -> pl.DataFrame:
    """An empty frame of rows set aside."""
    return pl.DataFrame(schema=SET_ASIDE)


def set_aside_rows(file: str, rows: list[tuple[int, str, str]]) -> pl.DataFrame:
    """Rows set aside as a whole, from (row, reason, raw text); long text is cut and says so."""
    shown = [
        raw if len(raw) <= SHOWN else f"{raw[:SHOWN]}... ({len(raw)} characters)"
        for _, _, raw in rows
    ]
    return pl.DataFrame(
        {
            "file": [file] * len(rows),
            "row": [row for row, _, _ in rows],
            "column": [""] * len(rows),
            "value": shown,
            "reason": [reason for _, reason, _ in rows],
        },
        schema=SET_ASIDE,
    )
