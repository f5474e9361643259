"""The same input gives the same bytes, whatever the threads, the time zone, the locale, the place.

run.json alone has the clock, the host and the durations of its run.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tests.cli.invented_clinic import Place
from tests.faults.sweep import command, fingerprint

CLOCK = ("started_at", "ended_at", "host", "timings", "command")
DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
SURROUNDINGS = (
    {"POLARS_MAX_THREADS": "1", "TZ": "UTC", "LC_ALL": "C"},
    {"POLARS_MAX_THREADS": "2", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
    {"POLARS_MAX_THREADS": "8", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"},
    {"POLARS_MAX_THREADS": "8", "PYTHONHASHSEED": "1"},
)
ROOT = Path(__file__).parents[2]


def without_clock(folder: Path) -> dict[str, Any]:
    run: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
    return {key: value for key, value in run.items() if key not in CLOCK}


def test_the_sample_clinic_gives_the_same_bytes_in_all_surroundings(tmp_path: Path) -> None:
    seen = []
    for number, variables in enumerate(SURROUNDINGS if DEEP else SURROUNDINGS[::2]):
        here = tmp_path / f"place {number}"
        shutil.copytree(ROOT / "sample_data", here / "exports")
        place = Place(here / "exports", ROOT / "rules", here / "reports")
        jobs = ("--jobs", str(1 + number % 2))
        ended = command(*place.run(*jobs, "--as-of", "2026-10-31"), cwd=here, **variables)
        assert ended.code in (0, 3), ended.err
        (folder,) = place.published()
        files = {name: sum_ for name, sum_ in fingerprint(folder).items() if name != "run.json"}
        assert len(files) > 12
        seen.append((folder.name, files, without_clock(folder)))
    assert all(other == seen[0] for other in seen[1:])
