"""The fuzz targets with seeded damage, so that they stay true without a fuzzer (`make fuzz`)."""

from __future__ import annotations

import os
import random

import pytest

from tests.fuzz.targets import SEEDS, TARGETS, tried

COUNT = 2000 if os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep" else 60
PIECES = (
    *(
        b"",
        b"\0",
        b'"',
        b"'",
        b"\n",
        b"\r",
        b",",
        b":",
        b"- ",
        b"{",
        b"[",
        b"#",
        b"&a",
        b"*a",
        b"!x",
    ),
    *(b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"9" * 30, b"1e309", b"NaN", b"-1", b"then "),
)


def mutated(seed: bytes, drawn: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(drawn.randint(1, 5)):
        at = drawn.randrange(len(data) + 1)
        until = min(len(data), at + drawn.choice((0, 0, 1, 3, 20)))
        data[at:until] = drawn.choice((*PIECES, seed[: drawn.randint(0, 40)]))
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_seeds_end_in_an_error_of_ours_at_most(name: str) -> None:
    drawn = random.Random(name)
    for seed in SEEDS[name]:
        tried(name, seed)
    for _ in range(COUNT):
        data = mutated(drawn.choice(SEEDS[name]), drawn)
        try:
            tried(name, data)
        except Exception as error:
            raise AssertionError(f"{name}: {data!r}") from error
