"""`screener formats`: which exports can be read, how, and what one of them fills."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from screener.cli import logs, settings
from screener.cli.run import AllowEmpty, Encoding, Exports, Format
from screener.cli.say import say, table
from screener.errors import UsageError

if TYPE_CHECKING:
    from screener.intake import Intake
    from screener.sources.mapping import ColumnRule, TableRules

BUILT_IN = {
    "fhir": "FHIR R4 bulk export (NDJSON of Patient, MedicationRequest, Observation, ...)",
    "omop": "OMOP CDM 5.3 and 5.4 (PERSON, DRUG_EXPOSURE, MEASUREMENT, CONCEPT, ...)",
}

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Export formats: list, show, check."
)


@app.command("list", short_help="The formats that can be read.")
@settings.shared
def list_formats() -> int:
    """screener formats list

    The formats that --format knows, each with a line; the path of a mapping file is one, too.
    """
    from screener.sources import load_mapping, mapping_names
    from screener.sources.read import MODELS

    mapped = [(name, "mapping", load_mapping(name).title) for name in mapping_names()]
    built_in = [(name, "built in", BUILT_IN.get(name, "")) for name in MODELS]
    say(*table(("format", "kind", "reads"), sorted([*mapped, *built_in])))
    return 0


@app.command("show", short_help="How a format is read, column by column.")
@settings.shared
def show_format(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A format, or the path of a mapping file.")
    ],
) -> int:
    """screener formats show synthea

    Which columns of an export become which canonical ones, and what the format cannot tell.
    """
    from screener.sources import load_mapping
    from screener.sources.read import MODELS
    from screener.tables import TABLES

    if name in MODELS:
        say(
            f"{name}: {BUILT_IN.get(name, '')}; built in, no mapping.",
            "What it reads stands in docs/formats.md; `screener formats check` says what it fills.",
        )
        return 0
    mapping = load_mapping(name)
    say(f"{mapping.name}: {mapping.title}")
    say(*(f"caution: {text}" for text in mapping.cautions))
    if mapping.is_native:
        rows = [
            (t, c.name, "required" if c.required else "", c.meaning)
            for t, columns in TABLES.items()
            for c in columns
        ]
        say("", *table(("table", "column", "", "meaning"), rows))
        return 0
    for named, rules in mapping.tables.items():
        for part in (p for one in (rules, *rules.also) for p in (one, *one.more)):
            say("", f"{named} from {', '.join(part.files)}", *(f"  {w}" for w in _about_rows(part)))
            made = [(f"  {c}", _words_of(rule)) for c, rule in part.columns.items()]
            say(*table(("  column", "comes from"), made))
    return 0


@app.command("check", short_help="What an export fills under a format.")
@settings.shared
def check_format(
    exports: Exports = None,
    mapping: Format = "native",
    encoding: Encoding = "utf-8",
    allow_empty: AllowEmpty = False,
) -> int:
    """screener formats check exports/ --format synthea

    Which canonical columns an export fills, with the share of rows, and what of it is not used.

    Rows that were set aside do not count in the shares. Nothing is written.
    """
    if not exports:
        raise UsageError(
            "No export was given.", fix="Name files or a folder: screener formats check exports/"
        )

    from screener.intake import take_in
    from screener.sources import read_export

    with tempfile.TemporaryDirectory(prefix="screener-") as scratch:
        intake = take_in(
            exports,
            read=read_export,
            mapping=mapping,
            encoding=encoding,
            allow_empty=allow_empty,
            scratch=Path(scratch),
        )
        counts = ("file", "table", "records", "added", "kept", "set aside", "left out", "blank")
        files = [
            (f.name, f.table, f.records, f.added, f.kept, f.set_aside, f.left_out, f.blank)
            for f in intake.files
        ]
        filled = list(_filled(intake))
    say(*table(counts, files), "", *table(("table", "column", "rows filled", ""), filled))
    absent = _absent(intake)
    if absent:
        say("", f"Tables that the export does not have: {', '.join(absent)}.")
    if intake.notices:
        say("", "What is not used, and what to know:", *(f"  {text}" for text in intake.notices))
    logs.current.summary("finished with exit code 0", {"exit_code": 0})
    return 0


def _absent(intake: Intake) -> list[str]:
    from screener.tables import TABLES

    return [name for name in TABLES if name not in intake.supplied]


def _filled(intake: Intake) -> Iterator[tuple[str, str, str, str]]:
    """Each canonical column of the tables supplied: rows with a value and their share.

    Ids of orders that the intake makes up itself do not count as filled.
    """
    import polars as pl

    from screener.tables import TABLES

    for name in intake.supplied:
        rows = 0
        full = dict.fromkeys((c.name for c in TABLES[name]), 0)
        for number in range(intake.bucket_count):
            part = getattr(intake.bucket(number), name)
            rows += part.height
            for column, count in part.select(pl.col(list(full)).count()).row(0, named=True).items():
                full[column] += count
        for column, count in full.items():
            if column == "prescription_id" and column not in intake.supplied[name]:
                yield name, column, "0", "made from file and row"
            elif count == 0 and column not in intake.supplied[name]:
                yield name, column, "-", "the export has no such column"
            else:
                yield name, column, f"{count:,}", f"{100 * count / max(rows, 1):.1f} %"


def _about_rows(rules: TableRules) -> Iterator[str]:
    for test in rules.only_rows:
        name = " or ".join(test.column)
        if test.wanted:
            yield f"only rows whose {name} is one of {', '.join(sorted(test.wanted))}"
        elif test.differs_from:
            yield f"only rows whose {name} differs from {' or '.join(test.differs_from)}"
        else:
            yield f"only rows in which {name} is filled"
    if rules.look_up is not None:
        by = " and ".join(f"{own} = {' or '.join(theirs)}" for own, theirs in rules.look_up.by)
        found = " or ".join(rules.look_up.files)
        yield f"{rules.look_up.name}.* is looked up in {found} by {by}"


def _words_of(rule: ColumnRule) -> str:
    """The rule of one column in words; long lists of values by their number."""
    columns = [" or ".join(names) for names in rule.columns]
    said = {
        "from": lambda: columns[0],
        "constant": lambda: f"always '{rule.constant}'",
        "first_of": lambda: "the first filled of " + ", ".join(columns),
        "extract": lambda: f"a part of {columns[0]}",
        "when": lambda: f"{columns[1]} where {columns[0]} is {', '.join(sorted(rule.wanted))}",
        "days_between": lambda: (
            f"days from {columns[0]} to {columns[1]}"
            + (", both counted" if rule.last_day_counts else "")
        ),
    }[rule.source]()
    return "; ".join([said, *_steps(rule)])


def _steps(rule: ColumnRule) -> Iterator[str]:
    if rule.thousands:
        yield "commas between thousands are taken out"
    if rule.values is not None and len(rule.values) <= 6:
        yield ", ".join(f"{theirs} = {ours}" for theirs, ours in rule.values.items())
    elif rule.values is not None:
        yield f"a list of {len(rule.values)} values"
    if rule.values is not None and rule.otherwise != "keep":
        yield "other rows are left out" if rule.otherwise == "leave_out" else "others are blank"
    if rule.periods:
        yield "a period in days"
    if rule.date is not None:
        yield f"a date written {rule.date}"
    if rule.minutes_after is not None:
        yield f"minutes after {rule.minutes_after}"
    if rule.years_before is not None:
        yield f"years before {rule.years_before}"
    if rule.instead is not None:
        yield f"'{rule.instead[2]}' where {' or '.join(rule.instead[0])} fits a pattern"
    if rule.prefix:
        yield f"with '{rule.prefix}' before it"
