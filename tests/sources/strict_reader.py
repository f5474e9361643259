"""A reader of delimited text that asks the csv module about every record: the oracle of the tests.

It shares nothing with screener.sources but the meaning of the header: no polars, no regular
expression, one record after another.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field

from screener.sources.header import Header


@dataclass
class Read:
    """rows: (number, cells); set_aside: (number, reason, text); and the counts."""

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    set_aside: list[tuple[int, str, str]] = field(default_factory=list)
    records: int = 0
    blank: int = 0


def read_strictly(slices: Iterable[bytes], header: Header, field_limit: int) -> list[Read]:
    """What each slice holds; a record that a slice leaves unfinished belongs to the next one."""
    texts = [text.decode() for text in slices]
    found: list[Read] = []
    carried, number = "", 0
    before = csv.field_size_limit(field_limit)
    try:
        for at, text in enumerate(texts):
            lines = (carried + text).split("\n")
            lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
            read, carried = _read_lines(lines, header, number, at == len(texts) - 1, field_limit)
            number += read.records
            found.append(read)
    finally:
        csv.field_size_limit(before)
    return found


def _read_lines(
    lines: list[str], header: Header, number: int, last: bool, field_limit: int
) -> tuple[Read, str]:
    read, at = Read(), 0
    while at < len(lines):
        reader = csv.reader(iter(lines[at:]), delimiter=header.separator, strict=True)
        cells: list[str] | None = None
        end = at + 1
        try:
            cells = next(reader)
            end = at + reader.line_num
        except csv.Error as problem:
            if "unexpected end of data" in str(problem) and not last:
                return read, "".join(lines[at:])
        raw = "".join(lines[at:end])
        reason = _fault(raw, cells, header, field_limit)
        read.records += 1
        if reason == "blank":
            read.blank += 1
        elif reason:
            read.set_aside.append((number + read.records, reason, raw.rstrip("\r\n")))
        elif header.surplus and cells and not raw.rstrip("\r\n").endswith(header.separator):
            # the field too many must be empty, and not a quoted one either
            read.set_aside.append((number + read.records, "fields", ""))
        elif cells:
            kept = cells[:-1] if header.surplus else cells
            read.rows.append((number + read.records, kept))
        at = end
    return read, ""


def _fault(raw: str, cells: list[str] | None, header: Header, field_limit: int) -> str:
    if cells is None:
        return "field-too-long" if len(raw) > field_limit else "quotes"
    if not cells:
        return "blank"
    if "\0" in raw or "\r" in raw.replace("\r\n", ""):
        return "control-character"
    if not _by_the_book(raw, header.separator):
        return "quotes"
    return "" if len(cells) == header.fields else "fields"


def _by_the_book(raw: str, separator: str) -> bool:
    """RFC 4180, letter by letter: a quote opens at a field's start, closes at its end, or is
    doubled."""
    inside, begins, closed = False, True, False
    for letter in raw:
        if inside:
            if letter == '"':
                inside, closed = False, True
        elif letter == '"':
            if closed:
                inside, closed = True, False  # the second of two
            elif begins:
                inside, begins = True, False
            else:
                return False
        elif letter == separator:
            begins, closed = True, False
        elif letter not in "\r\n" and closed:
            return False
        else:
            begins = False
    return not inside
