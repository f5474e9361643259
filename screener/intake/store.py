"""Typed rows that stay: every export given so far, by bucket of patients, a part for each night.

The rows are kept as they were typed, before copies of a patient are settled, so that rows added
later meet them exactly as if all had come in one export. Files are never changed: a night adds
parts, and may put many small ones together into a new one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from screener.findings import DATA_FLAGS, SET_ASIDE
from screener.intake import buckets as store
from screener.intake.buckets import Buckets
from screener.intake.people import one_row_each, with_measured
from screener.intake.schemas import self_test
from screener.intake.take import (
    FileCount,
    Intake,
    Progress,
    ReadExport,
    Taking,
    finished,
    rows_about,
    sampling_of,
    take_file,
    without_folders,
)
from screener.tables import TABLES, RawFile, Tables, empty_table, typed_schema

DATES: dict[str, pl.DataType] = {"date": pl.Date(), "rows": pl.Int64()}
FRAMES: dict[str, dict[str, pl.DataType]] = {
    "set_aside": SET_ASIDE, "cell_flags": DATA_FLAGS, "dates": DATES,
}  # fmt: skip
ADDED_BEFORE = "\0"  # a path that no file can have
FEW_PARTS = 8  # of a table and bucket; with more, some number of nights later, they become one


@dataclass(frozen=True, slots=True)
class Holding:
    """What a store holds besides its parts; plain values, so that it can stand in a JSON file.

    parts: (table, bucket) -> names of files, oldest first. frames: of FRAMES, the name of each.
    said_first: notices of exports, said: those of their files.
    """

    bucket_count: int
    rows_about: dict[str, int]
    files: tuple[FileCount, ...]
    supplied: dict[str, frozenset[str]]
    said_first: tuple[str, ...]
    said: tuple[str, ...]
    odd_ids: dict[tuple[str, str], int]
    observation_end: dt.date | None
    parts: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    frames: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Every file of the store that this holding needs."""
        parts = [name for names in self.parts.values() for name in names]
        return frozenset([*parts, *self.frames.values()])


@dataclass(frozen=True, slots=True)
class Added:
    """A holding with one more export: all rows so far, and the patients of the new ones.

    touched: bucket -> patient_id of the rows that came now; all of them when the number of buckets
    has changed (`moved`).
    """

    intake: Intake
    holding: Holding
    touched: dict[int, pl.Series]
    moved: bool


def add(
    folder: Path,
    before: Holding | None,
    exports: list[str],
    *,
    read: ReadExport,
    mapping: str | Path = "native",
    tables: dict[str, list[str]] | None = None,
    encoding: str = "utf-8",
    allow_empty: bool = False,
    scratch: Path,
    bucket_rows: int = store.BUCKET_ROWS,
    progress: Progress | None = None,
) -> Added:
    """Reads an export and adds it to the rows in `folder`: the intake of all exports so far.

    Arguments as `take_in`. No file of the holding is changed; new ones are of no account until the
    new holding is kept. Raises as `take_in`, and InputRefused for a file that was added before.
    """
    self_test()
    held = before or Holding(1, {}, (), {}, (), (), {}, None)
    taking = _resumed(folder, held)
    about = dict(held.rows_about)
    if exports or tables:
        export = read(
            exports, mapping=mapping, tables=tables, encoding=encoding, allow_empty=allow_empty
        )
        for table, rows in rows_about(export).items():
            about[table] = about.get(table, 0) + rows
        first = (*held.said_first, *export.notices)
    else:
        export, first = None, held.said_first
    count = store.buckets_for(max(about.values(), default=0), bucket_rows)
    taking.buckets = Buckets(count, scratch / "intake")
    taking.one_in = sampling_of(export) if export else 0
    for file in export.files if export else ():
        take_file(file, taking, progress)
    store.finish(taking.buckets)
    touched = _patients(taking.buckets)
    holding = Holding(
        bucket_count=count,
        rows_about=about,
        files=tuple(taking.files),
        supplied=dict(taking.supplied),
        said_first=without_folders(first, exports),
        said=without_folders(taking.notices, exports),
        odd_ids=dict(taking.odd_ids),
        observation_end=max(taking.observation_ends, default=None),
        frames=_written_frames(folder, taking),
    )
    moved = before is not None and before.bucket_count != count
    parts = _moved(folder, held, count) if moved else held.parts
    holding.parts.update(_with_tonight(folder, parts, taking.buckets))
    taking.notices[:0] = first
    taking.buckets = opened(folder, holding, scratch / "settled")
    return Added(finished(taking), holding, touched, moved)


