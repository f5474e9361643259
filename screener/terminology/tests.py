"""Laboratory tests as exports call them: the names of a test, and its units with their factors.

`data/tests.csv` holds them. A panel such as a full blood count is known by any of its tests and
has no unit, since its tests have many.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from screener.terminology.lists import entries, read_list

_MICRO = ("u", "\u00b5", "\u03bc", "mc")  # plain letter, micro sign, Greek letter, and "mc"
_MICRO_UNITS = ("ug/", "umol/")


@cache
def _tests() -> dict[str, tuple[frozenset[str], tuple[tuple[str, float], ...]]]:
    rows = read_list("tests").select("test", entries("names"), entries("units"))
    return {
        test: (frozenset(name.lower() for name in names), _factors(units))
        for test, names, units in rows.iter_rows()
    }


def _factors(units: list[str]) -> tuple[tuple[str, float], ...]:
    """`umol/L=1/88.4` as umol/l -> 1/88.4, once for every way to write micro."""
    found: dict[str, float] = {}
    for text in units:
        unit, _, factor = text.lower().replace(" ", "").partition("=")
        above, _, below = factor.partition("/")
        number = float(Fraction(above) / Fraction(below or "1"))
        for written in _spellings(unit):
            found.setdefault(written, number)
    return tuple(found.items())


def _spellings(unit: str) -> tuple[str, ...]:
    if not unit.startswith(_MICRO_UNITS):
        return (unit,)
    return tuple(f"{micro}{unit[1:]}" for micro in _MICRO)


def lab_test(name: str) -> tuple[frozenset[str], tuple[tuple[str, float], ...]] | None:
    """The names of a test (lower case) and its units; None when no test list has that name.

    Each unit (lower case, no blanks) has the factor that makes a value one of the first unit,
    whose factor is 1: creatinine in umol/l times 1/88.4 is mg/dl. A panel has no units.
    """
    return _tests().get(" ".join(name.strip().lower().replace("_", " ").split()))


def lab_test_names() -> tuple[str, ...]:
    """The names of the test lists, in alphabetical order."""
    return tuple(sorted(_tests()))
