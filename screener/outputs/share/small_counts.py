"""Counts that may leave the house: 1 to 7 become "*", others are rounded to the nearest 5.

The rule is that of NHS Digital's Hospital Episode Statistics (disclosure control: small counts of
1 to 7 suppressed, others rounded to 5); rates and shares are made from the rounded figures.
"""

from __future__ import annotations

from screener.outputs.report.words import number_text

SUPPRESSED = "*"
MOST_HIDDEN = 7
STEP = 5


def rounded(count: int | None) -> int | None:
    """The count as it may be shown; None where it may not (1 to 7) or is not known."""
    if count is None or 1 <= count <= MOST_HIDDEN:
        return None
    return (count + STEP // 2) // STEP * STEP


def shown(count: int | None) -> str:
    """The count in words of the page: `*`, `0`, `1,205`; an unknown one is not recorded."""
    if count is None:
        return number_text(None)
    safe = rounded(count)
    return SUPPRESSED if safe is None else number_text(safe)


def rate_shown(part: int | None, whole: int | None) -> str:
    """Per 1,000, from rounded figures; `*` where either is not shown."""
    a, b = rounded(part), rounded(whole)
    if part is None or whole is None:
        return number_text(None)
    if whole == 0:
        return "not applicable"
    if a is None or not b:
        return SUPPRESSED
    return number_text(round(min(1000 * a / b, 1000.0)))
