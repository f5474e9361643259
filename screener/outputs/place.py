"""The output folder: who may write to it, and the private scratch folder of one run.

A lock that the kernel releases keeps two runs apart, so a crash never leaves a stale one. Since
only the holder of the lock makes scratch folders, any that it finds are the dead ones of a crash.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from screener.errors import AnotherRunHoldsTheLock, UsageError

LOCK = ".lock"
SCRATCH = ".scratch-"
REPLACED = ".replaced-"  # a published folder that is being made again (--force)


@contextmanager
def held(out: Path, *, who: dict[str, str]) -> Iterator[str | None]:
    """Hold the lock of an output folder; `who` (host, pid, started_at) is what others are told.

    Gives a sentence about the holder before it when that one did not come to its end. Makes the
    folder when it is missing. Raises UsageError when it cannot be written, and
    AnotherRunHoldsTheLock at once when another run has it.
    """
    try:
        made = _make_private(out)
        handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(
            f"The output folder cannot be written ({error.strerror}).",
            where=str(out),
            fix="Give a folder that this user may write to with --out.",
        ) from error
    try:
        if made:
            os.chmod(out, 0o700)
        _lock(handle, out)
        left = os.pread(handle, 4096, 0)
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(who, sort_keys=True).encode(), 0)
        try:
            yield _died(left) if left else None
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _lock(handle: int, out: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        raise AnotherRunHoldsTheLock(
            f"Another run{_named(os.pread(handle, 4096, 0))} is writing here.",
            where=str(out),
            fix="Wait until it is finished, or give another folder with --out.",
        ) from busy


def _died(left: bytes) -> str:
    return (
        f"the run before this one{_named(left)} did not come to its end: it was stopped or killed, "
        "or memory ran out; what it had not published is removed"
    )


def _named(text: bytes) -> str:
    try:
        who = json.loads(text)
        return f" (process {who['pid']} on {who['host']}, since {who['started_at']})"
    except (ValueError, KeyError, TypeError):
        return ""


def _make_private(folder: Path) -> bool:
    """Make a folder that only this user can read; False when it was there already."""
    if folder.is_dir():
        return False
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return True


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """A private folder inside the output folder, gone when the block ends. Needs the lock."""
    sweep(out)
    folder = out / f"{SCRATCH}{secrets.token_hex(6)}"
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(
            f"The output folder cannot be written ({error.strerror}).",
            where=str(out),
            fix="Give a folder that this user may write to with --out.",
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(out: Path) -> int:
    """Remove the scratch folders of runs that died; put back a run whose replacing was cut off."""
    removed = 0
    for folder in sorted(out.glob(f"{SCRATCH}*")):
        shutil.rmtree(folder, ignore_errors=True)
        removed += 1
    for pointer in out.glob(".latest-*"):
        pointer.unlink(missing_ok=True)
    for folder in sorted(out.glob(f"{REPLACED}*")):
        target = out / folder.name.removeprefix(REPLACED)
        if target.exists():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.rename(target)
    return removed
