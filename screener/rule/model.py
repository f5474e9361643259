"""What a compiled rule is: frozen data, with every drug list resolved to ingredients.

Amounts are integer micrograms a day, windows are whole days, ages completed years.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from screener.rule.values import DrugSet, LabTest, Limits, Share

Severity = Literal["info", "low", "moderate", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "moderate", "high", "critical")
Status = Literal["draft", "pilot", "active", "off", "deprecated", "retired"]
STATUSES: tuple[Status, ...] = ("draft", "pilot", "active", "off", "deprecated", "retired")


# Conditions of `only_if`, `unless` and `escalate`. Each is true on some days of a patient.
@dataclass(frozen=True, slots=True)
class Age:
    """Completed years; who is born on 29 February has the birthday on 1 March in other years."""

    at_least: int | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Sex:
    """F or M."""

    is_: Literal["F", "M"]


@dataclass(frozen=True, slots=True)
class HasCondition:
    """A recorded condition whose code or name is in the list; from start_date to end_date."""

    text: str
    names: frozenset[str]  # lower case


@dataclass(frozen=True, slots=True)
class Recorded:
    """As HasCondition; where nobody supplied conditions, none is recorded (never unknown)."""

    text: str
    names: frozenset[str]  # lower case


@dataclass(frozen=True, slots=True)
class Weight:
    """Body weight in kg: the latest dated one at most 365 days old, else the undated one."""

    limits: Limits


@dataclass(frozen=True, slots=True)
class KidneyFunction:
    """The latest kidney result on or before the day, within `result_good_for` days.

    estimate: egfr_ckd_epi_2021 (mL/min/1.73 m2) or creatinine_clearance (Cockcroft-Gault with
    actual weight, mL/min).
    """

    limits: Limits
    result_good_for: int = 365
    estimate: str = "egfr_ckd_epi_2021"


@dataclass(frozen=True, slots=True)
class NoKidneyTestWithin:
    """No kidney result that is at most `days` days old on the day."""

    days: int


@dataclass(frozen=True, slots=True)
class LabResult:
    """The latest result of the test on or before the day, at most `result_good_for` days old.

    limits are in `unit`, the first of the test's units.
    """

    test: LabTest
    limits: Limits
    unit: str
    result_good_for: int = 365


@dataclass(frozen=True, slots=True)
class HadTest:
    """A result of the test lies within so many days of the day, before or after it."""

    test: LabTest
    within: int


@dataclass(frozen=True, slots=True)
class Taking:
    """Any of these drugs is in force on the day, as needed or not."""

    drugs: DrugSet


@dataclass(frozen=True, slots=True)
class StartedWithin:
    """An ingredient of the set had a known start on the day or at most `days` days before."""

    drugs: DrugSet
    days: int
    new_after: int = 90
    or_restart_after: int = 28


@dataclass(frozen=True, slots=True)
class StoppedWithin:
    """An ingredient of the set, not in force on the day, was in force 1 to `days` days before."""

    drugs: DrugSet
    days: int


@dataclass(frozen=True, slots=True)
class DoseLowered:
    """The scheduled dose of the day is at most this share of the highest dose of any day before."""

    drugs: DrugSet
    to_at_most: Share


@dataclass(frozen=True, slots=True)
class CrossTaper:
    """Days of an overlap of at most `within` days in which one drug falls and the other rises.

    One drug of `of` and another of `and_` (of `of` as well when `and_` is None).
    """

    of: DrugSet
    and_: DrugSet | None
    within: int


@dataclass(frozen=True, slots=True)
class Finds:
    """Days on which a check, with all its parameters, finds something (definite or possible)."""

    use: CheckUse


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these conditions hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class SomeOf:
    """At least so many of these conditions hold, or (`fewer_than`) fewer than so many.

    `any_of` is SomeOf(parts, at_least=1).
    """

    parts: tuple[Condition, ...]
    at_least: int | None = None
    fewer_than: int | None = None


@dataclass(frozen=True, slots=True)
class SameCheckWith:
    """The rule's own check with some parameters changed: `{daily_dose: {more_than: 100 mg/day}}`.

    `clause` is what the rule flags after the change: all of it, every use of the check changed.
    """

    check: str
    clause: Clause


Condition = (
    Age
    | Sex
    | Weight
    | HasCondition
    | Recorded
    | KidneyFunction
    | NoKidneyTestWithin
    | LabResult
    | HadTest
    | Taking
    | StartedWithin
    | StoppedWithin
    | DoseLowered
    | CrossTaper
    | Finds
    | AllOf
    | SomeOf
    | SameCheckWith
)


@dataclass(frozen=True, slots=True)
class Escalation:
    """On days when `when` holds, the severity is at least `to`."""

    to: Severity
    when: Condition


@dataclass(frozen=True, slots=True)
class Downgrade:
    """On days when `when` holds, the severity is at most `to` (None: one step lower)."""

    to: Severity | None
    when: Condition


@dataclass(frozen=True, slots=True)
class CheckUse:
    """One check with its parameters (an instance of the check module's parameter dataclass)."""

    check: str
    params: Any


@dataclass(frozen=True, slots=True)
class Clause:
    """What is flagged: one check, or checks put together; docs/checks.md, "Putting together".

    kind "check": parts holds one CheckUse. "all_of": clauses and conditions, at least one clause.
    "any_of": clauses. severity: of what this clause finds; None = the severity around it.
    for_at_least: shorter runs of days fall away. only_if, unless: guards of this clause alone.
    """

    kind: Literal["check", "all_of", "any_of"]
    parts: tuple[CheckUse | Clause | Condition, ...]
    severity: Severity | None = None
    for_at_least: int = 1
    only_if: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    @property
    def uses(self) -> tuple[CheckUse, ...]:
        """Every check in it, in the order of the file; checks of its conditions are not."""
        found: list[CheckUse] = []
        for part in self.parts:
            if isinstance(part, CheckUse):
                found.append(part)
            elif isinstance(part, Clause):
                found.extend(part.uses)
        return tuple(found)

    @property
    def leading(self) -> tuple[CheckUse, ...]:
        """The checks that put a patient in scope: the first of an all_of, each of an any_of."""
        if self.kind != "all_of":
            return tuple(
                use
                for part in self.parts
                for use in ((part,) if isinstance(part, CheckUse) else _leading(part))
            )
        first = next(part for part in self.parts if isinstance(part, Clause))
        return first.leading


def _leading(part: object) -> tuple[CheckUse, ...]:
    return part.leading if isinstance(part, Clause) else ()


def one_check(check: str, params: Any) -> Clause:
    """The clause of a single check."""
    return Clause("check", (CheckUse(check, params),))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a story expects: an outcome, or one finding.

    `outcome` is clear, not_assessed, out_of_scope or flag. `reason` is given for not_assessed,
    the others for flag; `day` is counted from the first dose. None = any.
    """

    outcome: str
    severity: Severity | None = None
    day: int | None = None
    certainty: str | None = None
    subject: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One example of a rule: what an invented patient takes, and what must come out.

    `takes` and `facts` are the raw story texts (`drug: supplies`); `rulebook.stories` makes a
    patient of them. `expect` holds one outcome, or one entry for each expected finding.
    """

    story: str
    takes: tuple[str, ...]
    facts: dict[str, str]
    expect: tuple[Expected, ...]
    where: str  # file inside the rules folder, and line


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. `flag_when` says what is flagged; `uses` are all of its checks."""

    id: str
    title: str
    version: int
    status: Status
    severity: Severity
    flag_when: Clause
    adults_only: bool = False
    escalate: tuple[Escalation, ...] = ()
    downgrade: tuple[Downgrade, ...] = ()
    only_if: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    message: str | None = None
    why: str = ""
    action: str = ""
    evidence: tuple[dict[str, str], ...] = ()
    owners: dict[str, Any] = field(default_factory=dict)
    sites_may_adjust: tuple[str, ...] = ()
    stories: tuple[Story, ...] = ()
    fingerprint: str = ""
    topic: str = ""
    file: str = ""

    @property
    def uses(self) -> tuple[CheckUse, ...]:
        """Every check of `flag_when`, in the order of the file."""
        return self.flag_when.uses
