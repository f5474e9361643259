"""The clock and the process: the one place that asks what time it is. Everything else is told."""

from __future__ import annotations

import datetime as dt
import os
import platform


def today() -> dt.date:
    """The civil day on this machine."""
    return dt.datetime.now(tz=dt.UTC).astimezone().date()


def now() -> str:
    """The moment as ISO 8601 in UTC, to the second."""
    return dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")


def who() -> dict[str, str]:
    """Who holds a folder's lock, for others to be told."""
    return {"host": platform.node(), "pid": str(os.getpid()), "started_at": now()}
