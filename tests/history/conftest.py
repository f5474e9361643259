"""Fixtures of the history's tests: an output folder after three nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.history.place import Place


@pytest.fixture(scope="session")
def three_nights(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three nights, for copying only."""
    made = Place(tmp_path_factory.mktemp("nights"))
    for number in range(3):
        made.night(number)
    return made


@pytest.fixture
def place(three_nights: Place, tmp_path: Path) -> Place:
    """Three nights, for one test."""
    return three_nights.copied(tmp_path)
