"""A process in which everything is imported already, and which forks one child for each command.

A child does what a fresh process would do, at half the cost: it waits for signals, counts its
writes (writes.c is preloaded), ends as a process ends, and may be killed. Nothing of polars has
been called before the fork, so no thread is lost by it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.cli.invented_clinic import Ended, environment

LIMIT = 120.0  # seconds that a command may take
STOPPED_BY = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Begun:
    """A command at work, and the files that take what it says."""

    pid: int
    said: tuple[Path, Path]


class Warm:
    """The process that forks, seen from the tests."""

    def __init__(self, library: Path | None) -> None:
        self.notes = tempfile.TemporaryDirectory()
        preload = {} if library is None else {"LD_PRELOAD": str(library)}
        self.number = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm"],
            env=environment(**preload),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _asked(self, **what: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def begin(self, *arguments: str, cwd: Path, **variables: str) -> Begun:
        """Start a command; `variables` are added to its environment."""
        self.number += 1
        said = tuple(Path(self.notes.name) / f"{self.number}.{name}" for name in ("out", "err"))
        answer = self._asked(
            arguments=arguments, cwd=str(cwd), variables=variables, said=[str(p) for p in said]
        )
        return Begun(answer["pid"], (said[0], said[1]))

    def end(self, begun: Begun) -> Ended:
        """Wait for it."""
        answer = self._asked(wait=begun.pid)
        texts = [path.read_text("utf-8", "backslashreplace") for path in begun.said]
        for path in begun.said:
            path.unlink()
        return Ended(answer["code"], *texts)

    def command(self, *arguments: str, cwd: Path, **variables: str) -> Ended:
        """The command line, to its end."""
        return self.end(self.begin(*arguments, cwd=cwd, **variables))

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.notes.cleanup()


def _ended(pid: int) -> int:
    """The code of a child, negative for a signal; one that takes too long is killed."""
    handle = os.pidfd_open(pid)
    if not select.select([handle], [], [], LIMIT)[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _be_a_child(
    arguments: list[str], cwd: str, variables: Mapping[str, str], said: list[str]
) -> None:
    """Become the program: never returns."""
    from screener.cli.main import main

    for number, path in enumerate(said, start=1):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
    os.chdir(cwd)
    os.environ.update(variables)
    begin = getattr(ctypes.CDLL(None), "begin_counting", None)
    if begin is not None:
        begin()
    sys.argv = ["screener", *arguments]
    main()


def serve() -> None:
    """Answer what is asked on standard input, until it is closed."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for number in STOPPED_BY:
        signal.signal(number, signal.SIG_DFL)
    _import_all()
    # Not by `for line in sys.stdin`: a child must not find lines that were read ahead.
    while line := sys.stdin.readline():
        asked = json.loads(line)
        if "wait" in asked:
            told = {"code": _ended(asked["wait"])}
        else:
            told = {"pid": os.fork()}
            if told["pid"] == 0:
                answers.close()
                _be_a_child(**asked)
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def _import_all() -> None:
    """What a run imports on its way, and the templates of its report."""
    import pandera.backends.polars.register
    import xlsxwriter

    import screener.cli.run
    import screener.history
    import screener.rulebook.effective
    import screener.screen
    from screener.outputs.report import page

    del pandera, xlsxwriter, screener
    for name in files("screener.outputs.report").joinpath("templates").iterdir():
        if name.name.endswith(".j2"):
            page._environment().get_template(name.name)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve()
