"""The statistics of the funnel plot, held against published numbers and worked sums."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.outputs.report.funnel import (
    Z_998,
    Funnel,
    Unit,
    dispersion,
    funnel_of,
    is_above,
    limits,
    quantile,
    sizes,
    variance_between,
    winsorised,
)
from screener.outputs.report.funnel_chart import drawn, ticks
from screener.outputs.report.interval import Z_95

# The 13 trials of BCG vaccine (Colditz et al., JAMA 1994;271:698): cases and others among the
# vaccinated, cases and others among controls.
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619),
    (33, 5036, 47, 5761), (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892),
    (29, 7470, 45, 7232), (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]  # fmt: skip
EVEN = [Unit(f"U{n}", 10, 100) for n in range(6)]


def test_the_variance_between_units_is_the_published_one_of_the_bcg_trials() -> None:
    """Q = 152.2330 and tau^2 = 0.3088 (DerSimonian-Laird) stand in the manual of R's metafor."""
    effects = [log((a / (a + b)) / (c / (c + d))) for a, b, c, d in BCG]
    errors = [sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)) for a, b, c, d in BCG]
    weights = [1 / e**2 for e in errors]
    middle = sum(w * y for w, y in zip(weights, effects, strict=True)) / sum(weights)
    scores = [(y - middle) / e for y, e in zip(effects, errors, strict=True)]
    phi = dispersion(scores)
    assert round(len(BCG) * phi, 4) == 152.2330
    assert round(variance_between(phi, errors), 4) == 0.3088


def test_less_variation_than_chance_widens_nothing() -> None:
    errors = [0.05] * 10
    assert variance_between(0.9, errors) == 0.0  # k phi = k - 1: the boundary
    assert variance_between(0.5, errors) == 0.0
    assert variance_between(1.0, errors) > 0
    assert variance_between(9.0, [0.05]) == 0.0


def test_quantiles_lie_between_the_order_statistics() -> None:
    """R: quantile(1:10, c(.1, .5, .9)) gives 1.9, 5.5, 9.1."""
    values = list(range(10, 0, -1))
    assert [quantile(values, q) for q in (0.1, 0.5, 0.9)] == pytest.approx([1.9, 5.5, 9.1])
    assert [quantile(values, q) for q in (0, 1)] == [1, 10]
    for nonsense in (-0.1, 1.1):
        with pytest.raises(ValueError, match="share from 0 to 1"):
            quantile(values, nonsense)
    with pytest.raises(ValueError, match="needs values"):
        quantile([], 0.5)


def test_winsorising_draws_in_the_ends_and_keeps_the_middle() -> None:
    scores = [float(n) for n in range(1, 11)]
    assert winsorised(scores) == pytest.approx([1.9, 2, 3, 4, 5, 6, 7, 8, 9, 9.1])


def test_limits_without_spread_are_those_of_the_arcsine() -> None:
    funnel = Funnel(centre=0.2, phi=1.0, tau2=0.0)
    low, high = limits(funnel, 100, Z_95)
    # asin(sqrt(0.2)) = 0.463648 and 1.959964 / 20 = 0.097998; sin^2 of 0.365649 and of 0.561646
    assert (round(low, 4), round(high, 4)) == (0.1278, 0.2836)


def test_limits_stop_at_none_and_all() -> None:
    assert limits(Funnel(0.01, 1.0, 0.0), 5, Z_998)[0] == 0.0
    assert limits(Funnel(0.99, 1.0, 0.0), 5, Z_998)[1] == 1.0
    assert limits(Funnel(0.5, 9.0, pi), 5, Z_998) == (0.0, 1.0)
    with pytest.raises(ValueError, match="one patient or more"):
        limits(Funnel(0.5, 1.0, 0.0), 0, Z_95)


def test_fifty_patients_are_judged_and_forty_nine_are_not() -> None:
    units = [*EVEN, Unit("small", 49, 49), Unit("large", 50, 50)]
    funnel = funnel_of(units)
    assert funnel is not None
    assert [unit.name for unit in units if is_above(funnel, unit)] == ["large"]
    assert funnel_of([u for u in units if u.name != "small"]) == funnel


def test_five_units_have_limits_and_four_have_none() -> None:
    assert funnel_of(EVEN[:4]) is None
    assert funnel_of(EVEN[:5]) == Funnel(0.1, 0.0, 0.0)
    assert funnel_of([*EVEN[:4], Unit("small", 5, 49)]) is None


