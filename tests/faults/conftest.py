"""Fixtures of the fault tests: the clinic of the command line, the library of write faults, and a
process in which everything is imported already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import clinic, own_process
from tests.faults.sweep import built, compiler
from tests.faults.warm import Warm

__all__ = ["clinic", "library", "own_process", "warm"]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library of write faults."""
    if compiler() is None:
        pytest.skip("no C compiler: writes cannot be made to fail")
    return built(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="session")
def warm(library: Path) -> Iterator[Warm]:
    """A process that forks a child for each command, with the library of write faults."""
    made = Warm(library)
    yield made
    made.close()
