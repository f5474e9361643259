"""Fixtures of the fault tests: the clinic of the command line, and the library of write faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import clinic, own_process
from tests.faults.sweep import built, compiler

__all__ = ["clinic", "library", "own_process"]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library of write faults."""
    if compiler() is None:
        pytest.skip("no C compiler: writes cannot be made to fail")
    return built(tmp_path_factory.mktemp("library"))
