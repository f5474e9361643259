"""The slow reference held to numbers that were worked out by hand or printed elsewhere."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.reference.days import dose_of_day, stands
from tests.reference.drawn import DAY, START, Row, tablet
from tests.reference.histories import Bucket, History
from tests.reference.lanes import lay_out
from tests.reference.lines import Line, order_lines
from tests.reference.people import age_on, ckd_epi_2021
from tests.reference.rules import RULES


def laid_out(*orders: Row) -> list[Line]:
    """The lines of some orders, side by side."""
    rows = Bucket([History(list(orders))], START).rows(0, "prescriptions")
    lines = [line for n, row in enumerate(rows) for line in order_lines(row, n)[0]]
    return lay_out(lines, rows)


def doses_on(lines: list[Line], *days: int) -> list[tuple[int, int]]:
    """(primary high, high of the other reading) in mg on days counted from START."""
    found = [dose_of_day(lines, START + day * DAY) for day in days]
    return [
        (dose.scheduled_high // 1000, (dose.scheduled_high + dose.other) // 1000) for dose in found
    ]


@pytest.mark.parametrize(
    ("sex", "age", "creatinine", "egfr"),
    [
        ("M", 50, 1.0, 91.69),
        ("F", 78, 1.4, 38.51),
        ("F", 84, 124 / 88.4, 37.01),
        ("M", 45, 5.5, 12.23),
        ("F", 92, 0.9, 59.98),
        ("M", 18, 1.0, 111.88),
        ("M", 60, 2.40, 30.135),
        ("M", 60, 2.41, 29.985),
    ],
)
def test_the_estimate_is_the_published_one(
    sex: str, age: int, creatinine: float, egfr: float
) -> None:
    assert ckd_epi_2021(creatinine, age, sex) == pytest.approx(egfr, abs=0.005)


def test_who_is_born_on_29_february_has_the_birthday_on_1_march() -> None:
    birth = dt.date(1960, 2, 29)
    assert age_on(birth, dt.date(2025, 2, 28)) == 64
    assert age_on(birth, dt.date(2025, 3, 1)) == 65
    assert age_on(birth, dt.date(2024, 2, 28)) == 63
    assert age_on(birth, dt.date(2024, 2, 29)) == 64


@pytest.mark.parametrize(("overlap", "twice"), [(6, False), (7, False), (8, True)])
def test_eight_shared_days_of_28_are_one_too_many(overlap: int, twice: bool) -> None:
    first, second = laid_out(tablet(0, 28), tablet(28 - overlap, 28))
    assert (second.twice is not None) is twice
    assert second.first == START + (28 - overlap if twice else 28) * DAY
    assert first.last == START + 27 * DAY


@pytest.mark.parametrize(("overlap", "twice"), [(10, False), (11, True)])
def test_a_quarter_of_a_long_supply_may_overlap(overlap: int, twice: bool) -> None:
    _, second = laid_out(tablet(0, 40), tablet(40 - overlap, 40))
    assert (second.twice is not None) is twice


def test_early_refills_add_up_but_by_no_more_than_30_days() -> None:
    lines = laid_out(*(tablet(21 * n, 28) for n in range(7)))
    shifts = [(line.first - line.start).days for line in lines if line.first]
    assert shifts == [0, 7, 14, 21, 28, 30, 30]


def test_two_strengths_on_one_day_are_summed_and_a_later_strength_replaces() -> None:
    assert doses_on(laid_out(tablet(0, 28), tablet(0, 28, "5", 1)), 0, 27) == [(65, 65), (65, 65)]
    changed = laid_out(tablet(0, 28), tablet(14, 28, "10"))
    assert doses_on(changed, 13, 14, 27, 28) == [(60, 60), (30, 90), (30, 90), (30, 30)]


def test_two_strengths_that_both_go_on_are_summed() -> None:
    both = laid_out(tablet(0, 28), tablet(1, 28, "5", 1), tablet(28, 28), tablet(29, 28, "5", 1))
    assert doses_on(both, 0, 1, 27, 28, 29, 55, 56) == [
        (60, 60), (65, 65), (65, 65), (65, 65), (65, 65), (65, 65), (5, 5)
    ]  # fmt: skip


def test_another_sig_of_one_strength_replaces_without_a_second_reading() -> None:
    changed = laid_out(tablet(0, 28), tablet(14, 28, times=4))
    assert doses_on(changed, 13, 14, 41, 42) == [(60, 60), (80, 80), (80, 80), (0, 0)]


def test_a_supply_that_was_carried_forward_still_ends_on_its_stop_date() -> None:
    _, second = laid_out(tablet(0, 28), tablet(21, 28, stop_date=START + 40 * DAY))
    assert stands(second, START + 39 * DAY)
    assert not stands(second, START + 40 * DAY)


@pytest.mark.parametrize(
    ("dose", "outcome"), [(26.66, "clear"), (80 / 3, "clear"), (26.67, "flagged")]
)
def test_a_hundredth_of_a_milligram_above_80_is_above(dose: float, outcome: str) -> None:
    order = tablet(0, 28, dose_min=dose, dose_unit="mg")
    bucket = Bucket([History([order])], START + 100 * DAY)
    assert bucket.reference(RULES)["P0"].outcomes["baclofen-max-dose"] == outcome


@pytest.mark.parametrize(
    ("known_days", "outcome"), [(14, "not_assessed"), (15, "flagged"), (16, "flagged")]
)
def test_a_stop_can_be_judged_when_a_refill_would_have_been_late(
    known_days: int, outcome: str
) -> None:
    bucket = Bucket([History([tablet(0, 84)])], START + (83 + known_days) * DAY)
    assert bucket.reference(RULES)["P0"].outcomes["baclofen-stopped-abruptly"] == outcome


def test_nobody_is_clear_of_a_rule_whose_table_is_absent() -> None:
    history = History([tablet(0, 28)], {"birth_date": dt.date(1970, 1, 1), "sex": "F"})
    bucket = Bucket([history], START + 20 * DAY, frozenset({"patients"}))
    said = bucket.reference(RULES)["P0"]
    assert said.outcomes["baclofen-renal-dose"] == "not_assessed"
    assert ("baclofen-renal-dose", "labs-not-supplied") in said.not_assessed


def test_the_last_strength_of_a_taper_decides_whether_it_was_one() -> None:
    tapered = [tablet(0, 60), tablet(60, 7, "5", 4)]
    abrupt = [tablet(0, 60), tablet(60, 6, "5", 4)]
    bucket = Bucket([History(tapered), History(abrupt)], START + 120 * DAY)
    said = bucket.reference(RULES)
    assert said["P0"].outcomes["baclofen-stopped-abruptly"] == "clear"
    assert said["P1"].outcomes["baclofen-stopped-abruptly"] == "flagged"
