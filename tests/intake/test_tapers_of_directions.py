"""A taper in the directions becomes one order a phase, and every record is counted once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from screener.intake import Intake
from screener.intake.directions import with_directions
from screener.tables import typed_schema

Take = Callable[..., Intake]
START = dt.date(2024, 3, 1)
PHASE = ("prescription_id", "start_date", "days_supply", "dose_min", "frequency_count", "quantity")
TAPER = "40 mg daily for 5 days then 20 mg daily for 5 days"
OPEN = "take 25 mg once daily for 14 days, then 50 mg twice daily"


def split(sig: str, **more: object) -> pl.DataFrame:
    row = {
        "prescription_id": "T1", "patient_id": "P", "drug": "prednisone", "sig": sig,
        "start_date": START, "source_file": "prescriptions.csv", "source_row": 7,
    } | more  # fmt: skip
    schema = typed_schema("prescriptions")
    return with_directions(pl.DataFrame([{n: row.get(n) for n in schema}], schema=schema))


def phases(sig: str, **more: object) -> list[tuple[object, ...]]:
    return split(sig, **more).select(PHASE).rows()


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


def test_each_phase_follows_the_one_before() -> None:
    made = split(TAPER, quantity=30.0, days_supply=10)
    assert made.select(PHASE).rows() == [
        ("T1", day(0), 5, 40, 1, None),
        ("T1/2", day(5), 5, 20, 1, None),
    ]
    assert made.select("source_file", "source_row").unique().rows() == [("prescriptions.csv", 7)]
    assert made["sig"].to_list() == [TAPER, TAPER]


@pytest.mark.parametrize(
    ("supply", "last"),
    [(30, 16), (15, 1), (14, None), (10, None), (None, None)],
)
def test_an_open_last_phase_has_the_rest_of_the_supply(
    supply: int | None, last: int | None
) -> None:
    assert phases(OPEN, days_supply=supply) == [
        ("T1", day(0), 14, 25, 1, None),
        ("T1/2", day(14), last, 50, 2, None),
    ]


def test_steps_become_a_phase_each() -> None:
    made = phases("30 mg daily, reduce by 5 mg every 3 days until stopped")
    assert [(row[1], row[2], row[3]) for row in made] == [
        (day(3 * n), 3, 30 - 5 * n) for n in range(6)
    ]


@pytest.mark.parametrize(
    ("sig", "more"),
    [
        ("40 mg daily then 20 mg daily for 5 days", {}),  # no length for the first phase
        ("40 mg daily for 5 days then as directed by the clinic", {}),
        (TAPER, {"dose_min": 1.0}),
        (TAPER, {"days_supply": 0}),
    ],
)
def test_what_cannot_be_placed_stays_one_order_as_it_is(sig: str, more: dict[str, object]) -> None:
    made = split(sig, **more)
    assert made.height == 1
    assert made.select("start_date", "dose_min").row(0) == (day(0), more.get("dose_min"))


def test_a_record_that_gave_several_rows_has_its_phases_already() -> None:
    one = split("1 tablet daily", form="tablet")
    both = pl.concat([one, one.with_columns(prescription_id=pl.lit("T1/2"))]).with_columns(
        *(pl.lit(None, dtype=one.schema[c]).alias(c) for c in ("dose_min", "dose_max", "dose_unit",
          "frequency_count", "frequency_period_days")), sig=pl.lit(TAPER)
    )  # fmt: skip
    assert with_directions(both).equals(both)


def test_an_order_that_names_itself_is_not_ended_by_its_own_phases() -> None:
    assert split(TAPER, replaces="T1")["replaces"].to_list() == ["T1", None]
    assert split(TAPER, replaces="T0")["replaces"].to_list() == ["T0", "T0"]


def test_phases_are_counted_as_added_and_are_no_dates_of_the_export(take: Take) -> None:
    header = "prescription_id,patient_id,drug,start_date,sig"
    rows = [f"T1,P,prednisone,2024-03-01,{TAPER}", "T2,P,prednisone,2024-03-02,1 mg daily"]
    intake = take({"prescriptions.csv": "\n".join([header, *rows]) + "\n"})
    (count,) = intake.files
    assert (count.records, count.added, count.kept) == (2, 1, 3)
    kept = intake.bucket(0).prescriptions
    assert kept["prescription_id"].to_list() == ["T1", "T1/2", "T2"]
    assert intake.latest_date_not_after(dt.date(2030, 1, 1)) == dt.date(2024, 3, 2)
