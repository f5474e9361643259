"""Reads typed canonical rows from CSV files in the native format, for tests only."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

from screener.tables import TABLES

Row = dict[str, Any]


def typed(kind: str, text: str) -> Any:
    """One cell as the core would see it; None for a blank one."""
    if not text.strip():
        return None
    match kind:
        case "date":
            return dt.date.fromisoformat(text)
        case "number":
            return float(text)
        case "whole":
            return int(text)
        case "yes_no":
            return {"1": True, "0": False, "yes": True, "no": False}[text.lower()]
        case _:
            return text


def read_table(folder: Path, table: str) -> list[Row]:
    """Every row of one table, with every canonical column."""
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        raw = list(csv.DictReader(file))
    return [
        {column.name: typed(column.kind, row.get(column.name) or "") for column in TABLES[table]}
        for row in raw
    ]


def read_plain(path: Path) -> list[dict[str, str]]:
    """A CSV file as dictionaries of text."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
