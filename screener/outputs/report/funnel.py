"""Limits of a funnel plot of proportions, widened where units differ by more than chance.

Spiegelhalter, Stat Med 2005;24:1185 (funnel plots) and Qual Saf Health Care 2005;14:347
(over-dispersion, additive model); as in the R package FunnelPlotR (data type "PR"). Shares p are
compared as asin(sqrt(p)), whose standard error is s = 1 / (2 sqrt(n)) whatever the share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, floor, pi, sin, sqrt

Z_998 = 3.090232306167813  # the 99.9 % point of the normal distribution
JUDGED_FROM = 50  # patients; the normal approximation and the reader's trust both need some
FEWEST_UNITS = 5  # judged units; fewer do not tell how much units differ anyway
TRIMMED = 0.1  # of the z-scores at each end are drawn in before the dispersion is worked out


@dataclass(frozen=True, slots=True)
class Unit:
    """A site or a prescriber: `part` of its `whole` patients have what is counted."""

    name: str
    part: int
    whole: int

    @property
    def judged(self) -> bool:
        """Whether it has patients enough to be held against limits."""
        return self.whole >= JUDGED_FROM


@dataclass(frozen=True, slots=True)
class Funnel:
    """The share of all judged units, how much they differ (`phi`, 1 = as much as chance would
    have it) and the variance between units on the arcsine scale (`tau2`)."""

    centre: float
    phi: float
    tau2: float


def quantile(values: Sequence[float], share: float) -> float:
    """The quantile by linear interpolation between order statistics (R's type 7).

    Raises ValueError without values or with a share outside [0, 1].
    """
    if not values or not 0 <= share <= 1:
        raise ValueError("a quantile needs values and a share from 0 to 1")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def winsorised(scores: Sequence[float], trimmed: float = TRIMMED) -> list[float]:
    """The scores with those beyond the `trimmed` and 1 - `trimmed` quantiles set to these."""
    low, high = quantile(scores, trimmed), quantile(scores, 1 - trimmed)
    return [min(max(score, low), high) for score in scores]


def dispersion(scores: Sequence[float]) -> float:
    """phi: the mean of the squared z-scores."""
    return sum(score * score for score in scores) / len(scores)


def variance_between(phi: float, errors: Sequence[float]) -> float:
    """tau2 = max(0, (k phi - (k - 1)) / (sum w - sum w^2 / sum w)), w = 1 / s^2, k units.

    The estimator of DerSimonian and Laird (Control Clin Trials 1986;7:177), where k phi is their
    Q. 0 for fewer than two units.
    """
    units = len(errors)
    weights = [1 / (error * error) for error in errors]
    if units < 2:
        return 0.0
    spare = sum(weights) - sum(w * w for w in weights) / sum(weights)
    return max(0.0, (units * phi - (units - 1)) / spare)


def _error(whole: int) -> float:
    return 1 / (2 * sqrt(whole))


def funnel_of(units: Sequence[Unit]) -> Funnel | None:
    """The funnel of the judged units; None where fewer than FEWEST_UNITS are judged, or where
    nobody or everybody of them is counted: there are no limits then."""
    judged = [unit for unit in units if unit.judged]
    part, whole = sum(u.part for u in judged), sum(u.whole for u in judged)
    if len(judged) < FEWEST_UNITS or part in (0, whole):
        return None
    middle = asin(sqrt(part / whole))
    errors = [_error(unit.whole) for unit in judged]
    shares = [asin(sqrt(unit.part / unit.whole)) for unit in judged]
    scores = [(share - middle) / error for share, error in zip(shares, errors, strict=True)]
    phi = dispersion(winsorised(scores))
    return Funnel(part / whole, phi, variance_between(phi, errors))


def limits(funnel: Funnel, whole: int, z: float) -> tuple[float, float]:
    """The limits of a unit of `whole` patients as shares: sin^2(asin(sqrt(centre)) -+ z sqrt(s^2 +
    tau2)), the angle kept within 0 and pi / 2, where sin^2 would turn back.

    Raises ValueError when `whole` is below 1.
    """
    if whole < 1:
        raise ValueError("limits need a unit of one patient or more")
    middle = asin(sqrt(funnel.centre))
    reach = z * sqrt(_error(whole) ** 2 + funnel.tau2)
    low, high = max(0.0, middle - reach), min(pi / 2, middle + reach)
    return sin(low) ** 2, sin(high) ** 2


def is_above(funnel: Funnel | None, unit: Unit) -> bool:
    """Whether a judged unit is above the upper 99.8 % limit; on the limit is not above it."""
    if funnel is None or not unit.judged:
        return False
    return unit.part / unit.whole > limits(funnel, unit.whole, Z_998)[1]


def sizes(most: int, points: int = 60) -> list[int]:
    """Sizes of units from JUDGED_FROM to `most` at which to draw the limits, denser where they
    bend; each once."""
    span = max(most, JUDGED_FROM + 1) - JUDGED_FROM
    return sorted({JUDGED_FROM + round(span * (at / points) ** 2) for at in range(points + 1)})
