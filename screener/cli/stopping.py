"""Being stopped by a signal: partial files are removed and the exit code is 128 + its number.

The signals are blocked in every thread and one thread waits for them, so the program stops at
once even while a library is at work. This must be set up before polars starts its threads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

STOPPED_BY = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_clean_ups: list[Callable[[int], None]] = []
_begun = threading.Event()


def at_stop(clean_up: Callable[[int], None]) -> None:
    """Call this with the exit code when a signal stops the program, the latest first."""
    _clean_ups.append(clean_up)


def watch() -> None:
    """Start to wait for the signals that nobody told this program to ignore (nohup does)."""
    wanted = {s for s in STOPPED_BY if signal.getsignal(s) != signal.SIG_IGN}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    threading.Thread(target=_wait, args=(wanted,), daemon=True, name="signals").start()


def stand_still_if_stopping() -> None:
    """Called by the main thread before it reports an error that the stopping itself may cause."""
    while _begun.is_set():
        time.sleep(1)


def _wait(wanted: set[signal.Signals]) -> None:
    number = signal.sigwait(wanted)
    _begun.set()
    for worker in multiprocessing.active_children():
        worker.kill()
    code = 128 + number
    for clean_up in reversed(_clean_ups):
        try:
            clean_up(code)
        except Exception as error:  # a clean-up that fails must not keep the program alive
            print(f"error: cleaning up failed ({type(error).__name__})", file=sys.stderr)
    sys.stderr.flush()
    os._exit(code)
