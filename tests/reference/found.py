"""What a check of the slow reference sees and says: one patient's world, and single days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from screener.rule.model import DrugSet
from tests.reference.days import Days, covered, of_set
from tests.reference.people import Kidney, age_on


@dataclass(slots=True)
class World:
    """Everything known of one patient."""

    patient: dict[str, Any]
    days: Days
    kidney: Kidney
    conditions: list[dict[str, Any]] | None
    open_admissions: list[dt.date]

    @property
    def last_day(self) -> dt.date:
        """The patient's last observed day."""
        return self.days.last_day

    def age(self, day: dt.date) -> int | None:
        """Completed years, or None without a birth date."""
        birth = self.patient.get("birth_date")
        return None if birth is None else age_on(birth, day)

    def days_in_force(self, drugs: DrugSet) -> list[dt.date]:
        """Covered days of the set up to the last day, in order."""
        return sorted(d for d in covered(of_set(self.days.lines, drugs)) if d <= self.last_day)


@dataclass(slots=True)
class Piece:
    """One day on which a rule is broken, for one subject."""

    subject: str
    day: dt.date
    possible: bool = False  # holds only on the high dose or the other reading
    lower: bool = False  # counts one step lower for another reason: only as needed
    value: float | None = None
    smaller_is_worse: bool = False  # a limit from below, or kidney function
    severity: str | None = None  # a band's own


@dataclass(slots=True)
class Said:
    """What one check says of one patient.

    `joined` keeps days of one episode in one finding; `on_other_reading` are the days that are
    broken only if both orders of an unclear overlap are taken.
    """

    pieces: list[Piece] = field(default_factory=list)
    unknown: list[tuple[dt.date, str]] = field(default_factory=list)
    on_other_reading: list[dt.date] = field(default_factory=list)
    joined: list[tuple[dt.date, dt.date]] = field(default_factory=list)
