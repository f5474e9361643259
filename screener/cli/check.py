"""`screener check`: read and validate exports, and say what would be used; no findings."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from screener.cli import logs, settings
from screener.cli.request import tables_of
from screener.cli.run import (
    Admissions,
    AllowEmpty,
    Conditions,
    Encoding,
    Exports,
    Format,
    Labs,
    MaxSetAside,
    Patients,
    Prescriptions,
)
from screener.cli.say import say, table
from screener.errors import UsageError

if TYPE_CHECKING:
    from screener.intake import Intake

FILE_COLUMNS = ("file", "table", "records", "kept", "set aside", "blank")


@settings.shared
def check(
    *,
    exports: Exports = None,
    mapping: Format = "native",
    prescriptions: Prescriptions = None,
    patients: Patients = None,
    labs: Labs = None,
    conditions: Conditions = None,
    admissions: Admissions = None,
    encoding: Encoding = "utf-8",
    allow_empty: AllowEmpty = False,
    max_set_aside: MaxSetAside = 10.0,
) -> int:
    """screener check exports/

    Read and validate exports: counts and reasons, no findings; nothing is written.

    Exit code 0 when they can be screened, 3 when more is set aside than allowed, 4 when refused.
    """
    tables = tables_of(prescriptions, patients, labs, conditions, admissions)
    if not exports and not tables:
        raise UsageError(
            "No export was given.", fix="Name files or a folder: screener check exports/"
        )

    from screener.intake import take_in
    from screener.sources import read_export

    with tempfile.TemporaryDirectory(prefix="screener-") as scratch:
        intake = take_in(
            exports or [],
            read=read_export,
            mapping=mapping,
            tables=tables or None,
            encoding=encoding,
            allow_empty=allow_empty,
            scratch=Path(scratch),
        )
        for number in range(intake.bucket_count):
            intake.bucket(number)  # validated as it is opened
        for notice in intake.notices:
            logs.current.noticed(notice)
        say(*_lines(intake))
        too_many = [
            file.name
            for file in intake.files
            if 100 * file.set_aside > max_set_aside * (file.records - file.blank)
        ]
    for name in too_many:
        say(f"More than {max_set_aside:g} % of {name} would be set aside.")
    code = 3 if too_many else 0
    logs.current.summary(f"finished with exit code {code}", {"exit_code": code})
    return code


def _lines(intake: Intake) -> list[str]:
    import polars as pl

    lines = table(
        FILE_COLUMNS,
        [(f.name, f.table, f.records, f.kept, f.set_aside, f.blank) for f in intake.files],
    )
    aside = intake.set_aside.group_by("file", "column", "reason").len().sort(pl.all())
    if aside.height:
        lines += ["", *table(("set aside in", "column", "reason", "records"), aside.iter_rows())]
    flags = intake.cell_flags.group_by("flag").len().sort("flag")
    if flags.height:
        lines += ["", *table(("flag of an unreadable cell", "cells"), flags.iter_rows())]
    return lines
