"""The history of an output folder, as a run uses it: compare with the past, then be remembered.

A run is published first and remembered after that; one that was not (a kill in between, a file that
somebody held) is taken up when the history is opened next. Whatever is wrong with the file, the run
is published: the history is made again from the run folders, and `trouble` says so.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from screener.errors import UsageError
from screener.history import spans
from screener.history.continuity import odd
from screener.history.database import Damaged, Newer, connect
from screener.history.remembered import (
    FILE,
    before_of,
    comes_late,
    day_of,
    nights_before,
    remember,
    stands,
    take_up,
)
from screener.history.series import facts_of, trends
from screener.history.states import Before, Looked, card, no_longer_found, with_states
from screener.outputs.earlier import Comparison, without_past
from screener.outputs.run_folder import read_run, table

LAST, NONE = "last", "none"
FIRST = "First run: nothing to compare with."


@dataclass(slots=True)
class History:
    """The past of one output folder. trouble: sentences about what is wrong with its file; a run
    that has any ends as incomplete."""

    out: Path
    compare_with: str = LAST
    trouble: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Where the history is kept."""
        return self.out / FILE

    def compare(
        self, run: Mapping[str, Any], ran: Mapping[str, str], sites: frozenset[str]
    ) -> Comparison:
        """This run beside the newest one with an earlier as-of date. Raises UsageError when the
        run that was asked for is not known."""
        day, now = day_of(run["as_of"]), Looked(ran, sites)
        connection = self._opened()
        if connection is None:
            return _alone(now, self.trouble[-1])
        with closing(connection):
            late = comes_late(connection, self.out, run)
            if self.compare_with == NONE:
                return _alone(now, "Not compared, as was asked for (--compare none).", late)
            nights = nights_before(connection, day)
            if not nights:
                return _alone(now, FIRST, late)
            last = nights[-1] if self.compare_with == LAST else self._asked_for(connection, nights)
            before = before_of(connection, last)

        def told(
            so_far: Mapping[str, Any], held: Mapping[str, pl.LazyFrame]
        ) -> tuple[dict[str, Any], pl.DataFrame]:
            both = pl.concat([held["findings"], held["pilot_findings"]])
            ids = both.select(spans.numbered()).collect().to_series()
            gone = no_longer_found(ids, now, before)
            compared = card(held["findings"], _counted(gone, so_far), now, before, None)
            told = _told(so_far, compared, nights) | late
            return told | {"continuity": odd(facts_of({**so_far, **told}), last)}, gone

        return Comparison(lambda found: with_states(found, now, before, day), told)

    def keep(self, folder: Path) -> None:
        """Remember a published run; when that cannot be done now, `trouble` says so."""
        connection = self._opened()  # takes up every run that is not known yet, this one too
        if connection is None:
            return
        with closing(connection):
            known = connection.execute("SELECT 1 FROM runs WHERE folder = ?", (folder.name,))
            run = read_run(folder)
            if known.fetchone() is None or not stands(connection, run, folder.name):
                self._guarded(lambda: remember(connection, folder))

    def rules_of(self, ids: Collection[str]) -> dict[str, str]:
        """Finding id -> its rule, of those that some run found, also one whose folder is gone."""
        connection = self._opened() if ids and self.file.exists() else None
        if connection is None:
            return {}
        with closing(connection):
            return spans.rules_of(connection, ids)

    def known(self) -> int:
        """How many runs are remembered, those of the folder that were not yet among them."""
        connection = self._opened()
        if connection is None:
            return 0
        with closing(connection):
            (count,) = connection.execute("SELECT count(*) FROM runs").fetchone()
        return int(count)

    def _asked_for(
        self, connection: sqlite3.Connection, nights: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        for night in nights:
            if night["run_id"] == self.compare_with:
                return night
        raise UsageError(
            "No earlier run has this id, or it has no earlier as-of date.",
            where=f"--compare {self.compare_with}",
            fix="`screener runs list` names the runs.",
        )

    def _opened(self) -> sqlite3.Connection | None:
        """The open file, with every published run in it; None when it cannot be used now."""
        try:
            connection = connect(self.file)
        except Newer as newer:
            self._troubled(
                f"The history {FILE} was written by a newer program ({newer}): it was left as it "
                "is, and this run is not in it."
            )
            return None
        except (sqlite3.OperationalError, OSError):
            self._troubled(
                f"The history {FILE} cannot be opened or is held by another program: this run will "
                "be taken up by the next one."
            )
            return None
        except Damaged as damage:
            made = self._made_again(str(damage))
            if made is None:
                return None
            connection = made
        self._guarded(lambda: self._troubled_all(take_up(connection, self.out)))
        return connection

    def _made_again(self, damage: str) -> sqlite3.Connection | None:
        try:
            aside = _put_aside(self.file)
            connection = connect(self.file)
        except (sqlite3.Error, Damaged, OSError):
            self._troubled(
                f"The history {FILE} is damaged ({damage}) and could not be put aside: this run is "
                "not compared, and not in it."
            )
            return None
        self._troubled(
            f"The history {FILE} was damaged ({damage}): it was put aside as {aside} and made "
            "again from the run folders."
        )
        return connection

    def _troubled_all(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self._troubled(sentence)

    def _guarded(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except (sqlite3.Error, OSError, ValueError):
            self._troubled(
                f"The history {FILE} cannot be written now: what is missing in it will be taken up "
                "by the next run."
            )

    def _troubled(self, sentence: str) -> None:
        if sentence not in self.trouble:
            self.trouble.append(sentence)


def open_history(out: Path, compare_with: str = LAST) -> History:
    """The past of an output folder; the file is made when the first run is remembered."""
    return History(out, compare_with)


def rebuilt(out: Path) -> int:
    """Make the history again from the run folders; gives how many runs it holds. Raises OSError."""
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        (out / name).unlink(missing_ok=True)
    with closing(connect(out / FILE)) as connection:
        take_up(connection, out)
        (count,) = connection.execute("SELECT count(*) FROM runs").fetchone()
    return int(count)


def beside(first: Path, second: Path) -> dict[str, Any]:
    """The second of two run folders, seen from the first, as under `compared` in run.json.

    Raises UsageError when one of them is no run of a history.
    """
    runs = [read_run(folder) for folder in (first, second)]
    for run, folder in zip(runs, (first, second), strict=True):
        if "sites" not in run or "findings_by_rule" not in run["counts"]:
            raise UsageError("This run was made by an older program.", where=folder.name,
                             fix="Make it again with --force.")  # fmt: skip
    facts = [facts_of(run) for run in runs]
    looked = [Looked(one["rules"], frozenset(one["sites"])) for one in facts]
    days = [day_of(run["as_of"]) for run in runs]
    both = [table(folder, "findings") for folder in (first, second)]
    stood = spans.of_run(both[:1], days[0])
    before = Before(runs[0]["run_id"], days[0], looked[0], stood, stood.clear())
    marked = with_states(both[1].collect(), looked[1], before, days[1])
    ids = marked.select(spans.numbered()).to_series()
    gone = no_longer_found(ids, looked[1], before)
    return card(marked.lazy(), gone, looked[1], before, None)


def _counted(gone: pl.DataFrame, run: Mapping[str, Any]) -> pl.DataFrame:
    """What is no longer found without the pilot rules, which are in no count."""
    pilots = [one["id"] for one in run["rules"] if one["status"] == "pilot"]
    return gone.filter(~pl.col("rule_id").is_in(pilots))


def _put_aside(file: Path) -> str:
    number = 1
    while (aside := file.with_name(f"history.corrupt-{number}.sqlite")).exists():
        number += 1
    os.replace(file, aside)
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    return aside.name


def _alone(now: Looked, why: str, late: Mapping[str, bool] | None = None) -> Comparison:
    nothing = without_past()

    def told(
        so_far: Mapping[str, Any], held: Mapping[str, pl.LazyFrame]
    ) -> tuple[dict[str, Any], pl.DataFrame]:
        _, gone = nothing.told(so_far, held)
        told = _told(so_far, card(held["findings"], gone, now, None, why), ())
        return {**told, **(late or {})}, gone

    day = pl.lit(None, pl.Date)
    return Comparison(lambda found: found.with_columns(first_seen=day), told)


def _told(
    run: Mapping[str, Any], compared: dict[str, Any], nights: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    told = {"compared": compared, "previous_run": compared["previous_run"]}
    return told | {"trends": trends(nights, facts_of({**run, **told}))}
