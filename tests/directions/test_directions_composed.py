"""Directions put together from parts whose meaning is known: a reading is theirs, or there is none.

The parts are those of several habits, with the figures that are no doses among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.directions import read_directions

F = Fraction
DOSES = [
    ("1 tablet", F(1), F(1)), ("ONE TABLET", F(1), F(1)), ("2 tabs", F(2), F(2)),
    ("1/2 tablet", F(1, 2), F(1, 2)), ("1-2 tablets", F(1), F(2)), ("1½ tabs", F(3, 2), F(3, 2)),
    ("one or two tablets", F(1), F(2)), ("2 (two) tablets", F(2), F(2)), ("i tab", F(1), F(1)),
    ("1 tablet (10 mg)", F(1), F(1)), ("2 tablets (20 mg total)", F(2), F(2)),
    ("two 10 mg tablets", F(2), F(2)), ("1 tab(s)", F(1), F(1)),
    ("half a tablet", F(1, 2), F(1, 2)),
]  # fmt: skip
OFTEN = [
    ("daily", F(1), F(1)), ("twice a day", F(2), F(2)), ("TID", F(3), F(3)), ("qds", F(4), F(4)),
    ("every 6 hours", F(4), F(4)), ("q4-6h", F(4), F(6)), ("3 (three) times daily", F(3), F(3)),
    ("2-3 times a day", F(2), F(3)), ("at bedtime", F(1), F(1)),
    ("every other day", F(1, 2), F(1, 2)), ("once a week", F(1, 7), F(1, 7)),
    ("in the morning and at night", F(2), F(2)), ("on Mon, Wed, Fri", F(3, 7), F(3, 7)),
    ("8 hourly", F(3), F(3)), ("every 72 hours", F(1, 3), F(1, 3)),
    ("at 8 am and 8 pm", F(2), F(2)), ("4 times/day", F(4), F(4)), ("mane", F(1), F(1)),
    ("M/W/F", F(3, 7), F(3, 7)), ("2dd", F(2), F(2)),
]  # fmt: skip
COURSES = [("for 7 days", 7), ("x 10 d", 10), ("5/7", 5), ("for 2 weeks", 14), ("x 1/52", 7)]
ASIDES = [
    "by mouth", "PO", "with food", "for blood pressure", "for chronic spontaneous urticaria",
    "Indications: infection", "dx: I10", "(E11.9)", "swallow whole", "MAY CAUSE DROWSINESS",
    "may cause dizziness", "avoid alcohol", "do not take with antacids", "with 8 oz of water",
    "30 minutes before food", "qty 30", "#90", "3 refills", "disp 60 tabs", "(90 day supply)",
    "start date 01/03/2024", "starting 3/15/24", "from 2024-01-31", "**new dose**",
    "call if no better", "needs appointment before next refill", "as directed", "via peg tube",
    "related to essential hypertension (I10)", "then review", "review in 2 weeks",
    "review due 12/08/2025", "blood test due June 2024", "repeat bloods at 6 weeks",
    "start taking on: March 4, 2025", "until 30th June", "last refill 03/2024", "patient aged 74",
    "no alcohol until 48 hours after last dose", "flush with 30 ml water before and after",
    "discard open vial after 28 days", "drink at least 2 litres of water a day",
    "wait 4 hours before taking calcium", "do not take within 2 hours of iron or antacids",
    "for BP goal <130/80", "(replaces 20 mg tablets)", "weekly blister pack", "PO/IV",
    "for L5 radiculopathy", "1 hour before or 2 hours after a meal", "stop if rash", "home med",
    "around the clock", "with a full glass (8 oz) of water", "begin 2 days before travel",
    "for vitamin B12 deficiency", "hold for loose stools", "(phased dispensing, weekly)",
    "related to essential (primary) hypertension (I10)", "hold if SBP < 100 or HR < 55",
]  # fmt: skip
SIGNS = st.sampled_from([" ", ", ", ". ", "; ", " - "])


@dataclass
class Built:
    """A text, what its parts say, and whether the parts agree with each other."""

    text: str
    low: Fraction
    high: Fraction
    days: int | None
    prn: bool


@st.composite
def built(draw: st.DrawFn) -> Built:
    dose, dose_low, dose_high = draw(st.sampled_from(DOSES))
    often, low, high = draw(st.sampled_from(OFTEN))
    course, days = draw(st.sampled_from([("", None), *COURSES]))
    prn = draw(st.booleans())
    asides = draw(st.lists(st.sampled_from(ASIDES), unique=True, max_size=3))
    head = draw(st.sampled_from(["take ", "", "Give ", "Sig: "]))
    parts = [often, *([course] if course else []), *(["as needed"] if prn else []), *asides]
    text = head + dose
    for part in draw(st.permutations(parts)):
        text += draw(SIGNS) + part
    return Built(text, F(0) if prn else dose_low * low, dose_high * high, days, prn)


def reading(text: str) -> list[dict[str, Any]] | None:
    rows = read_directions(pl.Series([text])).to_dicts()
    return None if rows[0]["unreadable"] is not None else rows


def ratio(value: dict[str, int] | None) -> Fraction | None:
    return None if value is None else Fraction(value["over"], value["under"])


@given(built())
def test_what_is_read_is_what_the_parts_say(made: Built) -> None:
    rows = reading(made.text)
    if rows is None:
        return
    (row,) = rows
    assert (ratio(row["daily_min"]), ratio(row["daily_max"])) == (made.low, made.high)
    assert (row["days"], row["prn"]) == (made.days, made.prn)


@pytest.mark.parametrize("aside", ASIDES)
def test_every_aside_is_read_and_changes_nothing(aside: str) -> None:
    rows = reading(f"1 tablet twice a day, {aside}")
    assert rows is not None
    assert [(ratio(r["daily_min"]), ratio(r["daily_max"]), r["days"]) for r in rows] == [
        (2, 2, None)
    ]


@given(st.lists(built(), min_size=30, max_size=30))
def test_most_of_what_is_put_together_is_read(texts: list[Built]) -> None:
    read = [made.text for made in texts if reading(made.text) is not None]
    assert len(read) >= 15


@given(built(), st.sampled_from(DOSES), SIGNS)
def test_a_second_dose_is_never_passed_over(
    made: Built, dose: tuple[str, Fraction, Fraction], sign: str
) -> None:
    rows = reading(made.text + sign + dose[0])
    if rows is None:
        return
    one = ratio(rows[0]["daily_max"])
    assert len(rows) > 1 or one != made.high or dose[0] in made.text


MOMENTS = [
    ("in the morning", "mane", "am", "at breakfast", "qam"),
    ("at noon", "midday", "with lunch", "at 1 pm"),
    ("at bedtime", "nocte", "hs", "at night", "qhs"),
]
AMOUNTS = [("1 tablet", F(1)), ("2 tabs", F(2)), ("1/2 tab", F(1, 2)), ("1½ tablets", F(3, 2))]
THEN = [" then ", ", then ", "; ", ", "]


@st.composite
def split_doses(draw: st.DrawFn) -> tuple[str, Fraction]:
    """Two or three doses of one day at their own times."""
    times = draw(st.sampled_from([(0, 2), (0, 1), (0, 1, 2), (1, 2)]))
    doses = [draw(st.sampled_from(AMOUNTS)) for _ in times]
    said = [
        f"{dose[0]} {draw(st.sampled_from(MOMENTS[time]))}"
        for dose, time in zip(doses, times, strict=True)
    ]
    joint = draw(st.sampled_from([", ", " and ", " + ", "; "]))
    aside = draw(st.sampled_from(["", *ASIDES]))
    text = joint.join(said) + (draw(SIGNS) + aside if aside else "")
    return text, sum((amount for _, amount in doses), F(0))


@given(split_doses())
def test_split_doses_are_summed(made: tuple[str, Fraction]) -> None:
    rows = reading(made[0])
    if rows is not None:
        assert [ratio(row["daily_max"]) for row in rows] == [made[1]]
        assert ratio(rows[0]["daily_min"]) == made[1]


@st.composite
def tapers(draw: st.DrawFn) -> tuple[str, list[tuple[Fraction, int | None]]]:
    """Two to four phases, each with its length but perhaps the last."""
    phases: list[tuple[Fraction, int | None]] = []
    said = []
    count = draw(st.integers(min_value=2, max_value=4))
    for number in range(count):
        dose, low, _ = draw(st.sampled_from([d for d in DOSES if d[1] == d[2]]))
        often, times, _ = draw(st.sampled_from([o for o in OFTEN if o[1] == o[2]]))
        course, days = draw(st.sampled_from(COURSES))
        if number == count - 1 and draw(st.booleans()):
            course, days = "", None
        phases.append((low * times, days))
        said.append(f"{dose} {often} {course}".strip())
    aside = draw(st.sampled_from(["", *ASIDES]))
    text = draw(st.sampled_from(THEN)).join(said)
    return text + (draw(SIGNS) + aside if aside else ""), phases


@given(
    st.sampled_from([d for d in DOSES if d[1] == d[2]]),
    st.lists(st.sampled_from(COURSES), min_size=2, max_size=4),
    st.sampled_from([", ", "; ", ", then ", " then "]),
)
def test_a_taper_may_change_only_how_often(
    dose: tuple[str, Fraction, Fraction], courses: list[tuple[str, int]], sign: str
) -> None:
    often = [("four times a day", 4), ("TID", 3), ("twice a day", 2), ("daily", 1)]
    stretches = list(zip(often, courses, strict=False))
    said = sign.join(f"{words} {course}" for (words, _), (course, _) in stretches)
    rows = reading(f"{dose[0]} {said}")
    wanted = [(dose[1] * times, days) for (_, times), (_, days) in stretches]
    assert rows is None or [(ratio(row["daily_max"]), row["days"]) for row in rows] == wanted


def test_a_taper_that_changes_only_how_often_is_read() -> None:
    rows = reading("1 drop qid x 1 wk, tid x 1 wk, bid x 1 wk, qd x 1 wk")
    assert rows is not None
    assert [(ratio(row["daily_max"]), row["days"]) for row in rows] == [
        (4, 7), (3, 7), (2, 7), (1, 7),
    ]  # fmt: skip


@given(tapers())
def test_the_phases_of_a_taper_are_those_that_were_written(
    made: tuple[str, list[tuple[Fraction, int | None]]],
) -> None:
    rows = reading(made[0])
    if rows is not None:
        assert [(ratio(row["daily_max"]), row["days"]) for row in rows] == made[1]
