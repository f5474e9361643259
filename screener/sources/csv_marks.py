"""Well-formed text told by its marks alone: where quotes, separators and line ends stand.

Each mark is looked for in the bytes as one column, so that an export without a fault costs a few
passes over memory and no look at single lines. Any doubt means no: `csv_judge` then says which
records are meant.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from screener.sources.header import Header

QUOTE, LINE_END, RETURN = (ord(sign) for sign in '"\n\r')

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


def well_formed(text: bytes, header: Header, field_limit: int) -> int | None:
    """How many records a text holds if every one of them is by the book (RFC 4180), has the
    header's number of fields and no more than field_limit bytes; None if that is not plain.

    The text begins with a record. None as well for a blank line, a NUL, a CR that ends no line,
    and a record that the text does not end.
    """
    if not text:
        return 0
    if b"\0" in text or _stray_return(text):
        return None
    marks = np.frombuffer(text, np.uint8)
    separators, ends = marks == ord(header.separator), marks == LINE_END
    if b'"' in text:
        quotes = marks == QUOTE
        places = np.flatnonzero(quotes)
        if not _by_the_book(marks, places, header):
            return None
        if (places[1::2] - places[::2] > 1).any():  # a field that is quoted and not empty
            outside = np.cumsum(quotes, dtype=np.uint8) & 1 == 0
            separators &= outside
            ends &= outside
    stops = np.flatnonzero(ends)
    if not text.endswith(b"\n"):
        stops = np.append(stops, len(text))
    sizes = np.diff(stops, prepend=-1)
    if sizes.max() > field_limit or _blank_line(marks, stops, sizes):
        return None
    return len(stops) if _fields_fit(np.flatnonzero(separators), stops, header) else None


def _stray_return(text: bytes) -> bool:
    return b"\r" in text and text.count(b"\r") != text.count(b"\r\n")


def _blank_line(marks: Bytes, stops: Places, sizes: Places) -> bool:
    return bool((sizes == 1).any() or (marks[stops[sizes == 2] - 1] == RETURN).any())


def _by_the_book(marks: Bytes, places: Places, header: Header) -> bool:
    """Quotes open and close in turn: one opens where a field begins or right after one that
    closed (a doubled quote), and closes where a field ends or before one that opens."""
    if len(places) % 2:
        return False
    opening, closing = places[::2], places[1::2]
    before = marks[opening - (opening > 0)]
    after = marks[np.minimum(closing + 1, len(marks) - 1)]
    sign = ord(header.separator)
    begins = (before == sign) | (before == LINE_END) | (before == QUOTE)
    stops = (after == sign) | (after == LINE_END) | (after == QUOTE) | (after == RETURN)
    return bool(begins.all() and stops.all())


def _fields_fit(separators: Places, stops: Places, header: Header) -> bool:
    """Whether each record has its number of separators, all of them between its two ends."""
    wanted = header.fields - 1
    if len(separators) != wanted * len(stops):
        return False
    if not wanted:
        return True
    of_record = separators.reshape(len(stops), wanted)
    return bool((of_record[:, -1] < stops).all() and (of_record[1:, 0] > stops[:-1]).all())
