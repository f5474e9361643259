"""The rule files as they were when they were read, in the run that they made: rules change, and who
asks in a year what a rule said that night finds it beside the findings."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

NAME = "rules.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that the form can say: nothing depends on the clock


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Name below the rules folder -> content, as an archive; equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same on every system
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
