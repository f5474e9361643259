"""The command line inside this process, seen with everything that libraries print themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.cli.invented_clinic import Ended


@pytest.fixture
def command(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Ended]]:
    """Call the command line; what is printed is taken at the file descriptors."""
    from screener.cli import logs
    from screener.cli.main import ended_with

    for variable in [v for v in os.environ if v.startswith("SCREENER_")]:
        monkeypatch.delenv(variable)
    umask = os.umask(0o000)

    def call(*arguments: str) -> Ended:
        capfd.readouterr()
        logs.current = logs.Log()
        code = ended_with(list(arguments))
        seen = capfd.readouterr()
        return Ended(code, seen.out, seen.err)

    yield call
    os.umask(umask)
