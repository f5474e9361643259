"""An output folder with its clinic, night after night, and what its history holds."""

from __future__ import annotations

import copy
import datetime as dt
import json
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from screener.history import FILE, open_history
from screener.rule.model import Rule
from screener.rulebook.library import load_library
from tests.history.nights import FIRST, Clinic
from tests.incremental.clinic_of_nights import request, run

RULE = "baclofen-max-dose"
Rows = dict[str, list[tuple[object, ...]]]


@cache
def only_rule() -> tuple[Rule, ...]:
    """The rules of these runs."""
    return tuple(r for r in load_library(Path("rules")) if r.id == RULE)


class Place:
    """An output folder with its clinic."""

    def __init__(self, folder: Path) -> None:
        self.out, self.exports, self.clinic = folder / "out", folder / "exports", Clinic(7)
        self.rules = only_rule()
        self.number = 0

    def copied(self, folder: Path) -> Place:
        """The same once more, in another folder."""
        made = Place(folder)
        shutil.copytree(self.out, made.out, symlinks=True)
        shutil.copytree(self.exports, made.exports)
        made.clinic, made.number = copy.deepcopy(self.clinic), self.number
        return made

    def night(
        self, number: int, compare: str = "last", *, force: bool = False
    ) -> tuple[Path, list[str]]:
        """A run, and what is wrong with the history after it."""
        self.number += 1
        self.clinic.day_passes(number)
        files = self.clinic.write(self.exports / str(self.number))
        past = open_history(self.out, compare)
        day = FIRST + dt.timedelta(days=number)
        folder, _ = run(request(files, self.out, self.rules, day, past=past, force=force))
        return folder, past.trouble

    @property
    def file(self) -> Path:
        """The history's file."""
        return self.out / FILE

    def content(self) -> Rows:
        """All rows that count."""
        return rows_in(self.file)


def rows_in(file: Path) -> Rows:
    """The rows of a history that count, by table."""
    with closing(sqlite3.connect(file)) as connection:
        return {
            "runs": connection.execute(
                "SELECT run_id, as_of, folder, counts, facts FROM runs ORDER BY as_of, counts"
            ).fetchall(),
            "spans": connection.execute(
                "SELECT * FROM spans ORDER BY finding, first_day"
            ).fetchall(),
        }


def compared(folder: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads((folder / "run.json").read_text())["compared"]
    return told
