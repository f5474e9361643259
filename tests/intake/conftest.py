"""A take-in of files written by the test itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from screener.intake import Intake, take_in
from screener.sources import read_export

Take = Callable[..., Intake]
HEADER = "patient_id,drug,start_date"


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """take({'prescriptions.csv': text or bytes, ...}, **options) -> Intake."""

    def taken(files: dict[str, str | bytes], **options: Any) -> Intake:
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(data)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        return take_in([str(folder)], read=read_export, scratch=scratch, **options)

    return taken
