"""One byte of the history's file is another: the run is published, and nothing wrong is believed.

Ten bytes here; `make test-deep` changes two hundred.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from screener.history import FILE, open_history
from screener.outputs import run_folder
from tests.history.nights import FIRST
from tests.history.place import Place, Rows, rows_in
from tests.incremental.clinic_of_nights import differences, request, run

DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
BYTES = 200 if DEEP else 10


def test_a_byte_that_is_another_costs_no_run_and_is_never_believed(
    place: Place, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(place.file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    whole = place.file.read_bytes()
    place.clinic.day_passes(3)
    files = place.clinic.write(place.exports / "next")
    usual, right, _ = next_night(place, files, whole, tmp_path / "usual")
    assert len(right["runs"]) == 4
    chance, noticed, wrong = random.Random(7), 0, []
    for number in range(BYTES):
        at, flip = chance.randrange(len(whole)), chance.randrange(1, 256)
        damaged = whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]
        folder, rows, trouble = next_night(place, files, damaged, tmp_path / str(number))
        assert [law for law in run_folder.verify(folder) if not law.ok] == [], (at, flip)
        noticed += bool(trouble)
        other = set(differences(folder, usual)) - ({"report.html"} if trouble else set())
        if rows != right or other:  # the report says what is wrong with the history
            wrong.append((at, flip, trouble))
        shutil.rmtree(tmp_path / str(number))
    assert wrong == []
    assert noticed >= BYTES // 10  # the others lie in bytes that hold nothing


def next_night(
    place: Place, files: list[Path], history: bytes, out: Path
) -> tuple[Path, Rows, list[str]]:
    """A run after the three nights, with these bytes as the history: its folder, the history's
    rows after it, and what was said about it."""
    shutil.copytree(place.out, out, symlinks=True)
    (out / FILE).write_bytes(history)
    past = open_history(out)
    day = FIRST + dt.timedelta(days=3)
    folder, _ = run(request(files, out, place.rules, day, past=past))
    return folder, rows_in(out / FILE), past.trouble
