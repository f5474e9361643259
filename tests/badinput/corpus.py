"""All bad inputs, and sound files with seeded damage."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from tests.badinput import bytes_and_records, other_files, values
from tests.badinput.export import GOOD, Bad, csv

MAKERS = (
    bytes_and_records.bytes_and_encodings,
    bytes_and_records.records,
    values.values,
    values.identity_and_attack,
    other_files.parquet,
    other_files.ndjson,
    other_files.workbooks,
    other_files.rules,
)
ODD = (b'"', b"\n", b"\r", b",", b"\0", b"\xff", b"\xef\xbb\xbf", b"\\", b'""', b"\r\n", b";", b" ")


@cache
def corpus() -> tuple[Bad, ...]:
    """Every bad input, in the order of the classes."""
    found = tuple(bad for maker in MAKERS for bad in maker())
    names = [bad.name for bad in found]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    return found


def damaged(seed: int) -> Bad:
    """A sound file with one to four bytes or pieces cut out, put in, doubled or changed."""
    drawn = random.Random(seed)
    content = bytearray(GOOD.encode())
    for _ in range(drawn.randint(1, 4)):
        at = drawn.randrange(len(content))
        match drawn.randrange(5):
            case 0:
                content[at] ^= 1 << drawn.randrange(8)
            case 1:
                content[at:at] = drawn.choice(ODD)
            case 2:
                del content[at : at + drawn.randint(1, 60)]
            case 3:
                content[at:at] = content[at : at + drawn.randint(1, 200)]
            case _:
                del content[at:]
                content += b"\n" if not content else b""
    return csv(f"damage-{seed}", (0, 3, 4), bytes(content))


def damages(count: int) -> Iterator[Bad]:
    """The first so many, the same each time."""
    return (damaged(seed) for seed in range(count))
