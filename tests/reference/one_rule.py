"""One rule asked of one patient, in days from START: what the tests by hand are written in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from screener.rule.model import Clause, Rule
from tests.reference.drawn import START, Row, day
from tests.reference.engine import Verdicts
from tests.reference.histories import Bucket, History
from tests.reference.rules import a_rule

ADULT: Row = {
    "birth_date": dt.date(1975, 6, 15),
    "sex": "M",
    "weight_kg": 72.0,
    "observation_start": day(-400),
}


def said(
    rule: Clause | Rule,
    *orders: Row,
    labs: list[Row] | None = None,
    patient: Row | None = None,
    **more: Any,
) -> Verdicts:
    """What one rule says of one patient; `labs` None: nobody supplied them."""
    supplied = {"patients", "conditions", "admissions"} | ({"labs"} if labs is not None else set())
    history = History(list(orders), ADULT | (patient or {}), labs or [], **more)
    bucket = Bucket([history], day(200), frozenset(supplied), frozenset({("P0", "lithium")}))
    if isinstance(rule, Clause):
        rule = a_rule("it", "moderate", rule)
    return bucket.reference((rule,))["P0"]


def days_of(verdicts: Verdicts) -> list[tuple[int, int]]:
    """First and last days of the findings, counted from START."""
    return [((f.date - START).days, (f.end_date - START).days) for f in verdicts.findings]


def reasons(verdicts: Verdicts) -> dict[str, int]:
    """Why a day was not assessed -> the first such day, counted from START."""
    return {why: (first - START).days for (_, why), first in verdicts.not_assessed.items()}


def level_on(number: int, value: float = 0.8) -> Row:
    """A lithium level in mmol/L."""
    return {"analyte": "Lithium", "value": value, "unit": "mmol/L", "date": day(number)}
