"""Tapers on the timeline: day by day, as phases, exported again, corrected, supplied again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.intake.directions import with_directions
from screener.tables import Tables, typed_schema
from screener.timeline import Timeline, build
from tests.reference.days import dose_of_day
from tests.reference.lanes import lay_out
from tests.reference.lines import order_lines
from tests.reference.rows import classify, patient_last_day
from tests.reference.tapers import without_restarts
from tests.timeline.orders_of import doses, flags, on, table

TAPER = "20 mg tid for 3 days then 10 mg tid for 2 days then 5 mg bd for 4 days"
DAYS = [(0, 2, 60.0, 60.0), (3, 4, 30.0, 30.0), (5, 8, 10.0, 10.0)]
PATIENT = {"patient_id": "P", "birth_date": dt.date(1975, 6, 15), "sex": "M",
           "observation_start": on(-400), "observation_end": on(60)}  # fmt: skip


def order(number: int, sig: str = TAPER, start: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "prescription_id": f"T{number}", "patient_id": "P", "drug": "baclofen", "route": "oral",
        "form": "tablet", "strength_value": "10", "strength_unit": "mg",
        "strength_per_unit": "tablet", "strength_per_value": 1.0, "sig": sig,
        "start_date": on(start),
    } | more  # fmt: skip


def canonical(*orders: dict[str, Any]) -> pl.DataFrame:
    """What intake makes of these orders, one record each."""
    schema = typed_schema("prescriptions")
    rows = [
        {name: row.get(name) for name in schema}
        | {"source_file": "prescriptions.csv", "source_row": number}
        for number, row in enumerate(orders, 1)
    ]
    return with_directions(pl.DataFrame(rows, schema=schema))


def timeline_of(*orders: dict[str, Any]) -> Timeline:
    return build(Tables(canonical(*orders), table("patients", [PATIENT])), on(60))


def classes(timeline: Timeline) -> list[str]:
    return timeline.rows.sort("row")["row_class"].to_list()


def test_every_day_has_the_dose_of_its_phase_and_the_evidence_names_it() -> None:
    timeline = timeline_of(order(1))
    assert doses(timeline) == DAYS
    assert flags(timeline) == []
    assert timeline.lines.sort("row")["how"].to_list() == [
        "phase 1 of 3: 3 × 20 mg = 60 mg/day",
        "phase 2 of 3: 3 × 10 mg = 30 mg/day",
        "phase 3 of 3: 2 × 5 mg = 10 mg/day",
    ]


def test_an_equal_export_of_a_taper_is_a_duplicate() -> None:
    timeline = timeline_of(order(1), order(1))
    assert doses(timeline) == DAYS
    assert classes(timeline) == ["used"] * 3 + ["duplicate"] * 3


def test_a_corrected_taper_supersedes_all_phases_of_the_older_one() -> None:
    timeline = timeline_of(
        order(1, version="1"), order(1, "10 mg tid for 4 days then 5 mg bd", version="2")
    )
    assert classes(timeline) == ["superseded"] * 3 + ["used"] * 2
    assert doses(timeline) == [(0, 3, 30.0, 30.0)]
    assert flags(timeline) == [("unknown-supply", 4)]


def test_an_order_that_replaces_a_taper_ends_all_its_phases() -> None:
    later = order(2, "5 mg bd", 4, replaces="T1", days_supply=2, strength_value="5")
    assert doses(timeline_of(order(1), later)) == [
        (0, 2, 60.0, 60.0), (3, 3, 30.0, 30.0), (4, 5, 10.0, 10.0),
    ]  # fmt: skip


@pytest.mark.parametrize(("stop", "classed"), [(5, ["used", "used"]), (2, ["used", "excluded"])])
def test_a_phase_that_was_to_begin_after_the_stop_never_began(
    stop: int, classed: list[str]
) -> None:
    timeline = timeline_of(order(1, stop_date=on(stop)))
    assert classes(timeline) == [*classed, "excluded"]
    assert max(run[1] for run in doses(timeline)) == stop - 1
    assert flags(timeline) == []


def test_a_phase_of_the_future_raises_no_flag() -> None:
    timeline = timeline_of(order(1, start=57))
    assert doses(timeline) == [(57, 59, 60.0, 60.0), (60, 61, 30.0, 30.0)]
    assert classes(timeline) == ["used", "used", "excluded"]
    assert flags(timeline) == []


def test_a_whole_taper_of_the_future_is_flagged_once() -> None:
    timeline = timeline_of(order(1, start=70))
    assert classes(timeline) == ["excluded"] * 3
    assert flags(timeline) == [("impossible-date", 70)]


@pytest.mark.parametrize(("start", "known"), [(9, False), (23, False), (24, True), (4, False)])
def test_a_taper_supplied_again_begins_anew_only_after_a_break(start: int, known: bool) -> None:
    timeline = timeline_of(order(1), order(2, start=start))
    again = timeline.lines.filter(pl.col("prescription_id").str.starts_with("T2"))
    assert (again["low"].null_count() == 0) is known
    assert (("unreadable-sig", start) in flags(timeline)) is not known


def test_a_taper_that_replaces_the_one_before_counts_as_written() -> None:
    timeline = timeline_of(order(1), order(2, start=4, replaces="T1"))
    shifted = [(first + 4, last + 4, low, high) for first, last, low, high in DAYS]
    assert doses(timeline) == [(0, 2, 60.0, 60.0), (3, 3, 30.0, 30.0), *shifted]


AMOUNT = st.sampled_from(["5 mg", "10 mg", "20 mg", "1 tablet", "2 tablets", "5-10 mg"])
OFTEN = st.sampled_from(["daily", "bd", "tid", "every other day"])
LENGTH = st.integers(min_value=1, max_value=9)


@st.composite
def sigs(draw: st.DrawFn) -> str:
    """A taper of two to four phases, in mg or in tablets; the last one may be open."""
    count = draw(st.integers(min_value=2, max_value=4))
    tablets = draw(st.booleans())
    parts = []
    for number in range(count):
        amount = draw(AMOUNT.filter(lambda text: ("tablet" in text) is tablets))
        length = f" for {draw(LENGTH)} days"
        if number == count - 1 and draw(st.booleans()):
            length = ""
        parts.append(f"{amount} {draw(OFTEN)}{length}")
    return " then ".join(parts)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    texts = [draw(sigs()), "10 mg bd for 7 days"]
    rows = []
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        start = draw(st.integers(min_value=0, max_value=50))
        more = {
            "days_supply": draw(st.sampled_from([None, 5, 20, 30])),
            "stop_date": draw(st.sampled_from([None, None, on(start), on(start + 6)])),
            "version": draw(st.sampled_from([None, "1", "2"])),
            "strength_value": draw(st.sampled_from(["10", "5"])),
        }
        number = draw(st.integers(min_value=1, max_value=3))
        more["replaces"] = draw(st.sampled_from([None, f"T{number % 3 + 1}"]))
        rows.append(order(number, draw(st.sampled_from(texts)), start, **more))
    return rows


@settings(deadline=None)
@given(histories())
def test_the_slow_reference_agrees_day_by_day(orders: list[dict[str, Any]]) -> None:
    rows = canonical(*orders)
    timeline = build(Tables(rows, table("patients", [PATIENT])), on(60))
    last_day = patient_last_day(PATIENT, on(60))
    classed, _ = classify(rows.to_dicts(), PATIENT["birth_date"], last_day)
    assert classes(timeline) == [row.row_class for row in classed]
    used = [row.order for row in classed if row.row_class == "used"]
    used = without_restarts(used, rows.to_dicts())
    lines = [line for n, one in enumerate(used) for line in order_lines(one, n)[0]]
    placed = lay_out(lines, used)
    slow = [dose_of_day(placed, on(day)) for day in range(61)]
    fast = {
        day: (low, high)
        for first, last, low, high in doses(timeline)
        for day in range(first, min(last, 60) + 1)
    }
    wanted = {
        day: (dose.low / 1000, dose.scheduled_high / 1000)
        for day, dose in enumerate(slow)
        if dose.scheduled_runs
    }
    assert fast == wanted
