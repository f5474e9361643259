"""What a run leaves when it fails: run.json with the error in `failed/`, and never a report.

An unexpected exception becomes one sentence; its scrubbed trace (places and kinds, no messages
and no values) stands beside run.json.
"""

from __future__ import annotations

import errno
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screener.cli import stopping
from screener.cli.logs import Log
from screener.errors import InputRefused, RunBroke, ScreenerError

if TYPE_CHECKING:
    import polars as pl

    from screener.request import Request

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(slots=True)
class Watcher:
    """Passes the progress of a run to the log, and keeps what a failure should leave behind."""

    log: Log
    out: Path
    run: dict[str, Any] = field(default_factory=dict)
    set_aside: pl.DataFrame | None = None

    def began(self, stage: str) -> None:
        """See Log."""
        self.log.began(stage)

    def ended(self, stage: str, seconds: float, rows: int | None) -> None:
        """See Log."""
        self.log.ended(stage, seconds, rows)

    def moved(self, stage: str, done: int, of: int | None) -> None:
        """See Log."""
        self.log.moved(stage, done, of)

    def noticed(self, text: str) -> None:
        """See Log."""
        self.log.noticed(text)

    def uses_scratch(self, folder: Path) -> None:
        """A signal from now on must remove this folder."""
        from screener.outputs.place import sweep

        def clean_up(code: int) -> None:
            for _ in range(2):  # the main thread may be adding a file at the first time
                sweep(folder.parent)
            self.log.exit_error(code, f"stopped by signal {code - 128}; partial files are removed")

        stopping.at_stop(clean_up)

    def knows(self, run: Mapping[str, Any], set_aside: pl.DataFrame) -> None:
        """What is known after reading, for the run.json of a failure."""
        self.run = dict(run)
        self.set_aside = set_aside


@contextmanager
def left_behind(request: Request, log: Log) -> Iterator[Watcher]:
    """Turn every failure of a run into a ScreenerError and leave its run.json in `failed/`."""
    watch = Watcher(log, request.out)
    try:
        yield watch
    except ScreenerError as error:
        stopping.stand_still_if_stopping()
        if error.exit_code in (InputRefused.exit_code, RunBroke.exit_code):
            _leave(request, watch, error, None)
        raise
    except Exception as error:
        stopping.stand_still_if_stopping()
        told = in_one_sentence(error, request.out)
        _leave(request, watch, told, scrubbed_trace(error))
        raise told from error


def in_one_sentence(error: BaseException, where: Path | None = None) -> RunBroke:
    """An unexpected exception as RunBroke; its own message may quote cells and is left out."""
    number = _number_of(error)
    if number in FULL:
        return RunBroke("The disk is full.", where=str(where), fix="Free some space and run again.")
    if isinstance(error, MemoryError):
        return RunBroke("Memory ran out.", fix="Run again with --jobs 1 or on a larger machine.")
    at = _last_of_ours(error)
    if number is not None:
        return RunBroke(
            f"A file could not be written or read ({os.strerror(number)}{at}).",
            where=str(where) if where else None,
            fix="Check the disk, its quota and the permissions, and run again.",
        )
    return RunBroke(f"A fault of screener ({type(error).__name__}{at}).", fix="Please report it.")


def _number_of(error: BaseException) -> int | None:
    """The number of the operating system's error, also inside an error of polars."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = re.search(r"\(os error (\d+)\)", str(error))
    if found:
        return int(found[1])
    if "Invalid thrift: transport error" in str(error):  # polars: the end of a Parquet file
        return errno.EIO
    return errno.ENOSPC if "No space left" in str(error) else None


def _last_of_ours(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "screener" in Path(f.filename).parts]
    return f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""


def scrubbed_trace(error: BaseException) -> str:
    """Places and kinds of an exception and its causes, without messages and values."""
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        lines.append(type(seen).__name__)
        lines += [
            f"  {'/'.join(Path(f.filename).parts[-2:])}:{f.lineno} {f.name}"
            for f in traceback.extract_tb(seen.__traceback__)
        ]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines) + "\n"


def _leave(request: Request, watch: Watcher, error: ScreenerError, trace: str | None) -> None:
    """Write `failed/<moment>-exit<code>/`; a disk that cannot take it is only mentioned."""
    from screener import __version__
    from screener.findings import SET_ASIDE
    from screener.outputs import publish
    from screener.outputs.tables import csv_bytes

    ended = request.now()
    run = watch.run | {
        "version": __version__,
        "command": request.command,
        "configuration": dict(request.configuration),
        "complete": False,
        "exit_code": error.exit_code,
        "error": {"message": error.message, "where": error.where, "fix": error.fix},
        "ended_at": ended,
        "host": request.host,
    }
    files = {publish.RUN_JSON: publish.json_bytes(run)}
    if error.exit_code == InputRefused.exit_code:
        import polars as pl

        found = getattr(error, "set_aside", watch.set_aside)
        files["set_aside.csv"] = csv_bytes(
            pl.DataFrame(schema=SET_ASIDE) if found is None else found
        )
    if trace is not None:
        files["trace.txt"] = trace.encode()
    moment = "".join(c for c in ended[:19] if c.isdigit() or c == "T")
    try:
        folder = publish.write_failed(request.out, f"{moment}-exit{error.exit_code}", files)
    except (OSError, ScreenerError):
        watch.log.noticed("what is known of this failed run could not be written")
        return
    watch.log.noticed(f"what is known of this failed run stands in {folder}")
