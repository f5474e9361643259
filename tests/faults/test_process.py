"""A run in odd surroundings: signals, two at once, variables, pipes, no network.

Some of each here; `make test-deep` stops runs at fifty moments and races fifty pairs.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.invented_clinic import Place, environment, invented, order
from tests.faults.sweep import broken_runs, command, copied, fingerprint
from tests.faults.warm import Warm

DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
STOPS = 50 if DEEP else 4
PAIRS = 50 if DEEP else 3
# Seconds from the signal to the end: one where nothing else is at work (FAULT_WITHIN=1).
WITHIN = float(os.environ.get("FAULT_WITHIN", "5"))
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}


@pytest.mark.alone
def test_signals_at_random_moments_leave_whole_runs_only(
    clinic: Place, warm: Warm, tmp_path: Path
) -> None:
    again = clinic.run("--jobs", "1", "--force")
    begin = time.monotonic()
    assert warm.command(*again, cwd=tmp_path).code == 0
    usual, took = time.monotonic() - begin, list[float]()
    drawn = random.Random(7)
    for number in range(5 * STOPS):  # some are finished before the signal
        if len(took) == STOPS:
            break
        begun = warm.begin(*again, cwd=tmp_path)
        time.sleep(drawn.uniform(0, usual))
        sent, at = drawn.choice(list(CODES)), time.monotonic()
        os.kill(begun.pid, sent)
        ended = warm.end(begun)
        if ended.code == CODES[sent]:
            took.append(time.monotonic() - at)
        # 0: it was finished; minus the signal: it had not begun to listen, and to write even less
        assert ended.code in (0, CODES[sent], -sent), (number, ended)
        assert "Traceback" not in ended.err, ended
        assert broken_runs(clinic.out) == []
    assert warm.command(*again, cwd=tmp_path).code == 0
    assert sorted(p.name for p in clinic.out.glob(".*")) == [".lock"]
    took.sort()
    print("Seconds to the end:", [round(t, 2) for t in took])
    assert len(took) == STOPS
    assert took[-1] < WITHIN


@pytest.mark.parametrize("sent", CODES if DEEP else [signal.SIGTERM])
def test_a_signal_ends_a_process_of_its_own_with_workers(
    clinic: Place, tmp_path: Path, sent: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "screener.cli.main", *clinic.run("--jobs", "2")],
        cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        # Whoever started the tests may ignore SIGHUP (nohup does), and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    while process.poll() is None and not list(clinic.out.glob(".scratch-*")):
        time.sleep(0.01)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == CODES[sent], err
    assert "partial files are removed" in err
    assert [p.name for p in clinic.out.iterdir()] == [".lock"]


def test_of_two_runs_at_once_one_publishes_and_the_other_ends_with_6(
    clinic: Place, warm: Warm, tmp_path: Path
) -> None:
    met = 0
    for _ in range(PAIRS):
        begun = [warm.begin(*clinic.run("--jobs", "1", "--force"), cwd=tmp_path) for _ in range(2)]
        ends = sorted((warm.end(one) for one in begun), key=lambda one: one.code)
        codes = [one.code for one in ends]
        assert codes in ([0, 6], [0, 0]), ends  # 0 twice: they did not meet
        assert "Traceback" not in ends[0].err + ends[1].err
        assert broken_runs(clinic.out) == []
        assert len(clinic.published()) == 1
        met += codes == [0, 6]
    print(f"{met} of {PAIRS} pairs met")
    assert met > PAIRS // 2


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Path:
    """Folders of a clinic with an ordinary run; a third of its orders was set aside."""
    folder = tmp_path_factory.mktemp("usual")
    clinic = invented(folder / "clinic")
    clinic.prescriptions(order(1, "P-é", 5), order(2, "P-2", 3), order(3, "P-3", 3, start="x"))
    assert warm.command(*clinic.run(), cwd=folder).code == 3
    return folder / "clinic"


VARIABLES = (
    {"PANDERA_VALIDATION_ENABLED": "False"},
    {"PANDERA_VALIDATION_DEPTH": "SCHEMA_ONLY"},
    {"POLARS_MAX_THREADS": "nonsense"},
    {"POLARS_VERBOSE": "1", "POLARS_FMT_MAX_ROWS": "-1"},
    {"POLARS_STREAMING_CHUNK_SIZE": "1"},
    {"POLARS_FORCE_ASYNC": "1"},
    {"PYTHONOPTIMIZE": "2"},
    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"COLUMNS": "1", "TERM": "nonsense", "NO_COLOR": "1"},
    {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
    {"MALLOC_PERTURB_": "85"},
)


@pytest.mark.parametrize(
    "variables",
    VARIABLES if DEEP else VARIABLES[::5],
    ids=lambda variables: next(iter(variables)),
)
def test_no_variable_of_the_surroundings_changes_what_is_found(
    usual: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    """Either the very files of an ordinary run, or a refusal that names the variable."""
    clinic = copied(usual, tmp_path / "clinic")
    (folder,) = clinic.published()
    ended = command(*clinic.run("--force"), cwd=tmp_path, **variables)
    assert "Traceback" not in ended.err
    assert "P-é" not in ended.out + ended.err
    if ended.code == 5:  # the self-test of validation stops such a run
        assert "PANDERA_VALIDATION_ENABLED and _DEPTH" in ended.err
    else:
        assert ended.code == 3, ended
        before = fingerprint(usual / "reports" / folder.name)
        assert {k: v for k, v in fingerprint(folder).items() if k != "run.json"} == {
            k: v for k, v in before.items() if k != "run.json"
        }


def test_a_module_in_the_working_folder_is_not_taken_for_one_of_ours(
    clinic: Place, tmp_path: Path
) -> None:
    script = Path(sys.executable).with_name("screener")
    if not script.exists():
        pytest.skip("the console script is not installed")
    for name in ("polars", "yaml", "jinja2", "csv"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)\n")
    env = {k: v for k, v in environment().items() if k != "PYTHONPATH"}
    done = subprocess.run([script, *clinic.run()], cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("where", ["/dev/full", "closed"])
def test_a_standard_output_that_takes_nothing_ends_with_5_and_no_trace(
    clinic: Place, tmp_path: Path, where: str
) -> None:
    arguments = [sys.executable, "-m", "screener.cli.main", "rules", "list", "--rules"]
    arguments.append(str(clinic.rules))
    if where == "closed":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open(where, os.O_WRONLY)
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environment(), stdout=writer, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_run_without_any_network_is_an_ordinary_run(clinic: Place, tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    tried = unshare and subprocess.run([unshare, "-n", "true"], capture_output=True, check=False)
    if not unshare or not tried or tried.returncode:
        pytest.skip("no network namespace can be made here (unshare -n)")
    done = subprocess.run(
        [unshare, "-n", sys.executable, "-m", "screener.cli.main", *clinic.run()],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_run_opens_no_socket_of_the_internet(clinic: Place, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    seen = tmp_path / "calls"
    arguments = [strace or "", "-f", "-qq", "-e", "trace=%network", "-o", str(seen)]
    tried = strace and subprocess.run([*arguments, "true"], capture_output=True, check=False)
    if not strace or not tried or tried.returncode:
        pytest.skip("no system calls can be traced here (strace)")
    done = subprocess.run(
        [*arguments, sys.executable, "-m", "screener.cli.main", *clinic.run("--jobs", "2")],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [
        line for line in seen.read_text().splitlines() if re.search(r"AF_INET|AF_PACKET", line)
    ] == []
