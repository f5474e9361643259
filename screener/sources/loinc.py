"""LOINC codes of the laboratory tests and measurements that rules can use.

Source: LOINC (Regenstrief Institute), code and long common name. Codes of urine or of ratios are
not here: a creatinine of the urine is no kidney function.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from screener.terminology import lab_test, lab_test_names

# LOINC code -> analyte, a name that terminology/data/tests.csv knows (or body_height).
LOINC: dict[str, str] = {
    **dict.fromkeys(("2160-0", "38483-4", "14682-9"), "creatinine"),
    **dict.fromkeys(
        ("33914-3", "48642-3", "48643-1", "50044-7", "62238-1", "69405-9", "77147-7", "88293-6",
         "88294-4", "98979-8"),
        "egfr",
    ),
    **dict.fromkeys(("2823-3", "6298-4"), "potassium"),
    **dict.fromkeys(("2951-2", "2947-0"), "sodium"),
    "14334-7": "lithium",
    "10535-3": "digoxin",
    **dict.fromkeys(("6301-6", "34714-6"), "inr"),
    **dict.fromkeys(("718-7", "20509-6"), "haemoglobin"),
    **dict.fromkeys(("777-3", "26515-7"), "platelets"),
    **dict.fromkeys(("6690-2", "26464-8"), "white blood cells"),
    **dict.fromkeys(("58410-2", "57021-8"), "full blood count"),
    **dict.fromkeys(("1742-6", "1743-4"), "alt"),
    "1920-8": "ast",
    "6768-6": "alkaline phosphatase",
    "1975-2": "total bilirubin",
    "2324-2": "ggt",
    **dict.fromkeys(("3016-3", "11580-8"), "tsh"),
    "3024-7": "free t4",
    **dict.fromkeys(("29463-7", "3141-9"), "body_weight"),
    **dict.fromkeys(("8302-2", "3137-7"), "body_height"),
}  # fmt: skip
# Names of body measurements -> what the intake knows them by; all other tests keep their name.
_BODY = {"body weight": "body_weight", "body height": "body_height", "body_height": "body_height"}


@cache
def _units_by_name() -> dict[str, frozenset[str]]:
    """Name of a test, lower case -> the units (lower case, no blanks) that it may have."""
    found: dict[str, frozenset[str]] = {}
    for test in lab_test_names():
        known = lab_test(test)
        if known is not None:
            found |= dict.fromkeys(known[0], frozenset(unit for unit, _ in known[1]))
    return found


@cache
def analytes_by_name() -> dict[str, str]:
    """Name of a test (lower case, one blank between words) -> its analyte."""
    return {name: name for name in _units_by_name()} | _BODY


@cache
def analyte_named(text: str) -> str | None:
    """The test that a text names, null when it is none of ours; letter case does not matter."""
    return analytes_by_name().get(" ".join(text.lower().split()))


def analytes_named(texts: pl.Expr) -> pl.Expr:
    """`analyte_named` of a column."""
    plain = texts.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    return plain.replace_strict(analytes_by_name(), default=None, return_dtype=pl.String)


def units_of_analyte(analyte: str) -> frozenset[str]:
    """The units (lower case, no blanks) in which a test can be used; empty: any."""
    return _units_by_name().get(analyte, frozenset())
