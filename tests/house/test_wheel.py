"""The wheel is a function of the tree: built twice, in two folders, it is the same to the byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
A_COMMIT = "1700000000"  # what SOURCE_DATE_EPOCH says instead of the clock


def built(folder: Path) -> Path:
    """A wheel of the package, from a copy of what it is made of in `folder`, as `make wheel`."""
    folder.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "screener", folder / "screener", ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", "out", "."],
        cwd=folder,
        env=os.environ | {"SOURCE_DATE_EPOCH": A_COMMIT},
        umask=0o022,
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "out").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("wheels")
    return built(place / "one"), built(place / "another place")


def test_a_wheel_built_twice_is_the_same_to_the_byte(wheels: tuple[Path, Path]) -> None:
    one, other = wheels
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_a_wheel_holds_every_file_that_the_package_reads(wheels: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(wheels[0]) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("screener/")}
    tracked = subprocess.run(
        ["git", "ls-files", "screener"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert set(tracked) - held == set()
