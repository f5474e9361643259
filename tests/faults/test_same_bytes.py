"""The same input gives the same bytes, whatever the threads, the time zone, the locale, the place.

run.json alone has the clock, the host and the durations of its run. One run in two surroundings
here; `make test-deep` makes five in each.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.invented_clinic import Place, environment
from tests.faults.sweep import command, fingerprint

CLOCK = ("started_at", "ended_at", "host", "timings", "command")
DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
TIMES = 5 if DEEP else 1
SURROUNDINGS = (
    {"POLARS_MAX_THREADS": "1", "TZ": "UTC", "LC_ALL": "C"},
    {"POLARS_MAX_THREADS": "8", "TZ": "America/St_Johns", "PYTHONHASHSEED": "1"},
    {"POLARS_MAX_THREADS": "2", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
)
# Other letters in upper case, commas in numbers, another writing.
LOCALES = ("tr_TR", "de_DE", "ja_JP")
ROOT = Path(__file__).parents[2]
Seen = tuple[str, dict[str, str], dict[str, Any]]


def seen_by(here: Path, jobs: int, root: Path = ROOT, **variables: str) -> Seen:
    """Name, files and run.json of a run of the sample clinic in a folder of its own."""
    shutil.copytree(ROOT / "sample_data", here / "exports")
    place = Place(here / "exports", root / "rules", here / "reports")
    arguments = place.run("--jobs", str(jobs), "--as-of", "2026-10-31")
    ended = command(*arguments, cwd=here, PYTHONPATH=str(root), **variables)
    assert ended.code in (0, 3), ended.err
    (folder,) = place.published()
    files = {name: sum_ for name, sum_ in fingerprint(folder).items() if name != "run.json"}
    assert len(files) > 12
    run: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
    return folder.name, files, {key: value for key, value in run.items() if key not in CLOCK}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What a run gives here and now."""
    return seen_by(tmp_path_factory.mktemp("usual"), 1)


@pytest.mark.parametrize("number", range(len(SURROUNDINGS) if DEEP else 1))
def test_the_sample_clinic_gives_the_same_bytes_in_all_surroundings(
    usual: Seen, tmp_path: Path, number: int
) -> None:
    for time in range(TIMES):
        here = tmp_path / f"place {time}"
        assert seen_by(here, 1 + number % 2, **SURROUNDINGS[number]) == usual


def test_it_gives_them_from_another_checkout_with_workers(usual: Seen, tmp_path: Path) -> None:
    other = tmp_path / "another checkout"
    for name in ("screener", "rules"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, other / name, ignore=ignored)
    assert imported_from(other, PYTHONPATH=str(other)).is_relative_to(other)
    for time in range(TIMES):
        variables: Mapping[str, str] = SURROUNDINGS[1]
        assert seen_by(tmp_path / f"place {time}", 2, other, **variables) == usual


def imported_from(cwd: Path, **variables: str) -> Path:
    """Where Python takes the program from."""
    done = subprocess.run(
        [sys.executable, "-c", "import screener; print(screener.__file__)"],
        cwd=cwd, env=environment(**variables), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(done.stdout.strip())


@pytest.mark.parametrize("name", LOCALES if DEEP else LOCALES[:1])
def test_it_gives_them_in_locales_that_are_installed(
    usual: Seen, tmp_path: Path, name: str
) -> None:
    variables = {"LC_ALL": f"{name}.UTF-8", "LOCPATH": str(tmp_path / "locales")}
    compiled(name, tmp_path / "locales")
    asked = "import locale; print(locale.setlocale(locale.LC_ALL, ''))"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env=environment(**variables), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == f"{name}.UTF-8"
    for time in range(TIMES):
        assert seen_by(tmp_path / f"place {time}", 1, **variables) == usual


def compiled(name: str, folder: Path) -> None:
    """A locale of this system in a folder; skips where it cannot be made."""
    maker = shutil.which("localedef")
    if maker is None:
        pytest.skip("no locale can be made here (localedef)")
    folder.mkdir()
    made = subprocess.run(
        [maker, "--no-archive", "-i", name, "-f", "UTF-8", folder / f"{name}.UTF-8"],
        capture_output=True, check=False,
    )  # fmt: skip
    if not (folder / f"{name}.UTF-8" / "LC_CTYPE").exists():
        pytest.skip(f"the locale {name} cannot be made here: {made.stderr.decode()[-200:]}")
