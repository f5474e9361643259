"""Invented patients as native CSV exports, night by night, and runs over them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from screener import screen as line
from screener.rule.model import Rule
from screener.tables import LINEAGE, Tables

SAME = (
    "findings.parquet", "findings.csv", "pilot_findings.parquet", "outcomes.parquet",
    "not_assessed.parquet", "data_flags.parquet", "data_flags.csv", "set_aside.csv",
    "orders.parquet", "timeline.parquet", "kidney.parquet", "review_list.xlsx", "report.html",
)  # fmt: skip


class Silent:
    """Hears how a run goes and keeps what it was told in words."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def noticed(self, text: str) -> None:
        """A notice."""
        self.notices.append(text)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def request(
    exports: list[Path], out: Path, rules: tuple[Rule, ...], as_of: dt.date, **more: Any
) -> line.Request:
    """A run with these rules, as the command line would ask for it."""
    chosen = line.Chosen(
        as_of, rules, frozenset(rule.id for rule in rules), {}, {rule.id: "" for rule in rules}
    )
    return line.Request(
        exports=tuple(map(str, exports)),
        out=out,
        rules_on=lambda day: replace(chosen, as_of=day),
        today=dt.date(2030, 1, 1),
        now=lambda: "2030-01-01T00:00:00",
        host="h",
        pid="1",
        command="screener run",
        configuration={},
        as_of=as_of,
        jobs=1,
        **more,
    )


def run(asked: line.Request) -> tuple[Path, list[str]]:
    """The folder of the run, and what was said."""
    watch = Silent()
    done = line.screen(asked, watch)  # type: ignore[arg-type]
    return done.folder, watch.notices


def differences(one: Path, two: Path) -> list[str]:
    """The data files that differ by a byte."""
    return [name for name in SAME if (one / name).read_bytes() != (two / name).read_bytes()]


def write_export(folder: Path, frames: dict[str, pl.DataFrame]) -> Path:
    """An export of the tables that have rows."""
    folder.mkdir()
    for table, frame in frames.items():
        if frame.height:
            cells = [
                pl.when(pl.col(c)).then(pl.lit("yes")).otherwise(pl.lit("no")).alias(c)
                if dtype == pl.Boolean
                else pl.col(c)
                for c, dtype in frame.schema.items()
                if c not in LINEAGE
            ]
            frame.select(cells).write_csv(folder / f"{table}.csv")
    return folder


def tables_of(tables: Tables) -> dict[str, pl.DataFrame]:
    """The tables that somebody supplied, by name."""
    named = {
        "prescriptions": tables.prescriptions, "patients": tables.patients, "labs": tables.labs,
        "conditions": tables.conditions, "admissions": tables.admissions,
    }  # fmt: skip
    return {table: frame for table, frame in named.items() if frame is not None}


def in_nights(tables: dict[str, pl.DataFrame], ends: list[dt.date]) -> list[dict[str, Any]]:
    """The rows that are news on each night: those of events on its days, and on the first one all
    that lies before; the last night has what comes later as well. Patients are known at first."""
    nights: list[dict[str, Any]] = []
    for at, end in enumerate(ends):
        news = {}
        for table, frame in tables.items():
            day = pl.col("date" if table == "labs" else "start_date")
            if table == "patients":
                news[table] = frame if at == 0 else frame.clear()
                continue
            later = frame.filter(day > ends[at - 1]) if at else frame
            news[table] = later if at == len(ends) - 1 else later.filter(day <= end)
        nights.append(news)
    return nights
