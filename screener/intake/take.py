"""Takes an export in: every record is typed and kept, set aside with a reason, or blank.

The row law (records + added = kept + set aside + blank + left out, per file) is checked here,
with records counted by the source independently of the rows that polars delivered.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from screener.errors import InputRefused, RunBroke
from screener.findings import DATA_FLAGS, SET_ASIDE
from screener.intake import buckets as store
from screener.intake import ids, odd_records, overlaps
from screener.intake.buckets import Buckets
from screener.intake.directions import with_directions
from screener.intake.parse import cell_flags, typed
from screener.intake.people import (
    OLD_BIRTHS,
    OLDEST,
    old_births,
    one_row_each,
    too_old,
    with_measured,
)
from screener.intake.predicates import broken, set_aside_rows
from screener.intake.schemas import self_test, validate
from screener.intake.tests_seen import tests_seen
from screener.tables import TABLES, Export, RawBatch, RawEnd, RawFile, Tables

DATED = {"prescriptions": "start_date", "labs": "date"}
REMARKS = ("set_aside", "cell_flags", "date_counts", "old_births")  # frames of an Intake
Progress = Callable[[str, int], None]


class ReadExport(Protocol):
    """`sources.read_export`, or anything that gives an export's batches in the same way."""

    def __call__(
        self,
        exports: list[str],
        *,
        mapping: str | Path,
        tables: dict[str, list[str]] | None,
        encoding: str,
        allow_empty: bool,
    ) -> Export: ...


@dataclass(frozen=True, slots=True)
class FileCount:
    """One file's records by what became of them:
    records + added = kept + set_aside + blank + left_out.

    `records` is the source's independent count; `read` is the rows that it delivered as
    well-formed. `left_out` are rows that a mapping's filter says are none of ours (native: 0);
    `added` are rows that records gave beyond their first (two dosages, phases of a taper).
    """

    name: str
    path_as_given: str
    table: str
    bytes: int
    sha256: str
    records: int
    read: int
    blank: int
    set_aside: int
    kept: int
    left_out: int = 0
    added: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that an export held, typed, by bucket of patients.

    set_aside and cell_flags: the frames of `screener.findings`. date_counts: date, rows i64,
    the days of order starts and labs, ascending. supplied: the columns that each table really had.
    tests_seen: see `tables.Tables`. old_births: see `people.OLD_BIRTHS`.
    """

    bucket_count: int
    files: tuple[FileCount, ...]
    set_aside: pl.DataFrame
    cell_flags: pl.DataFrame
    notices: tuple[str, ...]
    supplied: dict[str, frozenset[str]]
    latest_observation_end: dt.date | None
    date_counts: pl.DataFrame
    tests_seen: frozenset[tuple[str, str]]
    old_births: pl.DataFrame
    parts: Buckets = field(repr=False)

    def bucket(self, number: int) -> Tables:
        """All tables of the patients of one bucket; a table that nobody supplied is None.

        Raises RunBroke when pandera finds a row in them that the intake should have set aside.
        """
        if not 0 <= number < self.bucket_count:
            raise IndexError(number)
        have = {t: store.get(self.parts, t, number) for t in TABLES if t in self.supplied}
        for table, frame in have.items():
            validate(table, frame)
        if "patients" in have:
            have["patients"] = with_measured(have["patients"], have.get("labs"))
        return Tables(
            prescriptions=have["prescriptions"],
            patients=have.get("patients"),
            labs=have.get("labs"),
            conditions=have.get("conditions"),
            admissions=have.get("admissions"),
            supplied=self.supplied,
            tests_seen=self.tests_seen,
        )

    def rows_alone(self) -> Intake:
        """What `bucket` needs, without what was noticed of the rows: handed to worker processes."""
        none = {name: getattr(self, name).clear() for name in REMARKS}
        return dataclasses.replace(self, **none)

    def doubts_of_age(self, day: dt.date) -> list[str]:
        """A notice of patients whose birth date cannot be right, if there are any."""
        count = too_old(self.old_births, day)
        what = f"patients: birth dates that make somebody older than {OLDEST} years: {count}"
        return [f"{what}; rules that ask for age or kidney function take them as they are"] * (
            count > 0
        )

    def latest_date_not_after(self, day: dt.date) -> dt.date | None:
        """The latest order start or lab date that is not after a day."""
        latest = self.date_counts.filter(pl.col("date") <= day)["date"].max()
        return latest if isinstance(latest, dt.date) else None


@dataclass(slots=True)
class Taking:
    """What has been gathered so far."""

    buckets: Buckets
    files: list[FileCount] = field(default_factory=list)
    set_aside: list[pl.DataFrame] = field(default_factory=list)
    flags: list[pl.DataFrame] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    supplied: dict[str, frozenset[str]] = field(default_factory=dict)
    dates: list[pl.DataFrame] = field(default_factory=list)
    observation_ends: list[dt.date] = field(default_factory=list)
    hashes: dict[str, RawFile] = field(default_factory=dict)
    odd_ids: dict[tuple[str, str], int] = field(default_factory=dict)
    one_in: int = 0  # see overlaps.one_in
    order_keys: dict[str, set[int]] = field(default_factory=dict)


def take_in(
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
) -> Intake:
    """Reads, validates and buckets an export; `read` is `sources.read_export`.

    tables: paths by table, for files whose names do not say what they hold. scratch: an existing
    private folder for the parts of large exports. progress is told each file's name and the
    bytes read of it so far. Raises UsageError, InputRefused, and RunBroke when a count does not
    hold or the scratch folder is full.
    """
    self_test()
    export = read(
        exports, mapping=mapping, tables=tables, encoding=encoding, allow_empty=allow_empty
    )
    taking = Taking(Buckets(_bucket_count(export, bucket_rows), scratch / "intake"))
    taking.one_in = sampling_of(export)
    taking.notices += export.notices
    for file in export.files:
        take_file(file, taking, progress)
    return finished(taking)


def finished(taking: Taking) -> Intake:
    """All that was taken, once its last file is read: patients settled, frames in their order."""
    store.finish(taking.buckets)
    births = _settle_patients(taking)
    taking.notices += [
        f"{name}: patient ids that {what} count as other patients; rows with such an id: {count}"
        for (name, what), count in taking.odd_ids.items()
        if count
    ]
    taking.notices += ids.said(ids.alike(taking.buckets, taking.supplied))
    taking.notices += overlaps.said(taking.order_keys, taking.one_in)
    return Intake(
        bucket_count=taking.buckets.count,
        files=tuple(taking.files),
        set_aside=_together(taking.set_aside, SET_ASIDE),
        cell_flags=_together(taking.flags, DATA_FLAGS),
        notices=tuple(dict.fromkeys(taking.notices)),
        supplied=taking.supplied,
        latest_observation_end=max(taking.observation_ends, default=None),
        date_counts=_dates(taking.dates),
        tests_seen=tests_seen(taking.buckets) if "labs" in taking.supplied else frozenset(),
        old_births=births,
        parts=taking.buckets,
    )


def _bucket_count(export: Export, bucket_rows: int) -> int:
    """Enough buckets for the largest table, from estimates of each file's rows."""
    return store.buckets_for(max(rows_about(export).values(), default=0), bucket_rows)


