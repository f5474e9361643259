"""The bytes of one export file: read once, hashed, and unpacked under limits.

Limits hold against archives made to fill a machine, and against files that are cut off.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import zstandard

from screener.errors import InputRefused

PIECE = 4 << 20  # bytes of a file read at a time
SAMPLE, SAMPLE_PIECE = 1 << 20, 32 << 10
PACKED_PIECE = 1 << 10  # one KiB of zstd can unpack to 32 MiB, not more
RATIO_LIMIT = 200  # real exports pack 5 to 40 times
RATIO_FLOOR = 64 << 20  # below this size a high ratio does no harm
SIZE_LIMIT = 64 << 30  # bytes after unpacking, one file
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@dataclass(slots=True)
class Reading:
    """What was read of a file so far; complete when the pieces have run out."""

    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    bytes: int = 0
    unpacked: int = 0
    packed_as: str = ""


def pieces(path: Path, where: str, reading: Reading) -> Iterator[bytes]:
    """The unpacked bytes of a file, in pieces; `reading` keeps the hash and the counts.

    Packing is told by the first bytes, not by the name. Raises InputRefused for a damaged or
    truncated archive, an archive over the limits, or a file that changes while it is read.
    """
    with path.open("rb") as file:
        before = _identity(file)
        unpack = _unpacker(file, reading)
        for piece in unpack(_raw(file, reading, PIECE), where):
            reading.unpacked += len(piece)
            _check_limits(reading, where)
            yield piece
        if _identity(file) != before or reading.bytes != before[2]:
            raise InputRefused(
                "the file changed while it was read.",
                where=where,
                fix="Export to another name and rename it when it is complete.",
            )


def sample(path: Path) -> tuple[bytes, float]:
    """Some first bytes of a file, unpacked, and how many bytes one packed byte gives."""
    reading = Reading()
    out = b""
    with path.open("rb") as file:
        unpack = _unpacker(file, reading)
        try:
            for piece in unpack(_raw(file, reading, SAMPLE_PIECE), ""):
                out += piece
                if reading.bytes >= SAMPLE or len(out) >= 16 * SAMPLE:
                    break
        except InputRefused:
            pass  # whoever reads the file says so
    return out, len(out) / max(reading.bytes, 1)


def _unpacker(
    file: BinaryIO, reading: Reading
) -> Callable[[Iterator[bytes], str], Iterator[bytes]]:
    head = file.read(4)
    file.seek(0)
    if head[:2] == GZIP:
        reading.packed_as = "gzip"
        return _gzip
    if head == ZSTD:
        reading.packed_as = "zstd"
        return _zstd
    return _plain


def _identity(file: BinaryIO) -> tuple[int, int, int, int]:
    seen = os.fstat(file.fileno())
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _raw(file: BinaryIO, reading: Reading, size: int) -> Iterator[bytes]:
    while piece := file.read(size):
        reading.digest.update(piece)
        reading.bytes += len(piece)
        yield piece


def _check_limits(reading: Reading, where: str) -> None:
    too_dense = reading.unpacked > RATIO_FLOOR and reading.unpacked > RATIO_LIMIT * reading.bytes
    if reading.packed_as and (too_dense or reading.unpacked > SIZE_LIMIT):
        raise InputRefused(
            f"the archive unpacks to more than {RATIO_LIMIT} times its size or "
            f"{SIZE_LIMIT >> 30} GiB.",
            where=where,
            fix="If it is genuine, unpack it first and give the plain file.",
        )


def _plain(raw: Iterator[bytes], where: str) -> Iterator[bytes]:
    del where
    return raw


def _gzip(raw: Iterator[bytes], where: str) -> Iterator[bytes]:
    """Every member of a gzip file; the checksum and size of each are verified by zlib."""
    member = zlib.decompressobj(wbits=31)
    started = False
    try:
        for piece in raw:
            data = piece
            while data:
                if member.eof:
                    member, started = zlib.decompressobj(wbits=31), False
                out = member.decompress(data, PIECE)
                started = True
                yield out
                data = member.unused_data if member.eof else member.unconsumed_tail
        if started and not member.eof:
            while tail := member.decompress(member.unconsumed_tail, PIECE):
                yield tail
    except zlib.error as problem:
        raise _damaged("gzip", where) from problem
    if not member.eof:
        raise _cut_off("gzip", where)


def _zstd(raw: Iterator[bytes], where: str) -> Iterator[bytes]:
    """Every frame of a zstd file, fed in small pieces so that no step can unpack much."""
    opener = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    frame = opener.decompressobj()
    try:
        for piece in raw:
            for at in range(0, len(piece), PACKED_PIECE):
                data = piece[at : at + PACKED_PIECE]
                while data:
                    if frame.eof:
                        frame = opener.decompressobj()
                    out = frame.decompress(data)
                    if out:
                        yield out
                    data = frame.unused_data if frame.eof else b""
    except zstandard.ZstdError as problem:
        raise _damaged("zstd", where) from problem
    if not frame.eof:
        raise _cut_off("zstd", where)


def _damaged(kind: str, where: str) -> InputRefused:
    return InputRefused(
        f"the {kind} archive is damaged or something else follows it.",
        where=where,
        fix="Copy or export the file again.",
    )


def _cut_off(kind: str, where: str) -> InputRefused:
    return InputRefused(
        f"the {kind} archive is cut off before its end.",
        where=where,
        fix="Copy or export the file again.",
    )
