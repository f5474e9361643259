"""Applies a mapping: an export's own columns to canonical ones, still as text.

Each function of the mapping language is one function here that gives a polars expression,
or None when the file lacks the column it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from screener.errors import InputRefused
from screener.sources.mapping import ColumnRule, LookUp, Mapping, RowTest, TableRules
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
    look_up: LookUp | None = None
    brought: pl.DataFrame | None = None


def native_derivation(names: tuple[str, ...], table: str) -> Derivation:
    """Columns of the native format stay what they are; unknown ones are left aside."""
    known = {c.name: pl.col(c.name) for c in TABLES[table] if c.name in names}
    return Derivation((), known, None, frozenset(known))


def derivation(names: tuple[str, ...], table: str, mapping: Mapping, where: str) -> Derivation:
    """The expressions for one file. Raises InputRefused when a required column is not there."""
    if mapping.is_native:
        return native_derivation(names, table)
    rules = mapping.tables[table]
    own = names
    looks = rules.brought is not None and _can_look_up(rules, names)
    if rules.brought is not None and looks:
        names = (*names, *rules.brought.columns)
    columns: dict[str, pl.Expr] = {}
    absent: list[str] = []
    keep: list[pl.Expr] = []
    for column, rule in rules.columns.items():
        found = _found(rule, names)
        if found is None:
            absent.append(column)
            continue
        cell, kept = _finished(FUNCTIONS[rule.source](rule, found), rule)
        columns[column] = _with_instead(cell, rule, names)
        if kept is not None:
            keep.append(kept)
    _refuse_missing(rules, table, columns, names, where)
    keep += [_row_test(test, names, where) for test in rules.only_rows]
    read = _read(rules, names)
    return Derivation(
        _prepared(read, rules, mapping),
        columns,
        pl.all_horizontal(keep) if keep else None,
        read & frozenset(own),
        rules.look_up if looks else None,
        rules.brought,
    )


def _with_instead(cell: pl.Expr, rule: ColumnRule, names: tuple[str, ...]) -> pl.Expr:
    if rule.instead is None:
        return cell
    column, pattern, then = rule.instead
    name = _first(column, names)
    if name is None:
        return cell
    return pl.when(_text(name).str.contains(pattern)).then(pl.lit(then)).otherwise(cell)


def _can_look_up(rules: TableRules, names: tuple[str, ...]) -> bool:
    return rules.look_up is not None and all(own in names for own, _ in rules.look_up.by)


def with_looked_up(rows: pl.DataFrame, plan: Derivation) -> pl.DataFrame:
    """The rows with the columns that a look-up brings; rows without a partner get blanks."""
    if plan.look_up is None or plan.brought is None:
        return rows
    keys = [f"\0key {at}" for at in range(len(plan.look_up.by))]
    own = [_text(name).alias(key) for key, (name, _) in zip(keys, plan.look_up.by, strict=True)]
    joined = rows.with_columns(*own).join(
        plan.brought, on=keys, how="left", validate="m:1", maintain_order="left"
    )
    return joined.drop(keys)


def _row_test(test: RowTest, names: tuple[str, ...], where: str) -> pl.Expr:
    name = _first(test.column, names)
    if name is None and test.or_none:
        return pl.lit(value=False)
    if name is None:
        raise InputRefused(
            f"the column that tells which rows count is missing: {' or '.join(test.column)}.",
            where=where,
            fix="Export that column, or correct the mapping.",
        )
    if test.wanted:
        return _text(name).is_in(sorted(test.wanted)).fill_null(value=False)
    if test.differs_from:
        other = _first(test.differs_from, names)
        return pl.lit(value=True) if other is None else _text(name).ne_missing(_text(other))
    return _text(name).is_not_null()


def named_columns(table: str, mapping: Mapping) -> tuple[str, ...]:
    """Every column of an export that may be read for a table, under the names it may have."""
    if mapping.is_native:
        return tuple(c.name for c in TABLES[table])
    rules = mapping.tables[table]
    brought = rules.brought.columns if rules.brought is not None else ()
    listed = dict.fromkeys(name for option in rules.options for name in option)
    return tuple(name for name in listed if name not in brought)


def under_first_names(rows: pl.DataFrame, table: str, mapping: Mapping) -> pl.DataFrame:
    """For records that each name their own columns: cells of later names stand under the first."""
    if mapping.is_native:
        return rows
    options = [[n for n in o if n in rows.columns] for o in mapping.tables[table].options]
    several = {names[0]: names for names in options if len(names) > 1}
    return rows.with_columns(pl.coalesce(names).alias(first) for first, names in several.items())


def id_columns(table: str, mapping: Mapping) -> frozenset[str]:
    """The columns of an export that hold ids, which must be text."""
    ids = [c.name for c in TABLES.get(table, ()) if c.kind == "id"]
    if mapping.is_native:
        return frozenset(ids)
    rules = mapping.tables[table].columns
    return frozenset(n for i in ids if i in rules for option in rules[i].columns for n in option)


def _refuse_missing(
    rules: TableRules, table: str, made: dict[str, pl.Expr], names: tuple[str, ...], where: str
) -> None:
    needed = [c.name for c in TABLES.get(table, ()) if c.required and c.name not in made]
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


def _prepared(read: frozenset[str], rules: TableRules, mapping: Mapping) -> tuple[pl.Expr, ...]:
    cells = pl.col(sorted(read))
    if mapping.trim_ids:
        cells = cells.str.strip_chars()
    if rules.null_tokens:
        missing = cells.str.strip_chars().is_in(list(rules.null_tokens))
        cells = pl.when(missing).then(None).otherwise(cells)
    elif not mapping.trim_ids:
        return ()
    return (cells.name.keep(),)


def _read(rules: TableRules, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for o in rules.options if (name := _first(o, names)) is not None)


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
    steps = (rule.periods, rule.thousands, rule.any_case, rule.prefix)
    typed = (rule.values, rule.date, rule.minutes_after, rule.years_before)
    plain = not any(steps) and all(step is None for step in typed)
    return pl.col(found[0]) if plain else _text(found[0])


def _constant(rule: ColumnRule, found: list[str]) -> pl.Expr:
    del found
    return pl.lit(rule.constant, dtype=pl.String)


def _first_of(rule: ColumnRule, found: list[str]) -> pl.Expr:
    del rule
    return pl.coalesce([_text(name) for name in found])


def _extract(rule: ColumnRule, found: list[str]) -> pl.Expr:
    cell = _text(found[0])
    return pl.coalesce([cell.str.extract(pattern, 1) for pattern in rule.patterns])


def _when(rule: ColumnRule, found: list[str]) -> pl.Expr:
    return pl.when(_text(found[0]).is_in(sorted(rule.wanted))).then(_text(found[1]))


def _days_between(rule: ColumnRule, found: list[str]) -> pl.Expr:
    """Whole days between two dates as written, both counted when `last_day_counts`.

    With `minutes_after` the two are minutes, and a day is 24 hours from minute 0.
    """
    if rule.minutes_after is not None:
        first_day, last_day = (_day_of_minutes(_text(name)) for name in found)
        days = last_day - first_day + int(rule.last_day_counts)
        later = _whole(_text(found[1])) >= _whole(_text(found[0]))
        return pl.when(later & (days >= 0)).then(days).cast(pl.String)
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


def _whole(cell: pl.Expr) -> pl.Expr:
    """Whole numbers of at most nine digits, else null."""
    return cell.str.extract(r"^(-?[0-9]{1,9})$", 1).cast(pl.Int64, strict=False)


def _day_of_minutes(cell: pl.Expr) -> pl.Expr:
    return _whole(cell).floordiv(24 * 60)


def _dated(cell: pl.Expr, rule: ColumnRule) -> pl.Expr:
    """Dates of a declared format, of minutes after a day, or of an age in years on a day.

    A cell that is none stays as it is, and is unreadable.
    """
    if rule.date is not None:
        day = cell.str.to_date(rule.date, strict=False)
        exact = day.dt.to_string(rule.date) == cell
        return pl.when(exact).then(day.dt.to_string("%Y-%m-%d")).otherwise(cell)
    if rule.source == "days_between":
        return cell
    if rule.minutes_after is not None:
        day = pl.lit(rule.minutes_after) + pl.duration(days=_day_of_minutes(cell))
        return pl.coalesce(day.dt.to_string("%Y-%m-%d"), cell)
    if rule.years_before is not None:
        born = pl.lit(rule.years_before).dt.offset_by(
            pl.concat_str(pl.lit("-"), _whole(cell).cast(pl.String), pl.lit("y"))
        )
        return pl.coalesce(born.dt.to_string("%Y-%m-%d"), cell)
    return cell


def _finished(cell: pl.Expr, rule: ColumnRule) -> tuple[pl.Expr, pl.Expr | None]:
    """The steps after the source, and the rows to keep if some are to be left out."""
    values = PERIOD_DAYS if rule.periods else rule.values
    keep: pl.Expr | None = None
    if rule.thousands:
        grouped = cell.str.contains(r"^[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$")
        cell = pl.when(grouped).then(cell.str.replace_all(",", "", literal=True)).otherwise(cell)
    if rule.any_case:
        cell = cell.str.to_lowercase()
    if values is not None:
        looked_up = cell.replace_strict(values, default=None, return_dtype=pl.String)
        if rule.otherwise == "leave_out":
            keep = looked_up.is_not_null() | cell.is_null()
        cell = pl.coalesce(looked_up, cell) if rule.otherwise == "keep" else looked_up
    cell = _dated(cell, rule)
    return (pl.concat_str(pl.lit(rule.prefix), cell) if rule.prefix else cell), keep
