"""Writing files that many people edit and read: rules, the lock, the catalogue.

A run's files are private, since they hold patients; these hold none, and take the permissions of
the file that they replace, or of the folder that they stand in.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from screener.errors import RunBroke, UsageError

_READ_AND_WRITE = 0o666


def write_text(path: Path, text: str, *, new: bool = False) -> None:
    """Write the whole file or nothing; with `new`, never over one that is there.

    Raises UsageError when a file that should be new is there, RunBroke when it cannot be written.
    """
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        _make_folder(path.parent)
        mode = (path if path.exists() else path.parent).stat().st_mode & _READ_AND_WRITE
        target = path if new else beside
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        target.chmod(mode)
        if not new:
            beside.replace(path)
    except FileExistsError as error:
        fix = "Choose another id, or edit the file."
        what = "This file is there already, and is never overwritten."
        raise UsageError(what, where=str(path), fix=fix) from error
    except OSError as error:
        what = f"The file cannot be written ({error.strerror})."
        raise RunBroke(what, where=str(path)) from error
    finally:
        beside.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Make a folder with the permissions of the one it stands in."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(folder.parent.stat().st_mode & 0o777)
