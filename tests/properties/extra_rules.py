"""Rules that nobody ships: every guard, and the parameters that the baclofen rules leave alone."""

from __future__ import annotations

from dataclasses import replace

from screener.checks.daily_dose import DailyDose
from screener.checks.doses_per_day import DosesPerDay
from screener.checks.taken import Taken
from screener.checks.taken_together import TakenTogether
from screener.rule.model import (
    Age,
    Clause,
    Condition,
    Escalation,
    HasCondition,
    KidneyFunction,
    NoKidneyTestWithin,
    Rule,
    Sex,
    Taking,
    one_check,
)
from screener.rule.values import DrugSet, Limits
from tests.reference.rules import BACLOFEN, BY_ID, BY_MOUTH, HIGH_CONCERN, mg

_DOSE = one_check("daily_dose", DailyDose(of=BY_MOUTH, more_than=mg(30)))
_DIAZEPAM = DrugSet("diazepam", frozenset({"diazepam"}))
_PLAIN = replace(
    BY_ID["baclofen-max-dose"],
    flag_when=_DOSE,
    escalate=(),
    adults_only=False,
    severity="moderate",
)

CONDITIONS: tuple[Condition, ...] = (
    Age(at_least=65),
    Age(below=18),
    Sex("F"),
    HasCondition("dialysis", frozenset({"dialysis"})),
    KidneyFunction(Limits(below=60)),
    KidneyFunction(Limits(at_least=30, below=60)),
    NoKidneyTestWithin(45),
    Taking(_DIAZEPAM),
)


def named(rule_id: str, flag_when: Clause, **changes: object) -> Rule:
    """A rule of moderate severity for everyone."""
    plain = replace(_PLAIN, id=rule_id, title=rule_id, flag_when=flag_when)
    return replace(plain, **changes)  # type: ignore[arg-type]


GUARDED: tuple[Rule, ...] = tuple(
    rule
    for n, condition in enumerate(CONDITIONS)
    for rule in (
        named(f"only-if-{n}", _DOSE, only_if=(condition,)),
        named(f"unless-{n}", _DOSE, unless=(condition,)),
        named(f"escalate-{n}", _DOSE, escalate=(Escalation("high", condition),)),
    )
)

OTHER_PARAMETERS: tuple[Rule, ...] = (
    named("less-than-30-mg", one_check("daily_dose", DailyDose(of=BY_MOUTH, less_than=mg(30)))),
    named(
        "above-30-mg-for-10-days",
        one_check("daily_dose", DailyDose(BY_MOUTH, more_than=mg(30), for_at_least=10)),
    ),
    named(
        "opioids-for-5-days",
        one_check("taken_together", TakenTogether(BACLOFEN, with_=HIGH_CONCERN, for_at_least=5)),
    ),
    named("taken-for-20-days", one_check("taken", Taken(of=BACLOFEN, for_at_least=20))),
    named("more-than-3-doses", one_check("doses_per_day", DosesPerDay(BY_MOUTH, more_than=3))),
)
