"""The SQLite file of the history: its shape, its settings, and how one is opened safely.

A cache of the run folders, which are the truth: it can always be made again from them. It holds
facts of runs and, of findings, id, rule, site, severity and certainty; nothing else of a patient.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

WAIT_MS = 30_000
TABLES = {"runs", "spans"}
NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "lustre")
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


# Each brings the file one version further; never changed once released.
MIGRATIONS: Sequence[Change] = (_first,)


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
        _chain_holds(connection)
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError as error:
        connection.close()
        raise Damaged("it cannot be read") from error
    except (Newer, Damaged):
        connection.close()
        raise
    return connection


def _sound(connection: sqlite3.Connection, version: int) -> None:
    if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
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
    journal = "DELETE" if _over_network(path) else "WAL"
    connection.execute(f"PRAGMA journal_mode = {journal}")


def _over_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether a file lies on a network file system, as far as the system says."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    places = [line.split()[1:3] for line in lines if len(line.split()) > 2]
    whole = path.resolve()
    around = [(place, kind) for place, kind in places if whole.is_relative_to(place)]
    kind = max(around, key=lambda one: len(one[0]), default=("", ""))[1]
    return kind.startswith(NETWORK)


def _copied(path: Path, connection: sqlite3.Connection, version: int) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = path.with_name(f"{path.stem}.version-{version}{path.suffix}")
    shutil.copyfile(path, copy)
    os.chmod(copy, 0o600)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and nobody else writes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
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
