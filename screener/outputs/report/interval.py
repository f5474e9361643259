"""The 95 % confidence interval of a proportion."""

from __future__ import annotations

from math import sqrt

Z_95 = 1.959963984540054  # the 97.5 % point of the normal distribution


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Wilson's score interval (Wilson, J Am Stat Assoc 1927;22:209) as two shares in [0, 1].

    Raises ValueError when `whole` is 0 or `part` is no part of it: there is no rate then.
    """
    if not 0 <= part <= whole or whole == 0:
        raise ValueError("a rate needs 0 <= part <= whole and a whole above 0")
    share = part / whole
    spread = Z_95 * Z_95 / whole
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    low = 0.0 if part == 0 else max(0.0, middle - half)
    return low, 1.0 if part == whole else min(1.0, middle + half)
