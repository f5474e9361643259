"""What the records that were set aside say of their file: a footer with a count ("Total rows: 3"),
quotes that are escaped with a backslash."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

COUNTS = {"row", "rows", "record", "records", "line", "lines", "total", "count", "trailer", "trl"}
BESIDE = {
    "of", "number", "footer", "end", "file", "eof", "the", "affected", "exported", "returned",
    "selected", "written", "in", "export", "data",
}  # fmt: skip
NUMBER = re.compile(r"\d{1,3}(?:[,.' ]\d{3})+(?!\d)|\d+")
LONGEST = 200  # characters; a footer is short


@dataclass(slots=True)
class Odd:
    """What was seen of a file so far; last: row and text of the last record set aside."""

    last: tuple[int, str] = (0, "")
    last_kept: int = 0
    backslashes: int = 0


def look(odd: Odd, set_aside: pl.DataFrame, faulty: pl.DataFrame, kept: pl.DataFrame) -> None:
    """Adds a batch. set_aside: records that were set aside whole (`findings.SET_ASIDE`); faulty and
    kept: the rows that are set aside and kept, with source_row and columns as text."""
    if set_aside.height:
        odd.last = max(odd.last, set_aside.select("row", "value").sort("row").row(-1))
        escaped = (pl.col("reason") == "quotes") & pl.col("value").str.contains('\\"', literal=True)
        odd.backslashes += set_aside.filter(escaped).height
    if faulty.height:
        cells = faulty.row(-1, named=True)
        row = cells.pop("source_row")
        odd.last = max(odd.last, (row, " ".join(str(cell) for cell in cells.values() if cell)))
    if kept.height:
        odd.last_kept = max(odd.last_kept, kept["source_row"][-1])


def stated_count(text: str) -> int | None:
    """The count that a footer states; None for any other record."""
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", text)}
    numbers = NUMBER.findall(text)
    if len(text) > LONGEST or len(numbers) != 1:
        return None
    if not words & COUNTS or words - COUNTS - BESIDE:
        return None
    digits = re.sub(r"\D", "", numbers[0])
    return int(digits) if len(digits) <= 12 else None


def said(odd: Odd, file: str, records: int) -> list[str]:
    """Notices about a file; `records` are those that are not blank, a footer among them."""
    notices = []
    if odd.backslashes:
        notices.append(
            f"{file}: records set aside in which a backslash stands before a quote: "
            f'{odd.backslashes}; export them with doubled quotes ("")'
        )
    stated = stated_count(odd.last[1]) if odd.last[0] > odd.last_kept else None
    if stated is not None and stated != records - 1:
        apart = stated - (records - 1)
        notices.append(
            f"{file}: the last record states how many there are, and that is {abs(apart):,} "
            f"{'more' if apart > 0 else 'fewer'} than stand before it; the file may be cut off"
        )
    return notices
