"""A pseudonymised copy of a report, made again from the tables; only what is allowed is in it."""

from __future__ import annotations

from screener.outputs.share.keys import new_key, read_or_make_key
from screener.outputs.share.page import copy_bytes

__all__ = ["copy_bytes", "new_key", "read_or_make_key"]
