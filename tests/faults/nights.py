"""The nights of an invented clinic, and what must hold of its output folder after each of them."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from screener.history import FILE, rebuilt
from tests.cli.invented_clinic import MAX_DOSE, Ended, Place, invented, order
from tests.faults.sweep import Fault, broken_runs, faulty, fingerprint
from tests.faults.warm import Begun, Warm

FIRST = dt.date(2026, 2, 1)
RULES = (
    MAX_DOSE,
    MAX_DOSE.replace("80 mg", "60 mg").replace("version: 1", "version: 2").replace("4 t", "3 t"),
)
SITES = ("north", "south")
# Of the past of an output folder, and so not of a run in an empty one.
OF_THE_PAST = ("state", "first_seen")
ALIKE = (
    "outcomes.parquet", "not_assessed.parquet", "data_flags.parquet", "data_flags.csv",
    "set_aside.csv", "orders.parquet", "timeline.parquet", "kidney.parquet",
)  # fmt: skip
Rows = list[dict[str, str]]


@dataclass
class Nights:
    """A clinic, its output folder, and what is known of the runs that were published there."""

    folder: Path
    warm: Warm
    clinic: Place = field(init=False)
    orders: dict[int, int] = field(default_factory=lambda: {1: 5, 2: 3, 3: 4, 4: 6})
    rules: int = 0
    without: str | None = None
    night: int = 0
    newest: int = 0
    # As they were last seen, by the folder's name: their bytes, and a copy for the history.
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    plain: dict[tuple[object, ...], Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clinic = invented(self.folder / "clinic")
        self.archive.mkdir()
        self.write()

    @property
    def out(self) -> Path:
        """The output folder."""
        return self.clinic.out

    @property
    def archive(self) -> Path:
        """Copies of all runs that the history should know."""
        return self.folder / "archive"

    @property
    def log(self) -> Path:
        """The counted writes of the last command with a fault."""
        return self.folder / "log"

    def write(self) -> None:
        """Tonight's export and rules."""
        rows = [
            order(number, f"P-{number % 3 + 1}", times, start=f"2026-01-{number % 28 + 1:02}")
            for number, times in self.orders.items()
            if SITES[1 - number % 2] != self.without
        ]
        self.clinic.prescriptions(*rows)
        (self.clinic.rules / "baclofen" / "baclofen-max-dose.yaml").write_text(RULES[self.rules])

    def arguments(self, *more: str) -> list[str]:
        """The command line of tonight's run."""
        day = FIRST + dt.timedelta(days=self.night)
        return self.clinic.run("--jobs", "1", "--as-of", day.isoformat(), *more)

    def begin(self, fault: Fault | None = None, *more: str) -> Begun:
        """Start tonight's run."""
        variables = {} if fault is None else faulty(fault, self.out, self.log)
        return self.warm.begin(*self.arguments(*more), cwd=self.folder, **variables)

    def run(self, fault: Fault | None = None, *more: str) -> Ended:
        """Tonight's run, to its end."""
        return self.warm.end(self.begin(fault, *more))

    def finished(self, ended: Ended) -> None:
        """What must hold after a run that ended well."""
        assert ended.code == 0, ended
        left = {p.name for p in self.out.glob(".*")}
        assert left == {".lock"}, left
        target = (self.out / "latest").resolve()
        assert f"{target / 'report.html'}" in ended.out
        self.equals_plain(target)
        self.whole(made_again=target.name)
        self.history_is_that_of_the_folders()

    def whole(self, made_again: str | None = None) -> None:
        """What must hold at any time. made_again: a run whose run.json may have another clock."""
        assert broken_runs(self.out) == []
        seen = {folder.name: fingerprint(folder) for folder in self.clinic.published()}
        for name, files in self.known.items():
            assert name in seen, f"{name} is gone"
            if name != made_again:
                assert seen[name] == files, f"{name} has changed"
        for name, files in seen.items():
            if self.known.get(name) != files:
                shutil.rmtree(self.archive / name, ignore_errors=True)
                shutil.copytree(self.out / name, self.archive / name)
        self.known = seen

    def target(self) -> str | None:
        """The run that --force would make again, if it is there."""
        key = self._key()
        return self.plain[key].name if key in self.plain else None

    def equals_plain(self, target: Path) -> None:
        """The run found what one finds that has an empty folder for itself."""
        key = self._key()
        if key not in self.plain:
            alone = self.folder / "alone" / str(len(self.plain))
            arguments = ["--out" if a == "--out" else a for a in self.arguments()]
            arguments[arguments.index("--out") + 1] = str(alone)
            ended = self.warm.command(*arguments, cwd=self.folder)
            assert ended.code == 0, ended
            self.plain[key] = (alone / "latest").resolve()
        plain = self.plain[key]
        assert target.name == plain.name
        for name in ALIKE:
            assert (target / name).read_bytes() == (plain / name).read_bytes(), name
        assert _found(target) == _found(plain)

    def history_is_that_of_the_folders(self) -> None:
        """Made again from all runs that it should know, it has the same rows."""
        for rest in self.archive.glob(f"{FILE}*"):
            rest.unlink()
        rebuilt(self.archive)
        assert _rows(self.out / FILE) == _rows(self.archive / FILE)

    def forget_pruned(self) -> None:
        """From now on the history knows only of the folders that are left."""
        for folder in self.archive.glob("2*"):
            if not (self.out / folder.name).exists():
                shutil.rmtree(folder)

    def _key(self) -> tuple[object, ...]:
        return (tuple(self.orders.items()), self.rules, self.without, self.night)


def _found(folder: Path) -> Rows:
    with (folder / "findings.csv").open(newline="", encoding="utf-8") as file:
        return [
            {name: cell for name, cell in row.items() if name not in OF_THE_PAST}
            for row in csv.DictReader(file)
        ]


def _rows(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as connection:
        return {
            "runs": connection.execute(
                "SELECT run_id, as_of, folder, counts, facts FROM runs ORDER BY as_of, folder"
            ).fetchall(),
            "spans": connection.execute(
                "SELECT * FROM spans ORDER BY finding, first_day"
            ).fetchall(),
        }
