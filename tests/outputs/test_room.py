"""An output folder that cannot hold a run is refused before an export is read."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from screener.errors import UsageError
from screener.outputs import place, room
from tests.outputs.test_publishing import WHO


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=size))


def export(folder: Path, size: int) -> str:
    folder.mkdir(exist_ok=True)
    with (folder / "prescriptions.csv").open("wb") as file:
        file.truncate(size)  # no byte is written
    return str(folder)


def test_a_disk_without_room_for_the_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = export(tmp_path / "exports", 400 << 20)
    free(monkeypatch, 19 << 20)
    with pytest.raises(UsageError, match="19 MiB free, and the exports are 400 MiB") as refused:
        room.cautions(tmp_path, [given])
    assert refused.value.exit_code == 2
    with pytest.raises(UsageError):
        room.cautions(tmp_path, [f"{given}/prescriptions.csv"])


def test_a_disk_with_little_room_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = export(tmp_path / "exports", 400 << 20)
    free(monkeypatch, 399 << 20)
    (said,) = room.cautions(tmp_path, [given, "nowhere", "http://x"])
    assert "may become full" in said
    free(monkeypatch, 401 << 20)
    assert room.cautions(tmp_path, [given]) == []


@pytest.mark.parametrize(("kind", "over"), [("ext4", 0), ("nfs4", 1), ("smb3", 1), ("tmpfs", 0)])
def test_an_output_folder_on_a_network_file_system_is_warned_of(
    tmp_path: Path, kind: str, over: int
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"a / ext4 rw 0 0\nserver:/x {tmp_path}/out {kind} rw 0 0\n")
    said = room.cautions(tmp_path, [], mounts)
    assert said == []
    (tmp_path / "out").mkdir()
    assert len(room.cautions(tmp_path / "out", [], mounts)) == over


def test_a_run_that_was_killed_is_told_by_the_next_one(tmp_path: Path) -> None:
    with place.held(tmp_path, who=WHO) as died:
        assert died is None
        held = (tmp_path / place.LOCK).read_bytes()
    with place.held(tmp_path, who=WHO) as died:
        assert died is None  # the one before came to its end
    (tmp_path / place.LOCK).write_bytes(held)  # as SIGKILL leaves it
    with place.held(tmp_path, who=WHO) as died:
        assert died is not None
        assert "process 1 on h, since then" in died
    with place.held(tmp_path, who=WHO) as died:
        assert died is None
