"""The resources of a FHIR file: lines of NDJSON, or the entries of a Bundle.

Decimals keep their text (0.10 stays 0.10). A line that is no resource, or names a key twice, is
handed on as a fault, with its number and its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from screener.errors import InputRefused
from screener.sources.csv_records import FIELD_LIMIT
from screener.sources.fhir_values import Json, word
from screener.sources.find import Found
from screener.sources.text import utf8_slices
from screener.sources.unpack import Reading, pieces, sample

DOCUMENT_LIMIT = 96 << 20  # bytes of a Bundle; read whole, it takes about seven times as much


class Record(NamedTuple):
    """One line or entry. resource: null with a fault, or for a blank line (no fault).

    long: its text has more characters than a cell may have (of an entry that is not known: True).
    """

    number: int
    resource: Json | None
    fault: str = ""
    text: str = ""
    long: bool = True


class _Twice(ValueError):
    """A key that an object has two times."""


def _object(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


def _no_constant(name: str) -> object:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_float=str, parse_constant=_no_constant, object_pairs_hook=_object)


def record_of(number: int, line: str) -> Record:
    """One line of NDJSON."""
    if not line.strip():
        return Record(number, None)
    try:
        found = _DECODER.decode(line)
    except _Twice:
        return Record(number, None, "duplicate-key", line)
    except (ValueError, RecursionError):
        return Record(number, None, "not-json", line)
    if not isinstance(found, dict) or word(found, "resourceType") is None:
        return Record(number, None, "not-a-resource", line)
    return Record(number, found, long=len(line) > FIELD_LIMIT)


def lines_of(
    file: Found, encoding: str, reading: Reading, notices: list[str]
) -> Iterator[tuple[Iterator[Record], int]]:
    """(the records of a slice, how many lines it has, counted apart) of an NDJSON file."""
    done = 0
    chunks = pieces(file.path, file.name, reading)
    for text in utf8_slices(chunks, encoding, file.name, notices):
        count = text.count(b"\n") + bool(text and not text.endswith(b"\n"))
        yield _records(text, done), count
        done += count


def _records(text: bytes, done: int) -> Iterator[Record]:
    at, number = 0, done
    while at < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        number += 1
        yield record_of(number, text[at:end].decode())
        at = end + 1


@dataclass(frozen=True, slots=True)
class Document:
    """A Bundle that was read whole: its entries, and the file's hash and size."""

    records: tuple[Record, ...]
    sha256: str
    bytes: int


@lru_cache(maxsize=1)
def document_of(file: Found, encoding: str) -> Document:
    """The entries of a Bundle, or a single resource; none of another document, such as the manifest
    of an export. Raises InputRefused when it is cut off, or no JSON."""
    reading, said = Reading(), list[str]()
    whole = bytearray()
    for text in utf8_slices(pieces(file.path, file.name, reading), encoding, file.name, said):
        whole += text
        if len(whole) > DOCUMENT_LIMIT:
            raise InputRefused(
                f"a Bundle of more than {DOCUMENT_LIMIT >> 20} MiB cannot be read.",
                where=file.name,
                fix="Export NDJSON, one resource a line.",
            )
    try:
        found = _DECODER.decode(whole.decode())
    except (ValueError, RecursionError):
        raise InputRefused(
            "this is no JSON document, or it is cut off.",
            where=file.name,
            fix="Export it again; NDJSON, one resource a line, can be read in part.",
        ) from None
    kind = word(found, "resourceType")
    records: tuple[Record, ...] = (Record(1, found),) if kind is not None else ()
    if kind == "Bundle":
        records = _entries(found)
    return Document(records, reading.digest.hexdigest(), reading.bytes)


def _entries(bundle: Json) -> tuple[Record, ...]:
    given = bundle.get("entry")
    entries = given if isinstance(given, list) else []
    resources: list[Json | None] = []
    aliases: dict[str, str] = {}
    for entry in entries:
        inside = entry.get("resource") if isinstance(entry, dict) else None
        resource = inside if isinstance(inside, dict) else None
        resources.append(resource)
        address = word(entry, "fullUrl") if isinstance(entry, dict) else None
        if resource is None or address is None:
            continue
        kind, own = word(resource, "resourceType"), word(resource, "id")
        last = address.rpartition(":" if address.startswith("urn:") else "/")[2]
        if own is None:
            resource["id"] = last
        elif own != last:
            aliases[address] = f"{kind}/{own}"
    records = []
    for number, resource in enumerate(resources, start=1):
        if resource is None or word(resource, "resourceType") is None:
            records.append(Record(number, None, "not-a-resource", json.dumps(entries[number - 1])))
        else:
            if aliases:
                _rewrite(resource, aliases)
            records.append(Record(number, resource))
    return tuple(records)


def _rewrite(value: object, aliases: dict[str, str]) -> None:
    """References to an entry's address lead to its id instead."""
    if isinstance(value, dict):
        text = value.get("reference")
        if isinstance(text, str) and text in aliases:
            value["reference"] = aliases[text]
        for inner in value.values():
            _rewrite(inner, aliases)
    elif isinstance(value, list):
        for inner in value:
            _rewrite(inner, aliases)


def first_look(file: Found) -> tuple[bool, tuple[str, ...]]:
    """(whether the file is one document, the resource types of its first lines), from its first
    bytes alone."""
    text, _ = sample(file.path)
    lines = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    kinds: dict[str, None] = {}
    objects = others = 0
    for line in lines:
        try:
            record = record_of(1, line.decode())
        except UnicodeDecodeError:
            continue
        found = record.resource
        if found is not None:
            objects += 1
            kinds[str(found["resourceType"])] = None
        others += record.fault == "not-a-resource"
    document = not (kinds or others) or (list(kinds) == ["Bundle"] and objects == 1)
    return document and text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{", tuple(kinds)
