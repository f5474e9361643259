"""Reads a filled-in review list as people save it: XLSX or CSV, columns in any order.

Only four columns are read. What reviewers wrote as a comment is never looked at, and no cell is
ever part of a message.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from screener.errors import UsageError

COLUMNS = ("finding_id", "outcome", "reviewed_on", "reviewed_by")
NEEDED = COLUMNS[:2]
ENDINGS = (".csv", ".xlsx")
MOST_BYTES = 50_000_000  # of a file, and of what a workbook unpacks to
MOST_ROWS = 50_000  # ten whole review lists
_SEPARATORS = ",;\t"
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")  # a workbook needs neither; entities can grow without end


@dataclass(frozen=True, slots=True)
class Review:
    """One row of a review list, as text; `row` counts as a spreadsheet does, the header being 1."""

    row: int
    finding_id: str
    outcome: str
    reviewed_on: str
    reviewed_by: str


@dataclass(frozen=True, slots=True)
class ReviewFile:
    """One review list: its name without folders, the hash of its bytes, and its rows."""

    name: str
    sha256: str
    reviews: tuple[Review, ...]


def read_reviews(paths: Iterable[Path]) -> tuple[ReviewFile, ...]:
    """The review lists of files and folders (their .csv and .xlsx), by name; the same bytes once.

    Raises UsageError when a file is none, is too large or cannot be read.
    """
    found: dict[str, ReviewFile] = {}
    for path in paths:
        for file in _files_at(path):
            one = read_review_file(file)
            found.setdefault(one.sha256, one)
    return tuple(sorted(found.values(), key=lambda one: (one.name, one.sha256)))


def _files_at(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    # A spreadsheet that is open leaves a lock file beside, which begins with ~ or a dot.
    files = (p for p in path.iterdir() if p.suffix.lower() in ENDINGS and p.name[0] not in "~.")
    return sorted(files)


def read_review_file(path: Path) -> ReviewFile:
    """One review list. Raises UsageError."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            "A review list is a .csv or .xlsx file.", where=str(path), fix="Save it as one of them."
        )
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError("The review list is too large.", where=str(path), fix=_SMALLER)
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"The review list cannot be read ({error.strerror}).",
            where=str(path),
            fix="Give files or folders that this user may read with --reviews.",
        ) from error
    sheets = _sheets(data, path) if path.suffix.lower() == ".xlsx" else [_records(data, path)]
    for rows in sheets:
        places = _places(rows, path)
        if places is not None:
            reviews = tuple(_reviews(rows, places))
            return ReviewFile(path.name, hashlib.sha256(data).hexdigest(), reviews)
    raise UsageError(
        "No row of this file is the header of a review list.",
        where=str(path),
        fix="Keep the columns finding_id and outcome; the others may be moved or left out.",
    )


_SMALLER = f"It may have {MOST_ROWS:,} rows and {MOST_BYTES // 1_000_000} MB."


def _records(data: bytes, path: Path) -> list[list[str]]:
    """The records of a CSV, whatever separator and encoding the spreadsheet chose.

    The columns that are read are plain ASCII in every encoding of a byte; UTF-16 has its mark.
    """
    utf_16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = data.decode("utf-16" if utf_16 else "utf-8-sig", errors="replace")
    first = text.partition("\n")[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:
        separators, text = first[-1], "\n" + text.partition("\n")[2]
    else:
        separators = _SEPARATORS
    best: list[list[str]] = []
    for separator in separators:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
            rows = list(itertools.islice(reader, MOST_ROWS + 2))
        except csv.Error:
            continue
        if _header_at(rows) is not None:
            return _not_too_long(rows, path)
        best = best or rows
    return _not_too_long(best, path)


def _sheets(data: bytes, path: Path) -> list[list[list[str]]]:
    """The rows of every sheet of a workbook, as text."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        _refuse_bombs(data, path)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        return [
            _not_too_long(
                [
                    [_as_text(cell) for cell in row]
                    for row in itertools.islice(sheet.iter_rows(values_only=True), MOST_ROWS + 2)
                ],
                path,
            )
            for sheet in book.worksheets
        ]
    except UsageError:
        raise
    # openpyxl raises whatever its parts raise on damaged content; none of it may be shown.
    except (InvalidFileException, zipfile.BadZipFile, Exception) as error:
        raise UsageError(
            "The review list is no workbook that can be read.",
            where=str(path),
            fix="Save it again as .xlsx, or as .csv.",
        ) from error


def _refuse_bombs(data: bytes, path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if sum(part.file_size for part in parts.infolist()) > MOST_BYTES:
            raise UsageError("The review list is too large.", where=str(path), fix=_SMALLER)
        for part in parts.infolist():
            content = parts.read(part).upper() if part.filename.endswith((".xml", ".rels")) else b""
            if any(word in content for word in _FORBIDDEN):
                raise UsageError("The workbook declares entities.", where=str(path))


def _not_too_long(rows: list[list[str]], path: Path) -> list[list[str]]:
    if len(rows) > MOST_ROWS + 1:
        raise UsageError("The review list is too large.", where=str(path), fix=_SMALLER)
    return rows


def _as_text(cell: object) -> str:
    """A cell as text; a date as YYYY-MM-DD, whatever the spreadsheet made of it."""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return "" if cell is None else str(cell)


def _name(cell: str) -> str:
    return "_".join(cell.lower().split())


def _header_at(rows: Sequence[Sequence[str]]) -> int | None:
    """The place of the header among the first rows; None without one."""
    for place, row in enumerate(rows[:5]):
        if set(NEEDED) <= {_name(cell) for cell in row}:
            return place
    return None


def _places(rows: list[list[str]], path: Path) -> tuple[int, dict[str, int]] | None:
    """Where the header stands, and the place of each column of COLUMNS in it."""
    at = _header_at(rows)
    if at is None:
        return None
    names = [_name(cell) for cell in rows[at]]
    for name in COLUMNS:
        if names.count(name) > 1:
            raise UsageError(
                f"The column {name} stands there twice.", where=str(path), fix="Leave one of them."
            )
    return at, {name: names.index(name) for name in COLUMNS if name in names}


def _reviews(rows: list[list[str]], places: tuple[int, dict[str, int]]) -> Iterator[Review]:
    header, columns = places
    for number, row in enumerate(rows[header + 1 :], start=header + 2):
        cells = {
            name: row[columns[name]].strip() if name in columns and columns[name] < len(row) else ""
            for name in COLUMNS
        }
        if any(cells.values()):
            yield Review(number, **cells)
