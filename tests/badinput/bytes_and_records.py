"""Bad inputs of the classes A and B: bytes, encodings, archives, headers, records."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator

import zstandard

from tests.badinput.export import (
    DONE,
    GOOD,
    HEADER,
    MARK,
    NAMES,
    PATIENTS,
    REFUSED,
    Bad,
    csv,
    one_bad,
    row,
    table,
)  # fmt: skip

BOM = b"\xef\xbb\xbf"


def bytes_and_encodings() -> Iterator[Bad]:
    """A1 to A31."""
    good = GOOD.encode()
    yield csv("A1-one-mark", DONE, BOM + good)
    yield csv("A2-two-marks", REFUSED, BOM * 2 + good, says="byte-order marks")
    yield csv("A3-utf-16", REFUSED, GOOD.encode("utf-16"), says="UTF-16")
    yield csv("A4-utf-16-be-unmarked", REFUSED, GOOD.encode("utf-16-be"), says="UTF-16")
    yield csv("A4-utf-32", REFUSED, GOOD.encode("utf-32"))
    latin = table(row(1), row(2, strength_unit="µg")).encode("latin-1")
    yield csv("A5-latin-1", REFUSED, latin)
    yield csv("A5-latin-1-named", DONE, latin, "--encoding", "cp1252")
    late = table(*(row(n) for n in range(1, 5001)), row(5001, sig="\xe9")).encode("latin-1")
    yield csv("A6-late-bad-byte", REFUSED, late, says="5002")
    yield csv("A7-surrogate", REFUSED, good + row(6, sig=MARK).encode() + b"\xed\xa0\x80\n")
    yield csv("A7-overlong", REFUSED, good + row(6, sig=MARK).encode() + b"\xc0\xaf\n")
    yield csv(
        "A9-replacement-in-drug",
        DONE,
        table(*(row(n) for n in range(1, 12)), row(12, drug="x\ufffd")),
    )
    yield csv("A9-replacement-in-sig", DONE, table(row(1), row(2, sig="x\ufffd")))
    yield one_bad("A10-nul-in-field", row(11, sig="a\0b"))
    yield csv("A11-block-of-nuls", REFUSED, good + b"\0" * 4096 + b"\n" + good.split(b"\n", 1)[1])
    yield csv("A12-nul-padding", REFUSED, good + b"\0" * 64)
    yield csv("A13-crlf", DONE, GOOD.replace("\n", "\r\n"))
    yield csv("A13-mixed-ends", DONE, table(row(1)) + row(2) + "\r\n" + row(3) + "\n")
    yield csv("A14-cr-only", REFUSED, GOOD.replace("\n", "\r"))
    yield one_bad("A15-bare-cr", row(11, sig="a\rb"))
    yield csv("A16-no-last-end", DONE, GOOD.rstrip("\n"))
    yield csv("A17-cut-mid-row", DONE, table(*(row(n) for n in range(1, 12)))[:-70])
    yield csv("A18-empty", REFUSED, b"")
    yield csv("A18-mark-only", REFUSED, BOM)
    yield csv("A18-newlines-only", REFUSED, b"\n\n\n")
    yield csv("A19-header-only", REFUSED, HEADER + "\n")
    yield csv(
        "A19-header-only-allowed", DONE, HEADER + "\n", "--allow-empty", "--as-of", "2026-10-31"
    )
    packed = gzip.compress(good)
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 4
    for name, content, codes in (
        ("A20-cut", packed[:-9], REFUSED),
        ("A20-flipped", bytes(flipped), REFUSED),
        ("A20-checksum", packed[:-8] + b"\0\0\0\0" + packed[-4:], REFUSED),
        ("A20-size", packed[:-4] + b"\1\0\0\0", REFUSED),
        ("A20-zstd-cut", zstandard.compress(good)[:-9], REFUSED),
        ("A21-members", gzip.compress(good[:200]) + gzip.compress(good[200:]), DONE),
        ("A22-garbage-behind", packed + b"garbage", REFUSED),
        ("A23-plain-named-gz", good, DONE),
    ):
        files = {"prescriptions.csv.gz": content, "patients.csv": PATIENTS.encode()}
        yield Bad(name, codes, files)
    yield csv("A23-gz-named-csv", DONE, packed)
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        archive.writestr("prescriptions.csv", GOOD)
    yield csv("A24-zip", REFUSED, box.getvalue())
    yield csv("A25-web-page", REFUSED, "<!DOCTYPE html><html><body>zqx Log in</body></html>\n")
    yield csv("A26-bomb", REFUSED, _bomb(320))
    yield one_bad("A27-long-field", row(11, sig="x" * 70_000))
    wide = table(row(1), header=HEADER + "".join(f",c{n}" for n in range(600)))
    yield csv("A28-wide", REFUSED, wide)
    files = {"prescriptions[1].csv": good, "patients.csv": PATIENTS.encode()}
    yield Bad("A30-brackets", DONE, files)


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"0" * (1 << 20)
    packed = [packer.compress(GOOD.encode()), *(packer.compress(zeros) for _ in range(megabytes))]
    return b"".join([*packed, packer.flush()])


def records() -> Iterator[Bad]:
    """B1 to B24."""
    yield one_bad("B1-short-row", f"{MARK}RX,{MARK}P")
    yield one_bad("B2-long-row", row(11) + f",{MARK}more")
    rows = [row(n) for n in range(1, 5003)]
    yield csv("B3-late-long-row", DONE, table(*rows[:5000], rows[5000] + f",{MARK}", rows[5001]))
    yield one_bad("B4-open-quote", row(11, sig=f'"{MARK}'))
    many = [row(n) for n in range(1, 11)]
    yield csv("B5-open-quote-last", DONE, table(*many, row(11, sig=f'"{MARK}')))
    yield csv("B6-three-quotes-last", DONE, table(*many, row(11, sig='"""')))
    yield one_bad("B7-inch-mark", row(11, form='4" pad'))
    yield one_bad("B8-backslash-quote", row(11, sig='"a \\" b"'))
    yield csv("B9-quoted-content", DONE, table(row(1), row(2, sig='"a, ""b""\r\nc"')))
    yield csv("B10-same-name-twice", REFUSED, GOOD.replace(",sig\n", ",drug\n", 1))
    yield csv("B11-same-name-in-capitals", REFUSED, GOOD.replace(",sig\n", ", Drug\n", 1))
    yield csv("B12-blank-name", DONE, GOOD.replace(",sig\n", ",\n", 1))
    yield csv("B13-newline-in-name", REFUSED, GOOD.replace("drug,", '"drug\nname",', 1))
    yield csv("B14-no-header", REFUSED, GOOD.split("\n", 1)[1])
    for sign, name in ((";", "semicolon"), ("\t", "tab"), ("|", "bar")):
        yield csv(f"B15-{name}", REFUSED, GOOD.replace(",", sign))
    yield csv("B16-sep-line", REFUSED, "sep=,\n" + GOOD)
    yield csv("B16-preamble", REFUSED, f"# made for {MARK}\n" + GOOD)
    yield csv("B17-blank-lines", DONE, table(row(1), "", row(2), "", ""))
    yield one_bad("B18-spaces", "   ")
    yield csv("B19-footer", DONE, table(*many, "Total rows: 10"))
    turned = table(*(",".join(reversed(row(n).split(","))) for n in range(1, 4)),
                   header=",".join(reversed(NAMES)))  # fmt: skip
    files = {"prescriptions-1.csv": GOOD.encode(), "prescriptions-2.csv": turned.encode()}
    yield Bad("B20-other-order", DONE, files)
    less = GOOD.replace("start_date", "began", 1).encode()
    yield Bad("B21-column-missing-in-one", REFUSED, {**files, "prescriptions-3.csv": less})
    yield Bad("B22-one-empty", REFUSED, {**files, "prescriptions-3.csv": b""})
    twice = {"prescriptions-1.csv": GOOD.encode(), "prescriptions-2.csv": GOOD.encode()}
    yield Bad("B23-same-content-twice", REFUSED, twice)
    lines = [HEADER, *(r + "," for r in many)]
    yield csv("B24-comma-behind-every-row", DONE, "\n".join(lines) + "\n")
    lines = [HEADER, *(r + "," for r in many), row(11) + f",{MARK}"]
    yield csv("B24-once-with-content", (0, 3, 4), "\n".join(lines) + "\n")