def rows_about(export: Export) -> dict[str, int]:
    """About how many rows each table of an export has."""
    rows: dict[str, int] = {}
    for file in export.files:
        if file.table in TABLES:
            rows[file.table] = rows.get(file.table, 0) + file.rows_about
    return rows


def sampling_of(export: Export) -> int:
    """Which share of the orders is looked at for files that repeat each other."""
    files = sum(file.table == "prescriptions" for file in export.files)
    return overlaps.one_in(files, rows_about(export).get("prescriptions", 0))


def take_file(file: RawFile, taking: Taking, progress: Progress | None) -> None:
    """Every record of one file. Raises InputRefused when it was taken before, and RunBroke."""
    records = read = blank = left_out = added = kept = aside = 0
    end: RawEnd | None = None
    odd = odd_records.Odd()
    for batch in file.batches():
        good, bad, more = _take_batch(file, batch, taking, odd)
        records += batch.records
        read += batch.rows.height + batch.left_out
        blank += batch.blank
        left_out += batch.left_out
        added += batch.added + more
        kept += good
        aside += bad
        end = batch.end
        if progress is not None:
            progress(file.name, batch.bytes_read)
    if end is None:
        raise RunBroke("the file was not read to its end.", where=file.name)
    if records + added != kept + aside + blank + left_out:
        raise RunBroke(
            f"{records} records were counted, but {kept} kept, {aside} set aside, {blank} blank "
            f"and {left_out} left out; {added} rows were added.",
            where=file.name,
            fix="This is a fault of the program; please report it.",
        )
    twin = taking.hashes.setdefault(end.sha256, file)
    if twin.path_as_given != file.path_as_given:  # one file may hold several tables
        raise InputRefused(
            f"the file has the same content as {twin.name}.",
            where=file.name,
            fix="Give every file of the export once; with --incremental only new ones.",
        )
    if left_out:
        taking.notices.append(f"{file.name}: rows left out by the mapping's filter: {left_out}")
    taking.notices += end.notices
    taking.notices += odd_records.said(odd, file.name, records - blank)
    if file.table in TABLES:
        taking.supplied[file.table] = taking.supplied.get(file.table, frozenset()) | end.columns
    taking.files.append(
        FileCount(
            file.name,
            file.path_as_given,
            file.table,
            end.bytes,
            end.sha256,
            records,
            read,
            blank,
            aside,
            kept,
            left_out,
            added,
        )
    )


