"""Which columns of a lake's tables are taken, and whether they are of a kind that can be read."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from screener.errors import InputRefused
from screener.tables import LINEAGE, TABLES, Column, Kind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

INTEGERS = ("byte", "short", "integer", "long", "tinyint", "smallint", "int", "bigint")
NUMBERS = (*INTEGERS, "float", "double", "decimal")
# Spark's types by kind; text of any kind is read as the text of an export.
TAKEN: dict[Kind, tuple[str, ...]] = {
    "id": INTEGERS,  # a double has lost digits of an id
    "text": NUMBERS,
    "number": NUMBERS,
    "whole": NUMBERS,
    "date": ("date", "timestamp_ntz"),  # a timestamp is another day in another zone
    "yes_no": ("boolean",),
}
TEXT = ("string", "varchar", "char", "void")


def columns_of(
    tables: Mapping[str, DataFrame],
) -> tuple[dict[str, DataFrame], dict[str, frozenset[str]], tuple[str, ...]]:
    """(each table's columns that are canonical or lineage, the canonical ones, notices of others).

    Raises InputRefused for a table or column that is missing, unknown or of another kind.
    """
    if "prescriptions" not in tables:
        raise InputRefused("There is no table of prescriptions.", fix="Hand one in.")
    chosen, supplied, notices = {}, {}, []
    for name, frame in tables.items():
        if name not in TABLES:
            raise InputRefused(f"{name} is no canonical table.", fix=f"Known: {', '.join(TABLES)}.")
        have = {field.name: field.dataType.typeName() for field in frame.schema.fields}
        _refuse(name, have)
        known = [c.name for c in TABLES[name] if c.name in have]
        notices += [
            f"{name}: the column {other} is not known and not read{_near(name, other)}"
            for other in have
            if other not in known and other not in LINEAGE
        ]
        chosen[name] = frame.select(*known, *LINEAGE)
        supplied[name] = frozenset(known)
    return chosen, supplied, tuple(notices)


def _refuse(table: str, have: Mapping[str, str]) -> None:
    for name in LINEAGE:
        kinds = INTEGERS if name == "source_row" else TEXT
        if have.get(name) not in kinds:
            raise InputRefused(
                f"The column {name} is missing or of another type than {kinds[0]}.",
                where=table,
                fix="Every row needs its file and its number there (docs/scale.md shows how).",
            )
    for column in TABLES[table]:
        if column.name not in have:
            if column.required and not (column.name == "drug" and "drug_code" in have):
                raise InputRefused(f"The column {column.name} is missing.", where=table)
        elif not _readable(column, have[column.name]):
            raise InputRefused(
                f"The column {column.name} is of type {have[column.name]}.",
                where=table,
                fix=f"Make it text or {' or '.join(TAKEN[column.kind])}.",
            )


def _readable(column: Column, kind: str) -> bool:
    return kind in TEXT or kind in TAKEN[column.kind]


def _near(table: str, name: str) -> str:
    near = difflib.get_close_matches(name, [c.name for c in TABLES[table]], n=1)
    return f" (is it {near[0]}?)" if near else ""
