"""The history's file: damaged, newer, older, held, cut off, and runs that it misses."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from screener.errors import UsageError
from screener.history import FILE, database, keeper, open_history, rebuilt
from screener.outputs.room import over_network
from tests.history.nights import FIRST
from tests.history.place import Place, compared
from tests.incremental.clinic_of_nights import request, run


def test_nobody_else_can_read_it_and_it_names_no_patient(place: Place) -> None:
    assert place.file.stat().st_mode & 0o777 == 0o600
    raw = b"".join(p.read_bytes() for p in place.out.glob(f"{FILE}*"))
    told = {str(cell) for order in place.clinic.orders.values() for cell in order.values()}
    days = {str(FIRST + dt.timedelta(days=n)) for n in range(3)}  # of the runs
    of_patients = [c for c in told - days if len(c) > 2 and (c[0] in "PN" or c.startswith("20"))]
    assert len(of_patients) > 60  # ids of patients and orders, and dates
    assert [cell for cell in of_patients if cell.encode() in raw] == []
    assert b"baclofen-max-dose" in raw


def test_made_again_it_is_the_same(place: Place) -> None:
    before = place.content()
    assert rebuilt(place.out) == 3
    assert place.content() == before


STATEMENTS = {
    "facts": "UPDATE runs SET facts = replace(facts, ':', ': ') WHERE seq = 2",
    "folder": "UPDATE runs SET folder = folder || 'x' WHERE seq = 2",
    "cell": "UPDATE spans SET first_seen = 0 WHERE finding = (SELECT max(finding) FROM spans)",
    "rule": "UPDATE spans SET rule = 'a' WHERE finding = (SELECT max(finding) FROM spans)",
    "table": "DROP TABLE spans",
    "sums": "DELETE FROM sums",
    "version": "PRAGMA user_version = 77",
}
BYTES = {
    "garbage": lambda _: b"not a database at all" * 400,
    "cut": lambda raw: raw[: len(raw) // 2],
    "empty": lambda _: b"",
    "bit": lambda raw: raw[:100] + bytes([raw[100] ^ 255]) + raw[101:],
    "not to be written": lambda raw: raw[:18] + b"\x09" + raw[19:],
    "no text": lambda raw: raw.replace(b"TABLE runs", b"TABLE ru\xfe\xfe"),
    "no such column": lambda raw: raw.replace(b"facts TEXT", b"fakts TEXT"),
}


@pytest.mark.parametrize("damage", [*STATEMENTS, *BYTES])
def test_a_damaged_one_is_put_aside_and_made_again(place: Place, damage: str) -> None:
    before = place.content()
    with closing(sqlite3.connect(place.file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        if damage in STATEMENTS:
            connection.execute(STATEMENTS[damage])
            connection.commit()
    if damage in BYTES:
        place.file.write_bytes(BYTES[damage](place.file.read_bytes()))
    folder, trouble = place.night(3)
    assert compared(folder)["previous_as_of"] == (FIRST + dt.timedelta(days=2)).isoformat()
    content = place.content()
    assert content["runs"][:3] == before["runs"]
    aside = list(place.out.glob("history.corrupt-*.sqlite"))
    if damage == "empty":  # as good as new: made from the folders without a word
        assert trouble == []
    else:
        assert len(aside) == 1
        assert len(trouble) == 1
        assert "was damaged" in trouble[0]


@pytest.mark.parametrize("lost", ["run.json garbled", "findings gone", "findings garbled"])
def test_an_old_run_that_cannot_be_read_is_named_and_stops_nobody(place: Place, lost: str) -> None:
    place.file.unlink()
    for rest in place.out.glob(f"{FILE}-*"):
        rest.unlink()
    old = sorted(place.out.glob("2026*"))[1]
    if lost == "run.json garbled":
        (old / "run.json").write_bytes(b"{")
    elif lost == "findings gone":
        (old / "findings.parquet").unlink()
    else:
        (old / "findings.parquet").write_bytes(b"PAR1 no more PAR1")
    folder, trouble = place.night(3)
    assert compared(folder)["previous_as_of"] == (FIRST + dt.timedelta(days=2)).isoformat()
    assert len(trouble) == 1
    assert old.name in trouble[0]
    assert [row[2] for row in place.content()["runs"]] == [
        one.name for one in sorted(place.out.glob("2026*")) if one != old
    ]


def test_a_damaged_one_that_cannot_be_put_aside_stops_nobody(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for rest in place.out.glob(f"{FILE}-*"):
        rest.unlink()
    place.file.write_bytes(b"no database" * 999)
    monkeypatch.setattr(keeper.os, "replace", full)
    folder, trouble = place.night(3)
    assert compared(folder)["previous_run"] is None
    assert "could not be put aside" in trouble[0]


@pytest.mark.parametrize(
    ("kind", "over"), [("ext4", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True)]
)
def test_a_network_file_system_gets_no_write_ahead_log(
    tmp_path: Path, kind: str, over: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"a / ext4 rw 0 0\nb {tmp_path} {kind} rw 0 0\nshort\n")
    assert over_network(tmp_path / FILE, mounts) is over


def test_a_newer_one_is_left_untouched_and_the_run_is_published(place: Place) -> None:
    with closing(sqlite3.connect(place.file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        newer = len(database.MIGRATIONS) + 1
        connection.execute(f"PRAGMA user_version = {newer}")
        connection.execute("UPDATE sums SET value = ? WHERE name = 'version'", (str(newer),))
        connection.commit()
    raw = place.file.read_bytes()
    folder, trouble = place.night(3)
    assert compared(folder)["previous_run"] is None
    assert "newer program" in str(compared(folder)["why_not"])
    assert place.file.read_bytes() == raw
    assert len(trouble) == 1


def test_an_older_one_is_copied_and_brought_further(place: Place) -> None:
    def further(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE runs ADD COLUMN added TEXT")

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE runs ADD COLUMN half TEXT")
        raise sqlite3.DatabaseError("no more")

    before = place.content()
    with pytest.raises(database.Damaged):
        database.connect(place.file, (*database.MIGRATIONS, further, broken))
    assert place.content() == before  # all or nothing
    with closing(database.connect(place.file, (*database.MIGRATIONS, further))) as connection:
        further_by = len(database.MIGRATIONS) + 1
        assert connection.execute("PRAGMA user_version").fetchone() == (further_by,)
        assert connection.execute("SELECT count(added), count(*) FROM runs").fetchone() == (0, 3)
    copies = list(place.out.glob(f"history.version-{len(database.MIGRATIONS)}.sqlite"))
    assert len(copies) == 1
    assert copies[0].stat().st_mode & 0o777 == 0o600


def test_one_that_another_program_holds_takes_the_run_up_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_MS", 50)
    with closing(sqlite3.connect(place.file)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        folder, trouble = place.night(3)
        assert "taken up by the next" in trouble[0]
        holder.execute("ROLLBACK")
    assert compared(folder)["previous_run"] is not None  # a reader is not kept out
    assert len(place.content()["runs"]) == 3
    _, trouble = place.night(4)
    assert trouble == []
    assert [row[2] for row in place.content()["runs"]][3] == folder.name
    before = place.content()
    rebuilt(place.out)
    assert place.content() == before


def test_a_run_that_died_before_it_was_remembered_is_taken_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper.History, "keep", lambda *_: None)
    folder, _ = place.night(3)
    assert len(place.content()["runs"]) == 3
    monkeypatch.undo()
    later, trouble = place.night(4)
    assert trouble == []
    told = json.loads((later / "run.json").read_text())
    assert told["previous_run"] == json.loads((folder / "run.json").read_text())["run_id"]


def test_a_second_run_of_a_day_stands_for_it(place: Place) -> None:
    first, _ = place.night(3)
    second, _ = place.night(3)
    assert first != second
    before = (FIRST + dt.timedelta(days=2)).isoformat()
    assert compared(second)["previous_as_of"] == before
    content = place.content()
    assert [row[3] for row in content["runs"]] == [1, 1, 1, 0, 1]
    third, _ = place.night(4)
    told = json.loads((third / "run.json").read_text())
    assert told["previous_run"] == json.loads((second / "run.json").read_text())["run_id"]
    # as if the first had never been
    content = place.content()
    shutil.rmtree(first)
    rebuilt(place.out)
    assert place.content()["spans"] == content["spans"]


def test_made_again_a_run_has_the_same_past_and_the_same_bytes(place: Place) -> None:
    folder, _ = place.night(3)
    files = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "run.json"}
    spans = place.content()["spans"]
    past = open_history(place.out)
    exports = sorted((place.exports / str(place.number)).iterdir())
    day = FIRST + dt.timedelta(days=3)
    again, _ = run(request(exports, place.out, place.rules, day, past=past, force=True))
    assert again == folder
    assert {p.name: p.read_bytes() for p in again.iterdir() if p.name != "run.json"} == files
    assert place.content()["spans"] == spans


def test_a_run_of_an_earlier_day_gives_its_numbers_and_changes_no_findings(place: Place) -> None:
    place.night(8)
    spans = place.content()["spans"]
    folder, trouble = place.night(5)
    assert trouble == []
    assert compared(folder)["previous_as_of"] == (FIRST + dt.timedelta(days=2)).isoformat()
    content = place.content()
    assert content["spans"] == spans
    assert len(content["runs"]) == 5
    rebuilt(place.out)
    assert place.content() == content
    again, trouble = place.night(5)  # another run of that day, late too
    assert (again != folder, trouble) == (True, [])
    content = place.content()
    assert content["spans"] == spans
    rebuilt(place.out)
    assert place.content() == content


def test_what_it_is_compared_with_can_be_asked_for(place: Place) -> None:
    first = json.loads((sorted(place.out.glob("2026*"))[0] / "run.json").read_text())["run_id"]
    folder, _ = place.night(3, first)
    assert compared(folder)["previous_run"] == first
    folder, _ = place.night(4, "none")
    assert compared(folder)["previous_run"] is None
    assert "--compare none" in str(compared(folder)["why_not"])
    with pytest.raises(UsageError, match="No earlier run has this id"):
        place.night(5, "0123456789ab")


def test_a_first_run_is_new_and_says_so(tmp_path: Path) -> None:
    folder, trouble = Place(tmp_path).night(0)
    assert trouble == []
    assert compared(folder)["why_not"] == keeper.FIRST
    findings = pl.read_parquet(folder / "findings.parquet")
    assert findings["state"].unique().to_list() in (["new"], [])


STEP = 1 if os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep" else 17  # statements
KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from screener.history import keeper, open_history
at = int(sys.argv[2])
real, calls = sqlite3.connect, iter(range(10**9))
class Dying(sqlite3.Connection):
    def execute(self, *a):
        if next(calls) == at: os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*a)
    def executemany(self, *a):
        if next(calls) == at: os.kill(os.getpid(), signal.SIGKILL)
        return super().executemany(*a)
sqlite3.connect = lambda *a, **k: real(*a, factory=Dying, **k)
open_history(Path(sys.argv[1])).keep(sorted(Path(sys.argv[1]).glob("2026*"))[-1])
print("done")
"""


def test_killed_at_any_statement_it_is_whole_and_complete_after_the_next(place: Place) -> None:
    wanted = place.content()
    for at in range(0, 200, STEP):
        place.file.unlink(missing_ok=True)
        for rest in place.out.glob(f"{FILE}-*"):
            rest.unlink()
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(place.out), str(at)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        with closing(database.connect(place.file)) as connection:
            days = connection.execute("SELECT as_of FROM runs ORDER BY seq").fetchall()
        assert days == sorted(days)  # whole runs, oldest first
        past = open_history(place.out)
        past.keep(sorted(place.out.glob("2026*"))[-1])
        assert past.trouble == []
        assert place.content() == wanted
        if "done" in ended.stdout:
            return
    raise AssertionError("more statements than were tried")
