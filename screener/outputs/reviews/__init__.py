"""Review lists that come back: read from workbook or CSV, and counted rule by rule."""

from __future__ import annotations

from screener.outputs.reviews.draft import draft_of_waivers
from screener.outputs.reviews.files import Review, ReviewFile, read_reviews
from screener.outputs.reviews.judge import OUTCOMES, counted, judged, notices_of, rules_of

__all__ = [
    "OUTCOMES",
    "Review",
    "ReviewFile",
    "counted",
    "draft_of_waivers",
    "judged",
    "notices_of",
    "read_reviews",
    "rules_of",
]
