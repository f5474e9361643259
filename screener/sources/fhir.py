"""FHIR R4 exports: folders of NDJSON (bulk data) and Bundles, streamed to the canonical tables.

What becomes of each resource stands in docs/mappings.md, section FHIR. Files are read in an order
in which what later records refer to comes first; of that, ids are kept and not records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from screener.errors import InputRefused, UsageError
from screener.sources.csv_records import FIELD_LIMIT, no_set_aside, set_aside_rows
from screener.sources.fhir_files import (
    MEDICATION,
    TABLE_OF,
    Source,
    kind_of,
    records_about,
    sources_of,
)
from screener.sources.fhir_known import (
    Known,
    remember_dispense,
    remember_encounter,
    remember_medication,
    remember_request,
    settle_supplies,
)
from screener.sources.fhir_orders import Made, dispense_rows, request_rows, statement_rows
from screener.sources.fhir_people import (
    condition_rows,
    encounter_rows,
    observation_rows,
    patient_rows,
)
from screener.sources.fhir_records import Record, document_of, lines_of
from screener.sources.fhir_values import Json
from screener.sources.find import PACKED
from screener.sources.text import check_encoding
from screener.sources.unpack import Reading
from screener.tables import TABLES, Export, RawBatch, RawEnd, RawFile

ROWS_OF: dict[str, Callable[[Json, Known], Made]] = {
    "Encounter": lambda resource, known: encounter_rows(resource),
    "MedicationRequest": request_rows,
    "MedicationDispense": dispense_rows,
    "MedicationStatement": statement_rows,
    "Patient": lambda resource, known: patient_rows(resource),
    "Observation": lambda resource, known: observation_rows(resource),
    "Condition": lambda resource, known: condition_rows(resource),
}
CAUTIONS = (
    "fhir: a request that is active, completed or stopped says no day on which it ended, unless "
    "its dosage has bounds or its supply a length",
)


@dataclass(slots=True)
class Reader:
    """The files of an export, and what their records say of each other; `ready` once gathered."""

    sources: list[Source]
    encoding: str
    allow_empty: bool
    known: Known = field(default_factory=Known)
    ready: bool = False


def read_fhir(
    exports: list[str],
    *,
    tables: dict[str, list[str]] | None = None,
    encoding: str = "utf-8",
    allow_empty: bool = False,
) -> Export:
    """The tables of a FHIR export. Of NDJSON only first bytes are read before `batches` is called;
    a Bundle is read whole, as only then its resource types are known.

    A file of several resource types gives one RawFile a table; each record counts in one of them.
    Raises UsageError for a table named by itself, InputRefused for a file that cannot be read or
    when nothing in the export is about medication.
    """
    if tables:
        raise UsageError(
            "the tables of a FHIR export are told by its resources, not by options.",
            fix="Give all its files or its folder as EXPORT.",
        )
    codec, notices = check_encoding(encoding), list(CAUTIONS)
    reader = Reader(sources_of(exports, codec, notices), codec, allow_empty)
    if not any("prescriptions" in source.tables for source in reader.sources):
        raise InputRefused(
            "the export has no MedicationRequest, MedicationDispense or MedicationStatement.",
            fix="Give the folder that holds them.",
        )
    reader.known.kinds = {kind for source in reader.sources for kind in source.kinds}
    made = []
    for source in reader.sources:
        about = records_about(source)
        for place, table in enumerate(source.tables):
            file = source.file
            name = file.name if place == 0 else f"{file.name} [{table}]"
            read = partial(_batches, reader, source, table, name, main=place == 0)
            made.append(RawFile(name, file.path_as_given, table, about, read))
    return Export(tuple(made), tuple(notices))


def _gather(reader: Reader) -> None:
    """Before the first record: which requests have dispenses; of files with several types also
    everything else that records say of each other, as their order is not known."""
    reader.ready = True
    known = reader.known
    mixed = [s for s in reader.sources if len([k for k in s.kinds if k in TABLE_OF]) > 1]
    supplies = [s for s in reader.sources if s in mixed or "MedicationDispense" in s.kinds]
    seen: set[int] = set()
    for resource in _resources(supplies, reader.encoding):
        _remember(resource, known)
        identity = resource.get("id")
        if resource["resourceType"] == "MedicationDispense" and isinstance(identity, str):
            if hash(identity) in seen:
                known.twice.add(identity)
            seen.add(hash(identity))
    if known.twice:  # which record of them is the newest is known only after all were seen
        known.handed_over.clear()
        for resource in _resources(supplies, reader.encoding):
            if resource["resourceType"] == "MedicationDispense":
                remember_dispense(resource, known)
        settle_supplies(known)
    for resource in _resources(mixed if known.handed_over else [], reader.encoding):
        asked = resource["resourceType"] == "MedicationRequest"
        if asked and resource.get("id") in known.handed_over:
            remember_request(resource, known)


def _resources(sources: list[Source], encoding: str) -> Iterator[Json]:
    for source in sources:
        for record in _all_records(source, encoding):
            if record.resource is not None:
                yield record.resource


def _remember(resource: Json, known: Known) -> None:
    kind = resource["resourceType"]
    if kind == "Medication":
        remember_medication(resource, known)
    elif kind == "Encounter":
        remember_encounter(resource, known)
    elif kind == "MedicationDispense":
        remember_dispense(resource, known)


def _all_records(source: Source, encoding: str) -> Iterator[Record]:
    if source.document:
        yield from document_of(source.file, encoding).records
        return
    for records, _ in lines_of(source.file, encoding, Reading(), []):
        yield from records


def _batches(
    reader: Reader, source: Source, table: str, name: str, *, main: bool
) -> Iterator[RawBatch]:
    """The records of one table of a file; the first table also counts what is in no table."""
    if not reader.ready:
        _gather(reader)
    reading, notices = Reading(), list[str]()
    columns: set[str] = set()
    left_out: dict[str, int] = {}
    copied = 0
    ahead: RawBatch | None = None
    total = 0
    for records, count in _chunks(source, reader.encoding, reading, notices):
        if ahead is not None:
            yield ahead
        take = _Taken(source.tables, table, main, left_out)
        for record in records:
            _take(record, take, reader.known)
        copied += take.copied
        batch = _batch(take, name, count, columns)
        total += batch.records
        ahead = replace(batch, bytes_read=reading.bytes)
    if ahead is None or (total == 0 and main and not reader.allow_empty):
        raise InputRefused(
            "the file has no record.",
            where=name,
            fix="Export it again, or pass --allow-empty.",
        )
    notices += [f"{name}: records left out, as they {why}: {n}" for why, n in left_out.items()]
    if copied:
        notices.append(f"{name}: records that repeat an instruction, which counts once: {copied}")
    if source.document:
        document = document_of(source.file, reader.encoding)
        end = RawEnd(document.sha256, document.bytes, frozenset(columns), tuple(notices))
    else:
        packed = bool(reading.packed_as)
        if source.file.name.lower().endswith(PACKED) != packed:
            notices.append(f"{name}: read as {reading.packed_as or 'plain text'} despite its name")
        sha256 = reading.digest.hexdigest()
        end = RawEnd(sha256, reading.bytes, frozenset(columns), tuple(notices))
    yield replace(ahead, end=end, bytes_read=end.bytes)


def _chunks(
    source: Source, encoding: str, reading: Reading, notices: list[str]
) -> Iterable[tuple[Iterable[Record], int]]:
    if source.document:
        records = document_of(source.file, encoding).records
        return [(records, len(records))]
    return lines_of(source.file, encoding, reading, notices)


@dataclass(slots=True)
class _Taken:
    """What one slice gave for one table of a file."""

    tables: tuple[str, ...]  # all that the file holds
    table: str
    main: bool
    left_out: dict[str, int]
    numbers: list[int] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    aside: list[tuple[int, str, str]] = field(default_factory=list)
    with_rows: int = 0
    blank: int = 0
    out: int = 0
    others: int = 0
    copied: int = 0


def _take(record: Record, take: _Taken, known: Known) -> None:
    """Puts one record where it belongs; records of the file's other tables are theirs to count."""
    resource = record.resource
    kind = kind_of(record)
    table = TABLE_OF.get(kind)
    theirs = table in take.tables and table != take.table
    if theirs or (not take.main and table != take.table):
        take.others += 1
    elif resource is None and record.fault:
        take.aside.append((record.number, record.fault, record.text))
    elif resource is None:
        take.blank += 1
    elif table is None:
        _leave_out(take, f"are {kind} resources")
    elif table != take.table:
        take.aside.append((record.number, "other-type", kind))
    elif table == MEDICATION:
        remember_medication(resource, known)
        take.with_rows += 1
        take.numbers.append(record.number)
        take.rows.append({})
    else:
        _take_rows(record, resource, kind, take, known)


