"""`screener report` and `screener verify`: a finished run, shown again or checked again."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from screener.cli import clock, completion, logs, settings
from screener.cli.run import Out
from screener.cli.say import plural, say, table
from screener.errors import RunBroke, UsageError

REPORT = "report.html"
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        autocompletion=completion.runs,
        help="A run's folder, its name, its run id, or latest.",
    ),
]


@settings.shared
def report(
    run: RunName = "latest",
    out: Out = Path("reports"),
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Write the report to this file instead.",
            show_default=False,
        ),
    ] = None,
    share: Annotated[
        Path | None,
        typer.Option(
            "--share",
            metavar="FILE",
            help="Write a pseudonymised copy to this file instead (docs/sharing.md).",
            show_default=False,
        ),
    ] = None,
    keep_key: Annotated[
        Path | None,
        typer.Option(
            "--keep-key",
            metavar="FILE",
            help="With --share: the key of this file, so that copies name patients alike.",
            show_default=False,
        ),
    ] = None,
    prescribers: Annotated[
        bool, typer.Option("--prescribers", help="With --share: prescribers under new names.")
    ] = False,
) -> int:
    """screener report latest

    Make the report of a finished run again, from its folder alone.

    When this version of screener draws it differently, run.json gets the new file's hash.
    """
    from screener.outputs import publish, run_folder, write

    if share is None and (keep_key or prescribers):
        raise UsageError("--keep-key and --prescribers are of a copy.", fix="Add --share FILE.")
    folder = run_folder.find_run(out, run)
    content = run_folder.read_run(folder)
    if share is not None:
        return _share(folder, content, share, keep_key, prescribers=prescribers)
    page = write.report_bytes(folder, content)
    target = to or folder / REPORT
    try:
        if to is None:
            _put_in_place(folder, content, page)
        else:
            publish.replace_file(target, page)
    except OSError as error:
        raise RunBroke(
            f"The report cannot be written ({error.strerror}).", where=str(target)
        ) from error
    say(f"Report: {target}")
    return 0


def _put_in_place(folder: Path, content: dict[str, Any], page: bytes) -> None:
    """The run with this report, in one step: a reader sees the old page and its hash, or the new.

    Raises AnotherRunHoldsTheLock, and RunBroke when a file reads back differently.
    """
    from screener.outputs import place, publish

    who = {"host": platform.node(), "pid": str(os.getpid()), "started_at": clock.now()}
    with place.held(folder.parent, who=who), place.scratch_folder(folder.parent) as scratch:
        ready = scratch / "run"
        ready.mkdir(mode=0o700)
        for file in sorted(folder.iterdir()):
            if file.name not in (REPORT, publish.RUN_JSON):
                publish.same_file(file, ready / file.name)
        publish.write_all(ready, {REPORT: page})
        content["files"][REPORT] = publish.file_facts(ready / REPORT)
        publish.write_all(ready, {publish.RUN_JSON: publish.json_bytes(content)})
        publish.make_visible(ready, folder)


def _share(
    folder: Path, content: dict[str, Any], target: Path, keep_key: Path | None, *, prescribers: bool
) -> int:
    """Write a pseudonymised copy; the run's folder is only read."""
    from screener.outputs import publish, write
    from screener.outputs.share import new_key, read_or_make_key

    if target.resolve().parent == folder.resolve():
        raise UsageError(
            "A copy does not belong into the folder of a run.",
            where=str(target),
            fix="Name a file elsewhere: what is beside it is not pseudonymised.",
        )
    key = read_or_make_key(keep_key) if keep_key else new_key()
    page = write.share_bytes(folder, content, key, prescribers=prescribers)
    try:
        publish.replace_file(target, page)
    except OSError as error:
        raise RunBroke(
            f"The copy cannot be written ({error.strerror}).", where=str(target)
        ) from error
    say(f"Pseudonymised copy: {target}")
    return 0


@settings.shared
def verify(
    run: RunName = "latest",
    out: Out = Path("reports"),
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the history again from the run folders.")
    ] = False,
) -> int:
    """screener verify latest

    Check a finished run: hashes, counts, and everything that must hold of its tables.

    Exit code 0 when all hold, 5 when one does not.
    """
    from screener.outputs import run_folder

    folder = run_folder.find_run(out, run)
    if repair:
        say(_repaired(out))
    laws = run_folder.verify(folder)
    say(
        *table(("", "check", "detail"), [("ok" if w.ok else "NOT", w.name, w.detail) for w in laws])
    )
    broken = [law.name for law in laws if not law.ok]
    if broken:
        raise RunBroke(
            f"{len(broken)} of {len(laws)} checks do not hold: {'; '.join(broken)}.",
            where=folder.name,
            fix="Screen the exports again with --force.",
        )
    held = f"{plural(len(laws), 'check')} held"
    logs.current.summary(held, {"exit_code": 0, "checks": len(laws)})
    return 0


def _repaired(out: Path) -> str:
    from screener.history import FILE, rebuilt
    from screener.outputs import place

    with place.held(out, who=clock.who()):
        count = rebuilt(out)
    return f"{FILE} was made again from {plural(count, 'run')}."
