"""Progress and logs: on stderr and, when asked for, in a file; never a cell of the input.

A terminal gets bars, anything else one timed line a stage; `--log-format json` gives one JSON
object a line, the last of which is a `summary` or an `exit_error`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from screener.cli.clock import now
from screener.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET, NORMAL, VERBOSE = 0, 1, 2
UNTIMED = ("exit_error", "problem")  # what a person reads first stands at the line's beginning


@dataclass(slots=True)
class Log:
    """Where the lines of one command go."""

    level: int = NORMAL
    as_json: bool = False
    bars: bool = False
    file: TextIO | None = None
    _progress: Progress | None = None
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def line(self, event: str, text: str, *, level: int = NORMAL, **facts: Any) -> None:
        """One line: `text` for people, `event` and `facts` for machines."""
        if level > self.level:
            return
        if self.as_json:
            line = json.dumps({"at": now(), "event": event, **facts}, ensure_ascii=False)
        else:
            line = text if event in UNTIMED else f"{now()} {text}"
        self._to_stderr(line)
        if self.file is not None:
            print(line, file=self.file, flush=True)

    def _to_stderr(self, line: str) -> None:
        if self._progress is not None:
            self._progress.console.print(line, markup=False, highlight=False)
        elif sys.stderr is not None:
            print(line, file=sys.stderr, flush=True)

    def began(self, stage: str) -> None:
        """A stage of the run began."""
        if self.bars:
            self._task(stage)
        self.line("stage_began", f"{stage} …", level=VERBOSE, stage=stage)

    def ended(self, stage: str, seconds: float, rows: int | None = None) -> None:
        """A stage of the run is over; rows: how many it worked through, if it is about rows."""
        if self._progress is not None:
            for task in self._tasks.values():
                self._progress.remove_task(task)
            self._tasks.clear()
        if rows is None:
            self.line("stage", f"{stage}: {seconds:.1f} s", stage=stage, seconds=seconds)
            return
        rate = round(rows / max(seconds, 0.001))
        self.line(
            "stage",
            f"{stage}: {rows:,} rows, {rate:,} a second, {seconds:.1f} s",
            stage=stage,
            seconds=seconds,
            rows=rows,
            rows_per_second=rate,
        )

    def moved(self, stage: str, done: int, of: int | None) -> None:
        """How far a stage has come."""
        if self._progress is not None:
            self._progress.update(self._task(stage), completed=done, total=of)
        known = f" of {of}" if of is not None else ""
        self.line(
            "progress", f"{stage}: {done}{known}", level=VERBOSE, stage=stage, done=done, of=of
        )

    def noticed(self, text: str) -> None:
        """Something that the auditor should know and that is no failure."""
        self.line("notice", f"notice: {text}", notice=text)

    def summary(self, text: str, facts: Mapping[str, Any]) -> None:
        """The last line of a command that came to its end."""
        self.close_bars()
        self.line("summary", text, **facts)

    def exit_error(self, code: int, message: str) -> None:
        """The last line of a command that did not."""
        self.close_bars()
        self.line("exit_error", f"error: {message}", level=QUIET, exit_code=code, message=message)

    def close_bars(self) -> None:
        """Give the terminal back."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self.bars = False

    def _task(self, stage: str) -> TaskID:
        if self._progress is None:
            self._progress = _new_progress()
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=None)
        return self._tasks[stage]


current = Log()  # until a command sets up its own


def start(
    *, quiet: bool, verbose: bool, log_format: str, log_file: Path | None, no_progress: bool
) -> Log:
    """Set up the log of this command. Raises UsageError when the log file cannot be written."""
    global current  # noqa: PLW0603  errors raised anywhere must end in this command's log
    if log_format not in ("text", "json"):
        raise UsageError(f"--log-format is text or json, not {log_format}.")
    as_json = log_format == "json"
    current = Log(
        level=QUIET if quiet else VERBOSE if verbose else NORMAL,
        as_json=as_json,
        bars=not (as_json or quiet or no_progress) and _is_terminal(),
        file=None if log_file is None else _opened(log_file),
    )
    return current


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb"


def _opened(path: Path) -> TextIO:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(
            f"The log file cannot be written ({error.strerror}).",
            where=str(path),
            fix="Give another file with --log-file.",
        ) from error
    return os.fdopen(handle, "a", encoding="utf-8")


def _new_progress() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    progress = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    progress.start()
    return progress
