"""Applies a mapping: an export's own columns to canonical ones, still as text.

Each function of the mapping language is one function here that gives a polars expression,
or None when the file lacks the column it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from screener.errors import InputRefused
from screener.sources.mapping import ColumnRule, Mapping, TableRules
from screener.tables import TABLES

# A frequency's unit as exports write it (UCUM and plain words), to its length in days.
PERIOD_DAYS = {
    **dict.fromkeys(("/d", "d", "day", "days", "daily"), "1"),
    **dict.fromkeys(("/wk", "wk", "week", "weeks", "weekly"), "7"),
    **dict.fromkeys(("/(2.d)", "every other day"), "2"),
    **dict.fromkeys(("/(2.wk)", "fortnight"), "14"),
}
ISO_DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?$"


@dataclass(frozen=True, slots=True)
class Derivation:
    """Expressions that make a canonical table, for one file's header."""

    prepare: tuple[pl.Expr, ...]
    columns: dict[str, pl.Expr]
    keep: pl.Expr | None
    read: frozenset[str]


def native_derivation(names: tuple[str, ...], table: str) -> Derivation:
    """Columns of the native format stay what they are; unknown ones are left aside."""
    known = {c.name: pl.col(c.name) for c in TABLES[table] if c.name in names}
    return Derivation((), known, None, frozenset(known))


def derivation(names: tuple[str, ...], table: str, mapping: Mapping, where: str) -> Derivation:
    """The expressions for one file. Raises InputRefused when a required column is not there."""
    if mapping.is_native:
        return native_derivation(names, table)
    rules = mapping.tables[table]
    columns: dict[str, pl.Expr] = {}
    absent: list[str] = []
    keep: list[pl.Expr] = []
    for column, rule in rules.columns.items():
        found = _found(rule, names)
        if found is None:
            absent.append(column)
            continue
        columns[column], kept = _finished(FUNCTIONS[rule.source](rule, found), rule)
        if kept is not None:
            keep.append(kept)
    _refuse_missing(rules, table, columns, names, where)
    if rules.only_rows is not None:
        name = _first(rules.only_rows[0], names)
        if name is None:
            raise InputRefused(
                "the column that tells which rows count is missing: "
                f"{' or '.join(rules.only_rows[0])}.",
                where=where,
                fix="Export that column, or correct the mapping.",
            )
        keep.append(pl.col(name).is_in(sorted(rules.only_rows[1])).fill_null(False))
    return Derivation(
        _prepared(names, rules, mapping),
        columns,
        pl.all_horizontal(keep) if keep else None,
        _read(rules, names),
    )


def named_columns(table: str, mapping: Mapping) -> tuple[str, ...]:
    """Every column of an export that may be read for a table, under the names it may have."""
    if mapping.is_native:
        return tuple(c.name for c in TABLES[table])
    rules = mapping.tables[table]
    options = [o for rule in rules.columns.values() for o in rule.columns]
    options += [rules.only_rows[0]] if rules.only_rows else []
    return tuple(dict.fromkeys(name for option in options for name in option))


def id_columns(table: str, mapping: Mapping) -> frozenset[str]:
    """The columns of an export that hold ids, which must be text."""
    ids = [c.name for c in TABLES[table] if c.kind == "id"]
    if mapping.is_native:
        return frozenset(ids)
    rules = mapping.tables[table].columns
    return frozenset(n for i in ids if i in rules for option in rules[i].columns for n in option)


def _refuse_missing(
    rules: TableRules, table: str, made: dict[str, pl.Expr], names: tuple[str, ...], where: str
) -> None:
    needed = [c.name for c in TABLES[table] if c.required and c.name not in made]
    if "drug" in needed and "drug_code" in made:
        needed.remove("drug")
    if not needed:
        return
    wanted = sorted(
        {
            " or ".join(options)
            for column in needed
            if column in rules.columns
            for options in rules.columns[column].columns
            if _first(options, names) is None
        }
    )
    raise InputRefused(
        f"a required column is missing: {', '.join(wanted)} (for {', '.join(needed)}).",
        where=where,
        fix="Export it, or use the mapping that fits this file.",
    )


