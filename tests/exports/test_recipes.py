"""The recipes of docs/schedule.md, taken from the page and tried as far as a test can."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import clinic
from tests.cli.invented_clinic import ROOT, Place, order

__all__ = ["clinic"]  # a fixture
PAGE = (ROOT / "docs" / "schedule.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    """The code blocks of the page of this kind."""
    found: list[str] = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found


def own_places(text: str, place: Path) -> str:
    """The recipe with the folders of this test."""
    for example, real in (("/srv/screener", place), ("/data/exports", place),
                          ("/data/reports", place / "reports")):  # fmt: skip
        text = text.replace(example, str(real))
    return text


@pytest.fixture
def script(clinic: Place, tmp_path: Path) -> Path:
    """The script of the cron recipe beside a clinic whose exports are those of tonight."""
    program = Path(sys.executable).with_name("screener")
    if not program.exists():
        pytest.skip("screener is not installed as a command")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/screener").symlink_to(program)
    clinic.exports.rename(tmp_path / "tonight")
    (tmp_path / "reports").mkdir()
    (text,) = blocks("sh")
    made = tmp_path / "screener-night"
    made.write_text(own_places(text, tmp_path))
    return made


def night(script: Path) -> subprocess.CompletedProcess[str]:
    """What cron does: sh, an empty environment, another folder."""
    return subprocess.run(
        ["env", "-i", "sh", str(script)],
        cwd="/", capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_script_screens_with_an_empty_environment(script: Path, tmp_path: Path) -> None:
    ended = night(script)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Report: " in ended.stdout
    assert (tmp_path / "reports/exports/screener.prom").is_file()
    assert (tmp_path / "reports/screener.log").read_text().count('"summary"') == 1


def test_the_script_says_that_a_night_was_refused(script: Path, tmp_path: Path) -> None:
    (tmp_path / "tonight/prescriptions.csv").write_text("<html>")
    ended = night(script)
    assert ended.returncode == 4
    assert "did not screen (exit code 4)" in ended.stderr


def test_the_script_says_that_a_night_was_incomplete(script: Path, tmp_path: Path) -> None:
    whole = (tmp_path / "tonight/prescriptions.csv").read_text()
    (tmp_path / "tonight/prescriptions.csv").write_text(
        whole + order(3, "P-3", 2).replace("2026-01-05", "soon") + "\n"
    )
    ended = night(script)
    assert ended.returncode == 3
    assert "finished but incomplete" in ended.stderr


def test_the_script_says_that_another_run_is_going(script: Path, tmp_path: Path) -> None:
    with (tmp_path / "reports/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = night(script)
    assert ended.returncode == 6
    assert "another run is still going" in ended.stderr


def units(folder: Path) -> list[Path]:
    """The units of the page as files, with a program that exists."""
    made = []
    for text in blocks("ini"):
        named = re.match(r"# /etc/systemd/system/(\S+)\n", text)
        assert named
        runs = text.replace("/srv/screener/.venv/bin/screener", sys.executable)
        (folder / named[1]).write_text(runs)
        made.append(folder / named[1])
    return made


def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    made = units(tmp_path)
    assert len(made) == 3
    services = [str(path) for path in made if "@" not in path.name]
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *services],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (verified.returncode, verified.stderr, verified.stdout) == (0, "", "")
    (calendar,) = re.findall(r"^OnCalendar=(.*)$", "\n".join(blocks("ini")), re.MULTILINE)
    again = subprocess.run(
        ["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=False
    )
    assert again.returncode == 0


def test_systemd_would_notice_a_word_that_it_does_not_know(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    unit = next(path for path in units(tmp_path) if path.name == "screener.service")
    unit.write_text(unit.read_text().replace("PrivateNetwork=", "PrivateNetworking="))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "PrivateNetworking" in verified.stderr
