"""Frames as the content of blocks, and the names of blocks that are no canonical table."""

from __future__ import annotations

from io import BytesIO

import polars as pl

ASIDE, FLAGS = "set_aside", "cell_flags"  # frames
COUNTED, FACTS = "counted", "facts"  # pickled counts


def as_content(frame: pl.DataFrame) -> bytes:
    """A frame as Arrow's file format, compressed with lz4."""
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def as_frame(content: bytes) -> pl.DataFrame:
    """The frame of `as_content`."""
    return pl.read_ipc(BytesIO(content))
