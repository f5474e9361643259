"""What a check of the slow reference sees and says: one patient's world, and single days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from screener.rule.values import DrugSet
from tests.reference.days import Days, covered, of_set
from tests.reference.people import Kidney, Level, age_on
from tests.reference.results import clearance, weight_on

FEW = 3  # so many drugs are named one by one, more by the words of the rule


@dataclass(slots=True)
class World:
    """Everything known of one patient; `tests_seen`: (site, analyte) over the whole export."""

    patient: dict[str, Any]
    days: Days
    kidney: Kidney
    labs: list[dict[str, Any]] | None
    conditions: list[dict[str, Any]] | None
    open_admissions: list[dt.date]
    site: str
    tests_seen: frozenset[tuple[str, str]]
    known: dict[Any, Any] = field(default_factory=dict)  # what was worked out once

    @property
    def last_day(self) -> dt.date:
        """The patient's last observed day."""
        return self.days.last_day

    @property
    def observed_from(self) -> dt.date | None:
        """The first day on which an order would have been seen."""
        start: dt.date | None = self.patient.get("observation_start")
        return start

    def age(self, day: dt.date) -> int | None:
        """Completed years, or None without a birth date."""
        birth = self.patient.get("birth_date")
        return None if birth is None else age_on(birth, day)

    def weight(self, day: dt.date) -> float | None:
        """The weight in force in kg, or None."""
        return weight_on(self.patient, self.labs, day)

    def kidney_level(self, day: dt.date, estimate: str, good_for: int) -> tuple[Level, bool] | str:
        """(eGFR or clearance in force, it is only a lower bound), or why there is none.

        Dialysis is not looked at here.
        """
        if not self.kidney.supplied:
            return "labs-not-supplied"
        if estimate == "creatinine_clearance":
            return clearance(self.kidney.tests, self.patient, self.weight(day), day, good_for)
        test = self.kidney.latest(day, good_for)
        if test is None:
            return "no-recent-kidney-test"
        if test.level is None:
            return "missing-demographics"
        return test.level, test.only_possible

    def days_in_force(self, drugs: DrugSet) -> list[dt.date]:
        """Covered days of the set up to the last day, in order."""
        return sorted(d for d in covered(of_set(self.days.lines, drugs)) if d <= self.last_day)


@dataclass(slots=True)
class Piece:
    """One day on which a rule is broken: for a partner, or (subject None) for the drugs."""

    drugs: DrugSet
    day: dt.date
    subject: str | None = None
    possible: bool = False  # holds only on the high dose or the other reading
    lower: bool = False  # counts one step lower for another reason: only as needed
    value: float | None = None
    smaller_is_worse: bool = False  # a limit from below, or kidney function
    severity: str | None = None  # a band's or an alternative's own
    group: tuple[Any, ...] | None = None  # days of one group make one finding

    @property
    def about(self) -> str:
        """The subject of the finding."""
        if self.subject is not None:
            return self.subject
        names = sorted(self.drugs.ingredients)
        return ", ".join(names) if len(names) <= FEW else self.drugs.text


@dataclass(slots=True)
class Said:
    """What a check or a clause says of one patient.

    `on_other_reading`: days that are broken only if both orders of an unclear overlap are taken.
    `without_test`: days on which a kidney test was missing.
    """

    pieces: list[Piece] = field(default_factory=list)
    unknown: list[tuple[dt.date, str]] = field(default_factory=list)
    on_other_reading: list[dt.date] = field(default_factory=list)
    without_test: list[dt.date] = field(default_factory=list)