def opened(folder: Path, holding: Holding, scratch: Path) -> Buckets:
    """The rows of a holding as buckets; what is replaced in them goes to `scratch`."""
    made = Buckets(holding.bucket_count, scratch)
    for (table, number), names in holding.parts.items():
        made.parts[table, number] = [folder / name for name in names]
    if made.count == 1:
        for table, number in holding.parts:
            made.held[table] = [_rows(made, table, number).collect()]
    return made


def of_patients(
    rows: Buckets,
    number: int,
    patients: pl.Series,
    supplied: Mapping[str, frozenset[str]],
    tests_seen: frozenset[tuple[str, str]],
) -> Tables:
    """All tables of some patients of a bucket, as `Intake.bucket` gives them of all, but not yet
    validated: `together` does that once for the patients of several buckets."""
    wanted = patients.implode()
    have = {
        table: _rows(rows, table, number).filter(pl.col("patient_id").is_in(wanted)).collect()
        for table in TABLES
        if table in supplied
    }
    if "patients" in have:
        have["patients"] = with_measured(one_row_each(have["patients"])[0], have.get("labs"))
    return Tables(
        prescriptions=have.get("prescriptions", empty_table("prescriptions")),
        patients=have.get("patients"),
        labs=have.get("labs"),
        conditions=have.get("conditions"),
        admissions=have.get("admissions"),
        supplied=dict(supplied),
        tests_seen=tests_seen,
    )


def _rows(rows: Buckets, table: str, number: int) -> pl.LazyFrame:
    paths = rows.parts.get((table, number), [])
    if not paths:
        return empty_table(table).lazy()
    return pl.scan_parquet(
        paths,
        schema=typed_schema(table),
        missing_columns="insert",
        extra_columns="ignore",
        glob=False,
    )


def _resumed(folder: Path, held: Holding) -> Taking:
    """What was gathered when the last export ended."""
    taking = Taking(Buckets(held.bucket_count, folder))
    taking.files += held.files
    taking.notices += held.said
    taking.supplied |= held.supplied
    taking.odd_ids |= held.odd_ids
    for one in held.files:
        if one.records:  # a night without news may bring a header alone, again and again
            twin = RawFile(one.name, ADDED_BEFORE, one.table, 0, lambda: iter(()))
            taking.hashes.setdefault(one.sha256, twin)
    if held.observation_end is not None:
        taking.observation_ends.append(held.observation_end)
    for name, gathered in _frames_of(taking).items():
        if name in held.frames:
            kept = pl.scan_parquet(
                folder / held.frames[name], schema=FRAMES[name], missing_columns="insert",
                glob=False,
            )  # fmt: skip
            gathered.append(kept.collect())
    return taking


def _frames_of(taking: Taking) -> dict[str, list[pl.DataFrame]]:
    return {"set_aside": taking.set_aside, "cell_flags": taking.flags, "dates": taking.dates}


def _patients(tonight: Buckets) -> dict[int, pl.Series]:
    """The patients of tonight's rows by bucket."""
    found: dict[int, list[pl.Series]] = {}
    for table in TABLES:
        for number in range(tonight.count):
            ids = store.columns(tonight, table, number, ("patient_id",))["patient_id"]
            if ids.len():
                found.setdefault(number, []).append(ids)
    return {number: pl.concat(ids).unique() for number, ids in found.items()}


