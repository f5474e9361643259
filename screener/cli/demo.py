"""`screener demo`: screen the invented sample clinic, with a fixed as-of date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from screener.cli import run, settings
from screener.cli.request import request_for
from screener.cli.settings import option
from screener.errors import UsageError

AS_OF = "2026-10-31"  # the last day of the sample data
FOLDER = "demo"
HERE = Path(__file__).resolve().parents[2]


@settings.shared
def demo(
    out: Annotated[
        Path, option("--out", metavar="FOLDER", help="The folder that gets `demo/`.")
    ] = Path("reports"),
) -> int:
    """screener demo

    Screen an invented clinic of a few hundred patients and print where its report is.

    The files of `demo/` are the same on every machine: no clock, host or duration is in them.
    """
    request = request_for(
        sorted(str(file) for file in _shipped("sample_data").glob("*.csv")),
        {},
        rules=_shipped("rules"),
        out=out,
        as_of=AS_OF,
        configuration={
            "format": "native",
            "encoding": "utf-8",
            "allow_empty": False,
            "fail_on": "none",
            "max_set_aside": 10.0,
            "expected_sites": [],
        },
        force=True,
        folder_name=FOLDER,
        steady=True,
    )
    return run.screen_and_tell(request)


def _shipped(name: str) -> Path:
    """A folder of the checkout: in the current folder, else beside the package."""
    for folder in (Path(name), HERE / name):
        if folder.is_dir():
            return folder
    raise UsageError(
        f"The folder {name} is not here.", fix="Run the demo in the folder of the checkout."
    )
