"""Settings: a flag, else a SCREENER_* variable, else screener.toml, else the default.

Every command shares the options of this module through `shared`; a key or variable that no
option has is an error that names the nearest one.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import inspect
import os
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from screener import __version__
from screener.cli import logs
from screener.errors import UsageError

DEFAULT_FILE = Path("screener.toml")
PREFIX = "SCREENER_"
NOT_OURS = ("SCREENER_HYPOTHESIS_",)  # variables of the project's own test run
SOURCES = {"COMMANDLINE": "flag", "ENVIRONMENT": "variable", "DEFAULT_MAP": "config file"}
NO_SETTING = {"config", "version", "show_config", "help"}


def option(*names: str, help: str, **more: Any) -> Any:
    """A typer option that also listens to its SCREENER_* variable."""
    long = max(names, key=len)
    variable = PREFIX + long.removeprefix("--").replace("-", "_").upper()
    return typer.Option(*names, help=help, envvar=variable, show_envvar=False, **more)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"screener {__version__}")
        raise typer.Exit


def _read_config(ctx: typer.Context, path: Path | None) -> Path | None:
    """Let the values of the configuration file stand in for flags that are not given."""
    if ctx.resilient_parsing:
        return path
    root: Any = ctx.find_root().command
    everything = keys_of(command for _, command in _commands(root))
    refuse_unknown(
        [v.removeprefix(PREFIX).lower() for v in os.environ if _is_ours(v)],
        {*everything, "config"},
        where=lambda key: f"the variable {PREFIX}{key.upper()}",
    )
    file = path or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    if file is None:
        return None
    values = {key.replace("-", "_"): value for key, value in _parsed(file).items()}
    refuse_unknown(values, everything, where=lambda key: f"{file}: the key {key}")
    here = keys_of([ctx.command])
    many = {p.name for p in ctx.command.params if getattr(p, "multiple", False) or p.nargs == -1}
    ctx.default_map = {
        here[key]: _as_given(value, many=here[key] in many)
        for key, value in values.items()
        if key in here
    }
    return file


def _commands(group: Any, prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, command in getattr(group, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def keys_of(commands: Iterable[Any]) -> dict[str, str]:
    """Setting -> parameter of each option and of the exports; `--max-x` is the key max_x."""
    keys = {}
    for command in commands:
        for parameter in command.params:
            long = [o for o in parameter.opts if o.startswith("--")]
            if parameter.name == "exports":
                keys["exports"] = "exports"
            elif long and parameter.envvar and parameter.name not in NO_SETTING:
                keys[long[0].removeprefix("--").replace("-", "_")] = parameter.name
    return keys


def _is_ours(variable: str) -> bool:
    return variable.startswith(PREFIX) and not variable.startswith(NOT_OURS)


def refuse_unknown(
    keys: Iterable[str], known: Iterable[str], *, where: Callable[[str], str]
) -> None:
    """Raise UsageError for the first key that no option has, naming the nearest one."""
    known = sorted(known)
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            advice = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise UsageError(f"{where(key)} is not a setting.", fix=advice)


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(
            f"The configuration file cannot be read ({reason}).", where=str(file)
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"Not valid TOML: {error}.", where=str(file)) from error


def _as_given(value: Any, *, many: bool = False) -> Any:
    """A TOML value as the command line would have given it; `many` options take a list."""
    if isinstance(value, list):
        return [_as_given(item) for item in value]
    if isinstance(value, dt.date):
        value = value.isoformat()
    value = value if isinstance(value, bool) else str(value)
    return [value] if many else value


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file; screener.toml in the current folder when there is one.",
        envvar="SCREENER_CONFIG",
        show_envvar=False,
        is_eager=True,
        callback=_read_config,
        show_default=False,
    ),
]
Quiet = Annotated[bool, option("--quiet", "-q", help="Only errors on stderr.")]
Verbose = Annotated[bool, option("--verbose", "-v", help="Every step on stderr.")]
LogFormat = Annotated[
    str, option("--log-format", metavar="FORMAT", help="text or json (one object a line).")
]
LogFile = Annotated[
    Path | None,
    option(
        "--log-file", metavar="FILE", help="Also append the log to this file.", show_default=False
    ),
]
NoProgress = Annotated[bool, option("--no-progress", help="No bars, also on a terminal.")]
Version = Annotated[
    bool,
    typer.Option(
        "--version", help="Print the version and stop.", is_eager=True, callback=_print_version
    ),
]


def _shared_options(
    *,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: LogFormat = "text",
    log_file: LogFile = None,
    no_progress: NoProgress = False,
    version: Version = False,
) -> None:
    """The options that every command has."""
    logs.start(
        quiet=quiet,
        verbose=verbose,
        log_format=log_format,
        log_file=log_file,
        no_progress=no_progress,
    )


def shared(command: Callable[..., int | None]) -> Callable[..., None]:
    """Give a command the shared options, and end it with the exit code that it returns."""
    own = inspect.signature(command, eval_str=True)
    more = inspect.signature(_shared_options, eval_str=True)

    @functools.wraps(command)
    def wrapped(**values: Any) -> None:
        _shared_options(**{name: values.pop(name) for name in more.parameters})
        code = command(**values)
        if code:
            raise typer.Exit(code)

    parameters = [*own.parameters.values(), *more.parameters.values()]
    by_name = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    wrapped.__signature__ = inspect.Signature(by_name)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in by_name}
    return wrapped


def lines_of_config(ctx: typer.Context) -> list[str]:
    """Each setting of a command with its value and where it came from."""
    lines = []
    for key, name in keys_of([ctx.command]).items():
        source = ctx.get_parameter_source(name)
        said = SOURCES.get(source.name if source else "", "default")
        value = ctx.params.get(name)
        shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        lines.append(f"{key} = {shown}  ({said})")
    return lines
