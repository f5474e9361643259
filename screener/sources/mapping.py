"""The model of a mapping: how an export's columns become the canonical tables.

A mapping names columns, value lists, date formats and a closed set of typed functions; it holds
no Python, no SQL and no template.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import polars as pl

PACKED = (".gz", ".zst")


def fits(file_name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file name matches a pattern, in any letter case and whatever it is packed with."""
    bare = file_name.lower()
    for ending in PACKED:
        bare = bare.removesuffix(ending)
    return any(fnmatchcase(bare, pattern.lower()) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """How one canonical column is made: exactly one source, then the steps that follow it.

    `columns` are the export's columns by their role in the source; a tuple gives alternative
    names, of which the first that the file has is used.
    """

    source: str
    columns: tuple[tuple[str, ...], ...] = ()
    constant: str = ""
    patterns: tuple[str, ...] = ()
    wanted: frozenset[str] = frozenset()
    last_day_counts: bool = True
    values: dict[str, str] | None = None
    periods: bool = False
    otherwise: str = "keep"
    date: str | None = None
    any_case: bool = False
    thousands: bool = False
    prefix: str = ""
    instead: tuple[tuple[str, ...], str, str] | None = None  # column, pattern, what then stands
    minutes_after: dt.date | None = None
    years_before: dt.date | None = None


@dataclass(frozen=True, slots=True)
class RowTest:
    """Which rows count: the cell is one of `wanted`, differs from another column, or is filled.

    or_none: a file without the column has no row that counts; else it is refused.
    """

    column: tuple[str, ...]
    wanted: frozenset[str] = frozenset()
    differs_from: tuple[str, ...] = ()
    or_none: bool = False


@dataclass(frozen=True, slots=True)
class LookUp:
    """Columns of another file of the export, found by equal cells; named `name.COLUMN`.

    by: this file's column and the names that the other's may have. A key with
    rows that differ brings nothing.
    """

    name: str
    files: tuple[str, ...]
    by: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class TableRules:
    """How one canonical table is read from its files; `also` reads other files into it.

    more: further rows that the same records give. brought: what `look_up` found, one row a key,
    with columns named `name.COLUMN`.
    """

    files: tuple[str, ...]
    columns: dict[str, ColumnRule]
    separator: str | None = None
    null_tokens: tuple[str, ...] = ()
    only_rows: tuple[RowTest, ...] = ()
    look_up: LookUp | None = None
    also: tuple[TableRules, ...] = ()
    more: tuple[TableRules, ...] = ()
    brought: pl.DataFrame | None = field(default=None, compare=False, repr=False)

    @property
    def options(self) -> tuple[tuple[str, ...], ...]:
        """The export's columns that may be read, each with the names it may have."""
        made = [o for rule in self.columns.values() for o in rule.columns]
        tested = [o for test in self.only_rows for o in (test.column, test.differs_from) if o]
        other = [rule.instead[0] for rule in self.columns.values() if rule.instead]
        keys = [(own,) for own, _ in self.look_up.by] if self.look_up else []
        return (*made, *other, *tested, *keys)

    def part_for(self, file_name: str) -> TableRules:
        """The rules for a file by its name: those of `also` whose pattern fits, else these."""
        return next((part for part in self.also if fits(file_name, part.files)), self)

    def reads(self, file_name: str) -> bool:
        """Whether a file of this name belongs to the table."""
        return any(fits(file_name, part.files) for part in (self, *self.also))


@dataclass(frozen=True, slots=True)
class Mapping:
    """One export format. The native one has no tables: its headers are the canonical names."""

    name: str
    title: str
    tables: dict[str, TableRules] = field(default_factory=dict)
    trim_ids: bool = False
    integer_ids: bool = False
    cautions: tuple[str, ...] = ()

    @property
    def is_native(self) -> bool:
        """Whether the export has the canonical headers already."""
        return not self.tables


NATIVE = Mapping("native", "the canonical tables themselves")
