"""Delimited text to frames of String, with an independent count of the records.

polars' reader pads short rows and accepts some broken quoting, so it is never asked what a record
is: either bytes are counted (text without quotes), or csv_judge judges every record, and the reader
only parses what was found well-formed. A record that is not is set aside whole, never repaired.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from screener.errors import RunBroke
from screener.findings import SET_ASIDE
from screener.sources.csv_judge import judge
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
    return _read_judged(text, header, done, last, where)


def _read_plain(text: bytes, header: Header, done: int) -> Records | None:
    """Text without quotes: records are line ends. None when any record is not well-formed."""
    if not text:
        return Records(_numbered(_empty(header), done), no_set_aside(), 0, 0)
    if text.startswith((b"\n", b"\r")) or b"\n\n" in text or b"\n\r\n" in text:
        return None
    records = text.count(b"\n") + (not text.endswith(b"\n"))
    if text.count(header.separator.encode()) != records * (header.fields - 1):
        return None
    frame = _parsed(text, header)
    if frame is None or frame.height != records or _too_long(frame):
        return None
    frame = _numbered(frame, done)
    if header.surplus and frame.get_column("\0surplus").null_count() != frame.height:
        return None
    return Records(frame.drop("\0surplus", strict=False), no_set_aside(), records, 0)


def _too_long(frame: pl.DataFrame) -> bool:
    longest = frame.select(pl.all().str.len_bytes().max()).row(0) if frame.height else ()
    return any((size or 0) > FIELD_LIMIT for size in longest)


def _parsed(text: bytes, header: Header) -> pl.DataFrame | None:
    """Every column as text; None where polars refuses (its message may quote cells)."""
    if not text:
        return _empty(header)
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


def _numbered(frame: pl.DataFrame, done: int) -> pl.DataFrame:
    return frame.with_row_index("source_row", offset=done + 1).cast({"source_row": pl.Int64})


def _read_judged(
    text: bytes, header: Header, done: int, last: bool, where: str
) -> tuple[Records, bytes]:
    """Parses the well-formed records only; gives the unfinished end back for later."""
    judged = judge(text, header, last, FIELD_LIMIT)
    reason = pl.col("reason")
    numbered = judged.records.with_columns(source_row=pl.col("number") + done)
    good = numbered.filter(reason.is_null())
    if good.height == numbered.height:
        frame = _parsed(text.removesuffix(judged.rest), header)
    else:
        frame = _parsed(good.get_column("raw").str.join("").item().encode(), header)
    if frame is None or frame.height != good.height:
        raise RunBroke("well-formed records could not be parsed.", where=where)
    rows = frame.insert_column(0, good.get_column("source_row"))
    aside = numbered.filter(reason.is_not_null() & (reason != "blank")).select(
        pl.col("source_row").alias("row"),
        "reason",
        pl.col("raw").str.strip_chars_end("\r\n").alias("value"),
    )
    if header.surplus:
        full = rows.filter(pl.col("\0surplus").is_not_null()).select(
            pl.col("source_row").alias("row"),
            pl.lit("fields").alias("reason"),
            pl.lit("").alias("value"),
        )
        aside = pl.concat([aside, full]).sort("row")
        rows = rows.filter(pl.col("\0surplus").is_null()).drop("\0surplus")
    blank = int((numbered.get_column("reason") == "blank").sum())
    return Records(rows, _set_aside(where, aside), judged.count, blank), judged.rest


def no_set_aside() -> pl.DataFrame:
    """An empty frame of rows set aside."""
    return pl.DataFrame(schema=SET_ASIDE)


def set_aside_rows(file: str, rows: list[tuple[int, str, str]]) -> pl.DataFrame:
    """Rows set aside as a whole, from (row, reason, raw text); long text is cut and says so."""
    columns = {"row": pl.Int64(), "reason": pl.String(), "value": pl.String()}
    return _set_aside(file, pl.DataFrame(rows, schema=columns, orient="row"))


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
