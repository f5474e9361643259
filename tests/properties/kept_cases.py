"""Shrunk patients on which the two engines once disagreed; every one stays here for good.

Each entry: what it is about, and the patients. Every rule is held against every one of them.
"""

from __future__ import annotations

import datetime as dt

from tests.reference.drawn import day, liquid, tablet
from tests.reference.histories import Bucket, History, Row

ADULT: Row = {
    "birth_date": dt.date(1975, 6, 15),
    "sex": "M",
    "observation_start": day(-400),
}
OLD = ADULT | {"birth_date": dt.date(1950, 1, 1)}
CHILD = ADULT | {"birth_date": dt.date(2010, 1, 1)}
UNSURE_LIQUID: Row = {"strength_per_value": None}
EGFR_45: Row = {"analyte": "egfr", "value": 45.0, "unit": "mL/min/1.73m2", "date": day(-10)}


def _kept(*histories: History, last: int = 190) -> Bucket:
    return Bucket(list(histories), day(last))


def _orders(*orders: Row, patient: Row = ADULT) -> History:
    return History(list(orders), patient)


KEPT: tuple[tuple[str, Bucket], ...] = (
    (
        "both taken is never more than all orders together",
        _kept(
            _orders(
                tablet(0, 30, times=1, dose_max=2.0),
                tablet(28, 2, "5", times=4),
                tablet(29, 30, times=1, dose_max=2.0),
            ),
            _orders(
                tablet(0, 120, "5", dose_min=2.0),
                tablet(1, 7, "5", dose_min=2.0),
                tablet(2, 28),
            ),
        ),
    ),
    (
        "an unreadable order hides no limit that the readable ones break",
        _kept(
            _orders(tablet(0, 28, dose_max=2.0), tablet(0, 28, "5", dose_min=None)),
            _orders(tablet(0, 120, dose_min=1.5, times=4), tablet(24, 35, "10", dose_unit="x")),
        ),
    ),
    (
        "a change to or from an unknown dose cannot be judged",
        _kept(
            _orders(tablet(0, 28, frequency_period_days=None), tablet(28, 28)),
            _orders(tablet(0, 28), tablet(28, 28, "10", frequency_period_days=None)),
        ),
    ),
    (
        "a start above the limit at the weakest concentration is above it",
        _kept(_orders(liquid(0, 28, 10.0, 2, **UNSURE_LIQUID), patient=OLD)),
    ),
    (
        "days supplied twice are counted up to the last day",
        _kept(_orders(tablet(0, 28), tablet(27, 28), tablet(30, 28)), last=41),
    ),
    (
        "of two supplies that end on one day the longer gives the window",
        _kept(_orders(tablet(0, 60), tablet(20, 40), tablet(46, 28))),
    ),
    (
        "as-needed baclofen is present too",
        _kept(
            _orders(
                tablet(0, 28, prn=True, max_doses_per_day=3.0),
                tablet(0, 28, drug="lisinopril"),
                tablet(3, 28, drug="furosemide"),
            ),
            _orders(
                tablet(0, 1),
                tablet(1, 5, "5", prn=True, max_doses_per_day=3.0),
                tablet(0, 28, drug="furosemide"),
            ),
        ),
    ),
    (
        "the form may stand in the drug's name",
        _kept(
            _orders(
                tablet(0, 56, drug="Baclofen 20mg tablets", route=None, form=None),
                tablet(28, 28, dose_min=2.0),
            )
        ),
    ),
    (
        "a child whose only order has no length",
        _kept(_orders(tablet(0, None), patient=CHILD)),
    ),
    (
        "the doses of an as-needed order are its maximum",
        _kept(
            _orders(
                tablet(0, 30, prn=True, max_doses_per_day=3.0),
                tablet(4, 14, times=2, prn=True, max_doses_per_day=3.0),
            )
        ),
    ),
    (
        "an unreadable as-needed dose is bounded by what was supplied",
        _kept(_orders(tablet(0, 14, times=3, dose_min=None, prn=True, quantity=112.0))),
    ),
    (
        "a row of unknown status that does not count is still told",
        _kept(_orders(tablet(0, 28), tablet(5, 28, status="mystery", dispensed=False))),
    ),
    (
        "dialysis counts as a test on its days",
        _kept(
            History(
                [tablet(0, 60), tablet(0, 60, drug="furosemide")],
                OLD,
                conditions=[{"condition": "dialysis", "start_date": day(0), "end_date": day(10)}],
            )
        ),
    ),
    (
        "no test for 179, 180 and 181 days",
        _kept(
            *(
                History(
                    [tablet(0, 1), tablet(0, 1, drug="furosemide")],
                    ADULT,
                    [EGFR_45 | {"value": 90.0, "date": day(-n)}],
                )
                for n in (179, 180, 181)
            )
        ),
    ),
    (
        "an admission that never ends begins before the last dose",
        _kept(History([tablet(0, 30)], ADULT, admissions=[{"start_date": day(-1)}])),
    ),
    (
        "a dose that is unknown may be high enough to be split, two doses are too few",
        _kept(
            _orders(tablet(0, 28, "5", times=1, dose_unit="spoonful")),
            _orders(tablet(0, 28, "5", times=3, dose_min=None)),
            _orders(tablet(0, 28, "20", times=2, dose_min=None, quantity=112.0)),
        ),
    ),
    (
        "a dose held beside an unreadable order counts as the stable one",
        _kept(
            _orders(
                tablet(0, 30, times=4),
                tablet(0, 28, "10", frequency_period_days=None),
                tablet(25, 28, "5"),
            ),
            _orders(
                liquid(0, 35, 10.0, 2, **UNSURE_LIQUID),
                liquid(0, 56, 10.0, 1, dose_max=20.0),
            ),
        ),
    ),
    (
        "a band that the known dose already rules out is not unknown",
        _kept(
            History(
                [tablet(0, 28, times=4), tablet(0, 28, "10", dose_unit="spoonful")],
                OLD,
                [EGFR_45],
            )
        ),
    ),
    (
        "days after death do not make a run long enough",
        _kept(_orders(tablet(0, 28), patient=ADULT | {"death_date": day(17)})),
    ),
    (
        "a test without an estimate is another reason than no test",
        _kept(
            History(
                [tablet(0, 28)],
                {"birth_date": None, "sex": "F"},
                [{"analyte": "creatinine", "value": 1.4, "unit": "mg/dL", "date": day(-10)}],
            )
        ),
    ),
    (
        "two strengths that began on one day are one regimen, however they are refilled",
        _kept(
            _orders(tablet(0, 28), tablet(0, 28, "5", 1), tablet(27, 28)),
            _orders(tablet(0, 28), tablet(0, 56, "5", 1), tablet(28, 28), tablet(70, 28)),
            _orders(tablet(0, 14), tablet(0, 56, "5", 1), tablet(29, 28)),
        ),
    ),
    (
        "a replaced supply with one day left is handed over, one with two days is not",
        _kept(
            _orders(tablet(0, 28), tablet(27, 28, "10")),
            _orders(tablet(0, 28), tablet(26, 28, "10")),
            _orders(tablet(0, 28), tablet(25, 1), tablet(26, 28, "10")),
            _orders(tablet(0, 28), tablet(24, 3), tablet(27, 28, "10")),
        ),
    ),
    (
        "bounds at a start are bounds, only an unknown dose hides it",
        _kept(
            _orders(liquid(0, 28, 3.0, 2, **UNSURE_LIQUID)),
            _orders(tablet(0, 28, dose_min=None, quantity=112.0)),
            _orders(tablet(0, 28, dose_min=None)),
            _orders(tablet(0, 28, "5", 1, dose_max=2.0), tablet(0, 28, "10", dose_unit="x")),
        ),
    ),
    (
        "a stop is told on the day after the last dose, also when an admission follows",
        _kept(
            History(
                [tablet(0, 60)],
                ADULT,
                admissions=[{"start_date": day(60), "end_date": day(70)}],
            ),
            History(
                [tablet(0, 90, stop_date=day(60))],
                ADULT,
                admissions=[{"start_date": day(60), "end_date": day(70)}],
            ),
        ),
    ),
    (
        "edge: baclofen on an unknown way 0, 1, 15 and 16 days after the last dose",
        _kept(
            *(
                _orders(
                    tablet(0, 60),
                    tablet(start, days, dose_min=10.0, dose_unit="mg")
                    | {"route": "injection", "form": "injection"},
                )
                for start, days in ((58, 1), (59, 1), (60, 1), (74, 1), (75, 1), (76, 1))
            )
        ),
    ),
    (
        "a band from below says nothing of a dose of nothing or of an unknown one",
        _kept(
            *(
                History([order], OLD, [EGFR_45])
                for order in (
                    tablet(0, 28, "5", 3, prn=True, max_doses_per_day=3.0),
                    tablet(0, 28, "5", 3, dose_max=3.0),
                    tablet(0, 28, "5", 3, dose_unit="x"),
                )
            ),
            History(
                [tablet(0, 28, "5", prn=True), tablet(0, 28, "10", dose_unit="x")], OLD, [EGFR_45]
            ),
            History(
                [tablet(0, 28, "10", prn=True), tablet(0, 28, "10", dose_unit="x")], OLD, [EGFR_45]
            ),
        ),
    ),
    (
        "an unclear overlap that is too short for the rule raises no flag",
        _kept(_orders(tablet(0, 28, times=1), tablet(20, 28, "10", times=2))),
    ),
    (
        "copies of a row differ in capitals and in the digits of a strength",
        _kept(
            _orders(
                tablet(0, 28, status="active"),
                tablet(0, 28, "20.0", status="Active", route="ORAL", form="Tablet"),
                tablet(0, 28, dose_unit="TABLET", strength_unit="MG", status="ACTIVE"),
            )
        ),
    ),
    (
        "edge: seven and eight shared days of a short supply",
        _kept(*(_orders(tablet(0, 14), tablet(14 - n, 14)) for n in (6, 7, 8))),
    ),
    (
        "edge: 14, 15 and 16 days between two fills of one chain",
        _kept(
            *(
                _orders(
                    tablet(0, 28),
                    tablet(10, 28, "5"),
                    tablet(28 + gap, 28),
                    tablet(38, 28, "5"),
                )
                for gap in (13, 14, 15, 16)
            )
        ),
    ),
    (
        "edge: seven days of the higher dose inside the last 60",
        _kept(
            *(_orders(tablet(0, 40, times=4), tablet(40, n, "5", times=4)) for n in (52, 53, 54))
        ),
    ),
    (
        "edge: an unreadable order that ends 5, 6 and 7 days before the last dose",
        _kept(*(_orders(tablet(0, 60), tablet(0, n, "5", dose_min=None)) for n in (52, 53, 54))),
    ),
    (
        "edge: admitted days are not uncovered days",
        _kept(
            *(
                History(
                    [tablet(0, 60), tablet(80, 28)],
                    ADULT,
                    admissions=[{"start_date": day(60), "end_date": day(59 + n)}],
                )
                for n in (5, 6, 7)
            )
        ),
    ),
    (
        "edge: death 14, 15 and 16 days after the last dose",
        _kept(
            *(
                _orders(tablet(0, 60), patient=ADULT | {"death_date": day(59 + n)})
                for n in (14, 15, 16)
            )
        ),
    ),
    (
        "edge: a dose held for six, seven and eight days",
        _kept(*(_orders(tablet(0, 40, "5"), tablet(40, n), patient=ADULT) for n in (6, 7, 8))),
    ),
    (
        "edge: the carry cap of 30 days",
        _kept(_orders(*(tablet(21 * n, 28) for n in range(7)))),
    ),
)
