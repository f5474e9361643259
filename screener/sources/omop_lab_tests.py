"""Which measurements of an OMOP export are laboratory tests that the screener uses."""

from __future__ import annotations

from functools import cache

import polars as pl

from screener.sources.loinc import LOINC
from screener.terminology import lab_test, lab_test_names


def analyte_of_concept() -> pl.Expr:
    """The analyte of a CONCEPT row, by its LOINC code or else its name; null: not one of ours."""
    code = pl.col("concept_code").replace_strict(LOINC, default=None, return_dtype=pl.String)
    by_code = pl.when(pl.col("vocabulary_id") == "LOINC").then(code)
    by_name = pl.when(pl.col("domain_id") == "Measurement").then(analyte_named("concept_name"))
    return pl.coalesce(by_code, by_name)


def analyte_named(column: str) -> pl.Expr:
    """The text, if it is a name of a test that the lists know; letter case does not matter."""
    plain = pl.col(column).str.strip_chars().str.to_lowercase()
    return pl.when(plain.is_in(_test_names())).then(plain)


@cache
def _test_names() -> list[str]:
    tests = [lab_test(name) for name in lab_test_names()]
    return sorted({name for test in tests if test is not None for name in test[0]})
