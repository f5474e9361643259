"""Delimited text to frames of String, with an independent count of the records.

polars' reader pads short rows and accepts some broken quoting, so it is never asked what a record
is: either the marks in the bytes show that every record is well-formed (`csv_marks`), or
`csv_judge` judges them one by one, and the reader only parses what was found well-formed. A record
that is not is set aside whole, never repaired.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from screener.errors import RunBroke
from screener.findings import SET_ASIDE
from screener.sources.csv_judge import judge
from screener.sources.csv_marks import well_formed
from screener.sources.header import Header
from screener.sources.text import BOM

FIELD_LIMIT = 64 << 10  # characters in one field
SHOWN = 2_000  # characters of a record that set_aside keeps
PIECE = 256 << 10  # bytes of text that are judged together when a slice is not plain
ASIDE = {"row": pl.Int64(), "reason": pl.String(), "value": pl.String()}


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
) -> Iterator[tuple[Records, bool]]:
    """Each slice's records, numbered from 1 through the file, and whether it is the last."""
    done = 0
    carried = b""
    ahead = next(slices, None)
    while ahead is not None:
        following = next(slices, None)
        text = carried + ahead
        found, carried = _read_slice(text, header, done, following is None, where)
        if len(found.rows) + len(found.set_aside) + found.blank != found.records:
            raise RunBroke("the records read are not the records counted.", where=where)
        done += found.records
        yield found, following is None
        ahead = following


def _read_slice(
    text: bytes, header: Header, done: int, last: bool, where: str
) -> tuple[Records, bytes]:
    """Parses the well-formed records only; gives the unfinished end back for later."""
    plain = well_formed(text, header, FIELD_LIMIT)
    found = _judged(text, header, last) if plain is None else _Judged([text], [(1, plain)], plain)
    good = found.good[0] if len(found.good) == 1 else b"".join(found.good)
    numbers = _numbers(found.numbers, done)
    frame = _parsed(good, header)
    if frame is None or frame.height != numbers.len():
        raise RunBroke("well-formed records could not be parsed.", where=where)
    rows = frame.insert_column(0, numbers)
    aside = pl.concat([pl.DataFrame(schema=ASIDE), *found.aside]).with_columns(pl.col("row") + done)
    if header.surplus:
        full = rows.filter(pl.col("\0surplus").is_not_null()).select(
            pl.col("source_row").alias("row"),
            pl.lit("fields").alias("reason"),
            pl.lit("").alias("value"),
        )
        aside = pl.concat([aside, full]).sort("row")
        rows = rows.filter(pl.col("\0surplus").is_null()).drop("\0surplus")
    return Records(rows, _set_aside(where, aside), found.count, found.blank), found.rest


@dataclass(slots=True)
class _Judged:
    """A slice by its pieces. good: text of the well-formed records; numbers: which they are in the
    slice, from 1, as (first, how many) or one by one; aside: ASIDE, numbered in the same way."""

    good: list[bytes] = field(default_factory=list)
    numbers: list[tuple[int, int] | pl.Series] = field(default_factory=list)
    count: int = 0
    aside: list[pl.DataFrame] = field(default_factory=list)
    blank: int = 0
    rest: bytes = b""


def _judged(text: bytes, header: Header, last: bool) -> _Judged:
    """A fault costs a look at the lines of its own piece; the pieces beside it stay plain."""
    found = _Judged()
    pieces = list(_pieces(text))
    for at, piece in enumerate(pieces):
        held = found.rest + piece
        plain = well_formed(held, header, FIELD_LIMIT)
        if plain is not None:
            found.good.append(held)
            found.numbers.append((found.count + 1, plain))
            found.count += plain
            found.rest = b""
            continue
        judged = judge(held, header, last and at == len(pieces) - 1, FIELD_LIMIT)
        reason = pl.col("reason")
        numbered = judged.records.with_columns(row=pl.col("number") + found.count)
        good = numbered.filter(reason.is_null())
        found.good.append(good.get_column("raw").str.join("").item().encode())
        found.numbers.append(good.get_column("row"))
        found.aside.append(
            numbered.filter(reason.is_not_null() & (reason != "blank")).select(
                "row", "reason", pl.col("raw").str.strip_chars_end("\r\n").alias("value")
            )
        )
        found.blank += int((numbered.get_column("reason") == "blank").sum())
        found.count += judged.count
        found.rest = judged.rest
    return found


def _pieces(text: bytes) -> Iterator[bytes]:
    """Cuts at line ends, so that each piece begins where a record or the rest of one does."""
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin + PIECE) + 1 or len(text)
        yield text[begin:end]
        begin = end


def _numbers(parts: list[tuple[int, int] | pl.Series], done: int) -> pl.Series:
    series = [
        part
        if isinstance(part, pl.Series)
        else pl.int_range(part[0], part[0] + part[1], dtype=pl.Int64, eager=True)
        for part in parts
    ]
    every = pl.concat(series) if series else pl.Series(dtype=pl.Int64)
    return (every + done).alias("source_row")


def _parsed(text: bytes, header: Header) -> pl.DataFrame | None:
    """Every column as text; None where polars refuses (its message may quote cells)."""
    if not text:
        return _empty(header)
    if text.startswith(BOM):  # polars takes one off, but here it is part of the first cell
        text = BOM + text
    try:
        return pl.read_csv(
            io.BytesIO(text),
            has_header=False,
            separator=header.separator,
            schema=_empty(header).schema,
            quote_char='"' if b'"' in text else None,
            truncate_ragged_lines=False,
            glob=False,
        )
    except pl.exceptions.PolarsError:
        return None


def _empty(header: Header) -> pl.DataFrame:
    names = [*header.names, *(["\0surplus"] if header.surplus else [])]
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String()))


def no_set_aside() -> pl.DataFrame:
    """An empty frame of rows set aside."""
    return pl.DataFrame(schema=SET_ASIDE)


def set_aside_rows(file: str, rows: list[tuple[int, str, str]]) -> pl.DataFrame:
    """Rows set aside as a whole, from (row, reason, raw text); long text is cut and says so."""
    return _set_aside(file, pl.DataFrame(rows, schema=ASIDE, orient="row"))


def _set_aside(file: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The same from row, reason and value (the whole raw text) as columns."""
    value = pl.col("value")
    size = value.str.len_chars()
    cut = pl.format("{}... ({} characters)", value.str.slice(0, SHOWN), size)
    return rows.select(
        pl.lit(file).alias("file"),
        "row",
        pl.lit("").alias("column"),
        pl.when(size <= SHOWN).then(value).otherwise(cut).alias("value"),
        "reason",
    )
