"""Free-text directions ("1-2 tabs qds prn, max 8/day") to doses a day, or to unreadable.

The words are data (`data/words.csv`); docs/directions.md says how a text is read.
"""

from __future__ import annotations

from screener.directions.names import unknown_words, with_names_replaced
from screener.directions.read import read_directions
from screener.directions.tokens import plain_text

__all__ = ["plain_text", "read_directions", "unknown_words", "with_names_replaced"]