@pytest.mark.parametrize("part", [0, 100])
def test_nobody_and_everybody_give_no_limits(part: int) -> None:
    assert funnel_of([Unit(f"U{n}", part, 100) for n in range(8)]) is None


def test_a_unit_on_the_upper_limit_is_not_above_it() -> None:
    at_half = Funnel(0.5, 1.0, 0.0)  # of 100 patients: 1/2 + sin(3.090232 / 10) / 2 = 0.652
    assert not is_above(at_half, Unit("U", 65, 100))
    assert is_above(at_half, Unit("U", 66, 100))
    exact = Funnel(1.0, 1.0, 0.0)  # the limit is 1 and nothing is above it
    assert not is_above(exact, Unit("U", 100, 100))


def test_the_same_outlier_is_not_above_where_all_units_differ() -> None:
    calm = [Unit(f"C{n}", 100, 1000) for n in range(20)]
    wild = [Unit(f"W{n}", 40 + 120 * (n % 2), 1000) for n in range(20)]
    asked = Unit("asked", 150, 1000)
    assert is_above(funnel_of([*calm, asked]), asked)
    assert not is_above(funnel_of([*wild, asked]), asked)


def test_the_funnel_is_what_another_reckoning_gives() -> None:
    """The same steps over whole columns, with numpy's quantile and clip."""
    whole = np.array([400, 900, 1500, 260, 120, 700, 610, 75, 50])
    part = np.array([22, 49, 80, 12, 9, 190, 38, 0, 6])
    middle = np.arcsin(np.sqrt(part.sum() / whole.sum()))
    scores = (np.arcsin(np.sqrt(part / whole)) - middle) * 2 * np.sqrt(whole)
    phi = (np.clip(scores, *np.quantile(scores, [0.1, 0.9])) ** 2).mean()
    weights = 4 * whole
    spare = weights.sum() - (weights**2).sum() / weights.sum()
    tau2 = (len(whole) * phi - (len(whole) - 1)) / spare
    assert phi > 3
    units = [
        Unit(f"U{n}", int(a), int(b)) for n, (a, b) in enumerate(zip(part, whole, strict=True))
    ]
    assert funnel_of([*units, Unit("small", 49, 49)]) == Funnel(
        pytest.approx(part.sum() / whole.sum()), pytest.approx(phi), pytest.approx(tau2)
    )


UNITS = st.lists(
    st.integers(1, 5_000).flatmap(
        lambda whole: st.builds(Unit, st.just("U"), st.integers(0, whole), st.just(whole))
    ),
    min_size=2, max_size=30,
)  # fmt: skip


@given(UNITS)
def test_limits_hold_the_centre_and_the_wide_hold_the_narrow(units: list[Unit]) -> None:
    funnel = funnel_of(units)
    if funnel is None:
        return
    for size in (1, 50, 5_000):
        low, high = limits(funnel, size, Z_95)
        lowest, highest = limits(funnel, size, Z_998)
        assert 0 <= lowest <= low <= funnel.centre + 1e-12
        assert funnel.centre - 1e-12 <= high <= highest <= 1


@given(UNITS)
def test_everything_drawn_lies_inside_the_axes(units: list[Unit]) -> None:
    chart = drawn(units, funnel_of(units))
    assert chart is not None
    for dot in chart.dots:
        assert 56 <= dot.x <= 704
        assert 14 <= dot.y <= 292
    for _, path in chart.lines:
        for pair in path[1:].split("L"):
            x, y = map(float, pair.split())
            assert 56 <= x <= 704
            assert 14 <= y <= 292


@given(st.floats(1e-3, 1e7))
def test_ticks_are_few_and_reach_the_top(top: float) -> None:
    marks = ticks(top)
    assert 2 <= len(marks) <= 7
    assert marks[-1] >= top * (1 - 1e-9)


def test_ticks_are_round_numbers() -> None:
    assert ticks(1500) == [0, 500, 1000, 1500]
    assert ticks(7) == [0, 2, 4, 6, 8]
    with pytest.raises(ValueError, match="above 0"):
        ticks(0)


def test_sizes_start_where_units_are_judged() -> None:
    assert sizes(1000)[0] == 50
    assert sizes(1000)[-1] == 1000
    assert sizes(10) == [50, 51]