def _prepared(names: tuple[str, ...], rules: TableRules, mapping: Mapping) -> tuple[pl.Expr, ...]:
    cells = pl.col(sorted(_read(rules, names)))
    if mapping.trim_ids:
        cells = cells.str.strip_chars()
    if rules.null_tokens:
        missing = cells.str.strip_chars().is_in(list(rules.null_tokens))
        cells = pl.when(missing).then(None).otherwise(cells)
    elif not mapping.trim_ids:
        return ()
    return (cells.name.keep(),)


def _read(rules: TableRules, names: tuple[str, ...]) -> frozenset[str]:
    options = [o for rule in rules.columns.values() for o in rule.columns]
    options += [rules.only_rows[0]] if rules.only_rows else []
    return frozenset(name for o in options if (name := _first(o, names)) is not None)


def _first(options: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    return next((name for name in options if name in names), None)


def _found(rule: ColumnRule, names: tuple[str, ...]) -> list[str] | None:
    """The file's columns for a rule; `first_of` makes do with those that are there."""
    found = [_first(options, names) for options in rule.columns]
    present = [name for name in found if name is not None]
    if rule.source == "first_of":
        return present or None
    return present if len(present) == len(found) else None


def _text(name: str) -> pl.Expr:
    """A cell without spaces at its edges, blank = missing."""
    cell = pl.col(name).str.strip_chars()
    return pl.when(cell != "").then(cell)


def _from(rule: ColumnRule, found: list[str]) -> pl.Expr:
    plain = rule.values is None and not rule.periods and rule.date is None
    return pl.col(found[0]) if plain else _text(found[0])


def _constant(rule: ColumnRule, found: list[str]) -> pl.Expr:
    del found
    return pl.lit(rule.constant, dtype=pl.String)


def _first_of(rule: ColumnRule, found: list[str]) -> pl.Expr:
    del rule
    return pl.coalesce([_text(name) for name in found])


def _extract(rule: ColumnRule, found: list[str]) -> pl.Expr:
    return _text(found[0]).str.extract(rule.pattern, 1)


def _when(rule: ColumnRule, found: list[str]) -> pl.Expr:
    return pl.when(_text(found[0]).is_in(sorted(rule.wanted))).then(_text(found[1]))


def _days_between(rule: ColumnRule, found: list[str]) -> pl.Expr:
    """Whole days between two dates as written, both counted when `last_day_counts`."""
    first, last = (
        _text(name).str.extract(ISO_DAY, 1).str.to_date("%Y-%m-%d", strict=False) for name in found
    )
    days = (last - first).dt.total_days() + int(rule.last_day_counts)
    return pl.when(days >= 0).then(days).cast(pl.String)


FUNCTIONS: dict[str, Callable[[ColumnRule, list[str]], pl.Expr]] = {
    "from": _from,
    "constant": _constant,
    "first_of": _first_of,
    "extract": _extract,
    "when": _when,
    "days_between": _days_between,
}


def _finished(cell: pl.Expr, rule: ColumnRule) -> tuple[pl.Expr, pl.Expr | None]:
    """The steps after the source, and the rows to keep if some are to be left out."""
    values = PERIOD_DAYS if rule.periods else rule.values
    keep: pl.Expr | None = None
    if values is not None:
        looked_up = cell.replace_strict(values, default=None, return_dtype=pl.String)
        if rule.otherwise == "leave_out":
            keep = looked_up.is_not_null() | cell.is_null()
        cell = pl.coalesce(looked_up, cell) if rule.otherwise == "keep" else looked_up
    if rule.date is not None:
        day = cell.str.to_date(rule.date, strict=False)
        # A cell that this format does not give back exactly stays as it is, and is unreadable.
        exact = day.dt.to_string(rule.date) == cell
        cell = pl.when(exact).then(day.dt.to_string("%Y-%m-%d")).otherwise(cell)
    return cell, keep
