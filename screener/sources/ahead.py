"""Reads a file one batch ahead in a thread, so that reading and typing keep two processors busy.

Hashing, judging, parsing and typing all let go of the interpreter while they work. Batches, and the
error that ends them, arrive in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from queue import SimpleQueue
from threading import Semaphore, Thread

from screener.tables import RawBatch


def ahead(batches: Callable[[], Iterator[RawBatch]]) -> Generator[RawBatch]:
    """The same batches, of which one is read while the last one is in use; no more are held.

    The thread ends with the last of them, or after the one in work when nobody asks any more.
    """
    ready: SimpleQueue[RawBatch | BaseException | None] = SimpleQueue()
    wanted = Semaphore(1)
    given_up = False

    def read() -> None:
        last: BaseException | None = None
        try:
            wanted.acquire()
            for batch in batches():
                ready.put(batch)
                wanted.acquire()
                if given_up:
                    return
        except BaseException as problem:  # raised again where the batches are asked for
            last = problem
        ready.put(last)

    thread = Thread(target=read, name="read ahead", daemon=True)
    thread.start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            wanted.release()
            yield found
    finally:
        given_up = True
        wanted.release()
        thread.join()
