"""`screener rules impact`: what a change of rules does to real data, before it is signed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from screener.cli import clock, logs, settings
from screener.cli.request import day_of, tables_of
from screener.cli.run import (
    Admissions,
    AllowEmpty,
    AsOf,
    Conditions,
    Encoding,
    Format,
    Labs,
    Patients,
    Prescriptions,
)
from screener.cli.say import plural, say, table
from screener.cli.settings import option
from screener.errors import InputRefused, UsageError

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from screener.intake import Intake
    from screener.rulebook.impact import Impact
    from screener.rulebook.versions import Change

SHOWN = 20  # patients, and sites
KINDS = ("gained", "lost", "changed", "not assessed")
Old = Annotated[
    Path, typer.Argument(metavar="OLD", help="The rules as they are: a folder, or one file.")
]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The same as they shall be.")]
More = Annotated[
    list[str] | None, typer.Argument(metavar="EXPORT", help="More exports, as after --data.")
]
Data = Annotated[
    list[str] | None,
    option("--data", metavar="EXPORT", help="Exports to screen: files or folders (repeatable)."),
]
Csv = Annotated[
    Path | None,
    option(
        "--csv", metavar="FILE", help="Write every difference to this file.", show_default=False
    ),
]
Jobs = Annotated[
    int | None,
    option(
        "--jobs", metavar="N", help="Worker processes; 1 = none.", min=1, show_default="by size"
    ),
]


@settings.shared
def impact(
    *,
    old: Old,
    new: New,
    more: More = None,
    data: Data = None,
    mapping: Format = "native",
    prescriptions: Prescriptions = None,
    patients: Patients = None,
    labs: Labs = None,
    conditions: Conditions = None,
    admissions: Admissions = None,
    as_of: AsOf = None,
    encoding: Encoding = "utf-8",
    allow_empty: AllowEmpty = False,
    everything: Annotated[bool, option("--all", help="Name every patient and site.")] = False,
    csv: Csv = None,
    jobs: Jobs = None,
) -> int:
    """screener rules impact rules/ changed-rules/ --data exports/

    Screen the old and the new version of every rule that means something else, and say which
    findings are gained, lost or changed, and who can no longer be assessed. Publishes nothing.

    Exit code 0 when both versions ran, differences or none; 3 when a version could not run.
    """
    from screener.rulebook.versions import changes, read_versions

    day = day_of(as_of)
    found = changes(*read_versions(old, new))
    say(*(f"{one.rule_id}: {one.words}" for one in found))
    if not any(one.matters for one in found):
        say("No rule means anything else than before.")
        return 0
    exports = [*(data or []), *(more or [])]
    tables = tables_of(prescriptions, patients, labs, conditions, admissions)
    if not exports and not tables:
        raise UsageError("No export was given.", fix="Name files or a folder: --data exports/")
    from screener.intake import take_in
    from screener.rulebook.impact import impact as impact_of
    from screener.sources import read_export

    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="screener-") as scratch:
        intake = take_in(
            exports,
            read=read_export,
            mapping=mapping,
            tables=tables or None,
            encoding=encoding,
            allow_empty=allow_empty,
            scratch=Path(scratch),
            progress=lambda what, done: logs.current.moved(f"read {what}", done, None),
        )
        for notice in intake.notices:
            logs.current.noticed(notice)
        begun = _ended("read", begun)
        last_day = day or _last_day(intake)
        told = impact_of(
            found,
            intake,
            last_day,
            jobs=jobs,
            progress=lambda done, of: logs.current.moved("screen", done, of),
        )
        _ended("screen", begun)
    logs.current.close_bars()
    say("", *_lines(found, told, last_day, everything=everything))
    if csv is not None:
        _write(csv, told.differences)
    code = 3 if told.broke else 0
    logs.current.summary(f"finished with exit code {code}", {"exit_code": code})
    return code


def _ended(stage: str, begun: float) -> float:
    logs.current.ended(stage, round(time.perf_counter() - begun, 3))
    return time.perf_counter()


def _last_day(intake: Intake) -> dt.date:
    """As in a run: the latest observation_end, else the latest date that is not in the future."""
    last = intake.latest_observation_end or intake.latest_date_not_after(clock.today())
    if last is None:
        raise InputRefused(
            "No order or lab has a date up to today.", fix="Give the last day of the data: --as-of."
        )
    return last


def _lines(
    found: tuple[Change, ...], told: Impact, last_day: dt.date, *, everything: bool
) -> Iterator[str]:
    """The tables by rule, severity and site, and the patients."""
    yield f"Data up to {last_day.isoformat()}."
    for name, kind in told.broke.items():
        yield f"INCOMPLETE: {name} could not run ({kind}), and is left out."
    yield from table(("rule", "patients", "findings", *KINDS), _by_rule(found, told))
    rows = told.differences
    if rows.is_empty():
        yield "Nothing else changed."
        return
    yield from ("", *table(("severity", *KINDS[:3]), _by_severity(rows)))
    sites = list(_by_site(rows))
    yield from ("", *table(("site", *KINDS), sites if everything else sites[:SHOWN]))
    yield from _and_more(len(sites), "site", everything=everything)
    named = rows if everything else rows.head(SHOWN)
    yield from ("", *table(("rule", "", "patient", "subject", "what"), _patients(named)))
    yield from _and_more(rows.height, "difference", everything=everything)
    yield from ("", "Nothing else changed.")


def _and_more(count: int, word: str, *, everything: bool) -> Iterator[str]:
    if count > SHOWN and not everything:
        yield f"… and {plural(count - SHOWN, word)} more: see --all and --csv FILE."


def _by_rule(found: tuple[Change, ...], told: Impact) -> Iterator[tuple[object, ...]]:
    """Patients in scope and findings, before and after, and how many differ."""
    import polars as pl

    totals = {(rule, side): counts for rule, side, *counts in told.totals.iter_rows()}
    for one in found:
        if one.matters and one.rule_id not in told.broke:
            before, after = (
                totals.get((one.rule_id, side), [0, 0]) for side in ("before", "after")
            )
            both = (f"{b:,} -> {a:,}" for b, a in zip(before, after, strict=True))
            mine = told.differences.filter(pl.col("rule_id") == one.rule_id)
            yield (one.rule_id, *both, *(_count(mine, kind) for kind in KINDS))


def _count(rows: pl.DataFrame, kind: str) -> str:
    return f"{rows['change'].eq(kind).sum():,}"


def _by_severity(rows: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    """Of what is gained the new severity, of what is lost the old one, of what changed both."""
    import polars as pl

    from screener.rule.model import SEVERITIES

    before, after = pl.col("severity_before"), pl.col("severity_after")
    findings = rows.filter(pl.col("change") != KINDS[3])
    words = findings.with_columns(
        words=pl.when(before.is_null() | after.is_null() | (before == after))
        .then(pl.coalesce(after, before))
        .otherwise(pl.concat_str(before, pl.lit(" -> "), after))
    )
    steps = [f"{one} -> {two}" for one in SEVERITIES for two in SEVERITIES if one != two]
    for word in (*reversed(SEVERITIES), *steps):
        some = words.filter(pl.col("words") == word)
        if some.height:
            yield (word, *(_count(some, kind) for kind in KINDS[:3]))


def _by_site(rows: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    """The sites with most differences first."""
    import polars as pl

    by_site = rows.with_columns(pl.col("site_id").fill_null("(none)"))
    counted = by_site.group_by("site_id").len().sort(["len", "site_id"], descending=[True, False])
    for site in counted["site_id"]:
        some = by_site.filter(pl.col("site_id") == site)
        yield (site, *(_count(some, kind) for kind in KINDS))


def _patients(rows: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    for row in rows.iter_rows(named=True):
        what = {
            "gained": _finding(row, "after"),
            "lost": _finding(row, "before"),
            "changed": f"{_finding(row, 'before')} -> {_finding(row, 'after')}",
            "not assessed": f"{row['reason']} from {row['from_after'] or 'an unknown day'}",
        }
        yield (
            row["rule_id"], row["change"], row["patient_id"], row["subject"] or "",
            what[row["change"]],
        )  # fmt: skip


def _finding(row: dict[str, Any], side: str) -> str:
    """high possible 2026-03-27 to 2026-04-23."""
    possible = " possible" if row[f"certainty_{side}"] == "possible" else ""
    return f"{row[f'severity_{side}']}{possible} {row[f'from_{side}']} to {row[f'to_{side}']}"


def _write(path: Path, rows: pl.DataFrame) -> None:
    from screener.outputs.tables import csv_bytes

    try:
        path.write_bytes(csv_bytes(rows))
    except OSError as error:
        raise UsageError(
            f"The differences cannot be written ({error.strerror}).",
            where=str(path),
            fix="Give another file with --csv.",
        ) from error
