"""Reads exports as they come: finds files, hashes, unpacks, counts records, applies mappings."""

from __future__ import annotations

from screener.sources.mapping import Mapping
from screener.sources.mapping_files import load_mapping, mapping_names
from screener.sources.read import READERS, read_export, reads_alone

__all__ = ["READERS", "Mapping", "load_mapping", "mapping_names", "read_export", "reads_alone"]
