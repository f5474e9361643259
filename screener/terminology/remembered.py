"""What distinct texts were found to be, kept for the next bucket: most drugs come in every one."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import polars as pl

Frames = tuple[pl.DataFrame, ...]
MOST = 100_000  # texts; with more, as of an export without order in its names, it starts afresh


def remembering(
    find: Callable[[pl.DataFrame], Frames], key: str
) -> Callable[[pl.DataFrame], Frames]:
    """`find` of a frame with one column of distinct texts, asked once for each text.

    What it finds of a text must not depend on the texts beside it; its frames name the text in
    `key`. The rows come in no order.
    """
    known: list[Frames] = []  # the texts, then what was found of them
    alone = Lock()  # some engines screen buckets in threads of one process

    def with_new(texts: pl.DataFrame) -> Frames:
        if known and known[0][0].height > MOST:
            known.clear()
        new = texts.join(known[0][0], on=key, how="anti") if known else texts
        if new.height or not known:
            more = (new, *find(new))
            before = known[0] if known else tuple(frame.clear() for frame in more)
            pairs = zip(before, more, strict=True)
            known[:] = [tuple(pl.concat(pair, rechunk=True) for pair in pairs)]
        return known[0]

    def found(texts: pl.DataFrame) -> Frames:
        with alone:
            held = with_new(texts)
        return tuple(frame.join(texts, on=key, how="semi") for frame in held[1:])

    return found
