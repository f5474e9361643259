"""The line of column names: what makes a file readable as the table it claims to be."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from screener.errors import InputRefused

COLUMN_LIMIT = 512
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


@dataclass(frozen=True, slots=True)
class Header:
    """The column names of a delimited file; surplus = every row ends in one empty extra field."""

    names: tuple[str, ...]
    separator: str
    surplus: bool = False

    @property
    def fields(self) -> int:
        """How many fields a record must have."""
        return len(self.names) + self.surplus


def read_header(
    first: bytes, separator: str, where: str, exact: bool = False
) -> tuple[Header, bytes]:
    """The header, and the text after it. Raises InputRefused; names of columns are not shown.

    exact: names that differ in letter case or spaces only are two columns (a mapping says
    which of them it means).
    """
    head, _, rest = first.partition(b"\n")
    if not head.strip():
        raise InputRefused(
            "the first line is blank; it must name the columns.",
            where=where,
            fix="Delete the blank lines at the top.",
        )
    line = head.decode().rstrip("\r")
    if line.startswith("#") or re.fullmatch(r"sep=.", line, re.IGNORECASE):
        raise InputRefused(
            "the first line is a remark for another program, not the column names.",
            where=where,
            fix="Delete the lines above the column names.",
        )
    try:
        cells = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        raise InputRefused(
            "the line of column names has a quote that does not end, or a line end in a name.",
            where=where,
            fix="Put every column name on the first line.",
        ) from None
    if len(cells) > COLUMN_LIMIT:
        raise InputRefused(
            f"the file has {len(cells)} columns; at most {COLUMN_LIMIT} can be read.",
            where=where,
            fix="Export the needed columns only.",
        )
    names = _distinct(cells, where, exact)
    header = Header(names, separator)
    return Header(names, separator, _all_end_in_surplus(rest, header)), rest


def _distinct(cells: list[str], where: str, exact: bool) -> tuple[str, ...]:
    """The names, blank ones replaced by a name nobody maps; refuses two that read the same."""
    first: dict[str, int] = {}
    for at, cell in enumerate(cells, start=1):
        folded = cell if exact and cell.strip() else cell.strip().casefold()
        if folded and folded in first:
            raise InputRefused(
                f"columns {first[folded]} and {at} have the same name (letter case and spaces "
                "apart).",
                where=where,
                fix="Give every column its own name.",
            )
        first.setdefault(folded, at)
    return tuple(
        cell if cell.strip() else f"\0blank {at}" for at, cell in enumerate(cells, start=1)
    )


def _all_end_in_surplus(rest: bytes, header: Header) -> bool:
    """Some exports end every row, but not the header, in a separator."""
    lines = [line for line in rest[: 1 << 20].split(b"\n")[:-1] if line.strip()][:1000]
    wanted, fits = len(header.names) + 1, False
    try:
        text = (line.decode() + "\n" for line in lines)
        for row in csv.reader(text, delimiter=header.separator, strict=True):
            fits = len(row) == wanted and not row[-1]
            if not fits:
                break
    except csv.Error as problem:  # the last of the first lines may open a quote
        return fits and "unexpected end of data" in str(problem)
    return fits


def other_separator(header: Header, required: set[str]) -> str | None:
    """The name of the separator that would give the required columns, if there is one."""
    if len(header.names) != 1:
        return None
    for separator, name in SEPARATOR_NAMES.items():
        if required <= {cell.strip('" ') for cell in header.names[0].split(separator)}:
            return name
    return None
