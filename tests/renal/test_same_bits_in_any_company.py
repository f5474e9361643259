"""A patient's kidney function is the same to the last bit, whoever shares the frame.

Buckets differ between engines and nights, and their results must not.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from screener import renal

ROWS = pl.DataFrame(
    {
        "creatinine": [0.5 + 0.01 * i for i in range(200)],
        "age": [18 + i % 80 for i in range(200)],
        "female": [i % 2 == 0 for i in range(200)],
        "weight": [40.0 + 0.7 * i for i in range(200)],
        "height": [140.0 + 0.3 * i for i in range(200)],
        "unit": ["umol/L" if i % 3 else "mmol/L" for i in range(200)],
    }
)
creatinine, age, female, weight, height = map(
    pl.col, ("creatinine", "age", "female", "weight", "height")
)
FORMULAS: dict[str, Callable[[], pl.Expr]] = {
    "CKD-EPI 2021": lambda: renal.ckd_epi_2021(creatinine, age, female),
    "CKD-EPI 2009": lambda: renal.ckd_epi_2009(creatinine, age, female),
    "MDRD": lambda: renal.mdrd_4(creatinine, age, female),
    "Cockcroft-Gault": lambda: renal.cockcroft_gault(creatinine, age, weight, female),
    "Schwartz": lambda: renal.bedside_schwartz(height, creatinine),
    "Mosteller": lambda: renal.mosteller_bsa(height, weight),
    "Devine": lambda: renal.devine_ideal_weight(height, female),
    "de-indexed": lambda: renal.de_indexed(creatinine * 50, weight),
    "creatinine": lambda: renal.creatinine_mg_dl(creatinine * 100, pl.col("unit")),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_rows_alone_in_threes_and_by_sex_give_the_same_bits(formula: str) -> None:
    made = FORMULAS[formula]().alias("made")
    together = ROWS.select(made)["made"]
    for height_of_slice in (1, 3):
        slices = [
            ROWS[begin : begin + height_of_slice].select(made)["made"]
            for begin in range(0, ROWS.height, height_of_slice)
        ]
        assert pl.concat(slices).to_list() == together.to_list()
    for sex in (True, False):
        alone = ROWS.filter(female == sex).select(made)["made"]
        assert alone.to_list() == together.filter(ROWS["female"] == sex).to_list()
