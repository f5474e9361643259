"""Whether an output folder is a good place for a run: its file system, and the room left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from screener.errors import UsageError

NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "lustre")
MOUNTS = Path("/proc/self/mounts")
# A run and what it needs meanwhile are about as large as its plain exports (measured: a run of
# 198 MB of CSV leaves 92 MB). Packed exports need more, those with much that is not read less.
SURELY = 1 / 20  # of the exports' bytes: with less room no run has a chance
USUALLY = 1.0


def over_network(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a file lies on a network file system, as far as the system says."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    places = [line.split()[1:3] for line in lines if len(line.split()) > 2]
    whole = path.resolve()
    around = [(place, kind) for place, kind in places if whole.is_relative_to(place)]
    kind = max(around, key=lambda one: len(one[0]), default=("", ""))[1]
    return kind.startswith(NETWORK)


def cautions(out: Path, exports: Iterable[str], mounts: Path = MOUNTS) -> list[str]:
    """What to say of an existing output folder before any export is read.

    Raises UsageError when the disk has no room for a run of these exports.
    """
    said = []
    if over_network(out, mounts):
        said.append(
            "the output folder lies on a network file system, where locks may not hold: never "
            "start two runs on it at once"
        )
    needed, free = sum(map(_bytes_of, exports)), shutil.disk_usage(out).free
    if free < SURELY * needed:
        raise UsageError(
            f"The disk of the output folder has {_mib(free)} free, and the exports are "
            f"{_mib(needed)}.",
            where=str(out),
            fix="Free some space, or give a folder on another disk with --out.",
        )
    if free < USUALLY * needed:
        said.append(
            f"the disk of the output folder may become full: {_mib(free)} free, exports of "
            f"{_mib(needed)}"
        )
    return said


def _bytes_of(export: str) -> int:
    """Bytes of a file, or of the files of a folder; 0 of what cannot be looked at."""
    try:
        with os.scandir(export) as entries:
            return sum(one.stat().st_size for one in entries if one.is_file())
    except NotADirectoryError:
        return os.stat(export).st_size
    except (OSError, ValueError):
        return 0  # whoever reads it says so


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB"
