"""Opens a database for reading only: DuckDB and SQLite files, PostgreSQL by its address.

What a driver says is never shown: it may quote a password or a value. DuckDB and PostgreSQL need
the optional packages of `screener[databases]`; nothing is installed or fetched by itself.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import polars as pl

from screener.errors import InputRefused, UsageError

BATCH_ROWS = 100_000
Query = Callable[[str], Iterator[pl.DataFrame]]


@dataclass(slots=True)
class Database:
    """An open database.

    query: the text columns of a SELECT batch by batch; text_of: the SQL that makes a column text;
    keeps_order: the rows of a table always come in one order, unasked; waiting: the tables that
    are still to be read.
    """

    label: str
    query: Query
    close: Callable[[], None]
    text_of: Callable[[str], str]
    keeps_order: bool = False
    waiting: set[str] = field(default_factory=set)


def without_password(address: str) -> str:
    """The address of a database as it may be shown: kind, host, port and name, nothing else."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
        return f"postgresql://{parts.hostname or ''}{port}{unquote(parts.path)}"
    except ValueError:
        return "postgresql://"


def opened(given: str, kind: str) -> Database:
    """The database, inside a read-only transaction. Raises UsageError, InputRefused."""
    if kind == "postgresql":
        return _open_postgresql(given)
    label = Path(given).name
    try:
        return _open_duckdb(given, label) if kind == "duckdb" else _open_sqlite(given, label)
    except (OSError, sqlite3.Error):
        raise _not_opened(label) from None


def _open_sqlite(given: str, label: str) -> Database:
    connection = sqlite3.connect(
        f"{Path(given).resolve().as_uri()}?mode=ro", uri=True, isolation_level=None
    )
    connection.execute("BEGIN")

    def query(sql: str) -> Iterator[pl.DataFrame]:
        cursor = connection.execute(sql)
        schema = {column[0]: pl.String() for column in cursor.description}
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield pl.DataFrame(rows, schema=schema, orient="row")

    return Database(label, _guarded(query, label), connection.close, _sqlite_text_of)


def _open_duckdb(given: str, label: str) -> Database:
    duckdb, nanoarrow = _package("duckdb"), _package("nanoarrow")
    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "enable_external_access": "false",
        "memory_limit": "1GB",
        "temp_directory": "",  # nothing of a patient is written beside the file
    }
    try:
        # A file open here is written by nobody, and its rows keep their order.
        connection = duckdb.connect(given, read_only=True, config=settings)
    except Exception:
        raise _not_opened(label) from None

    def query(sql: str) -> Iterator[pl.DataFrame]:
        with connection.cursor() as cursor:
            yield from _larger(pl.DataFrame(c) for c in nanoarrow.ArrayStream(cursor.sql(sql)))

    return Database(label, _guarded(query, label), connection.close, _text_of, keeps_order=True)


def _open_postgresql(given: str) -> Database:
    driver, nanoarrow = _package("adbc_driver_postgresql.dbapi"), _package("nanoarrow")
    label = without_password(given)
    try:
        connection = driver.connect(given)
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET datestyle TO 'ISO, YMD'")
    except Exception:
        raise _not_opened(label) from None

    def query(sql: str) -> Iterator[pl.DataFrame]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            stream = nanoarrow.ArrayStream(cursor.fetch_arrow())
            yield from _larger(pl.DataFrame(chunk) for chunk in stream)

    return Database(label, _guarded(query, label), connection.close, _text_of)


def _larger(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of about BATCH_ROWS."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if sum(one.height for one in held) >= BATCH_ROWS:
            yield pl.concat(held, rechunk=True)
            held = []
    if held:
        yield pl.concat(held, rechunk=True)


def _guarded(query: Query, label: str) -> Query:
    """The query without what the driver says when it fails, and never with views of its memory."""

    def safe(sql: str) -> Iterator[pl.DataFrame]:
        try:
            for frame in query(sql):
                yield frame.cast(pl.String)
        except GeneratorExit:
            raise
        except Exception:
            raise InputRefused(
                "the database stopped answering, or a table of it cannot be read.",
                where=label,
                fix="Check the connection and the rights to read, and run again.",
            ) from None

    return safe


def _text_of(name: str) -> str:
    return f"CAST({quoted_name(name)} AS text) AS {quoted_name(name)}"


def _sqlite_text_of(name: str) -> str:
    """SQLite has no dates; R's DatabaseConnector writes them as seconds since 1970, in a REAL.

    Smaller numbers may be days or anything else: they stay what they are, and are unreadable.
    """
    if not name.lower().endswith("_date"):
        return _text_of(name)
    column = quoted_name(name)
    return (
        f"CASE WHEN typeof({column}) = 'real' AND abs({column}) >= 1e7 "
        f"THEN date({column}, 'unixepoch') ELSE CAST({column} AS text) END AS {column}"
    )


def quoted_name(name: str) -> str:
    """A name of a table or column as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise UsageError(
            f"reading this database needs the package {re.sub('[._].*', '', name)}.",
            fix="Install it with: pip install 'screener[databases]'.",
        ) from None


def _not_opened(label: str) -> InputRefused:
    return InputRefused(
        "the database cannot be opened.",
        where=label,
        fix="Check the address or path, the user, the password (PGPASSWORD or a password file) "
        "and whether another program holds it.",
    )
