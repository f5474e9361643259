"""Runs into the history's file, and out of it: what the keeper reads and writes there."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from screener.errors import UsageError
from screener.history import spans
from screener.history.database import chained, seal, transaction
from screener.history.series import EPOCH, facts_of
from screener.history.states import Before, Looked
from screener.outputs.run_folder import read_run, run_folders, table

FILE = "history.sqlite"
LATE = "came_late"  # in run.json
# What a folder that was changed or lost a file raises.
UNREADABLE = (UsageError, OSError, pl.exceptions.PolarsError, LookupError, TypeError, ValueError)


def day_of(text: str) -> int:
    """An as-of date as the history counts it."""
    return (dt.date.fromisoformat(text) - EPOCH).days


def nights_before(connection: sqlite3.Connection, before: int) -> list[dict[str, Any]]:
    """Facts of the runs that stand for the days before, oldest first."""
    rows = connection.execute(
        "SELECT facts FROM runs WHERE counts = 1 AND as_of < ? ORDER BY as_of", (before,)
    )
    return [json.loads(facts) for (facts,) in rows]


def before_of(connection: sqlite3.Connection, night: Mapping[str, Any]) -> Before:
    day = day_of(night["as_of"])
    looked = Looked(night["rules"], frozenset(night["sites"]))
    stood, ended = spans.on_day(connection, day), spans.ended_by(connection, day)
    return Before(night["run_id"], day, looked, stood, ended)


def stands(connection: sqlite3.Connection, run: Mapping[str, Any], folder: str) -> bool:
    """Whether the run, as it is now, stands for its day."""
    row = connection.execute(
        "SELECT folder, facts FROM runs WHERE as_of = ? AND counts = 1", (day_of(run["as_of"]),)
    ).fetchone()
    return bool(row == (folder, _as_text(facts_of(run))))


def comes_late(
    connection: sqlite3.Connection, out: Path, run: Mapping[str, Any]
) -> dict[str, bool]:
    """What run.json says of a run of an earlier day than the newest, which adds no findings: so a
    history that is made again leaves them out too. One that is made again (--force) stays what it
    was."""
    day = day_of(run["as_of"])
    (newest,) = connection.execute("SELECT max(as_of) FROM runs WHERE counts = 1").fetchone()
    if newest is None or day >= newest:
        return {}
    stood = connection.execute(
        "SELECT folder FROM runs WHERE as_of = ? AND run_id = ? AND counts = 1",
        (day, run["run_id"]),
    ).fetchone()
    try:
        late = stood is None or LATE in read_run(out / stood[0])
    except UsageError:  # its folder was deleted
        late = True
    return {LATE: True} if late else {}


def take_up(connection: sqlite3.Connection, out: Path) -> list[str]:
    """Remember every published run that is not known, oldest first; a sentence about each that
    cannot be read."""
    known = {folder for (folder,) in connection.execute("SELECT folder FROM runs")}
    missing = [folder for folder in run_folders(out) if folder.name not in known]
    unread: list[str] = []
    runs = [(run, folder) for folder in missing if (run := _readable(folder, unread)) is not None]
    mine = [(run, folder) for run, folder in runs if "trends" in run]
    mine.sort(key=lambda one: (one[0]["as_of"], one[0].get("started_at") or "", one[1].name))
    for _, folder in mine:
        try:
            remember(connection, folder)
        except sqlite3.OperationalError:
            raise
        except UNREADABLE:
            unread.append(folder.name)
    return [
        f"The run {name} is not in the history {FILE}, since its folder is damaged: put it back "
        "from a copy, or remove it."
        for name in unread
    ]


def _readable(folder: Path, unread: list[str]) -> dict[str, Any] | None:
    try:
        run = read_run(folder)
        if "trends" in run:
            facts_of(run)
    except UNREADABLE:
        unread.append(folder.name)
        return None
    return run


def _as_text(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def remember(connection: sqlite3.Connection, folder: Path) -> None:
    """Add one run, in one transaction. One of an earlier day than the newest adds its numbers, and
    no findings: what came after it was compared without it."""
    run = read_run(folder)
    day = day_of(run["as_of"])
    now = spans.of_run((table(folder, "findings"), table(folder, "pilot_findings")), day)
    with transaction(connection):
        newest = connection.execute("SELECT max(as_of) FROM runs WHERE counts = 1").fetchone()[0]
        if (newest is None or day >= newest) and LATE not in run:
            if day == newest:
                spans.forget_day(connection, day)
            nights = nights_before(connection, day)
            before = before_of(connection, nights[-1]) if nights else None
            nothing = pl.DataFrame(schema=spans.SPANS)
            facts = facts_of(run)
            spans.add_day(
                connection,
                now,
                before.stood if before else nothing,
                before.ended if before else nothing,
                looked=Looked(facts["rules"], frozenset(facts["sites"])).at("rule", "site"),
                day=day,
            )
        connection.execute("UPDATE runs SET counts = 0 WHERE as_of = ?", (day,))
        last = connection.execute("SELECT chain FROM runs ORDER BY seq DESC LIMIT 1").fetchone()
        text = _as_text(facts_of(run))
        connection.execute(
            "INSERT INTO runs (run_id, as_of, folder, counts, facts, chain)"
            " VALUES (?, ?, ?, 1, ?, ?)",
            (
                run["run_id"],
                day,
                folder.name,
                text,
                chained(last[0] if last else "", text),
            ),
        )
        seal(connection)
