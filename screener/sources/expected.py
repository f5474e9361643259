"""Exports with the hashes that their maker stated: a side-car as `sha256sum` writes it.

A file that was cut off, changed or damaged on its way (a flipped bit in Parquet is read as other
data without an error) is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from screener.errors import InputRefused, UsageError
from screener.tables import Export, RawBatch, RawFile

LINE = re.compile(r"(?P<escaped>\\?)(?P<hash>[0-9a-fA-F]{64}) [ *](?P<name>.+)")
ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
LARGEST = 16 << 20  # bytes; a longer file is no side-car

Expected = Mapping[tuple[str, ...], str]  # parts of a path -> SHA-256 in small letters
Reads = Callable[..., Export]  # `read_export`, or a function with its arguments


def read_expected(path: Path) -> Expected:
    """The lines of a side-car. Raises UsageError with the first line that is none of `sha256sum`,
    and for a file that is named twice with different hashes."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST else b"\xff"
        lines = raw.decode("utf-8").removeprefix("\ufeff").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The file of expected hashes cannot be read.",
            where=str(path),
            fix="Make it with `sha256sum FILE... > SHA256SUMS`.",
        ) from error
    found: dict[tuple[str, ...], str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fits = LINE.fullmatch(line)
        if fits is None:
            raise UsageError(
                "This line is not one of `sha256sum`: 64 hex digits, two spaces, a file's name.",
                where=f"{path}:{number}",
                fix="Make the file with `sha256sum FILE... > SHA256SUMS`.",
            )
        name = fits["name"]
        if fits["escaped"]:
            name = re.sub(r"\\[\\nr]", lambda one: ESCAPES[one[0]], name)
        digest = fits["hash"].lower()
        if found.setdefault(Path(name).parts, digest) != digest:
            raise UsageError(
                "A file is named twice with different hashes.", where=f"{path}:{number}"
            )
    if not found:
        raise UsageError(
            "The file of expected hashes names no file.",
            where=str(path),
            fix="Make it with `sha256sum FILE... > SHA256SUMS`.",
        )
    return found


def checking(read: Reads, expected: Expected | None) -> Reads:
    """`read`, where the last batch of a file raises InputRefused when its bytes are not those that
    were stated. A file without a line, and a line without a file, are notices."""
    return read if expected is None else partial(_read_checked, read, expected)


def _read_checked(read: Reads, expected: Expected, exports: list[str], **more: Any) -> Export:
    export = read(exports, **more)
    lines = {file.path_as_given: _line_of(file, expected) for file in export.files}
    names = {file.path_as_given: file.name for file in export.files}
    without = sorted(names[path] for path, line in lines.items() if line is None)
    unused = len(expected.keys() - set(lines.values()))
    notices = [f"{name}: no SHA-256 is stated for it in --expect-sha256" for name in without]
    if unused:
        notices.append(f"--expect-sha256: lines that name none of the files read: {unused}")
    files = tuple(
        file
        if (line := lines[file.path_as_given]) is None
        else dataclasses.replace(file, batches=partial(_checked, file, expected[line]))
        for file in export.files
    )
    return dataclasses.replace(export, files=files, notices=(*export.notices, *notices))


def _line_of(file: RawFile, expected: Expected) -> tuple[str, ...] | None:
    """The longest name that is the end of the file's path."""
    parts = Path(file.path_as_given).resolve().parts
    ends = (parts[at:] for at in range(len(parts)))
    return next((end for end in ends if end in expected), None)


def _checked(file: RawFile, stated: str) -> Iterator[RawBatch]:
    for batch in file.batches():
        if batch.end is not None and batch.end.sha256 != stated:
            raise InputRefused(
                "the file is not the one whose SHA-256 is stated in --expect-sha256.",
                where=file.name,
                fix="Copy or export it again, with its hash.",
            )
        yield batch
