"""Records of DRUG_EXPOSURE become orders: drug, dose, length, and which of them count."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from screener.checks.bucket import screen_bucket
from screener.errors import InputRefused, UsageError
from screener.sources import read_export
from screener.tables import Tables
from tests.sources.omop_small import exposure, orders, taken, written

DRUG = ["drug", "drug_code", "drug_code_system", "route"]
STRENGTH = ["strength_value", "strength_unit", "strength_per_value", "strength_per_unit"]
DOSE = ["dose_min", "dose_unit", "frequency_count", "frequency_period_days"]
LENGTH = ["days_supply", "stop_date"]


def daily_dose(rows: pl.DataFrame) -> list[tuple[int | None, int | None, str]]:
    """The daily dose of each order as the timeline sees it: low and high (µg), and how."""
    supplied = {"prescriptions": frozenset(rows.columns)}
    tables = Tables(prescriptions=rows, supplied=supplied)
    found = screen_bucket(tables, (), dt.date(2024, 12, 31)).orders
    return found.select("dose_low_ug", "dose_high_ug", "derivation").rows()


def test_a_drug_has_its_concepts_name_and_its_ingredients_code(tmp_path: Path) -> None:
    found = orders(tmp_path, exposure())
    assert found.select(DRUG).rows() == [("baclofen 20 MG Oral Tablet", "1292", "rxnorm", "Oral")]


def test_a_drug_without_concept_has_its_source_value(tmp_path: Path) -> None:
    found = orders(tmp_path, exposure(drug_concept_id=0, drug_source_value="Lioresal 10mg tab"))
    assert found["drug"].to_list() == ["Lioresal 10mg tab"]
    assert found["drug_code"].to_list() == [None]
    (notice,) = [n for n in taken(tmp_path).notices if "source text" in n]
    assert notice.startswith("drug_exposure.csv: 1 rows")


@pytest.mark.parametrize(
    ("record", "strength", "micrograms"),
    [
        # 84 tablets of 20 mg in 28 days
        ({}, ("20", "mg", None, None), 60_000),
        # 420 mL of 1 mg/mL in 28 days
        ({"drug_concept_id": 12, "quantity": 420}, ("1", "mg", 1.0, "mL"), 15_000),
        # 2 bottles of 150 mL, each 750 mg, in 50 days
        (
            {"drug_concept_id": 13, "quantity": 2, "days_supply": 50},
            ("750", "mg", 150.0, "mL"),
            30_000,
        ),
        # a patch gives 25 micrograms an hour
        (
            {"drug_concept_id": 14, "quantity": 10, "days_supply": 30, "route_concept_id": 0},
            ("0.025", "mg/h", None, None),
            600,
        ),
    ],
)
def test_a_dose_is_quantity_times_strength_by_days(
    record: dict[str, Any], strength: tuple[Any, ...], micrograms: int, tmp_path: Path
) -> None:
    found = orders(tmp_path, exposure(**record))
    assert found.select(STRENGTH).row(0) == strength
    ((low, high, _),) = daily_dose(found)
    assert (low, high) == (micrograms, micrograms)


def test_a_person_can_check_the_derivation(tmp_path: Path) -> None:
    ((_, _, how),) = daily_dose(orders(tmp_path, exposure()))
    assert how == "84 per 28 days × 1 tablet × 20 mg = 60 mg/day"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"drug_concept_id": 13, "quantity": 150}, "150 bottles of 150 mL, or 150 mL"),
        ({"drug_concept_id": 15, "quantity": 24}, "taken weekly: a supply does not say how often"),
        ({"drug_concept_id": 17, "quantity": 5}, "a strength in units is no mass"),
        ({"quantity": 0}, "a quantity of 0 is unknown"),
        ({"quantity": None}, "no quantity"),
        ({"days_supply": None}, "no days"),
        ({"sig": "as the ward said"}, "directions say it, not the supply"),
        ({"drug_type_concept_id": 38000180}, "one administration of several a day"),
    ],
)
def test_no_dose_is_made_where_a_supply_does_not_say_it(
    record: dict[str, Any], why: str, tmp_path: Path
) -> None:
    found = orders(tmp_path, exposure(**record))
    assert found.select(DOSE).row(0) == (None, None, None, None), why
    assert found["sig"].to_list() == [record.get("sig")]


def test_a_product_of_several_ingredients_takes_the_strengths_of_its_name(tmp_path: Path) -> None:
    found = orders(tmp_path, exposure(drug_concept_id=16, quantity=56))
    assert found.select(STRENGTH).row(0) == (None, None, None, None)
    doses = {high for _, high, _ in daily_dose(found)}
    assert doses == {2 * 325_000, 2 * 10_000}


def test_without_drug_strength_the_name_gives_the_strength(tmp_path: Path) -> None:
    found = orders(tmp_path, exposure(), drug_strength=[])
    assert found.select(STRENGTH).row(0) == (None, None, None, None)
    ((low, high, _),) = daily_dose(found)
    assert (low, high) == (60_000, 60_000)


@pytest.mark.parametrize(
    ("record", "length", "stop"),
    [
        ({}, 28, None),
        # ended before the supply: the end is the last day, the stop the first day not taken
        ({"drug_exposure_end_date": "2024-03-10"}, 28, dt.date(2024, 3, 11)),
        # an end on the start only fills the column
        ({"drug_exposure_end_date": "2024-03-01"}, 28, None),
        # unless the source recorded it
        (
            {"drug_exposure_end_date": "2024-03-01", "verbatim_end_date": "2024-03-01"},
            28,
            dt.date(2024, 3, 2),
        ),
        # longer than the supply: early refills and leftovers are the timeline's business
        ({"drug_exposure_end_date": "2024-04-30"}, 28, None),
        ({"days_supply": None, "drug_exposure_end_date": "2024-03-10"}, 10, None),
        # start, start + 29 and start + 89 are the conventions' inferred ends
        ({"days_supply": None, "drug_exposure_end_date": "2024-03-01"}, None, None),
        ({"days_supply": None, "drug_exposure_end_date": "2024-03-30"}, None, None),
        ({"days_supply": 0, "drug_exposure_end_date": "2024-05-29"}, None, None),
        (
            {
                "days_supply": None,
                "drug_exposure_end_date": "2024-03-30",
                "verbatim_end_date": "2024-03-30",
            },
            30,
            None,
        ),
        # an administration does last one day
        (
            {
                "days_supply": None,
                "drug_exposure_end_date": "2024-03-01",
                "drug_type_concept_id": 32818,
            },
            1,
            None,
        ),
        # an end before the start stays impossible
        ({"drug_exposure_end_date": "2024-02-01"}, 28, dt.date(2024, 2, 1)),
    ],
)
def test_the_length_of_an_order(
    record: dict[str, Any], length: int | None, stop: dt.date | None, tmp_path: Path
) -> None:
    found = orders(tmp_path, exposure(**record))
    assert found.select(LENGTH).row(0) == (length, stop)


def test_inferred_ends_are_counted_aloud(tmp_path: Path) -> None:
    inferred = {"days_supply": None, "drug_exposure_end_date": "2024-03-30"}
    written(tmp_path, {"drug_exposure": [exposure(), exposure(drug_exposure_id=2, **inferred)]})
    (notice,) = [n for n in taken(tmp_path).notices if "inferred" in n]
    assert notice.startswith("drug_exposure.csv: 1 rows without days_supply")


def test_what_was_dispensed_counts_and_not_what_was_written_for_the_same_person(
    tmp_path: Path,
) -> None:
    records = [
        exposure(drug_exposure_id=1, drug_type_concept_id=38000177),
        exposure(drug_exposure_id=2, drug_type_concept_id=32825),
        exposure(drug_exposure_id=3, drug_type_concept_id=32865),
        exposure(drug_exposure_id=4, drug_type_concept_id=38000177, person_id=8),
        exposure(drug_exposure_id=5, drug_type_concept_id=38000182, person_id=8),
        exposure(drug_exposure_id=6, drug_type_concept_id=32817, person_id=8),
    ]
    found = orders(tmp_path, *records)
    assert dict(found.select("prescription_id", "dispensed").iter_rows()) == {
        "2": True,
        "3": None,
        "4": None,
        "6": None,
    }
    intake = taken(tmp_path)
    (file,) = [f for f in intake.files if f.table == "prescriptions"]
    assert (file.records, file.kept, file.left_out) == (6, 4, 2)
    said = [n for n in intake.notices if "rows left out: " in n]
    assert [n.split(": ")[1] for n in said] == ["1 rows left out", "1 rows left out"]


@pytest.mark.parametrize(
    ("reason", "status"),
    [("Entered in error", "entered-in-error"), ("regimen completed", None), (None, None)],
)
def test_a_stop_reason_that_says_nothing_was_taken_is_the_status(
    reason: str | None, status: str | None, tmp_path: Path
) -> None:
    assert orders(tmp_path, exposure(stop_reason=reason))["status"].to_list() == [status]


def test_the_site_is_the_care_site_of_the_provider(tmp_path: Path) -> None:
    providers = [{"provider_id": 5, "care_site_id": 90}, {"provider_id": 6, "care_site_id": 91}]
    found = orders(tmp_path, exposure(provider_id="5.0"), provider=providers)
    assert found.select("prescriber_id", "site_id").rows() == [("5", "90")]


def test_a_folder_without_drug_exposure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="no table drug_exposure"):
        taken(written(tmp_path, {}))


def test_a_table_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    record = exposure()
    del record["drug_exposure_start_date"]
    with pytest.raises(InputRefused, match="drug_exposure_start_date"):
        taken(written(tmp_path, {"drug_exposure": [record]}))


def test_an_empty_table_counts_as_absent(tmp_path: Path) -> None:
    written(tmp_path, {"drug_exposure": [exposure()]})
    (tmp_path / "measurement.csv").write_text("measurement_id,person_id\n")
    intake = taken(tmp_path)
    assert "labs" not in intake.supplied
    assert "measurement.csv: the table has no record and counts as absent" in intake.notices


def test_single_tables_and_other_addresses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="as a whole"):
        read_export([], mapping="omop", tables={"prescriptions": ["x.csv"]})
    with pytest.raises(UsageError, match="no database"):
        read_export(["mysql://someone:secret@host/cdm"], mapping="omop")


def test_every_record_of_every_table_is_counted(tmp_path: Path) -> None:
    written(tmp_path, {"drug_exposure": [exposure()]})
    counts = {f.name: (f.table, f.records, f.kept) for f in taken(tmp_path).files}
    assert counts == {
        "drug_strength.csv": ("drug_strength", 8, 8),
        "concept.csv": ("concept", 13, 13),
        "drug_exposure.csv": ("prescriptions", 1, 1),
        "person.csv": ("patients", 1, 1),
    }
