"""The `screener` command: the commands, and how every ending becomes an exit code.

Nothing heavy is imported here, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Any

import typer

from screener.cli import (
    check,
    demo,
    doctor,
    explain,
    export,
    failures,
    formats,
    logs,
    report,
    reviews,
    rules,
    runs,
    stopping,
)
from screener.cli import run as run_command
from screener.cli.settings import Version
from screener.errors import RuleFileError, ScreenerError

app = typer.Typer(
    name="screener",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print local variables, which hold rows
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def screener(version: Version = False) -> None:
    """screener run exports/ --out reports

    A batch screener of medication lists: prompts for clinical review, not confirmed errors.
    """


app.command("run", short_help="Screen exports: findings, report and run.json.")(run_command.run)
app.command("check", short_help="Read and validate exports only: counts and reasons.")(check.check)
app.command("explain", short_help="How a finding came about.")(explain.explain)
app.command("report", short_help="Make a run's report again.")(report.report)
app.command("export", short_help="A run for other systems: FHIR, Prometheus, tables.")(
    export.export
)
app.command("verify", short_help="Check a run: hashes, counts, invariants.")(report.verify)
app.command("demo", short_help="Screen the invented sample clinic.")(demo.demo)
app.command("doctor", short_help="Is this machine ready for a run?")(doctor.doctor)
app.command("diff", short_help="Two runs: new, worsened, no longer found.")(runs.diff)
app.add_typer(formats.app, name="formats")
app.add_typer(runs.app, name="runs")
app.add_typer(reviews.app, name="reviews")
app.add_typer(rules.app, name="rules")


def main() -> None:
    """Entry point of the console script."""
    stopping.watch()
    sys.exit(ended_with(sys.argv[1:]))


def ended_with(arguments: list[str]) -> int:
    """Run a command line and give its exit code; every failure is one line on stderr."""
    _safe_surroundings()
    try:
        code: Any = app(arguments, prog_name="screener", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except RuleFileError as error:
        for problem in error.problems:
            logs.current.line("problem", problem, level=logs.QUIET, problem=problem)
        return _told(error.exit_code, str(error))
    except ScreenerError as error:
        return _told(error.exit_code, str(error))
    except typer.TyperException as error:  # a wrong option or argument
        return _told(2, error.format_message())
    except (typer.Abort, KeyboardInterrupt):
        return _told(130, "stopped by Ctrl-C")
    except BaseException as error:
        if isinstance(error, SystemExit):  # raised by typer when stdout is a closed pipe
            return _told(5, "The result could not be written to standard output.")
        return _told(5, str(failures.in_one_sentence(error)))
    finally:
        logs.current.close_bars()
        _close_stdout()


def _told(code: int, message: str) -> int:
    stopping.stand_still_if_stopping()
    logs.current.exit_error(code, " ".join(message.split()))
    return code


def _safe_surroundings() -> None:
    """Private files, no core dump with patients in it, and text that any terminal can take."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _close_stdout() -> None:
    """Flush now: a pipe that was closed must not print a trace when Python ends."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())


if __name__ == "__main__":
    main()
