"""Nights that cost the change: rows and results that stay, and who must be screened again.

Meaning: docs/incremental.md. `screen` calls `begin` where it would read an export, `screen_news`
before it would screen every bucket, and `keep` when the run is published.
"""

from __future__ import annotations

from screener.night.line import Tonight, begin, keep, screen_news

__all__ = ["Tonight", "begin", "keep", "screen_news"]
