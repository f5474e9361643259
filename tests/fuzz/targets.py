"""What is fuzzed: functions that are given any bytes and may end in an error of ours only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from screener.directions import read_directions
from screener.errors import ScreenerError
from screener.intake import take_in
from screener.intake.parse import typed
from screener.rulebook.library import load_library
from screener.sources import read_export
from screener.sources.mapping_files import read_mapping
from screener.tables import TABLES
from tests.badinput.export import GOOD, RULE
from tests.cli.invented_clinic import MAX_DOSE

ROOT = Path(__file__).parents[2]


def rule(data: bytes) -> None:
    """A rule file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / RULE
        path.parent.mkdir()
        path.write_bytes(data)
        load_library(Path(folder))


def mapping(data: bytes) -> None:
    """A mapping of a site."""
    read_mapping("fuzzed", data)


def directions(data: bytes) -> None:
    """Free-text directions: one row a text at least, whatever it says."""
    text = data.decode("utf-8", errors="replace")
    read = read_directions(pl.Series([text], dtype=pl.String))
    if read.is_empty():
        raise AssertionError("a text has no row")


def cells(data: bytes) -> None:
    """Each cell of an order: a number, date or id, or nothing."""
    text = data.decode("utf-8", errors="replace")
    raw = {column.name: [text] for column in TABLES["prescriptions"]}
    frame = pl.DataFrame(raw).with_columns(source_row=pl.lit(1, pl.Int64))
    done = typed("prescriptions", frame, "prescriptions.csv")
    if done.height != 1:
        raise AssertionError("a row was lost")
    for name in ("dose_min", "frequency_count", "strength_per_value"):
        value = done[name][0]
        if value is not None and not 0 <= value < float("inf"):
            raise AssertionError("a number that no dose can be")


def _taken(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, scratch = Path(folder) / name, Path(folder) / "scratch"
        path.write_bytes(data)
        scratch.mkdir()
        intake = take_in([str(path)], read=read_export, scratch=scratch)
        for file in intake.files:
            if file.records != file.kept + file.set_aside + file.blank:
                raise AssertionError("the row law does not hold")


def csv(data: bytes) -> None:
    """A CSV export, read to the buckets."""
    _taken("prescriptions.csv", data)


def ndjson(data: bytes) -> None:
    """An NDJSON export, read to the buckets."""
    _taken("prescriptions.ndjson", data)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "rule": rule,
    "mapping": mapping,
    "directions": directions,
    "cells": cells,
    "csv": csv,
    "ndjson": ndjson,
}
JSON = '{"patient_id": "P1", "drug": "x", "start_date": "2024-01-02", "dose_min": 1.5}\n'
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "rule": (MAX_DOSE.encode(),),
    "mapping": tuple(p.read_bytes() for p in sorted((ROOT / "screener/mappings").glob("*.yaml"))),
    "directions": (b"1-2 tabs qds prn, max 8/day", b"take 2 daily for 5 days, then 1 daily"),
    "cells": (b"2024-01-02", b"1.5", b"00123", b"2024-01-02T23:30:00Z"),
    "csv": (GOOD.encode(),),
    "ndjson": (JSON.encode() * 3,),
}


def tried(name: str, data: bytes) -> None:
    """Call a target; every other error than one of ours is a find."""
    try:
        TARGETS[name](data)
    except ScreenerError:
        return
