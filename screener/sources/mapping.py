"""The model of a mapping: how an export's columns become the canonical tables.

A mapping names columns, value lists, date formats and a closed set of typed functions; it holds
no Python, no SQL and no template.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """How one canonical column is made: exactly one source, then the steps that follow it.

    `columns` are the export's columns by their role in the source; a tuple gives alternative
    names, of which the first that the file has is used.
    """

    source: str
    columns: tuple[tuple[str, ...], ...] = ()
    constant: str = ""
    pattern: str = ""
    wanted: frozenset[str] = frozenset()
    last_day_counts: bool = True
    values: dict[str, str] | None = None
    periods: bool = False
    otherwise: str = "keep"
    date: str | None = None


@dataclass(frozen=True, slots=True)
class TableRules:
    """How one canonical table is read from its files."""

    files: tuple[str, ...]
    columns: dict[str, ColumnRule]
    separator: str | None = None
    null_tokens: tuple[str, ...] = ()
    only_rows: tuple[tuple[str, ...], frozenset[str]] | None = None


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
