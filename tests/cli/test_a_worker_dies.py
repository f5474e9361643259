"""A worker process that is ended from outside fails the whole run, cleanly."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from screener import screen
from screener.intake import take_in
from tests.cli.invented_clinic import Ended, Place

Call = Callable[..., Ended]


def ended_from_outside(bucket: int, **_: Any) -> None:
    if bucket == 1:
        os._exit(137)


def test_a_run_whose_worker_dies_publishes_nothing_and_the_last_report_stays(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert screener(*clinic.run()).code == 0
    before = clinic.published()
    monkeypatch.setattr(screen, "take_in", partial(take_in, bucket_rows=1))
    monkeypatch.setattr(screen, "one_bucket", ended_from_outside)
    ended = screener(*clinic.run("--jobs", "2", "--force"))
    assert ended.code == 5
    last = ended.err.splitlines()[-1]
    assert "A worker process was ended from outside" in last
    assert "run again with --jobs 1" in last
    assert clinic.published() == before
    (failed,) = clinic.failed()
    assert json.loads((failed / "run.json").read_text())["exit_code"] == 5
    assert screener("verify", "latest", "--out", str(clinic.out)).code == 0
