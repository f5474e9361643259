"""Findings over the days of runs, in the tables of the history.

Days are as-of dates as integers from 1970-01-01. A span ends where a run looked and did not find
it, or found it with another severity or certainty.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import polars as pl

from screener.rule.model import SEVERITIES

SPANS: dict[str, pl.DataType] = {
    "finding": pl.Int64(),
    "rule": pl.Categorical(),  # narrow columns: millions of rows are held at once
    "site": pl.Categorical(),
    "severity": pl.Int8(),  # place in SEVERITIES
    "definite": pl.Int8(),
    "first_seen": pl.Int32(),
}
_AT_ONCE = 50_000  # rows


def numbered() -> pl.Expr:
    """A finding id (16 hex digits) as the signed 64-bit integer that SQLite holds."""
    return pl.col("finding_id").str.to_integer(base=16, dtype=pl.UInt64).reinterpret(signed=True)


def named(numbers: pl.Series) -> pl.Series:
    """The finding ids of `numbered`."""
    texts = [f"{number & 0xFFFF_FFFF_FFFF_FFFF:016x}" for number in numbers.to_list()]
    return pl.Series("finding_id", texts, dtype=pl.String)


def of_run(findings: Iterable[pl.LazyFrame], day: int) -> pl.DataFrame:
    """SPANS of the findings of a run."""
    rows = pl.concat([
        one.select("finding_id", "rule_id", "site_id", "severity", "certainty") for one in findings
    ])  # fmt: skip
    told = rows.select(
        finding=numbered(),
        rule="rule_id",
        site=pl.col("site_id").fill_null(""),
        severity=pl.col("severity").replace_strict(
            {name: place for place, name in enumerate(SEVERITIES)}, return_dtype=pl.Int8
        ),
        definite=pl.col("certainty") == "definite",
        first_seen=pl.lit(day),
    )
    return told.select(pl.col(name).cast(dtype) for name, dtype in SPANS.items()).collect()


def rules_of(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Finding id (16 hex digits) -> its rule, of those that some run found."""
    found: dict[str, str] = {}
    for one in ids:
        number = int.from_bytes(bytes.fromhex(one), signed=True)
        rule = connection.execute("SELECT rule FROM spans WHERE finding = ?", (number,)).fetchone()
        if rule is not None:
            found[one] = rule[0]
    return found


def on_day(connection: sqlite3.Connection, day: int) -> pl.DataFrame:
    """SPANS of what stood after the run of a day."""
    return _read(connection, "first_day <= ? AND (end_day IS NULL OR end_day > ?)", (day, day))


def ended_by(connection: sqlite3.Connection, day: int) -> pl.DataFrame:
    """SPANS that ended on or before a day, one of each finding."""
    rows = _read(connection, "end_day IS NOT NULL AND end_day <= ?", (day,))
    return rows.unique("finding", keep="first", maintain_order=True)


def _read(connection: sqlite3.Connection, where: str, values: tuple[int, ...]) -> pl.DataFrame:
    cursor = connection.execute(
        f"SELECT {', '.join(SPANS)} FROM spans WHERE {where}",
        values,
    )
    parts = [pl.DataFrame(schema=SPANS)]
    while rows := cursor.fetchmany(_AT_ONCE):
        parts.append(pl.DataFrame(rows, schema=SPANS, orient="row"))
    return pl.concat(parts)


def forget_day(connection: sqlite3.Connection, day: int) -> None:
    """Take back what the run of the last day did, before another run of that day stands for it."""
    connection.execute("DELETE FROM spans WHERE first_day = ?", (day,))
    connection.execute("UPDATE spans SET end_day = NULL WHERE end_day = ?", (day,))


def add_day(
    connection: sqlite3.Connection,
    now: pl.DataFrame,
    before: pl.DataFrame,
    ended: pl.DataFrame,
    *,
    looked: pl.Expr,
    day: int,
) -> None:
    """Write what a run changed: spans that end, and spans that begin.

    now: SPANS of the run; before, ended: as the run before left them. looked: of a row of `before`,
    whether this run asked its rule of its site.
    """
    same = ["finding", "severity", "definite"]
    gone = before.join(now, on="finding", how="anti").filter(looked)
    changed = before.join(now, on="finding", how="semi").join(now, on=same, how="anti")
    begun = with_first_seen(now.join(before, on=same, how="anti"), before, ended)
    connection.executemany(
        "UPDATE spans SET end_day = ? WHERE finding = ? AND end_day IS NULL",
        ((day, finding) for finding in pl.concat([gone["finding"], changed["finding"]]).sort()),
    )
    connection.executemany(
        "INSERT INTO spans (finding, rule, site, severity, definite, first_seen, first_day)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        begun.select(*SPANS, first_day=pl.lit(day)).sort("finding").iter_rows(),  # as its key is
    )


def with_first_seen(now: pl.DataFrame, before: pl.DataFrame, ended: pl.DataFrame) -> pl.DataFrame:
    """`first_seen` of findings that were known before."""
    known = pl.concat([ended, before]).group_by("finding").agg(known=pl.col("first_seen").min())
    both = now.join(known, on="finding", how="left", maintain_order="left")
    return both.with_columns(first_seen=pl.min_horizontal("first_seen", "known")).drop("known")
