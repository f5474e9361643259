"""The SQLite file of the history: its shape, its settings, and how one is opened safely.

A cache of the run folders, which are the truth: it can always be made again from them. It holds
facts of runs and, of findings, id, rule, site, severity and certainty; nothing else of a patient.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from screener.outputs.room import over_network

WAIT_MS = 30_000
TABLES = {"runs", "spans"}
NOT_NOW = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_INTERRUPT,
}  # fmt: skip
# The header's byte that says how the file may be written: by the classic journal, or a log.
WRITE_VERSION, WRITE_VERSIONS = 18, (b"\x01", b"\x02")
UNFORESEEN = (sqlite3.DatabaseError, ValueError, TypeError, ArithmeticError)
Change = Callable[[sqlite3.Connection], None]


class Newer(Exception):
    """The file was written by a newer version of the program; it is left untouched."""


class Damaged(Exception):
    """The file cannot be read as a history."""


def _first(connection: sqlite3.Connection) -> None:
    connection.execute(
        # seq: order of publishing. facts: canonical JSON of what trends and comparisons need.
        # chain: SHA-256 of the chain before and of the facts.
        "CREATE TABLE runs (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, as_of INTEGER NOT NULL,"
        " folder TEXT NOT NULL, counts INTEGER NOT NULL, facts TEXT NOT NULL,"
        " chain TEXT NOT NULL) STRICT"
    )
    connection.execute(
        # A finding as it was from first_day to the day before end_day (null: until now), by as-of
        # days counted from 1970-01-01.
        "CREATE TABLE spans (finding INTEGER NOT NULL, first_day INTEGER NOT NULL,"
        " end_day INTEGER, rule TEXT NOT NULL, site TEXT NOT NULL, severity INTEGER NOT NULL,"
        " definite INTEGER NOT NULL, first_seen INTEGER NOT NULL,"
        " PRIMARY KEY (finding, first_day)) STRICT, WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX open_spans ON spans (finding) WHERE end_day IS NULL")


def _second(connection: sqlite3.Connection) -> None:
    # version: as user_version, in every later version too: a file of a newer program is told by it
    # from one with a changed byte. content: a sum over the other tables; see `_summed`.
    connection.execute(
        "CREATE TABLE sums (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )


# Each brings the file one version further; never changed once released.
MIGRATIONS: Sequence[Change] = (_first, _second)


def connect(path: Path, migrations: Sequence[Change] = MIGRATIONS) -> sqlite3.Connection:
    """Open or make the file (0600), checked and of this version.

    Raises Newer, Damaged, and sqlite3.OperationalError when another program holds it for 30 s.
    An older file is copied beside itself before it is changed.
    """
    fresh = not path.exists() or path.stat().st_size == 0
    if fresh:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    connection = sqlite3.connect(path, timeout=WAIT_MS / 1000, isolation_level=None)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            if _sums(connection).get("version") != str(version):
                raise Damaged("its version is no version")
            raise Newer(f"version {version}, and this program knows {len(migrations)}")
        os.chmod(path, 0o600)
        _settle(connection, path)
        if not fresh:
            _sound(connection, version)
        if version < len(migrations):
            if not fresh:
                _copied(path, connection, version)
            with transaction(connection):
                for change in migrations[version:]:
                    change(connection)
                connection.execute(f"PRAGMA user_version = {len(migrations)}")
                seal(connection)
        with transaction(connection, "DEFERRED"):  # nobody's commit falls between the two
            _chain_holds(connection)
            if _sums(connection) != _summed(connection):
                raise Damaged("a row was changed")
    except BaseException as error:
        connection.close()
        # What a changed byte leads to is not foreseen: texts that are none, columns that are gone.
        if isinstance(error, UNFORESEEN) and not _not_now(error, path):
            raise Damaged("it cannot be read") from error
        raise
    return connection


def _not_now(error: Exception, path: Path) -> bool:
    """Whether the file may be sound, and is held by another program or refused by the system."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return False
    if code & 0xFF == sqlite3.SQLITE_READONLY:  # also where its header forbids to write
        with path.open("rb") as file:
            return file.read(WRITE_VERSION + 1)[WRITE_VERSION:] in WRITE_VERSIONS
    return code & 0xFF in NOT_NOW


def _sound(connection: sqlite3.Connection, version: int) -> None:
    if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        raise Damaged("its pages do not fit together")
    named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    if version and not {name for (name,) in named} >= TABLES:
        raise Damaged("it has lost a table")


def _settle(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    # A write-ahead log needs memory that all programs share, which a network file system lacks.
    journal = "DELETE" if over_network(path) else "WAL"
    connection.execute(f"PRAGMA journal_mode = {journal}")


def _copied(path: Path, connection: sqlite3.Connection, version: int) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = path.with_name(f"{path.stem}.version-{version}{path.suffix}")
    shutil.copyfile(path, copy)
    os.chmod(copy, 0o600)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All or nothing, and nobody else writes meanwhile."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def chained(before: str, facts: str) -> str:
    """The link of a run: SQLite has no checksums of its own."""
    return hashlib.sha256(f"{before}\n{facts}".encode()).hexdigest()


def _chain_holds(connection: sqlite3.Connection) -> None:
    before = ""
    for facts, chain in connection.execute("SELECT facts, chain FROM runs ORDER BY seq"):
        if chain != chained(before, facts):
            raise Damaged("the facts of a run were changed")
        before = chain


def seal(connection: sqlite3.Connection) -> None:
    """Note what the tables hold, at the end of the transaction that changed them."""
    rows = _summed(connection).items()
    connection.executemany("INSERT OR REPLACE INTO sums (name, value) VALUES (?, ?)", rows)


def _sums(connection: sqlite3.Connection) -> dict[str, str]:
    """What was noted last."""
    return dict(connection.execute("SELECT name, value FROM sums").fetchall())


def _summed(connection: sqlite3.Connection) -> dict[str, str]:
    """The version, and a sum that is another when one cell of one row is another: of the spans the
    sum of each column, of the runs every cell but the facts, which the chain holds."""
    crc = functools.cache(lambda text: zlib.crc32(text.encode()))
    connection.create_function("crc", 1, crc, deterministic=True)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    runs = connection.execute("SELECT seq, run_id, as_of, folder, counts FROM runs ORDER BY seq")
    spans = connection.execute(
        "SELECT count(*), count(end_day), sum(end_day), sum(first_day), sum(first_seen),"
        " sum(severity), sum(definite), sum(crc(rule)), sum(crc(site)),"
        " sum(finding & 0xffffffff), sum(finding >> 32) FROM spans"
    )
    content = json.dumps([runs.fetchall(), spans.fetchall()])
    return {"version": str(version), "content": hashlib.sha256(content.encode()).hexdigest()}