def _take_batch(
    file: RawFile, batch: RawBatch, taking: Taking, odd: odd_records.Odd
) -> tuple[int, int, int]:
    """Types a batch and puts its good rows into buckets: (rows kept, records set aside, rows that
    tapers added)."""
    if batch.set_aside.height:
        taking.set_aside.append(batch.set_aside)
    if file.table not in TABLES:
        # looked up in by the source, no rows here
        return batch.rows.height, batch.set_aside.height, 0
    raw = batch.rows
    frame = typed(file.table, raw, file.name)
    fault = broken(file.table, frame)["fault"]
    wrong = raw.clear()
    if fault.null_count() != fault.len():
        faulty = fault.is_not_null()
        wrong = raw.filter(faulty)
        taking.set_aside.append(set_aside_rows(file.table, file.name, wrong, fault.filter(faulty)))
        raw, frame = raw.filter(~faulty), frame.filter(~faulty)
    odd_records.look(odd, batch.set_aside, wrong, raw)
    flags = cell_flags(file.table, raw, frame)
    if flags.height:
        taking.flags.append(flags)
    _note_dates(file.table, frame, taking)
    written = frame.height
    if file.table == "prescriptions":
        if taking.one_in:
            keys = taking.order_keys.setdefault(file.name, set())
            keys |= overlaps.keys_of(frame, taking.one_in)
        frame = with_directions(frame)
    for what, count in ids.odd(frame["patient_id"]).items():
        taking.odd_ids[file.name, what] = taking.odd_ids.get((file.name, what), 0) + count
    store.put(taking.buckets, file.table, frame)
    return frame.height, wrong.height + batch.set_aside.height, frame.height - written


def without_folders(notices: Iterable[str], exports: Iterable[str]) -> tuple[str, ...]:
    """The notices without the folders of the exports: where they lie must not change a report."""
    said = tuple(notices)
    for path in sorted(exports, key=len, reverse=True):
        said = tuple(text.replace(path, Path(path).name) for text in said)
    return said


def _note_dates(table: str, frame: pl.DataFrame, taking: Taking) -> None:
    if table in DATED:
        taking.dates.append(frame.group_by(date=DATED[table]).agg(rows=pl.len().cast(pl.Int64)))
    if table == "patients":
        latest = frame["observation_end"].max()
        if isinstance(latest, dt.date):
            taking.observation_ends.append(latest)


def _dates(parts: list[pl.DataFrame]) -> pl.DataFrame:
    if not parts:
        return pl.DataFrame(schema={"date": pl.Date(), "rows": pl.Int64()})
    return pl.concat(parts).group_by("date").agg(pl.col("rows").sum()).sort("date")


def _settle_patients(taking: Taking) -> pl.DataFrame:
    """One row a patient in every bucket, with a notice of copies and contradictions; gives
    `people.OLD_BIRTHS` of them."""
    births = [pl.DataFrame(schema=OLD_BIRTHS)]
    if "patients" not in taking.supplied:
        return births[0]
    copies = torn = 0
    for number in range(taking.buckets.count):
        patients = store.get(taking.buckets, "patients", number)
        settled, flags, left_out, contradictory = one_row_each(patients)
        if left_out:
            store.replace(taking.buckets, "patients", number, settled)
            taking.flags.append(flags)
        births.append(old_births(settled))
        copies += left_out
        torn += contradictory
    if copies:
        taking.notices.append(
            f"patients: rows that repeat a patient id, which count once: {copies}; patients whose "
            f"rows contradict each other, of whom what differs is taken as unknown: {torn}"
        )
    return pl.concat(births)


def _together(parts: list[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """One frame in a total order, so that equal exports give equal files."""
    if not parts:
        return pl.DataFrame(schema=schema)
    frame = pl.concat(parts).match_to_schema(schema)
    keys = ["file", "row", "column"] if "file" in schema else list(schema)
    return frame.sort(keys, nulls_last=True, maintain_order=True)