def _take_rows(record: Record, resource: Json, kind: str, take: _Taken, known: Known) -> None:
    if kind == "Encounter":
        remember_encounter(resource, known)
    before = known.copied
    made = ROWS_OF[kind](resource, known)
    take.copied += known.copied - before
    if isinstance(made, str):
        _leave_out(take, made)
    elif record.long and any(len(cell) > FIELD_LIMIT for cells in made for cell in cells.values()):
        take.aside.append((record.number, "field-too-long", kind))
    else:
        take.with_rows += 1
        take.rows += made
        take.numbers += [record.number] * len(made)


def _leave_out(take: _Taken, why: str) -> None:
    take.out += 1
    take.left_out[why] = take.left_out.get(why, 0) + 1


def _batch(take: _Taken, name: str, count: int, columns: set[str]) -> RawBatch:
    """The slice as canonical columns of text; columns that no row has are left away."""
    for cells in take.rows:
        columns.update(cells)
    names = [c.name for c in TABLES.get(take.table, ()) if c.name in columns or c.required]
    rows = pl.DataFrame(
        {"source_row": take.numbers, **{n: [row.get(n) for row in take.rows] for n in names}},
        schema={"source_row": pl.Int64(), **dict.fromkeys(names, pl.String())},
    )
    aside = set_aside_rows(name, take.aside) if take.aside else no_set_aside()
    return RawBatch(
        rows,
        aside,
        count - take.others,
        take.blank,
        take.out,
        added=len(take.rows) - take.with_rows,
    )
