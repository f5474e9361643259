"""`screener doctor`: is this machine ready for a run?"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from screener import __version__
from screener.cli import clock, logs, settings
from screener.cli.run import Out, Rules
from screener.cli.say import say, table
from screener.errors import RuleFileError, RunBroke, ScreenerError

LIBRARIES = ("polars", "pandera", "typer", "jinja2", "yaml", "xlsxwriter", "zstandard")


@settings.shared
def doctor(rules: Rules = Path("rules"), out: Out = Path("reports")) -> int:
    """screener doctor

    Check this machine: libraries, folders, clock, validation, rules and lists.

    Exit code 0 when all is well, 2 when the rules cannot be used, 5 when something else is wrong.
    """
    examined = [
        _examined("versions", _versions),
        _examined("clock", _clock),
        _examined("YAML reader", _libyaml),
        _examined("validation", _validation),
        _examined("drug lists", _lists),
        _examined("rules", lambda: _rules(rules)),
        _examined("output folder", lambda: _writable(out)),
        _examined("temporary folder", lambda: _writable(Path(tempfile.gettempdir()))),
    ]
    say(
        *table(
            ("", "what", "detail"), [("ok" if e is None else "NOT", n, d) for n, d, e in examined]
        )
    )
    worst = [error for _, _, error in examined if error is not None]
    if worst:
        code = 5 if any(e.exit_code != RuleFileError.exit_code for e in worst) else 2
        logs.current.exit_error(code, f"{len(worst)} of {len(examined)} checks failed")
        return code
    logs.current.summary(f"{len(examined)} checks passed", {"exit_code": 0})
    return 0


def _examined(name: str, look: Callable[[], str]) -> tuple[str, str, ScreenerError | None]:
    try:
        return name, look(), None
    except ScreenerError as error:
        return name, str(error), error
    except Exception as error:
        return name, f"failed ({type(error).__name__})", RunBroke(name)


def _versions() -> str:
    from importlib.metadata import version

    names = {"yaml": "pyyaml"}
    versions = [f"{lib} {version(names.get(lib, lib))}" for lib in LIBRARIES]
    return f"screener {__version__}, Python {platform.python_version()}, {', '.join(versions)}"


def _clock() -> str:
    today = clock.today()
    if today.year < 2026:
        raise RunBroke(f"The clock says {today}, which is before this version was made.")
    return f"{clock.now()}, today is {today}"


def _libyaml() -> str:
    import yaml

    if not yaml.__with_libyaml__:
        raise RunBroke("PyYAML was built without libyaml.", fix="Install the wheel of PyYAML.")
    return "libyaml"


def _validation() -> str:
    """A frame that is known to be bad must be refused: one variable switches pandera off."""
    import pandera.polars as pa
    import polars as pl
    from pandera.errors import SchemaError, SchemaErrors

    schema = pa.DataFrameSchema({"dose": pa.Column(pl.Float64, pa.Check.ge(0), nullable=False)})
    try:
        schema.validate(pl.DataFrame({"dose": [1.0, -1.0]}))
    except (SchemaError, SchemaErrors):
        return "a known-bad frame is refused"
    raise RunBroke(
        "pandera accepts a frame that is known to be bad.",
        fix="Remove PANDERA_VALIDATION_ENABLED from the environment.",
    )


def _lists() -> str:
    from screener.terminology import list_versions

    return f"{len(list_versions())} lists"


def _rules(folder: Path) -> str:
    from screener.rulebook.library import load_library

    library = load_library(folder)
    return f"{len(library)} rules in {folder}"


def _writable(folder: Path) -> str:
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise RunBroke("This user cannot write here.", where=str(folder))
    with tempfile.TemporaryFile(dir=there) as file:
        file.write(b"screener")
    return f"{folder} can be written" if there == folder else f"{folder} can be made"
