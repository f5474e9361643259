from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from screener.errors import AnotherRunHoldsTheLock, UsageError
from screener.outputs import place, publish

WHO = {"host": "h", "pid": "1", "started_at": "then"}


@pytest.fixture(autouse=True)
def _an_open_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    with place.held(out, who=WHO), place.scratch_folder(out) as scratch:
        ready = scratch / "run"
        ready.mkdir()
        publish.write_all(ready, {"a.csv": b"x"})
        (ready / "b.parquet").write_bytes(b"y")
        publish.seal(ready / "b.parquet")
        assert mode(scratch) == 0o700
        publish.make_visible(ready, out / "one")
    assert mode(out) == mode(out / "one") == 0o700
    assert mode(out / "one" / "a.csv") == mode(out / "one" / "b.parquet") == 0o600
    assert mode(out / place.LOCK) == 0o600


def test_scratch_is_gone_after_the_run_also_when_it_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with place.scratch_folder(tmp_path) as scratch:
            (scratch / "x").write_text("patient")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_dead_scratch_folders_of_a_crash_are_swept_and_runs_stay(tmp_path: Path) -> None:
    (tmp_path / f"{place.SCRATCH}dead").mkdir()
    (tmp_path / f"{place.SCRATCH}dead" / "x").write_text("x")
    (tmp_path / "2026-10-31-abc").mkdir()
    assert place.sweep(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["2026-10-31-abc"]


def test_a_run_whose_replacing_was_cut_off_comes_back(tmp_path: Path) -> None:
    (tmp_path / f"{place.REPLACED}one").mkdir()
    (tmp_path / f"{place.REPLACED}one" / "run.json").write_text("old")
    place.sweep(tmp_path)
    assert (tmp_path / "one" / "run.json").read_text() == "old"


def test_replacing_a_run_leaves_only_the_new_one(tmp_path: Path) -> None:
    for content in ("old", "new"):
        ready = tmp_path / "ready"
        ready.mkdir()
        publish.write_file(ready / "run.json", content.encode())
        publish.make_visible(ready, tmp_path / "one")
    assert (tmp_path / "one" / "run.json").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    publish.write_file(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        publish.write_file(tmp_path / "a", b"2")


def test_a_link_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="exists"):
        publish.write_file(tmp_path / "a", b"1")
    assert not (tmp_path / "elsewhere").exists()


def test_latest_moves_from_one_run_to_the_next(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        publish.point_latest(tmp_path, name)
    assert (tmp_path / "latest").resolve() == tmp_path / "two"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["latest", "one", "two"]


def test_two_failures_of_one_moment_stand_side_by_side(tmp_path: Path) -> None:
    first = publish.write_failed(tmp_path, "now-exit5", {"run.json": b"{}"})
    second = publish.write_failed(tmp_path, "now-exit5", {"run.json": b"{}"})
    assert first != second
    assert mode(first) == mode(tmp_path / "failed") == 0o700
    assert len(list((tmp_path / "failed").iterdir())) == 2


def test_the_manifest_names_every_file_but_run_json(tmp_path: Path) -> None:
    publish.write_all(tmp_path, {"run.json": b"{}", "b": b"", "a": b"abc"})
    facts = publish.manifest(tmp_path)
    assert list(facts) == ["a", "b"]
    assert facts["a"]["bytes"] == 3
    assert facts["a"]["sha256"].startswith("ba7816bf")


HOLD = """
import sys, pathlib
from screener.outputs import place
who = {"host": "h", "pid": "7", "started_at": "then"}
with place.held(pathlib.Path(sys.argv[1]), who=who):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_who_holds_the_lock_and_a_dead_one_holds_nothing(
    tmp_path: Path,
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    with (
        pytest.raises(AnotherRunHoldsTheLock, match="process 7 on h, since then"),
        place.held(tmp_path, who=WHO),
    ):
        pass
    other.kill()
    other.communicate()
    with place.held(tmp_path, who=WHO):
        assert json.loads((tmp_path / place.LOCK).read_text()) == WHO


def test_an_output_folder_that_is_a_file_is_refused_before_anything_is_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "out").write_text("")
    with (
        pytest.raises(UsageError, match="cannot be written"),
        place.held(tmp_path / "out", who=WHO),
    ):
        pass