def _with_tonight(
    folder: Path, parts: Mapping[tuple[str, int], tuple[str, ...]], tonight: Buckets
) -> dict[tuple[str, int], tuple[str, ...]]:
    """The parts with one more for each table and bucket that has new rows."""
    made = dict(parts)
    for table in TABLES:
        for number in range(tonight.count):
            rows = store.get(tonight, table, number)
            names = made.get((table, number), ())
            if rows.height:
                names = (*names, _written(folder, f"{table}-{number:05d}", rows))
            if len(names) > FEW_PARTS + number % FEW_PARTS:
                held = Buckets(tonight.count, folder)
                held.parts[table, number] = [folder / name for name in names]
                whole = _rows(held, table, number).collect()
                names = (_written(folder, f"{table}-{number:05d}", whole),)
            if names:
                made[table, number] = names
    return made


def _moved(folder: Path, held: Holding, count: int) -> dict[tuple[str, int], tuple[str, ...]]:
    """The rows of a holding in another number of buckets, in the same order."""
    old = Buckets(held.bucket_count, folder)
    for key, names in held.parts.items():
        old.parts[key] = [folder / name for name in names]
    made: dict[tuple[str, int], tuple[str, ...]] = {}
    for table, number in sorted(held.parts):
        rows = _rows(old, table, number).collect()
        numbered = rows.with_columns(store.bucket_of(rows["patient_id"], count).alias("_bucket"))
        split = numbered.partition_by("_bucket", as_dict=True, include_key=False)
        for (place,), part in split.items():
            key = (table, int(str(place)))
            made[key] = (*made.get(key, ()), _written(folder, f"{table}-{key[1]:05d}", part))
    return made


def _written_frames(folder: Path, taking: Taking) -> dict[str, str]:
    made = {}
    for name, gathered in _frames_of(taking).items():
        frame = pl.concat([pl.DataFrame(schema=FRAMES[name]), *gathered])
        if name == "dates":
            frame = frame.group_by("date").agg(pl.col("rows").sum()).sort("date")
        made[name] = _written(folder, name, frame)
    return made


def _written(folder: Path, stem: str, frame: pl.DataFrame) -> str:
    """A new file with the rows; columns without a value are left out, as in intake's parts."""
    name = f"{stem}-{secrets.token_hex(6)}.parquet"
    full = [c for c in frame.columns if frame[c].null_count() < frame.height]
    kept = frame.select(full) if full else frame
    kept.write_parquet(folder / name, compression="lz4", statistics=False)
    return name


def as_json(holding: Holding) -> dict[str, Any]:
    """The holding as JSON can hold it."""
    plain = {f.name: getattr(holding, f.name) for f in dataclasses.fields(holding)}
    return plain | {
        "files": [dataclasses.asdict(file) for file in holding.files],
        "supplied": {table: sorted(names) for table, names in holding.supplied.items()},
        "odd_ids": [[*key, count] for key, count in holding.odd_ids.items()],
        "observation_end": holding.observation_end and holding.observation_end.isoformat(),
        "parts": [[table, n, *names] for (table, n), names in holding.parts.items()],
    }


def from_json(plain: Mapping[str, Any]) -> Holding:
    """The holding of `as_json`."""
    end = plain["observation_end"]
    return Holding(
        bucket_count=plain["bucket_count"],
        rows_about=plain["rows_about"],
        files=tuple(FileCount(**file) for file in plain["files"]),
        supplied={table: frozenset(names) for table, names in plain["supplied"].items()},
        said_first=tuple(plain["said_first"]),
        said=tuple(plain["said"]),
        odd_ids={(file, what): count for file, what, count in plain["odd_ids"]},
        observation_end=None if end is None else dt.date.fromisoformat(end),
        parts={(table, number): tuple(names) for table, number, *names in plain["parts"]},
        frames=plain["frames"],
    )
