"""A draft of waivers from reviews: what the team accepts, for somebody to give the reason.

The reason is left "TODO", which a site file refuses, so that no draft ever waives anything.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence

from screener.outputs.reviews.files import ReviewFile
from screener.outputs.reviews.judge import latest_of

LONGEST = 365  # days that a waiver may last before somebody looks again
TODO = "TODO"


def draft_of_waivers(
    files: Sequence[ReviewFile],
    rules: Mapping[str, str],
    *,
    outcomes: Collection[str],
    today: dt.date,
    days: int = LONGEST,
) -> tuple[str, int]:
    """YAML of a site file with a waiver for each finding of these outcomes; and how many.

    Raises ValueError when `days` is not 1 to 365.
    """
    if not 1 <= days <= LONGEST:
        raise ValueError("a waiver lasts 1 to 365 days")
    latest, _ = latest_of(files, rules)
    until = (today + dt.timedelta(days=days)).isoformat()
    lines = [
        "# Draft of waivers. Write a reason in place of each TODO, check by and until, and give",
        "# the file with --site-rules, or move the entries to your own site file.",
        "schema: 1",
        "site_rules: reviewed-exceptions",
        "waivers:",
    ]
    taken = {
        finding: review.reviewed_by
        for finding, (word, review) in latest.items()
        if word in outcomes
    }
    for finding in sorted(taken, key=lambda one: (rules[one], one)):
        lines += [
            f"  - rule: {rules[finding]}",
            f'    finding: "{finding}"',
            f"    reason: {TODO}",
            f"    by: {_quoted(taken[finding])}",
            f"    until: {until}",
        ]
    return "\n".join(lines) + "\n", len(taken)


def _quoted(text: str) -> str:
    """Text as a YAML scalar that is nothing but text."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False) if text.strip() else TODO
