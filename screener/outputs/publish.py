"""Publishing: every file written, flushed and read back, then one rename makes the run visible.

A reader of the output folder sees a complete run or none. Files are 0600 and folders 0700,
whatever the umask.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from screener.errors import RunBroke
from screener.outputs.place import REPLACED, SCRATCH

RUN_JSON = "run.json"
LATEST = "latest"
FAILED = "failed"
BLOCK = 1 << 20  # bytes
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of renameat2(2)


def json_bytes(content: dict[str, Any]) -> bytes:
    """A dict as readable UTF-8 JSON with sorted keys."""
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write_file(path: Path, content: bytes) -> None:
    """Write a new file, whole, private and flushed to the disk. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, 0o600)
        file.write(content)
        file.flush()
        os.fsync(handle)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside `path` and rename it over it: readers see the old one or the new one."""
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        write_file(beside, content)
        beside.rename(path)
        flush_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def same_file(path: Path, name: Path) -> None:
    """Give a finished file a second name, or a copy where the disk knows no second names."""
    try:
        os.link(path, name)
    except OSError:
        write_file(name, path.read_bytes())


def seal(path: Path) -> None:
    """Make a file that a library wrote private, and flush it to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(handle, 0o600)
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_facts(path: Path) -> dict[str, Any]:
    """Size in bytes and SHA-256 of a file, read from the disk."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest()}


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    """Write files from memory and read each back. Raises RunBroke when one reads differently."""
    for name, content in files.items():
        write_file(folder / name, content)
        if file_facts(folder / name)["sha256"] != hashlib.sha256(content).hexdigest():
            raise RunBroke(
                "A file reads back differently from what was written.",
                where=name,
                fix="Check the disk; nothing was published.",
            )


def manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Name -> size and SHA-256 of every file of a folder but run.json, from the disk."""
    names = sorted(p.name for p in folder.iterdir() if p.name != RUN_JSON)
    return {name: file_facts(folder / name) for name in names}


def make_visible(ready: Path, target: Path) -> None:
    """Rename a finished folder to its public name; a folder that stands there is replaced.

    Where the system can exchange two names in one step, there is no moment without a run.
    """
    os.chmod(ready, 0o700)
    flush_folder(ready)
    if target.exists() and _exchanged(ready, target):
        flush_folder(target.parent)
        shutil.rmtree(ready, ignore_errors=True)  # the replaced run
        return
    replaced = target.with_name(f"{REPLACED}{target.name}")
    if target.exists():
        target.rename(replaced)
    ready.rename(target)
    flush_folder(target.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change their names in one step (renameat2 of Linux); False if it cannot."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    done = call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    return bool(done == 0)


def remove_run(folder: Path) -> None:
    """Delete a run's folder: it is no run any more at once, and what is left of it is swept away by
    the next run. Needs the lock."""
    aside = folder.with_name(f"{SCRATCH}{folder.name}")
    folder.rename(aside)
    flush_folder(folder.parent)
    shutil.rmtree(aside)


def point_latest(out: Path, name: str) -> None:
    """Let `latest` stand for the folder `name`, in one step; a text file where links fail."""
    beside = out / f".{LATEST}-{secrets.token_hex(4)}"
    try:
        beside.symlink_to(name)
    except OSError:
        write_file(beside, name.encode())
    beside.rename(out / LATEST)
    flush_folder(out)


def write_failed(out: Path, name: str, files: dict[str, bytes]) -> Path:
    """Leave what is known of a failed run in `failed/<name>/`; never a report. Raises OSError."""
    failed = out / FAILED
    failed.mkdir(mode=0o700, exist_ok=True)
    folder = failed / name
    beside = failed / f".{name}-{secrets.token_hex(4)}"
    beside.mkdir(mode=0o700)
    try:
        write_all(beside, files)
        while folder.exists():
            folder = failed / f"{name}-{secrets.token_hex(2)}"
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder
