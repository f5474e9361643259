"""The files of a FHIR export: what resources each holds, and in which order they are read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from screener.errors import InputRefused, UsageError
from screener.sources.fhir_records import Record, document_of, first_look
from screener.sources.find import (
    PACKED,
    Found,
    check_regular,
    literal,
    refuse_twice,
    with_unique_names,
)
from screener.sources.unpack import sample

ENDINGS = (".ndjson", ".jsonl", ".json")
MEDICATION = "medications"  # no canonical table: other records refer to it
# Resource type -> table, in the order in which files are read.
TABLE_OF = {
    "Medication": MEDICATION,
    "Encounter": "admissions",
    "MedicationRequest": "prescriptions",
    "MedicationDispense": "prescriptions",
    "MedicationStatement": "prescriptions",
    "Patient": "patients",
    "Observation": "labs",
    "Condition": "conditions",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file and what is in it: resource types, whether it is one document (a Bundle)."""

    file: Found
    kinds: tuple[str, ...]
    document: bool

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of its resources, in reading order."""
        return tuple(dict.fromkeys(t for kind, t in TABLE_OF.items() if kind in self.kinds))


def sources_of(exports: list[str], encoding: str, notices: list[str]) -> list[Source]:
    """The files that hold something, NDJSON before Bundles, in the order of TABLE_OF.

    What is not read is said in `notices`. Raises UsageError, InputRefused.
    """
    found: list[Found] = []
    passed: list[Found] = []
    for given in exports:
        path = literal(given)
        if path.is_dir():
            inside = [p for p in sorted(path.iterdir()) if not p.name.startswith(".")]
            taken = [p for p in inside if p.is_file() and _is_json(p)]
            found += [_found(p, os.path.join(given, p.name)) for p in taken]
            ignored = [p.name for p in inside if p not in taken]
            notices += _not_read(given, ignored, "their names do not end as those of FHIR files")
        else:
            passed.append(_found(path, given))
    refuse_twice([*found, *passed])
    files = with_unique_names([*found, *passed])
    sources, strange = [], []
    for file in files:
        source = _source(file, encoding)
        if source.tables:
            sources.append(source)
        else:
            strange.append(file.name)
    notices += _not_read("fhir", strange, "they hold no resource that the screener uses")
    rank = list(TABLE_OF)
    return sorted(
        sources, key=lambda s: (s.document, min(rank.index(k) for k in s.kinds if k in TABLE_OF))
    )


def _not_read(where: str, names: list[str], why: str) -> list[str]:
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    count = "1 entry is" if len(names) == 1 else f"{len(names)} entries are"
    return [f"{where}: {count} not read, as {why}: {shown}"] if names else []


def _is_json(path: Path) -> bool:
    name = path.name.lower()
    for ending in PACKED:
        name = name.removesuffix(ending)
    return name.endswith(ENDINGS)


def _found(path: Path, given: str) -> Found:
    check_regular(path, given)
    if not _is_json(path):
        raise UsageError(
            "the file's ending is not one of FHIR.",
            where=given,
            fix="Use .ndjson or .json, plain or with .gz or .zst.",
        )
    return Found(path.name, path, given, "", ".ndjson")


def _source(file: Found, encoding: str) -> Source:
    document, kinds = first_look(file)
    if document:
        records = document_of(file, encoding).records
        kinds = tuple(dict.fromkeys(kind_of(record) for record in records))
    elif "Bundle" in kinds:
        raise InputRefused(
            "several Bundles stand in this file, one a line.",
            where=file.name,
            fix="Write every resource on a line of its own, or every Bundle in its own file.",
        )
    elif not kinds:
        kinds = tuple(k for k in TABLE_OF if file.name.lower().startswith(k.lower()))[-1:]
    return Source(file, kinds, document)


def records_about(source: Source) -> int:
    """An estimate from the first megabyte."""
    if source.document:
        return 2_000
    text, expansion = sample(source.file.path)
    line = max(len(text) / max(text.count(b"\n"), 1), 1.0)
    return round(source.file.path.stat().st_size * expansion / line)


def kind_of(record: Record) -> str:
    """The resource type of a record; empty when it is no resource."""
    return str(record.resource["resourceType"]) if record.resource is not None else ""
