"""The commands about earlier runs, and what a run says of the one before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

import pytest

from tests.cli.invented_clinic import Ended, Place, order

Call = Callable[..., Ended]


@pytest.fixture
def nights(clinic: Place, screener: Call) -> Place:
    """P-1 takes too much on both days, P-2 on the second only; on the third P-1 no longer does."""
    assert screener(*clinic.run("--as-of", "2026-03-01")).code == 0
    clinic.prescriptions(order(1, "P-1", 5), order(2, "P-2", 7))
    assert screener(*clinic.run("--as-of", "2026-03-02")).code == 0
    clinic.prescriptions(order(1, "P-1", 3), order(2, "P-2", 7))
    assert screener(*clinic.run("--as-of", "2026-03-03")).code == 0
    return clinic


def test_a_run_tells_what_changed_since_the_last(nights: Place, screener: Call) -> None:
    told = [json.loads((f / "run.json").read_text())["compared"] for f in nights.published()]
    assert [one["states"]["new"] for one in told] == [1, 1, 0]
    assert [one["states"]["no_longer_found"] for one in told] == [0, 0, 1]
    assert told[0]["why_not"] == "First run: nothing to compare with."
    again = screener(*nights.run("--as-of", "2026-03-03"))
    assert "Since run" in again.out
    assert "0 new, 0 worsened, 0 found again, 1 continuing, 1 no longer found." in again.out


def test_what_a_pilot_rule_no_longer_finds_is_listed_and_not_counted(
    clinic: Place, screener: Call
) -> None:
    twice = order(3, "P-2", 2, start="2026-01-10")
    for day, more in ((1, [twice]), (2, [])):
        clinic.prescriptions(order(1, "P-2", 2), *more)
        assert screener(*clinic.run("--as-of", f"2026-03-0{day}")).code == 0
    last = clinic.published()[-1]
    told = json.loads((last / "run.json").read_text())["compared"]
    assert told["states"]["no_longer_found"] == 0
    assert "baclofen-supplied-twice" not in told["by_rule"]
    listed = (last / "no_longer_found.csv").read_text().splitlines()[1:]
    assert ["baclofen-supplied-twice" in row for row in listed] == [True]


def test_a_first_run_says_nothing_about_a_run_before(clinic: Place, screener: Call) -> None:
    assert "Since run" not in screener(*clinic.run()).out
    assert "Since run" not in screener(*clinic.run("--compare", "none", "--force")).out


def test_the_list_of_runs_says_what_moved(nights: Place, screener: Call) -> None:
    lines = screener("runs", "list", "--out", str(nights.out)).out.splitlines()
    assert "no longer found" in lines[0]
    assert [line.split()[-3:-1] for line in lines[2:]] == [["1", "0"], ["0", "1"]]


def test_two_runs_beside_each_other(nights: Place, screener: Call) -> None:
    first, _, last = (folder.name for folder in nights.published())
    ended = screener("diff", first, last, "--out", str(nights.out), "--json")
    told = json.loads(ended.out)
    assert told["states"] == {
        "new": 1, "worsened": 0, "continuing": 0, "reopened": 0, "not_compared": 0,
        "no_longer_found": 1,
    }  # fmt: skip
    plain = screener("diff", first, last, "--out", str(nights.out))
    assert plain.out.splitlines()[-1].split() == ["all", "1", "0", "0", "0", "1"]


def test_a_rule_that_did_not_run_in_one_of_two_is_named(nights: Place, screener: Call) -> None:
    first = nights.published()[0].name
    screener(*nights.run("--as-of", "2026-03-04", "--skip", "baclofen-max-dose"))
    ended = screener("diff", first, "latest", "--out", str(nights.out))
    assert "Not compared: rule baclofen-max-dose, did not run now." in ended.out


def test_old_runs_are_deleted_and_their_numbers_stay(nights: Place, screener: Call) -> None:
    before = nights.published()
    refused = screener("runs", "prune", "--out", str(nights.out))
    assert refused.code == 2
    assert "--keep" in refused.err
    ended = screener("runs", "prune", "--keep", "1", "--yes", "--out", str(nights.out))
    assert ended.code == 0
    assert nights.published() == before[-1:]
    clinic = screener(*nights.run("--as-of", "2026-03-05"))
    assert clinic.code == 0
    trends = json.loads((nights.published()[-1] / "run.json").read_text())["trends"]
    assert [one["as_of"][-2:] for one in trends["nights"]] == ["01", "02", "03", "05"]


def test_the_newest_complete_run_is_never_deleted(nights: Place, screener: Call) -> None:
    ended = screener("runs", "prune", "--older-than", "1", "--yes", "--out", str(nights.out))
    assert ended.code == 0
    assert len(nights.published()) == 1


def test_a_history_that_was_lost_is_made_again(nights: Place, screener: Call) -> None:
    (nights.out / "history.sqlite").unlink()
    ended = screener("verify", "latest", "--repair", "--out", str(nights.out))
    assert ended.code == 0
    assert "made again from 3 runs" in ended.out


def test_a_damaged_history_is_told_and_the_night_ends_with_3(nights: Place, screener: Call) -> None:
    for rest in nights.out.glob("history.sqlite-*"):
        rest.unlink()
    (nights.out / "history.sqlite").write_bytes(b"no database" * 1000)
    ended = screener(*nights.run("--as-of", "2026-03-04"))
    assert ended.code == 3
    assert "was damaged" in ended.err
    assert (nights.out / "history.corrupt-1.sqlite").exists()
    assert screener(*nights.run("--as-of", "2026-03-05")).code == 0


def test_a_comparison_with_an_unknown_run_is_refused(nights: Place, screener: Call) -> None:
    ended = screener(*nights.run("--as-of", "2026-03-04", "--compare", "feedfeedfeed"))
    assert ended.code == 2
    assert "No earlier run has this id" in ended.err
    with sqlite3.connect(nights.out / "history.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (3,)
