"""`screener export`: a finished run in a form that another system reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from screener.cli import settings
from screener.cli.report import RunName
from screener.cli.run import Out
from screener.cli.say import say
from screener.errors import UsageError

FORMS = ("csv", "parquet", "xlsx", "fhir", "prometheus")


@settings.shared
def export(
    run: RunName = "latest",
    out: Out = Path("reports"),
    to: Annotated[
        str, typer.Option("--to", metavar="FORM", help=f"One of {', '.join(FORMS)}.")
    ] = "csv",
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="FOLDER",
            help="Where to write; below exports/ in the folder of runs when not given.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """screener export latest --to fhir --into /srv/exchange

    Write a finished run as CSV, Parquet, a workbook, FHIR R4 or Prometheus metrics.
    """
    (form,) = forms_in(to, most=1)
    from screener.outputs.run_folder import find_run

    for path in write_form(out, find_run(out, run), form, into):
        say(f"Written: {path}")
    return 0


def forms_in(text: str, *, most: int = len(FORMS)) -> list[str]:
    """The forms of a comma-separated list. Raises UsageError for one that there is not."""
    forms = [word.strip() for word in text.split(",") if word.strip()]
    for form in forms:
        if form not in FORMS:
            raise UsageError("There is no such form.", fix=f"Write {', '.join(FORMS)}.")
    if not 0 < len(forms) <= most:
        raise UsageError("One form is expected.", fix=f"Write one of {', '.join(FORMS)}.")
    return forms


def write_form(out: Path, folder: Path, form: str, into: Path | None = None) -> list[Path]:
    """Write a run as one form; metrics have one place for all runs, other forms one each."""
    from screener.outputs.exports import exported

    own = out / "exports"
    return exported(out, folder, form, into or (own if form == "prometheus" else own / folder.name))
