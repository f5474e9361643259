"""LOINC codes of the laboratory tests and measurements that rules can use.

Source: LOINC (Regenstrief Institute), code and long common name. Codes of urine or of ratios are
not here: a creatinine of the urine is no kidney function.
"""

from __future__ import annotations

from functools import cache

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
_HEIGHT = frozenset({"body height", "body_height"})


@cache
def _by_name() -> dict[str, frozenset[str]]:
    """Name of a test, lower case -> the units (lower case, no blanks) that it may have."""
    found: dict[str, frozenset[str]] = {}
    for test in lab_test_names():
        known = lab_test(test)
        if known is not None:
            found |= dict.fromkeys(known[0], frozenset(unit for unit, _ in known[1]))
    return found


@cache
def analyte_named(text: str) -> str | None:
    """The test that a text names, null when it is none of ours; letter case does not matter."""
    plain = " ".join(text.lower().split())
    if plain in _HEIGHT:
        return "body_height"
    if plain == "body weight":
        return "body_weight"
    return plain if plain in _by_name() else None


def units_of_analyte(analyte: str) -> frozenset[str]:
    """The units (lower case, no blanks) in which a test can be used; empty: any."""
    return _by_name().get(analyte, frozenset())
