"""Weekly rates of new findings with limits: a u' chart.

Per week i: rate u = new / screened, sigma = sqrt(centre / screened), z = (u - centre) / sigma. The
spread of z beyond chance is the mean step between neighbours / 1.128; limits stand three sigmas
times that spread from the centre, 0 at least. Source: Laney, Improved control charts for
attributes, Quality Engineering 14 (2002) 531; 1.128 is d2 of two values. A spread below 1 is taken
as 1, which is this project's choice. The limits are those of the baseline weeks.
What counts as a signal is that of NHS England's Making Data Count: a point outside the limits,
seven in a row on one side of the centre, seven in a row each higher (or each lower) than the one
before, two of three in a row beyond two sigmas on the same side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

BASELINE = 12  # weeks that limits need
RUN = 7
D2 = 1.128


@dataclass(frozen=True, slots=True)
class Limits:
    """centre: new findings per patient and week; spread: of z, in sigmas, 1 at least."""

    centre: float
    spread: float

    def at(self, screened: int, sigmas: float = 3.0) -> tuple[float, float]:
        """The lower and the upper limit of a week in which so many patients were screened."""
        far = sigmas * self.spread * sqrt(self.centre / screened)
        return max(0.0, self.centre - far), self.centre + far


def limits_of(weeks: Sequence[tuple[int, int]]) -> Limits | None:
    """From (new, screened) of the first BASELINE weeks; None where there are fewer, where nobody
    was screened in one, or where nothing was found."""
    base = weeks[:BASELINE]
    found = sum(new for new, _ in base)
    if len(base) < BASELINE or not found or any(screened <= 0 for _, screened in base):
        return None
    centre = found / sum(screened for _, screened in base)
    z = [(new / n - centre) / sqrt(centre / n) for new, n in base]
    steps = [abs(later - earlier) for earlier, later in pairwise(z)]
    return Limits(centre, max(1.0, sum(steps) / len(steps) / D2))


def signals(
    weeks: Sequence[tuple[int, int]], limits: Limits, follows: Sequence[bool] = ()
) -> list[str]:
    """Per week the rule that it meets, in words, or "" for none.

    follows: whether each week is the one after the week before it; a missing week ends every row.
    """
    since = _since(follows or [True] * len(weeks))
    rates = [new / screened if screened > 0 else limits.centre for new, screened in weeks]
    told = [""] * len(weeks)
    for place, (rate, (_, screened)) in enumerate(zip(rates, weeks, strict=True)):
        low, high = limits.at(max(screened, 1))
        if rate > high or rate < low:
            told[place] = f"{_above(rate > high)} the {_upper(rate > high)} limit"
        elif _one_side(rates[since[place] : place + 1], limits.centre):
            told[place] = f"{RUN} weeks in a row {_above(rate > limits.centre)} the mean"
        elif _steady(rates[since[place] : place + 1]):
            way = "up" if rate > rates[place - 1] else "down"
            told[place] = f"{RUN} weeks in a row, each further {way}"
        elif _near(rates, weeks, range(max(since[place], place - 2), place + 1), limits):
            told[place] = f"2 of 3 weeks near the {_upper(rate > limits.centre)} limit"
    return told


def _above(is_above: bool) -> str:
    return "above" if is_above else "below"


def _upper(is_upper: bool) -> str:
    return "upper" if is_upper else "lower"


def _since(follows: Sequence[bool]) -> list[int]:
    """Per week, where the unbroken row of weeks begins that it stands in."""
    begins = [0]
    for place, joined in enumerate(follows[1:], start=1):
        begins.append(begins[-1] if joined else place)
    return begins[: len(follows)]


def _one_side(rates: Sequence[float], centre: float) -> bool:
    last = rates[-RUN:]
    return len(last) == RUN and (all(r > centre for r in last) or all(r < centre for r in last))


def _steady(rates: Sequence[float]) -> bool:
    last = rates[-RUN:]
    steps = [b - a for a, b in pairwise(last)]
    return len(last) == RUN and (all(s > 0 for s in steps) or all(s < 0 for s in steps))


def _near(
    rates: Sequence[float], weeks: Sequence[tuple[int, int]], last: range, limits: Limits
) -> bool:
    def beyond(at: int, upper: bool) -> bool:
        low, high = limits.at(max(weeks[at][1], 1), 2.0)
        return rates[at] > high if upper else rates[at] < low

    return any(
        beyond(last[-1], upper) and sum(beyond(at, upper) for at in last) >= 2
        for upper in (True, False)
    )
