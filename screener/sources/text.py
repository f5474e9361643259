"""From bytes to UTF-8 text in slices that end at a line's end; anything odd is refused.

The encoding is never guessed: UTF-8, or the one that the caller names.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from screener.errors import InputRefused, UsageError

SLICE = 8 << 20  # bytes of text handled at a time
LINE_LIMIT = 128 << 20  # a longer stretch without a line end is no table
NUL_RUN = 1 << 10  # a longer run of NUL bytes is a hole in the file, not a slip
BOM = b"\xef\xbb\xbf"
MARKUP = re.compile(rb"\s*<")
REPLACEMENT = "\ufffd".encode()
PAIRS = (b"\x81\x41", b"\xa4\x41", b"\xa4\xa1", b"\xc4\xe3")  # one letter in two-byte encodings
NOT_TEXT = (
    (b"PK\x03\x04", "a zip archive or a spreadsheet (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls)"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "a database file"),
)


def check_encoding(encoding: str) -> str:
    """The codec's own name. Raises UsageError unless it is UTF-8 or a single-byte encoding."""
    try:
        name = codecs.lookup(encoding).name
        ascii_kept = bytes(range(128)).decode(name) == bytes(range(128)).decode("ascii")
        single = name == "utf-8" or all(len(p.decode(name, "replace")) == 2 for p in PAIRS)
    except (LookupError, UnicodeError, TypeError) as problem:
        raise UsageError(
            "the encoding is not known.", where=encoding[:40], fix="Use utf-8 or cp1252."
        ) from problem
    if not (ascii_kept and single):
        raise UsageError(
            "this encoding cannot be read.",
            where=encoding[:40],
            fix="Use utf-8 or a single-byte one such as cp1252, or export the file again.",
        )
    return name


def utf8_slices(
    chunks: Iterator[bytes], encoding: str, where: str, notices: list[str]
) -> Iterator[bytes]:
    """Slices of valid UTF-8 without byte-order mark, each ending at a line end but the last.

    Raises InputRefused for text in another encoding (with the line), for spreadsheets, web pages
    and other files that only carry a table's name, for damage, and for an empty file.
    """
    lines = 1
    replaced = 0
    any_text = False
    ends_well = True
    for number, (raw, last) in enumerate(_cut_at_lines(chunks, where)):
        data = _without_head(raw, where, encoding, notices) if number == 0 else raw
        _refuse_holes(data, last, where)
        text = _as_utf8(data, encoding, lines, where)
        lines += text.count(b"\n")
        replaced += 0 if text.isascii() else text.count(REPLACEMENT)
        any_text = any_text or not (text.isspace() or not text)
        ends_well = text.endswith(b"\n") if text else ends_well
        if last and not any_text:
            raise InputRefused("the file is empty.", where=where, fix="Export it again.")
        yield text
    if replaced:
        notices.append(
            f"{where}: {replaced} replacement characters (U+FFFD) stand in the text; an "
            "earlier step lost letters there"
        )
    if not ends_well:
        notices.append(f"{where}: the last line has no line end; the file may be cut off")


def _cut_at_lines(chunks: Iterator[bytes], where: str) -> Iterator[tuple[bytes, bool]]:
    """(slice, is the last one); joined only once per slice, so that no byte is copied often."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size < SLICE:
            continue
        data = b"".join(parts)
        cut = data.rfind(b"\n") + 1
        if not cut:
            if size > LINE_LIMIT:
                raise InputRefused(
                    "a line does not end within 128 MiB.",
                    where=where,
                    fix="Check that the file is a table with one record a line.",
                )
            parts = [data]
            continue
        yield data[:cut], False
        parts, size = [data[cut:]], len(data) - cut
    yield b"".join(parts), True


def _without_head(data: bytes, where: str, encoding: str, notices: list[str]) -> bytes:
    """Checks on the first bytes; gives the data without a byte-order mark."""
    for magic, name in NOT_TEXT:
        if data.startswith(magic):
            raise InputRefused(
                f"this is {name}, not text.", where=where, fix="Export it as CSV in UTF-8."
            )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _looks_wide(data[:4096]):
        raise InputRefused(
            "the text looks like UTF-16.", where=where, fix="Export it again as UTF-8."
        )
    if data.startswith(BOM):
        data = data[len(BOM) :]
        notices.append(f"{where}: a byte-order mark stands at the beginning; it was taken off")
        if data.startswith(BOM):
            raise InputRefused(
                "two byte-order marks (BOM) stand at the beginning.",
                where=where,
                fix="Take them off; two exports may have been joined.",
            )
        if encoding != "utf-8":
            raise InputRefused(
                "the file has the mark of UTF-8, but another encoding was named.",
                where=where,
                fix="Leave --encoding out for this file.",
            )
    if MARKUP.match(data):
        raise InputRefused(
            "this looks like a web page (HTML) or XML, not a table.",
            where=where,
            fix="The download may have failed; export it again.",
        )
    if b"\r" in data and b"\n" not in data and data.strip(b"\r\n"):
        raise InputRefused(
            "the lines end in CR alone (old Mac).", where=where, fix="Export it with LF or CRLF."
        )
    return data


def _looks_wide(head: bytes) -> bool:
    """Plain text in UTF-16 has a NUL at nearly every second byte."""
    half = len(head) // 2
    if half < 4:
        return False
    shares = (head[0::2].count(0) / half, head[1::2].count(0) / half)
    return max(shares) > 0.4 and min(shares) < 0.2


def _refuse_holes(data: bytes, last: bool, where: str) -> None:
    if b"\0" not in data:
        return
    if b"\0" * (NUL_RUN + 1) in data or (last and data.endswith(b"\0")):
        raise InputRefused(
            "a stretch of NUL bytes stands in the file; it may be damaged.",
            where=where,
            fix="Copy or export the file again.",
        )


def _as_utf8(data: bytes, encoding: str, lines: int, where: str) -> bytes:
    if data.isascii():
        return data
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = lines + data.count(b"\n", 0, problem.start)
        raise InputRefused(
            f"a byte is not valid {encoding.upper()}.",
            where=f"{where}, line {line}",
            fix="Export it as UTF-8, or name its encoding with --encoding (for example cp1252).",
        ) from None
    return data if encoding == "utf-8" else text.encode()
