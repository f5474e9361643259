"""Short ways to write an order by hand: days counted from START, baclofen tablets by default."""

from __future__ import annotations

import datetime as dt
from typing import Any

START = dt.date(2024, 3, 4)
DAY = dt.timedelta(days=1)
Row = dict[str, Any]


def day(number: int) -> dt.date:
    """The day that many days after START."""
    return START + number * DAY


def tablet(start: int, supply: int | None, mg: str = "20", times: float = 3, **changes: Any) -> Row:
    """A baclofen tablet order that starts so many days after START; one tablet each time."""
    return {
        "drug": "baclofen",
        "route": "oral",
        "form": "tablet",
        "strength_value": mg,
        "strength_unit": "mg",
        "strength_per_value": 1.0,
        "strength_per_unit": "tablet",
        "dose_min": 1.0,
        "dose_unit": "tablet",
        "frequency_count": times,
        "frequency_period_days": 1.0,
        "start_date": day(start),
        "days_supply": supply,
        **changes,
    }


def liquid(start: int, supply: int, ml: float, times: float, **changes: Any) -> Row:
    """A baclofen liquid of 5 mg in 5 mL; `strength_per_value=None` leaves the volume out."""
    return tablet(start, supply, "5", times, dose_min=ml) | {
        "form": "oral solution",
        "strength_per_value": 5.0,
        "strength_per_unit": "mL",
        "dose_unit": "mL",
        **changes,
    }


def order(
    drug: str, start: int, supply: int | None, mg: str = "10", times: float = 1, **changes: Any
) -> Row:
    """Tablets of another drug, one each time, by mouth."""
    return tablet(start, supply, mg, times, drug=drug) | changes
