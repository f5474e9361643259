"""Which files belong to an export, and which canonical table each of them holds.

Paths are literal: nothing is expanded, and nothing but a local regular file is opened.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from screener.errors import InputRefused, UsageError
from screener.sources import mapping as mappings
from screener.sources.mapping import Mapping
from screener.tables import TABLES

FORMATS = (".csv", ".tsv", ".parquet", ".ndjson")
PACKED = mappings.PACKED
TEXT_FORMAT = ".txt"  # only where a mapping says how it is separated
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read: `name` is unique in the run, `format` one of FORMATS or TEXT_FORMAT."""

    name: str
    path: Path
    path_as_given: str
    table: str
    format: str


def find_files(
    exports: Iterable[str],
    mapping: Mapping,
    tables: dict[str, list[str]] | None,
    known: frozenset[str] = frozenset(),
) -> tuple[list[Found], list[str]]:
    """The files of an export in the order given (folders by name), and notices.

    known: names of files that were read before and that these are added to.
    Raises UsageError for a URL or a file whose table cannot be told, InputRefused for a path
    that is missing or is no regular file, or when there is no file of prescriptions.
    """
    found: list[Found] = []
    notices: list[str] = []
    for given in exports:
        path = literal(given)
        if path.is_dir():
            found += _in_folder(path, given, mapping, notices)
        else:
            found.append(_one_file(path, given, _table_of(path, mapping), mapping))
    for table, paths in (tables or {}).items():
        if table not in TABLES:
            raise UsageError(
                f"'{table}' is not a table.", fix=f"The tables are {', '.join(TABLES)}."
            )
        found += [_one_file(literal(given), given, table, mapping) for given in paths]
    refuse_twice(found)
    if not known and not any(file.table == "prescriptions" for file in found):
        raise InputRefused(
            "no file of prescriptions was found in the export.",
            fix="Name it prescriptions*.csv, or give its path with --prescriptions.",
        )
    return with_unique_names(found, known), notices


def format_of(name: str) -> str | None:
    """The format that a file name's ending stands for, or None."""
    bare = name.lower()
    for ending in PACKED:
        bare = bare.removesuffix(ending)
    return next((f for f in (*FORMATS, TEXT_FORMAT) if bare.endswith(f)), None)


def literal(given: str) -> Path:
    """A path as it is written. Raises UsageError for an address."""
    if URL.match(given):
        raise UsageError(
            "an export must be a local path, not an address.",
            where=given.split("://", 1)[0] + "://",
            fix="Copy the file to this machine first.",
        )
    return Path(given)


def check_regular(path: Path, given: str) -> None:
    """Raises InputRefused unless the path is a regular file that may be read."""
    try:
        mode = path.stat().st_mode
    except OSError as problem:
        reason = "there is no such file" if isinstance(problem, FileNotFoundError) else None
        raise InputRefused(
            f"{reason or 'the file cannot be opened'}.",
            where=given,
            fix="Check the path and the permissions.",
        ) from problem
    if not stat.S_ISREG(mode):
        raise InputRefused(
            "this is no regular file (a pipe, a device or a socket).",
            where=given,
            fix="Write it to a file first, so that it can be read and hashed.",
        )
    if not os.access(path, os.R_OK):
        raise InputRefused("the file may not be read.", where=given, fix="Check its permissions.")


def _in_folder(folder: Path, given: str, mapping: Mapping, notices: list[str]) -> list[Found]:
    taken: list[Found] = []
    ignored: list[str] = []
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.name.startswith("."):
            continue
        table = None if path.is_dir() or format_of(path.name) is None else _table_of(path, mapping)
        if table is None:
            ignored.append(path.name)
            continue
        taken.append(_one_file(path, os.path.join(given, path.name), table, mapping))
    if ignored:
        count = "1 entry is" if len(ignored) == 1 else f"{len(ignored)} entries are"
        shown = ", ".join(ignored[:8]) + (", ..." if len(ignored) > 8 else "")
        notices.append(f"{given}: {count} not read, as their names stand for no table: {shown}")
    return taken


def _table_of(path: Path, mapping: Mapping) -> str | None:
    """The table by file name: the mapping's patterns, else the name's beginning."""
    bare = path.name.lower()
    for ending in PACKED:
        bare = bare.removesuffix(ending)
    if mapping.is_native:
        return next((table for table in TABLES if bare.startswith(table)), None)
    return next((table for table, rules in mapping.tables.items() if rules.reads(path.name)), None)


def _one_file(path: Path, given: str, table: str | None, mapping: Mapping) -> Found:
    check_regular(path, given)
    format_name = format_of(path.name)
    if format_name is None or (format_name == TEXT_FORMAT and mapping.is_native):
        raise UsageError(
            "the file's ending is not one that can be read.",
            where=given,
            fix="Use .csv, .tsv, .parquet or .ndjson, plain or with .gz or .zst.",
        )
    if table is None:
        raise UsageError(
            "the file's name does not say which table it holds.",
            where=given,
            fix=f"Begin the name with one of {', '.join(TABLES)}, or give the path with "
            "--prescriptions, --patients, --labs, --conditions or --admissions.",
        )
    if not mapping.is_native and table not in mapping.tables:
        raise UsageError(
            f"the mapping '{mapping.name}' does not say how to read {table}.", where=given
        )
    return Found(path.name, path, given, table, format_name)


def refuse_twice(found: list[Found]) -> None:
    """Raises InputRefused when a path is given twice."""
    seen: dict[Path, Found] = {}
    for file in found:
        real = file.path.resolve()
        if real in seen:
            raise InputRefused(
                "the same file is given twice.",
                where=file.path_as_given,
                fix="Give every file of the export once.",
            )
        seen[real] = file


def with_unique_names(found: list[Found], known: frozenset[str] = frozenset()) -> list[Found]:
    """Base names, numbered where two files share one, so that 'file:row' stays unambiguous."""
    taken = set(known)
    named: list[Found] = []
    for file in found:
        name, number = file.name, 1
        while name in taken:
            number += 1
            stem, dot, endings = file.name.partition(".")
            name = f"{stem} ({number}){dot}{endings}"
        taken.add(name)
        named.append(replace(file, name=name))
    return named
