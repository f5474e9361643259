"""What a run is told, whom it tells, and what it gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from screener.outputs.earlier import Past
from screener.outputs.reviews import ReviewFile
from screener.rule.model import Rule
from screener.rule.sites import SiteRules


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rules of a run, as they are on its last day (a site's adjustments end)."""

    as_of: dt.date
    library: tuple[Rule, ...]  # every rule of the rules folder, with the site's adjustments
    asked: frozenset[str]  # ids of those to be screened
    left_out: Mapping[str, str]  # id -> why it is not asked
    sentences: Mapping[str, str]  # id -> the rule in one sentence
    site_notes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # id -> for its card

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules to be screened, in the order of the library."""
        return tuple(rule for rule in self.library if rule.id in self.asked)


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a run is told. `configuration` is what the run id hashes of it."""

    exports: tuple[str, ...]
    out: Path
    rules_on: Callable[[dt.date], Chosen]  # given the last day of the data
    today: dt.date
    now: Callable[[], str]  # the clock in words, for run.json alone
    host: str
    pid: str
    command: str
    configuration: Mapping[str, Any]
    rule_files: Mapping[str, bytes] = field(default_factory=dict)  # every file below the folder
    site: SiteRules | None = None
    reviews: tuple[ReviewFile, ...] = ()  # filled in by people
    as_of: dt.date | None = None
    mapping: str = "native"
    tables: Mapping[str, list[str]] = field(default_factory=dict)
    encoding: str = "utf-8"
    allow_empty: bool = False
    expected_sites: frozenset[str] = frozenset()
    max_set_aside: float = 10.0  # percent of a file's records
    expected_sha256: Mapping[tuple[str, ...], str] | None = None  # see sources.expected
    max_unmapped: float = 100.0  # percent of a file's drug orders whose drug no list knows
    fail_on: str = "none"
    force: bool = False
    jobs: int | None = None
    engine: str = "local"  # of ENGINES; what it finds is the same
    incremental: bool = False  # the exports are news, added to all before (docs/incremental.md)
    folder_name: str | None = None  # instead of <as_of>-<run id>; such a run moves no pointer
    past: Past | None = None  # the runs before this one
    steady: bool = False  # leave clock, host and durations out of run.json (the demo)


class Watch(Protocol):
    """Who is told how far the run has come."""

    def began(self, stage: str) -> None: ...
    def ended(self, stage: str, seconds: float, rows: int | None) -> None: ...
    def moved(self, stage: str, done: int, of: int | None) -> None: ...
    def noticed(self, text: str) -> None: ...
    def uses_scratch(self, folder: Path) -> None: ...
    def knows(self, run: Mapping[str, Any], set_aside: pl.DataFrame) -> None: ...


@dataclass(frozen=True, slots=True)
class Screened:
    """A finished run: its folder, the content of run.json, and whether it was there already."""

    folder: Path
    run: dict[str, Any]
    already: bool
