"""Shrunk patients with several drugs on whom the two engines once disagreed; kept for good."""

from __future__ import annotations

from tests.properties.kept_cases import ADULT
from tests.reference.drawn import Row, day, order, tablet
from tests.reference.histories import ALWAYS, Bucket, History

SLOW: Row = {"form": "modified-release tablet"}
NO_FORM: Row = {"form": None}
NOBODY_KNOWS: Row = {"route": None, "form": None, "dose_unit": "mg", "dose_min": 10.0}
COMBINED: Row = {"strength_value": "30/500", "dose_min": 2.0}


def _kept(*orders: Row, **more: list[Row]) -> Bucket:
    return Bucket([History(list(orders), ADULT, **more)], day(190))


KEPT_CLASSES: tuple[tuple[str, Bucket], ...] = (
    (
        "what a modified-release line would add is nothing to immediate-release ones",
        _kept(
            order("zolpidem", 0, 30, "12.5", **SLOW),
            order("zolpidem", 2, 2, "5", 2, **NO_FORM),
        ),
    ),
    (
        "a partner given nobody knows how is of immediate release",
        _kept(
            order("morphine", 0, 30, "10", 2),
            order("zolpidem", 0, 28, "12.5", **NOBODY_KNOWS),
        ),
    ),
    (
        "a combination is not replaced by one of its parts, and is summed with it",
        _kept(
            order("codeine", 0, 28, "30", 8),
            order("co-codamol", 5, 120, "30", 4, **COMBINED),
        ),
    ),
    (
        "a dose in mg says nothing of the parts of a combination",
        _kept(order("co-codamol", 0, 28, "30", 4, **(COMBINED | NOBODY_KNOWS))),
    ),
    (
        "an unknown unit and no frequency",
        _kept(
            order("methotrexate", 0, 28, "2.5", dose_unit="spoonful", frequency_count=None),
            order("morphine", 0, 28, dose_unit="spoonful", frequency_count=None, prn=True),
        ),
    ),
    (
        "from one ward to the next is one stay",
        _kept(
            order("oxycodone", 0, 35, "10", 2),
            admissions=[
                {"start_date": day(35), "end_date": day(46)},
                {"start_date": day(47), "end_date": None},
            ],
        ),
    ),
    (
        "two alternatives that rest on one other reading raise one flag",
        _kept(
            order("oxycodone", 0, 28, "20", **SLOW),
            order("oxycodone", 3, 28, "20", **SLOW),
        ),
    ),
    (
        "a run that is too short settles nothing that another alternative cannot tell",
        Bucket(
            [
                History(
                    [order("morphine", 0, 3, "10", 6), order("gabapentin", 0, 30, "300")],
                    ADULT | {"birth_date": None},
                )
            ],
            day(190),
        ),
    ),
    (
        "dialysis is a test on its days even without a table of labs",
        Bucket(
            [
                History(
                    [tablet(0, 28, dose_unit="mL")],
                    ADULT,
                    conditions=[{"condition": "dialysis", "start_date": day(-10)}],
                )
            ],
            day(190),
            ALWAYS - {"labs"},
        ),
    ),
)
