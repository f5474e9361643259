"""What a compiled rule is: frozen data, with every drug list resolved to ingredients.

Amounts are integer micrograms a day, windows are whole days, ages completed years.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["info", "low", "moderate", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "moderate", "high", "critical")
Status = Literal["draft", "pilot", "active", "off", "deprecated", "retired"]
STATUSES: tuple[Status, ...] = ("draft", "pilot", "active", "off", "deprecated", "retired")

# How a drug reaches the body. `local` joins no systemic rule, `unknown` joins no sum.
Track = Literal[
    "by mouth",
    "sublingual",
    "by nose",
    "transdermal",
    "injected",
    "rectal",
    "intrathecal",
    "local",
    "unknown",
]
SYSTEMIC_TRACKS: frozenset[str] = frozenset(
    {"by mouth", "sublingual", "by nose", "transdermal", "injected", "rectal", "intrathecal"}
)


@dataclass(frozen=True, slots=True)
class DrugSet:
    """Some ingredients on some tracks, and the words the rule used for them."""

    text: str
    ingredients: frozenset[str]
    tracks: frozenset[str] = SYSTEMIC_TRACKS


@dataclass(frozen=True, slots=True)
class DailyAmount:
    """An amount a day in integer micrograms, with the words the rule used for it."""

    ug: int
    text: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share of an earlier dose in percent (50 means half)."""

    percent: float


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
class KidneyFunction:
    """The latest kidney result on or before the day, within `result_good_for` days."""

    below: float | None = None
    at_least: float | None = None
    result_good_for: int = 365


@dataclass(frozen=True, slots=True)
class NoKidneyTestWithin:
    """No kidney result that is at most `days` days old on the day."""

    days: int


@dataclass(frozen=True, slots=True)
class Taking:
    """Any of these drugs is in force on the day, as needed or not."""

    drugs: DrugSet


@dataclass(frozen=True, slots=True)
class SameCheckWith:
    """The rule's own check with some parameters changed: `{daily_dose: {more_than: 100 mg/day}}`.

    `params` is the complete parameter object (of the check's own type) after the change.
    """

    check: str
    params: Any


Condition = Age | Sex | HasCondition | KidneyFunction | NoKidneyTestWithin | Taking | SameCheckWith


@dataclass(frozen=True, slots=True)
class Escalation:
    """On days when `when` holds, the severity is at least `to`."""

    to: Severity
    when: Condition


@dataclass(frozen=True, slots=True)
class CheckUse:
    """One check with its parameters (an instance of the check module's parameter dataclass)."""

    check: str
    params: Any


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
    """A compiled rule. `uses` holds one check, or the alternatives of an `any_of`."""

    id: str
    title: str
    version: int
    status: Status
    severity: Severity
    uses: tuple[CheckUse, ...]
    adults_only: bool = False
    escalate: tuple[Escalation, ...] = ()
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
