"""Reads the packed block of a report back, in plain Python: what the browser sees."""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
import struct
from array import array
from itertools import accumulate, pairwise
from typing import Any

CODES = {"u8": "B", "u16": "H", "u32": "I", "i8": "b", "i16": "h", "i32": "i", "f64": "d"}


def unpack(page: bytes) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The header and every table as a list of rows."""
    found = re.search(r'id="packed">([^<]*)<', page.decode())
    assert found
    raw = gzip.decompress(base64.b64decode(found[1]))
    (length,) = struct.unpack_from("<I", raw)
    header = json.loads(raw[4 : 4 + length])
    body = raw[4 + length :]
    header["dictionaries"] = {
        name: words if isinstance(words, list) else _numbered(words, body)
        for name, words in header["dictionaries"].items()
    }
    tables = {}
    for name, table in header["tables"].items():
        columns = {
            column: _values(place, body, header["dictionaries"], table["rows"])
            for column, place in table["columns"].items()
        }
        for column, place in table["columns"].items():
            if "base" in place or "after" in place:
                columns[column] = _absolute(name, header, column, body)
        tables[name] = [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
    return header, tables


def _numbered(place: dict[str, Any], body: bytes) -> list[str]:
    numbers = accumulate(_array(place, body))
    return [f"{place['stem']}{number:0{place['width']}}" for number in numbers]


def _absolute(table: str, header: dict[str, Any], column: str, body: bytes) -> list[Any]:
    """A column that is kept as the difference from another one."""
    place = header["tables"][table]["columns"][column]
    own = _values(place, body, {}, header["tables"][table]["rows"])
    if "after" in place:
        columns = header["tables"][table]["columns"]
        lengths = _values(columns[place["after"]], body, {}, len(own))
        days, end = [], 0
        for gap, length in zip(own, lengths, strict=True):
            days.append(end + gap)
            end = days[-1] + length + 1
        return days
    if "base" not in place:
        return own
    base = _absolute(table, header, place["base"], body)
    return [None if v is None else v + (b or 0) for v, b in zip(own, base, strict=True)]


def _array(place: dict[str, Any], body: bytes) -> list[Any]:
    code = CODES[place["type"]]
    size = array(code).itemsize * place["n"]
    return array(code, body[place["at"] : place["at"] + size]).tolist()


def _values(
    place: dict[str, Any], body: bytes, words: dict[str, list[str]], rows: int
) -> list[Any]:
    values = _array(place, body)
    kind = place["kind"]
    if kind == "hex":
        return [bytes(values[8 * n : 8 * n + 8]).hex() for n in range(rows)]
    if kind == "yes":
        return [(False, True, None)[v] for v in values]
    if kind == "whole":
        return [None if v == place["null"] else v for v in values]
    if kind == "real":
        return [None if math.isnan(v) else v for v in values]
    values = list(accumulate(values)) if place.get("rising") else values
    texts = [None, *words[place["words"]]]
    if kind == "text":
        return [texts[v] for v in values]
    ends = [0, *accumulate(_array(place["lengths"], body))]
    return [[texts[int(v)] for v in accumulate(values[a:b])] for a, b in pairwise(ends)]
