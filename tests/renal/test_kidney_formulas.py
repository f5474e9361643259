"""Worked examples of the kidney formulas, to the decimals that they were printed with."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import polars as pl
import pytest

from screener import renal

HERE = Path(__file__).parent
SI_MICRO = "µmol/L", "μmol/L", "umol/L", "UMOL/L", "mcmol/L", "micromol/L", "umol / l"


def _with_creatinine(file: str) -> pl.DataFrame:
    return pl.read_csv(HERE / file).with_columns(
        mg_dl=renal.creatinine_mg_dl(pl.col("creatinine"), pl.col("unit")),
        **({"female": pl.col("sex") == "F"} if file != "children.csv" else {}),
    )


def _adults() -> pl.DataFrame:
    scr, age, female = pl.col("mg_dl"), pl.col("age_years"), pl.col("female")
    height, weight = pl.col("height_cm"), pl.col("weight_kg")
    ideal = renal.devine_ideal_weight(height, female)
    adjusted = renal.adjusted_weight(ideal, weight)
    bsa = renal.mosteller_bsa(height, weight)
    egfr = renal.ckd_epi_2021(scr, age, female)
    return _with_creatinine("adults.csv").with_columns(
        got_ckd_epi_2021=egfr,
        got_ckd_epi_2009=renal.ckd_epi_2009(scr, age, female),
        got_mdrd_4=renal.mdrd_4(scr, age, female),
        got_cockcroft_gault_actual=renal.cockcroft_gault(scr, age, weight, female),
        got_ideal_weight_kg=ideal,
        got_adjusted_weight_kg=adjusted,
        got_cockcroft_gault_ideal=renal.cockcroft_gault(scr, age, ideal, female),
        got_cockcroft_gault_adjusted=renal.cockcroft_gault(scr, age, adjusted, female),
        got_bsa_m2=bsa,
        got_ckd_epi_2021_ml_min=renal.de_indexed(egfr, bsa),
    )


@pytest.mark.parametrize(
    "column",
    [
        "ckd_epi_2021",
        "ckd_epi_2009",
        "mdrd_4",
        "cockcroft_gault_actual",
        "ideal_weight_kg",
        "adjusted_weight_kg",
        "cockcroft_gault_ideal",
        "cockcroft_gault_adjusted",
        "bsa_m2",
        "ckd_epi_2021_ml_min",
    ],
)
def test_every_worked_adult_agrees_to_two_decimals(column: str) -> None:
    adults = _adults()
    assert adults.height == 28
    off = adults.filter((pl.col(f"got_{column}") - pl.col(column)).abs() > 0.00501)
    assert off.select("example", column, f"got_{column}").is_empty(), off
    assert adults[f"got_{column}"].null_count() == 0


def test_children_by_bedside_schwartz_agree_to_two_decimals() -> None:
    children = _with_creatinine("children.csv").with_columns(
        got=renal.bedside_schwartz(pl.col("height_cm"), pl.col("mg_dl"))
    )
    assert (children["got"] - children["bedside_schwartz"]).abs().max() <= 0.00501  # type: ignore[operator]


def test_a_hundredth_of_a_milligram_falls_on_the_right_side_of_a_cut_off() -> None:
    pairs = _with_creatinine("boundaries.csv").with_columns(
        got=renal.ckd_epi_2021(pl.col("mg_dl"), pl.col("age_years"), pl.col("female"))
    )
    for row in pairs.iter_rows(named=True):
        assert round(row["got"], row["decimals"]) == pytest.approx(row["ckd_epi_2021"])
        assert (row["got"] < row["cut_off"]) == (row["ckd_epi_2021"] < row["cut_off"])


def test_a_woman_in_2009_gets_the_unrounded_constant() -> None:
    one = pl.DataFrame({"scr": [0.7], "age": [0], "female": [True]})
    got = one.select(renal.ckd_epi_2009(pl.col("scr"), pl.col("age"), pl.col("female"))).item()
    assert got == pytest.approx(141 * 1.018)


@pytest.mark.parametrize(
    "missing", ["scr", "age", "female"], ids=["no creatinine", "no age", "no sex"]
)
def test_a_missing_argument_gives_no_estimate(missing: str) -> None:
    row = {"scr": 1.0, "age": 50, "female": True, "weight": 70.0} | {missing: None}
    frame = pl.DataFrame(
        [row],
        schema={
            "scr": pl.Float64,
            "age": pl.Int32,
            "female": pl.Boolean,
            "weight": pl.Float64,
        },
    )
    scr, age, female = pl.col("scr"), pl.col("age"), pl.col("female")
    got = frame.select(
        a=renal.ckd_epi_2021(scr, age, female),
        b=renal.ckd_epi_2009(scr, age, female),
        c=renal.mdrd_4(scr, age, female),
        d=renal.cockcroft_gault(scr, age, pl.col("weight"), female),
    )
    assert got.row(0) == (None, None, None, None)


def _mg_dl(value: float | None, unit: str | None) -> float | None:
    frame = pl.DataFrame({"v": [value], "u": [unit]}, schema={"v": pl.Float64, "u": pl.String})
    got: float | None = frame.select(renal.creatinine_mg_dl(pl.col("v"), pl.col("u"))).item()
    return got


@pytest.mark.parametrize("unit", SI_MICRO)
def test_every_spelling_of_micromoles_reads_the_same(unit: str) -> None:
    assert _mg_dl(88.4, unit) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (88.4, "µmol/litre"),
        (88.4, "micromoles per liter"),
        (88.4, "umol per L"),
        (0.0884, "millimoles per litre"),
        (1.0, "mg per dL"),
        (1.0, "mg/100 mL"),
        (1.0, "mg%"),
        (1.0, "Milligrams/dL"),
        (88.4, "µmol/\u200bL"),
    ],
)
def test_a_unit_in_words_is_the_unit(value: float, unit: str) -> None:
    assert _mg_dl(value, unit) == pytest.approx(1.0)


@pytest.mark.parametrize("unit", ["litre umol", "umol/litres2", "xxmg/dL", "mg/dLx", "nmol/L"])
def test_a_unit_that_only_holds_a_known_one_is_another(unit: str) -> None:
    assert _mg_dl(1.0, unit) is None


def test_millimoles_are_a_thousand_micromoles() -> None:
    assert _mg_dl(0.0884, "mmol/L") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "unit", "usable"),
    [
        (0.1, "mg/dL", True),
        (0.0999, "mg/dL", False),
        (25.0, "mg/dL", True),
        (25.01, "mg/dL", False),
        (8.84, "umol/L", True),
        (2210.0, "umol/L", True),
        (2211.0, "umol/L", False),
        (2.21, "mmol/L", True),
        (115.0, "mg/dL", False),
        (1.0, "g/L", False),
        (1.0, None, False),
        (1.0, "", False),
        (None, "mg/dL", False),
        (math.nan, "mg/dL", False),
        (-1.0, "mg/dL", False),
    ],
)
def test_a_creatinine_outside_the_plausible_range_or_unit_is_not_used(
    value: float | None, unit: str | None, usable: bool
) -> None:
    assert (_mg_dl(value, unit) is not None) is usable


@pytest.mark.parametrize(
    ("birth", "on", "years"),
    [
        ((1950, 6, 15), (2020, 6, 14), 69),
        ((1950, 6, 15), (2020, 6, 15), 70),
        ((2004, 2, 29), (2022, 2, 28), 17),
        ((2004, 2, 29), (2022, 3, 1), 18),
        ((2004, 2, 29), (2024, 2, 28), 19),
        ((2004, 2, 29), (2024, 2, 29), 20),
        ((2000, 1, 1), (2000, 1, 1), 0),
        ((2000, 12, 31), (2001, 1, 1), 0),
        ((2001, 1, 1), (2000, 12, 31), -1),
    ],
)
def test_age_is_in_completed_years(
    birth: tuple[int, int, int], on: tuple[int, int, int], years: int
) -> None:
    frame = pl.DataFrame({"birth": [dt.date(*birth)], "on": [dt.date(*on)]})
    assert frame.select(renal.completed_years(pl.col("birth"), pl.col("on"))).item() == years
