"""Reads one file of a mapped export, with the columns that its mapping looks up elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import polars as pl

from screener.sources.csv_records import no_set_aside
from screener.sources.find import Found
from screener.sources.mapping import ColumnRule, Mapping, TableRules, fits
from screener.tables import RawBatch, RawEnd

Reader = Callable[[Found, Mapping, str, bool], Iterator[RawBatch]]


def read_mapped(
    file: Found,
    mapping: Mapping,
    encoding: str,
    allow_empty: bool,
    *,
    found: list[Found],
    readers: dict[str, Reader],
) -> Iterator[RawBatch]:
    """The batches of a file by the rules that fit its name. Raises InputRefused.

    The columns that are looked up are held in memory, one row a key; the file itself is not.
    """
    read = partial(readers[file.format], file)
    if mapping.is_native:
        yield from read(mapping, encoding, allow_empty)
        return
    rules = mapping.tables[file.table].part_for(file.path.name)
    others = [o for o in found if rules.look_up and fits(o.path.name, rules.look_up.files)]
    if others:
        rules = replace(rules, brought=_brought(rules, others, mapping, readers, encoding))
    end: RawEnd | None = None
    for place, part in enumerate((rules, *rules.more)):
        own = replace(mapping, tables={**mapping.tables, file.table: part})
        for batch in read(own, encoding, allow_empty):
            if batch.end is not None:
                end = _ends(end, batch.end)
            last = batch.end is not None and place == len(rules.more)
            yield replace(_added(batch, end) if place else batch, end=end if last else None)


def _ends(before: RawEnd | None, end: RawEnd) -> RawEnd:
    """What is known of a file that was read again for further rows of its records."""
    return end if before is None else replace(before, columns=before.columns | end.columns)


def _added(batch: RawBatch, end: RawEnd | None) -> RawBatch:
    """Further rows of records that were counted before."""
    done = end.bytes if end is not None else 0
    return RawBatch(batch.rows, no_set_aside(), 0, added=batch.rows.height, bytes_read=done)


def _brought(
    rules: TableRules,
    others: list[Found],
    mapping: Mapping,
    readers: dict[str, Reader],
    encoding: str,
) -> pl.DataFrame:
    """One row a key: columns `name.COLUMN`, and the keys as they are named in the rows.

    Equal rows of a key count once; a key whose rows differ brings nothing.
    """
    look = rules.look_up
    if look is None:
        raise ValueError("these rules look nothing up")
    prefix = f"{look.name}."
    wanted = dict.fromkeys(
        name.removeprefix(prefix)
        for options in rules.options
        for name in options
        if name.startswith(prefix)
    )
    keys = {f"\0key {at}": theirs for at, (_, theirs) in enumerate(look.by)}
    options = {**keys, **{name: (name,) for name in wanted}}
    plain = {name: ColumnRule("from", (named,), values={}) for name, named in options.items()}
    parts: list[pl.DataFrame] = []
    for other in others:
        its = mapping.tables[other.table].part_for(other.path.name)
        alone = TableRules(look.files, plain, its.separator, its.null_tokens)
        bare = replace(mapping, tables={"": alone})
        batches = readers[other.format](replace(other, table=""), bare, encoding, True)
        parts += [batch.rows.drop("source_row").unique(maintain_order=True) for batch in batches]
    rows = pl.concat(parts, how="diagonal")
    absent = [name for name in plain if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    named = rows.select(
        *keys,
        *(pl.col(name).alias(prefix + name) for name in wanted if name not in absent),
    ).drop_nulls(list(keys))
    return named.unique(maintain_order=True).unique(list(keys), keep="none", maintain_order=True)
