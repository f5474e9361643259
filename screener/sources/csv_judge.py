"""Judges text record by record: which are well-formed, which are blank, and what ails the rest.

Nearly every line of an export is a record of its own, so lines are judged as one column, and a
line that is plainly one record, well-formed or with a wrong number of fields, is settled there.
Only where a line is in doubt (a quote left open, quotes not by the book, a stray CR or NUL, a very
long line) does the csv module read from that line on, to the end of one record. A record always
begins outside quotes, so the judgement of one never depends on how the ones before it were judged.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cache

import polars as pl

from screener.sources.header import Header

LATER = {  # one row a record that the csv module judged
    "line": pl.Int64(),
    "lines": pl.Int64(),
    "raw": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a text holds. records has one row a record, in order: its number in this text from 1,
    raw (with its line end) and reason: null for a well-formed record, 'blank' for an empty line.

    count is the number of records from the line ends in the bytes; rest is an unfinished record.
    """

    records: pl.DataFrame
    count: int
    rest: bytes


def judge(text: bytes, header: Header, last: bool, field_limit: int) -> Judged:
    """Every record of a text that begins outside quotes; with last, nothing is left as rest."""
    lines = _judged_lines(text, header, field_limit)
    doubtful = lines.filter("doubtful").select("line", "start").rows()
    later, stop = _judged_later(text, doubtful, header, last, field_limit)
    end = len(text) if stop is None else stop
    whole = lines.filter(pl.col("start") < end) if stop is not None else lines
    return Judged(
        _joined(whole, later).select(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"), "raw", "reason"
        ),
        _line_count(text, end) - int((later.get_column("lines") - 1).sum()),
        text[end:],
    )


def _line_count(text: bytes, end: int) -> int:
    """Counted in the bytes, so that it holds whatever became of the column of lines."""
    return text.count(b"\n", 0, end) + (not text.endswith(b"\n", 0, end) and end > 0)


def _judged_lines(text: bytes, header: Header, field_limit: int) -> pl.DataFrame:
    """Each line with its number from 0, its first byte, whether it is in doubt, and its reason
    as if it were a record of its own. Lines without a quote never meet a regular expression
    about quotes: they are null there.
    """
    raw = pl.Series("raw", [text]).cast(pl.String).str.split("\n", inclusive=True).explode()
    line = pl.col("raw")
    quoted = pl.when(line.str.contains('"', literal=True)).then(line)
    size = line.str.len_bytes().cast(pl.Int64)
    outside = pl.coalesce(quoted.str.replace_all('"[^"]*"', ""), line)
    fields = outside.str.count_matches(header.separator, literal=True) + 1
    doubtful = size > field_limit
    if b'"' in text:
        doubtful |= ~quoted.str.contains(_by_the_book(header.separator)).fill_null(True)
    if b"\0" in text:
        doubtful |= line.str.contains("\0", literal=True)
    if text.count(b"\r") != text.count(b"\r\n"):
        doubtful |= line.str.contains(r"\r(?:[^\n]|$)")
    return pl.DataFrame(raw).select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("line"),
        "raw",
        (size.cum_sum() - size).alias("start"),
        doubtful.alias("doubtful"),
        pl.when(line.is_in(["\n", "\r\n"]))
        .then(pl.lit("blank"))
        .when(fields != header.fields)
        .then(pl.lit("fields"))
        .alias("reason"),
    )


def _joined(lines: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """One row a record: lines inside a longer record are dropped, its own verdict stands."""
    if later.is_empty():
        return lines
    inside = later.select(
        pl.int_ranges(pl.col("line") + 1, pl.col("line") + pl.col("lines"), dtype=pl.Int64)
    ).to_series()
    judged = pl.col("lines").is_not_null()
    return (
        lines.filter(~pl.col("line").is_in(inside.explode(empty_as_null=False).implode()))
        .join(later, on="line", how="left", suffix="_later", maintain_order="left")
        .with_columns(
            pl.when(judged).then("raw_later").otherwise("raw").alias("raw"),
            pl.when(judged).then("reason_later").otherwise("reason").alias("reason"),
        )
    )


def _judged_later(
    text: bytes, doubtful: list[tuple[int, int]], header: Header, last: bool, field_limit: int
) -> tuple[pl.DataFrame, int | None]:
    """The csv module's verdict on the record at each doubtful line that begins one; then the byte
    from which a record is not complete yet. After a broken record, reading goes on at the next
    line. Takes time with the doubtful lines, not with all lines.
    """
    found: list[tuple[int, int, str, str | None]] = []
    stop: int | None = None
    following = 0
    stream = io.BytesIO(text)
    limit = csv.field_size_limit(field_limit)
    try:
        for line, start in doubtful:
            if line < following:
                continue
            taken, fields = _one_record(stream, start, header.separator, field_limit)
            if taken == 0 and not last:
                stop = start
                break
            taken = taken or 1
            raw = text[start : stream.tell()].decode()
            found.append((line, taken, raw, _fault(raw, fields, header)))
            following = line + taken
    finally:
        csv.field_size_limit(limit)
    return pl.DataFrame(found, schema=LATER, orient="row"), stop


def _one_record(
    stream: io.BytesIO, start: int, separator: str, field_limit: int
) -> tuple[int, int]:
    """(lines, fields) of the record that begins at this byte; leaves the stream at its end.

    fields is -1 for broken quoting, -2 for an over-long field: then the record is one line. No
    lines at all: the text ends inside quotes.
    """
    stream.seek(start)
    reader = csv.reader(map(bytes.decode, stream), delimiter=separator, strict=True)
    try:
        fields = len(next(reader))
    except csv.Error as problem:
        unfinished = "unexpected end of data" in str(problem)
    else:
        return reader.line_num, fields
    stream.seek(start)
    too_long = len(stream.readline().decode()) > field_limit
    return 0 if unfinished else 1, -2 if too_long else -1


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


def _by_the_book(separator: str) -> str:
    """The same for one line in polars, whose matches never go back and take linear time."""
    sign = re.escape(separator)
    field = rf'(?:"(?:[^"]|"")*"|[^"{sign}\r\n]*)'
    return rf"^{field}(?:{sign}{field})*\r?\n?$"
