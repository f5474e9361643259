"""Rules that nobody ships: every guard, and the parameters that the baclofen rules leave alone."""

from __future__ import annotations

from dataclasses import replace

from screener.checks.daily_dose import DailyDose
from screener.checks.doses_per_day import DosesPerDay
from screener.checks.taken import Taken
from screener.checks.taken_together import TakenTogether
from screener.rule.model import (
    Age,
    CheckUse,
    Condition,
    DrugSet,
    Escalation,
    HasCondition,
    KidneyFunction,
    NoKidneyTestWithin,
    Rule,
    Sex,
    Taking,
)
from tests.reference.rules import BACLOFEN, BY_ID, BY_MOUTH, HIGH_CONCERN, mg

_DOSE = CheckUse("daily_dose", DailyDose(of=BY_MOUTH, more_than=mg(30)))
_DIAZEPAM = DrugSet("diazepam", frozenset({"diazepam"}))
_PLAIN = replace(
    BY_ID["baclofen-max-dose"], uses=(_DOSE,), escalate=(), adults_only=False, severity="moderate"
)

CONDITIONS: tuple[Condition, ...] = (
    Age(at_least=65),
    Age(below=18),
    Sex("F"),
    HasCondition("dialysis", frozenset({"dialysis"})),
    KidneyFunction(below=60),
    KidneyFunction(at_least=30, below=60),
    NoKidneyTestWithin(45),
    Taking(_DIAZEPAM),
)


def _named(rule_id: str, rule: Rule) -> Rule:
    return replace(rule, id=rule_id, title=rule_id)


GUARDED: tuple[Rule, ...] = tuple(
    rule
    for n, condition in enumerate(CONDITIONS)
    for rule in (
        _named(f"only-if-{n}", replace(_PLAIN, only_if=(condition,))),
        _named(f"unless-{n}", replace(_PLAIN, unless=(condition,))),
        _named(f"escalate-{n}", replace(_PLAIN, escalate=(Escalation("high", condition),))),
    )
)

OTHER_PARAMETERS: tuple[Rule, ...] = (
    _named(
        "less-than-30-mg",
        replace(_PLAIN, uses=(CheckUse("daily_dose", DailyDose(of=BY_MOUTH, less_than=mg(30))),)),
    ),
    _named(
        "above-30-mg-for-10-days",
        replace(
            _PLAIN,
            uses=(CheckUse("daily_dose", DailyDose(BY_MOUTH, more_than=mg(30), for_at_least=10)),),
        ),
    ),
    _named(
        "opioids-for-5-days",
        replace(
            _PLAIN,
            uses=(
                CheckUse(
                    "taken_together", TakenTogether(BACLOFEN, with_=HIGH_CONCERN, for_at_least=5)
                ),
            ),
        ),
    ),
    _named(
        "taken-for-20-days",
        replace(_PLAIN, uses=(CheckUse("taken", Taken(of=BACLOFEN, for_at_least=20)),)),
    ),
    _named(
        "more-than-3-doses",
        replace(_PLAIN, uses=(CheckUse("doses_per_day", DosesPerDay(BY_MOUTH, more_than=3)),)),
    ),
)
