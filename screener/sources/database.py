"""Databases as exports: DuckDB and SQLite files, and PostgreSQL over its own connection.

Tables are read as text in the order of their keys, in batches, inside one read-only transaction;
memory is bounded by the batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from screener.errors import InputRefused, RunBroke, UsageError
from screener.sources.csv_records import no_set_aside
from screener.sources.database_open import Database, opened, quoted_name
from screener.sources.omop_tables import CDM_TABLES, CdmTable, clean, with_columns
from screener.tables import RawBatch, RawEnd

POSTGRESQL = ("postgresql://", "postgres://")
SQLITE_MAGIC, DUCKDB_MAGIC = b"SQLite format 3\0", b"DUCK"
# What makes the order of a table's rows the same in every run.
KEYS = {
    "death": ("person_id", "death_date"),
    "concept_ancestor": ("ancestor_concept_id", "descendant_concept_id"),
    "drug_strength": ("drug_concept_id", "ingredient_concept_id", "valid_start_date"),
}


def database_kind(given: str) -> str | None:
    """postgresql, sqlite or duckdb, told by the address or the first bytes; None for others."""
    if given.startswith(POSTGRESQL):
        return "postgresql"
    path = Path(given)
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return None
    if head == SQLITE_MAGIC:
        return "sqlite"
    return "duckdb" if head[8:12] == DUCKDB_MAGIC else None


def database_tables(given: str, kind: str) -> list[CdmTable]:
    """The CDM tables of a database. Raises UsageError, InputRefused."""
    base = opened(given, kind)
    try:
        found = _columns(base, kind)
        tables = [_table(base, kind, given, *one) for one in found.items()]
    except InputRefused:
        base.close()
        raise
    base.waiting |= {table.table for table in tables if not table.empty}
    return tables


def _columns(base: Database, kind: str) -> dict[str, tuple[str, list[str]]]:
    """CDM table -> (its quoted name, its columns), in the order of CDM_TABLES.

    Of two schemas the one on the search path counts. Raises UsageError where neither is.
    """
    listed = _listed(base, kind)
    found: dict[str, tuple[str, list[str]]] = {}
    for table in CDM_TABLES:
        own = listed.filter(pl.col("table_name").str.to_lowercase() == table)
        places = own.select("rank", "table_schema", "table_name").unique().sort("rank")
        if places.is_empty():
            continue
        if places.height > 1 and places["rank"][0] == places["rank"][1]:
            raise UsageError(
                f"the table {table} is there more than once (in several schemas).",
                where=base.label,
                fix="Say which counts: end the address with ?options=-csearch_path%3DSCHEMA.",
            )
        _, schema, name = places.row(0)
        columns = own.filter((pl.col("table_schema") == schema) & (pl.col("table_name") == name))
        quoted = (
            quoted_name(name) if kind == "sqlite" else f"{quoted_name(schema)}.{quoted_name(name)}"
        )
        found[table] = (quoted, columns["column_name"].to_list())
    return found


def _listed(base: Database, kind: str) -> pl.DataFrame:
    """Every column of every table: table_schema, table_name, column_name, rank ("9": no path)."""
    names = ", ".join(f"'{name}'" for name in CDM_TABLES)
    ours = f"lower(table_name) IN ({names})"
    if kind == "sqlite":
        sql = (
            "SELECT '' AS table_schema, m.name AS table_name, c.name AS column_name, '1' AS rank "
            "FROM sqlite_master m JOIN pragma_table_info(m.name) c "
            f"WHERE m.type IN ('table', 'view') AND lower(m.name) IN ({names}) ORDER BY 2, c.cid"
        )
    else:
        on_path = (
            "lpad(coalesce(array_position(current_schemas(false), table_schema::name), 9)::text,"
            " 3, '0')"
            if kind == "postgresql"
            else "CASE table_schema WHEN 'main' THEN '1' ELSE '9' END"
        )
        here = "" if kind == "postgresql" else "table_catalog = current_database() AND "
        sql = (
            "SELECT CAST(table_schema AS text) AS table_schema, "
            "CAST(table_name AS text) AS table_name, "
            f"CAST(column_name AS text) AS column_name, {on_path} AS rank "
            f"FROM information_schema.columns WHERE {here}{ours} "
            "ORDER BY table_schema, table_name, ordinal_position"
        )
    frames = list(base.query(sql))
    empty = dict.fromkeys(("table_schema", "table_name", "column_name", "rank"), pl.String())
    return pl.concat(frames) if frames else pl.DataFrame(schema=empty)


def _table(
    base: Database, kind: str, given: str, table: str, place: tuple[str, list[str]]
) -> CdmTable:
    quoted, columns = place
    rows = _count(base, quoted)
    shown = base.label if kind == "postgresql" else given
    return CdmTable(
        f"{base.label} {table}",
        shown,
        table,
        rows,
        partial(_read, base, table, quoted, columns),
        partial(_distinct, base, quoted, columns),
        rows == 0,
    )


def _read(base: Database, table: str, quoted: str, columns: list[str]) -> Iterator[RawBatch]:
    """Every row; the hash is of the text of all rows in order, since a table has no bytes."""
    where = f"{base.label} {table}"
    lower = {name.lower(): name for name in columns}
    keys = [lower[k] for k in KEYS.get(table, (f"{table}_id",)) if k in lower] or columns
    texts = ", ".join(base.text_of(name) for name in columns)
    # t: by the column, not by its text
    order = "ORDER BY " + ", ".join(f"t.{quoted_name(name)}" for name in keys)
    order = "" if base.keeps_order else order
    expected = _count(base, quoted)
    digest, done, size = hashlib.sha256(where.encode()), 0, 0
    ahead: RawBatch | None = None
    for frame in base.query(f"SELECT {texts} FROM {quoted} AS t {order}"):
        if ahead is not None:
            yield ahead
        text = frame.write_csv(None, include_header=done == 0).encode()
        digest.update(text)
        size += len(text)
        rows = frame.with_row_index("source_row", offset=done + 1).cast({"source_row": pl.Int64})
        done += frame.height
        ahead = RawBatch(clean(rows), no_set_aside(), frame.height, bytes_read=size)
    if ahead is None or done != expected:
        raise RunBroke("the rows read are not the rows counted.", where=where)
    base.waiting.discard(table)
    if not base.waiting:
        with suppress(Exception):
            base.close()
    yield replace(ahead, end=RawEnd(digest.hexdigest(), size, frozenset()))


def _count(base: Database, quoted: str) -> int:
    (answer,) = list(base.query(f"SELECT CAST(count(*) AS text) AS n FROM {quoted}"))
    return int(answer["n"][0])


def _distinct(
    base: Database, quoted: str, columns: list[str], wanted: tuple[str, ...]
) -> pl.DataFrame:
    """The different rows of some columns, found by the database itself."""
    there = [name for name in columns if name.lower() in wanted]
    texts = ", ".join(base.text_of(name) for name in there)
    frames = list(base.query(f"SELECT DISTINCT {texts} FROM {quoted}"))
    rows = pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(there, pl.String()))
    return with_columns(clean(rows), wanted).select(wanted).unique()
