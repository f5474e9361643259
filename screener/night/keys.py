"""What rows and results were made with: equal keys, equal bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from screener.rule.model import Rule
from screener.terminology import list_versions

# What turns a record into a typed row; a change there makes other rows of the same records.
OF_ROWS = (
    "intake", "sources", "directions", "terminology", "mappings", "tables.py", "units.py",
    "findings.py",
)  # fmt: skip
NO_RESULT = frozenset({"why", "action", "evidence", "owners", "stories", "file", "topic"})


def rows_key(mapping: str, encoding: str) -> str:
    """Of the typed rows: the program's part that reads, the mapping and the encoding."""
    own = Path(mapping)
    said = own.read_bytes() if own.is_file() else mapping.encode()
    return _hash([*(_program(part) for part in OF_ROWS), said.hex(), encoding])


def results_key(rules: Iterable[Rule]) -> str:
    """Of the results: the whole program with its data, polars and numpy, and all that a rule says
    of patients (not why, nor who owns it)."""
    said = [_plain(rule) for rule in sorted(rules, key=lambda rule: rule.id)]
    return _hash([_program(""), pl.__version__, np.__version__, list_versions(), said])


def _hash(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _program(part: str) -> str:
    """The hash of a file or folder of this package: code and data."""
    place = files("screener").joinpath(part) if part else files("screener")
    digest = hashlib.sha256()
    for name, file in sorted(_files(place, "")):
        digest.update(f"{name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(place: Traversable, name: str) -> Iterable[tuple[str, Traversable]]:
    if place.is_file():
        yield name, place
        return
    for one in place.iterdir():
        if one.name != "__pycache__":
            yield from _files(one, f"{name}/{one.name}")


def _plain(value: Any) -> Any:
    """Any part of a rule as JSON can hold it, sets in order."""
    if isinstance(value, Rule) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        fields = (f.name for f in dataclasses.fields(value))
        left_out = NO_RESULT if isinstance(value, Rule) else frozenset[str]()
        return {
            "is": type(value).__name__,
            **{name: _plain(getattr(value, name)) for name in fields if name not in left_out},
        }
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
