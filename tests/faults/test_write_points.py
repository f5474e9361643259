"""A run that is killed, or refused a write, at each of its writes: no broken run is ever seen.

Writes of Python and of polars are counted by a preloaded library (writes.c). A sample of the
points here; `make test-deep` goes through every one.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.invented_clinic import Place, invented, order
from tests.faults.sweep import Fault, broken_runs, calls, copied, fingerprint, run_with
from tests.faults.warm import Warm

DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
STEP = int(os.environ.get("FAULT_STEP", "1" if DEEP else "101"))  # every so many writes
ERRORS = {
    "full-once": Fault(str(errno.ENOSPC)),
    "full-for-good": Fault(str(errno.ENOSPC), sticky=True),
    "broken-disk": Fault(str(errno.EIO)),
    "quota": Fault(str(errno.EDQUOT), sticky=True),
    "not-permitted": Fault(str(errno.EACCES)),
}
# The lock and the scratch folder: a folder that cannot be written is a wrong command line.
REFUSED_AT_ONCE = "The output folder cannot be written"


@dataclass(frozen=True)
class Sweep:
    """A clinic with a published run and other orders since, and its next run's writes."""

    clinic: Place
    older: Path
    points: int


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> tuple[Path, int]:
    """The folders to begin with, and how often the next run writes."""
    folder = tmp_path_factory.mktemp("prepared")
    clinic = invented(folder / "before")
    assert warm.command(*clinic.run("--jobs", "1"), cwd=folder).code == 0
    clinic.prescriptions(order(1, "P-1", 5), order(3, "P-3", 3))
    elsewhere = copied(folder / "before", folder / "counted")
    log = folder / "log"
    assert run_with(Fault("kill"), elsewhere, warm, log, "--force").code == 0
    seen = calls(log)
    assert {"write", "fsync", "rename", "mkdir"} <= set(seen)
    assert len(seen) > 90
    return folder / "before", len(seen)


@pytest.fixture
def sweep(prepared: tuple[Path, int], tmp_path: Path) -> Sweep:
    """The same for one test."""
    before, points = prepared
    clinic = copied(before, tmp_path / "clinic")
    (older,) = clinic.published()
    return Sweep(clinic, older, points)


@pytest.mark.parametrize("how", ["kill", "torn"])
def test_a_run_that_is_killed_at_a_write_leaves_whole_runs_only_and_the_next_succeeds(
    sweep: Sweep, warm: Warm, tmp_path: Path, how: str
) -> None:
    clinic, log = sweep.clinic, tmp_path / "log"
    before = fingerprint(sweep.older)
    begin = 1 if how == "kill" else STEP // 2 + 1
    for at in range(begin, sweep.points + 1, STEP):
        ended = run_with(Fault(how, at), clinic, warm, log, "--force")
        if at > len(calls(log)):  # this run wrote a little less often
            assert ended.code == 0
            break
        assert ended.code == -9, (at, ended)
        assert "Traceback" not in ended.err
        assert broken_runs(clinic.out) == [], at
        assert fingerprint(sweep.older) == before, at
        again = warm.command(*clinic.run("--jobs", "1"), cwd=tmp_path)
        assert again.code == 0, (at, again)
        assert broken_runs(clinic.out) == [], at
        assert list(clinic.out.glob(".scratch-*")) == []


@pytest.mark.parametrize("name", ERRORS)
def test_a_run_that_is_refused_a_write_ends_with_5_and_older_runs_stay(
    sweep: Sweep, warm: Warm, tmp_path: Path, name: str
) -> None:
    clinic, log = sweep.clinic, tmp_path / "log"
    before = fingerprint(sweep.older)
    fault = ERRORS[name]
    ended_well = []
    begin = 1 + list(ERRORS).index(name) * STEP // len(ERRORS)
    for at in range(begin, sweep.points + 1, STEP):
        ended = run_with(Fault(fault.how, at, fault.sticky), clinic, warm, log, "--force")
        assert "Traceback" not in ended.err, (at, ended)
        assert broken_runs(clinic.out) == [], at
        assert fingerprint(sweep.older) == before, at
        if at > len(calls(log)):  # this run wrote a little less often
            assert ended.code == 0
            break
        if ended.code == 0:
            ended_well.append((at, calls(log)[at - 1]))
        elif REFUSED_AT_ONCE in ended.err:
            assert ended.code == 2
        elif ended.code == 3:  # published, and not yet in the history
            assert "The history" in ended.err, (at, ended)
        else:
            assert ended.code == 5, (at, ended)
        assert "fault of screener" not in ended.err, (at, ended)
    # What may fail without harm: tidying up, a link where a text file does as well, and SQLite's
    # copying of its write-ahead log into its file, which it does again.
    assert {call for _, call in ended_well} <= {"unlink", "symlink", "pwrite64"}, ended_well
    again = warm.command(*clinic.run("--jobs", "1", "--force"), cwd=tmp_path)
    assert again.code == 0, again
    assert broken_runs(clinic.out) == []


def test_a_run_that_is_made_again_is_there_at_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two folders change their names in one step, without a rename that could be cut off."""
    from screener.outputs import publish

    for name in ("ready", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(name)
    probe = tmp_path / "probe"
    probe.mkdir()
    if not publish._exchanged(probe, tmp_path / "ready"):
        pytest.skip("this system cannot exchange two names")
    (tmp_path / "probe").rename(tmp_path / "made")

    def cut_off(*_: object) -> None:
        raise AssertionError("a rename leaves a moment without the run")

    monkeypatch.setattr(Path, "rename", cut_off)
    publish.make_visible(tmp_path / "made", tmp_path / "target")
    assert (tmp_path / "target" / "run.json").read_text() == "ready"
    assert not (tmp_path / "made").exists()
