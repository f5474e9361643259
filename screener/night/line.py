"""A night from its first row to the store that the next one finds."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from screener.checks.when_due import analytes_waited_for, waits_of
from screener.engines.local import each_bucket
from screener.errors import InputRefused, UsageError
from screener.intake import Intake
from screener.intake import store as rows
from screener.intake.store import Holding
from screener.intake.take import Progress
from screener.night import keys, ledger
from screener.night.ledger import FOLDER, Ledger
from screener.night.news import (
    STANDING,
    Before,
    Seen,
    Work,
    counts_of,
    in_tasks,
    one_task,
    whom,
    write_standing,
)
from screener.outputs.facts import BucketFacts, counted
from screener.outputs.kept import facts_as_json, facts_from_json, nothing, recounted, total
from screener.outputs.parts import HELD, STREAMED, part_path
from screener.rule.model import Rule
from screener.sources import read_export, reads_alone
from screener.sources.expected import Expected, checking

WORTH_MENDING = 0.2  # share of all patients; they have the most orders, and are screened twice


@dataclass(frozen=True, slots=True)
class Tonight:
    """What the night began with: all rows so far, and the ledger of the last run (None: first)."""

    out: Path
    intake: Intake
    holding: Holding
    touched: dict[int, pl.Series]
    moved: bool
    last: Ledger | None
    rows_key: str


def begin(
    out: Path,
    exports: list[str],
    *,
    mapping: str,
    tables: dict[str, list[str]] | None,
    encoding: str,
    allow_empty: bool,
    expected: Expected | None = None,
    scratch: Path,
    progress: Progress,
    say: Callable[[str], None],
) -> Tonight:
    """Adds tonight's export to the rows of all nights before. Needs the lock of the folder.

    Nothing counts before `keep`. Raises UsageError for a format whose files cannot come night by
    night, InputRefused for damaged rows and for a file that came before.
    """
    if not reads_alone(mapping):
        raise UsageError(
            "--incremental cannot add to this format: its files are only understood together.",
            where=mapping,
            fix="Give the full exports, without --incremental.",
        )
    key = keys.rows_key(mapping, encoding)
    last, notices = ledger.read(out, key)
    for notice in notices:
        say(notice)
    if last is None:
        say("there is no store yet: everything is screened, and kept for the next night")
        if not (exports or tables):
            raise InputRefused(
                "There is no store and no export.",
                where=str(out),
                fix="Give all exports of the past once with --incremental.",
            )
    folder = ledger.begin(out)
    before = last.holding if last else None
    known = frozenset(file.name for file in before.files) if before else frozenset[str]()
    added = rows.add(
        folder,
        before,
        exports,
        read=checking(partial(read_export, known=known), expected),
        mapping=mapping,
        tables=tables,
        encoding=encoding,
        allow_empty=allow_empty,
        scratch=scratch,
        progress=progress,
    )
    return Tonight(out, added.intake, added.holding, added.touched, added.moved, last, key)


def screen_news(
    tonight: Tonight,
    rules: tuple[Rule, ...],
    as_of: dt.date,
    parts_in: Path,
    *,
    jobs: int | None,
    say: Callable[[str], None],
) -> list[BucketFacts] | None:
    """Screens whom the news concern and mends the results of the last run for them.

    The facts of all buckets, added up in the first; None when everybody must be screened.
    """
    last = tonight.last
    before = _before(tonight, rules, as_of, parts_in.parent, say)
    if before is None or last is None or last.results is None:
        return None
    again, everyone = whom(tonight.intake, before, tonight.touched, as_of)
    count = sum(ids.len() for ids in again.values())
    if count > WORTH_MENDING * everyone:
        say(f"{count:,} of {everyone:,} patients may have changed: everybody is screened again")
        return None
    say(f"{count:,} patients are screened again, the others are as they were")
    waits = waits_of(rules)
    tasks = in_tasks(again)
    work = Work(tonight.intake, before, rules, waits, as_of, parts_in, again, tasks)
    done = counts_of(each_bucket(len(tasks), partial(one_task, work=work), jobs))
    if done is None:
        say("a rule broke: everybody is screened again")
        shutil.rmtree(parts_in)
        parts_in.mkdir(mode=0o700)
        return None
    buckets = tonight.intake.bucket_count
    facts = total(
        [facts_from_json(last.results["facts"]), *(task.facts_now for task in done)],
        less=[task.facts_before for task in done],
    )
    rows = counted([one for task in done for one in task.rows])
    rows["outcomes"] = recounted(
        before.results,
        parts_in,
        buckets,
        [task.before for task in done],
        [task.now for task in done],
    )
    return [replace(facts, rows=rows), *(nothing(bucket) for bucket in range(1, buckets))]


def keep(
    tonight: Tonight,
    rules: tuple[Rule, ...],
    as_of: dt.date,
    parts: Path,
    facts: Sequence[BucketFacts],
) -> None:
    """Keeps rows and results for the next night; `parts` moves into the store."""
    store = tonight.out / FOLDER
    results: dict[str, Any] | None = None
    found: list[Path] = []
    if not any(fact.broke for fact in facts):  # what broke is tried again on everybody
        buckets = tonight.intake.bucket_count
        if not part_path(parts, STANDING, 0).exists():
            write_standing(tonight.intake, waits_of(rules), as_of, parts, buckets)
        name = f"results-{secrets.token_hex(6)}"
        parts.rename(store / name)
        tables = (*HELD, *STREAMED, STANDING)
        found = [part_path(Path(name), table, b) for table in tables for b in range(buckets)]
        results = {
            "key": keys.results_key(rules),
            "folder": name,
            "as_of": as_of.isoformat(),
            "tests_seen": sorted([list(pair) for pair in tonight.intake.tests_seen]),
            "facts": facts_as_json(total(facts)),
        }
    held = [f"rows/{name}" for name in sorted(tonight.holding.names)]
    known = tonight.last.files if tonight.last else {}
    files = ledger.facts_of(store, [*held, *map(str, found)], known)
    ledger.write(tonight.out, Ledger(tonight.rows_key, tonight.holding, results, files))


def _before(
    tonight: Tonight,
    rules: tuple[Rule, ...],
    as_of: dt.date,
    scratch: Path,
    say: Callable[[str], None],
) -> Before | None:
    """What of the last run can be used; None, and why is said, when everybody is screened."""
    last = tonight.last
    if last is None or last.results is None:
        return None
    found = last.results
    then = dt.date.fromisoformat(found["as_of"])
    why = None
    if found["key"] != keys.results_key(rules):
        why = "the rules, the lists or the program are not those of the last run"
    elif tonight.moved:
        why = "the store has grown into another number of buckets"
    elif last.holding.supplied != tonight.holding.supplied:
        why = "tonight's export has tables or columns that none had before"
    elif then > as_of:
        why = "the data end earlier than on the last run"
    if why is not None:
        say(f"{why}: everybody is screened again")
        return None
    seen = frozenset((site, analyte) for site, analyte in found["tests_seen"])
    return Before(
        rows=rows.opened(tonight.out / FOLDER / "rows", last.holding, scratch / "before"),
        as_of=then,
        supplied=last.holding.supplied,
        tests_seen=seen,
        results=tonight.out / FOLDER / found["folder"],
        sites=_changed_sites(rules, seen, tonight.intake.tests_seen),
    )


def _changed_sites(rules: tuple[Rule, ...], before: Seen, now: Seen) -> tuple[str, ...]:
    """The sites ("" = none) where a test that some rule waits for is seen now or no more."""
    asked = analytes_waited_for(rules)
    return tuple(sorted({site for site, analyte in before ^ now if analyte in asked}))
