from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.invented_clinic import Place, environment

SLOW = """
import sys, time
from screener.cli import main, stopping
stopping.watch()
from screener import screen
def slow(*_):
    open(sys.argv[1], "w").close()
    time.sleep(60)
screen.screen_bucket = slow
sys.exit(main.ended_with(sys.argv[2:]))
"""


def started(clinic: Place, tmp_path: Path, *more: str) -> subprocess.Popen[str]:
    ready = tmp_path / "ready"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(ready), *clinic.run(*more)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        # Whoever started the tests may ignore SIGHUP (nohup does), and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509
        text=True,
    )
    until = time.monotonic() + 60
    while not ready.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.02)
    assert list(clinic.out.glob(".scratch-*"))
    return process


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_run_with_its_code_and_leaves_no_partial_file(
    clinic: Place, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = started(clinic, tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert out == ""
    assert f"stopped by signal {number.value}" in err
    assert "Traceback" not in err
    assert [p.name for p in clinic.out.iterdir()] == [".lock"]


def test_with_json_logs_the_last_line_of_a_stopped_run_is_an_exit_error(
    clinic: Place, tmp_path: Path
) -> None:
    process = started(clinic, tmp_path, "--log-format", "json")
    process.terminate()
    last = json.loads(process.communicate(timeout=20)[1].splitlines()[-1])
    assert (last["event"], last["exit_code"]) == ("exit_error", 143)


def test_after_kill_9_the_next_run_sweeps_and_publishes(clinic: Place, tmp_path: Path) -> None:
    process = started(clinic, tmp_path)
    process.kill()
    process.communicate(timeout=20)
    assert list(clinic.out.glob(".scratch-*"))
    from screener.cli.main import ended_with

    assert ended_with(clinic.run()) == 0
    assert list(clinic.out.glob(".scratch-*")) == []
    assert len(clinic.published()) == 1
