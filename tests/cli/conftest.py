"""Fixtures: the invented clinic, and the command line in this process or in its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.invented_clinic import (
    Ended,
    Place,
    environment,
    invented,
)


@pytest.fixture
def clinic(tmp_path: Path) -> Place:
    """Three patients; P-1 takes 100 mg a day, P-2 60, P-3 nothing."""
    return invented(tmp_path)


@pytest.fixture
def screener(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Ended]]:
    """The command line inside this process, so that a test can put faults into it."""
    from screener.cli import logs
    from screener.cli.main import ended_with

    for variable in [v for v in os.environ if v.startswith("SCREENER_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    umask = os.umask(0o022)

    def call(*arguments: str) -> Ended:
        capsys.readouterr()
        logs.current = logs.Log()
        code = ended_with(list(arguments))
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    yield call
    os.umask(umask)


@pytest.fixture
def own_process(tmp_path: Path) -> Callable[..., Ended]:
    """The command line in its own process."""

    def call(*arguments: str, **more: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "screener.cli.main", *arguments],
            cwd=tmp_path,
            env=environment(**more),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
