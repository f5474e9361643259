"""Names that nobody can turn back, and by how many days each patient's dates are moved.

Both come from a random key by keyed BLAKE2b (RFC 7693). Without `--keep-key` the key is forgotten
with the copy; with it, later copies name the same patients alike and move them by the same days.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import polars as pl

from screener.errors import UsageError
from screener.outputs import publish

KEY_BYTES = 32
LEAST_SHIFT, MOST_SHIFT = 28, 364  # days, forward or back: never the right month, never far
MOST_FURTHER = 28  # days


def new_key() -> bytes:
    """A random key."""
    return secrets.token_bytes(KEY_BYTES)


def read_or_make_key(path: Path) -> bytes:
    """The key in a file, which is made (0600) when it is not there. Raises UsageError."""
    try:
        if not path.exists():
            key = new_key()
            publish.write_file(path, key.hex().encode() + b"\n")
            return key
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise UsageError(
            "The key file cannot be used.",
            where=str(path),
            fix=f"It holds {2 * KEY_BYTES} hexadecimal digits; name a new file to have one made.",
        ) from error
    if len(key) != KEY_BYTES:
        raise UsageError("The key file has another length.", where=str(path))
    return key


def name_of(key: bytes, kind: str, text: str) -> str:
    """16 hex digits for an id; other ones for the same text of another kind."""
    return _digest(key, kind, text).hex()


def shift_of(key: bytes, patient: str) -> int:
    """By how many days the dates of a patient are moved: 28 to 364, forward or back."""
    number = int.from_bytes(_digest(key, "shift", patient))
    days = LEAST_SHIFT + (number >> 1) % (MOST_SHIFT - LEAST_SHIFT + 1)
    return days if number & 1 else -days


def further_of(key: bytes, patient: str) -> int:
    """By how many days more what reaches the last day of the data is moved: 1 to 28.

    Who knows that day could else read off the shift of every patient whose record reaches it.
    """
    return 1 + int.from_bytes(_digest(key, "further", patient)) % MOST_FURTHER


def _digest(key: bytes, kind: str, text: str) -> bytes:
    made = hashlib.blake2b(text.encode(), digest_size=8, key=key, person=kind.encode())
    return made.digest()


def names_of(key: bytes, kind: str, ids: pl.Series) -> pl.DataFrame:
    """id, name: the new name of each distinct id that is not null."""
    known = ids.drop_nulls().unique().sort()
    names = [name_of(key, kind, text) for text in known]
    return pl.DataFrame({"id": known, "name": names}, schema={"id": pl.String, "name": pl.String})


def people(key: bytes, patients: pl.Series) -> pl.DataFrame:
    """patient_id, name, shift and further (days) of each distinct patient."""
    known = patients.unique().sort()
    return pl.DataFrame(
        {
            "patient_id": known,
            "name": [name_of(key, "patient", text) for text in known],
            "shift": [shift_of(key, text) for text in known],
            "further": [further_of(key, text) for text in known],
        },
        schema={
            "patient_id": pl.String,
            "name": pl.String,
            "shift": pl.Int32,
            "further": pl.Int32,
        },
    )
