"""The baclofen rules as compiled data, restricted to the drugs that the reference knows.

Ids, thresholds and severities are those of the shipped rules (docs/decisions.md, D1 to D20).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from screener.checks.daily_dose import DailyDose
from screener.checks.dose_falls import DoseFalls
from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.dose_rises import DoseRises
from screener.checks.doses_per_day import DosesPerDay
from screener.checks.starting_dose import StartingDose
from screener.checks.stops_suddenly import LoweredTo, StopsSuddenly
from screener.checks.supplied_twice import SuppliedTwice
from screener.checks.taken import Taken
from screener.checks.taken_together import TakenTogether
from screener.rule.model import (
    Age,
    CheckUse,
    Clause,
    Escalation,
    HasCondition,
    KidneyFunction,
    NoKidneyTestWithin,
    Rule,
    SameCheckWith,
    Severity,
    one_check,
)
from screener.rule.values import DailyAmount, DrugSet, Limits, Share


def mg(amount: float) -> DailyAmount:
    """So many milligrams a day."""
    return DailyAmount(round(amount * 1000), f"{amount:g} mg/day")


def _drugs(text: str, *ingredients: str) -> DrugSet:
    return DrugSet(text, frozenset(ingredients))


BY_MOUTH = DrugSet("baclofen by mouth", frozenset({"baclofen"}), frozenset({"by mouth"}))
INTRATHECAL = DrugSet("intrathecal baclofen", frozenset({"baclofen"}), frozenset({"intrathecal"}))
BACLOFEN = _drugs("baclofen", "baclofen")
HIGH_CONCERN = _drugs(
    "list strong-cns-depressants", "oxycodone", "codeine", "fentanyl", "diazepam", "sodium oxybate"
)
DEPRESSANTS = _drugs(
    "list cns-depressants", "amitriptyline", "tizanidine", "baclofen", *HIGH_CONCERN.ingredients
)
MUSCLE_RELAXANTS = _drugs("list muscle-relaxants", "tizanidine", "baclofen")
DIURETICS = _drugs("list diuretics", "furosemide")
ANTIHYPERTENSIVES = _drugs("list antihypertensives", "lisinopril", "furosemide")
ALCOHOL_MARKERS = _drugs("list alcohol-markers", "disulfiram")
ALCOHOL_PROBLEM = HasCondition("alcohol problem", frozenset({"alcohol dependence"}))

OLDER = Escalation("high", Age(at_least=65))
BANDS = (
    Band("critical", below=15, or_on_dialysis=True),
    Band("high", from_=15, below=30),
    Band("high", from_=30, below=60, age_at_least=65, dose_at_least=mg(20)),
    Band("low", from_=30, below=60, age_at_least=65, dose_less_than=mg(20)),
    Band("moderate", from_=30, below=60, age_below=65, dose_more_than=mg(40)),
)


def a_rule(
    rule_id: str,
    severity: Severity,
    use: CheckUse | Clause,
    escalate: tuple[Escalation, ...] = (),
    adults_only: bool = False,
) -> Rule:
    """An active rule with nothing but its meaning."""
    return Rule(
        id=rule_id,
        title=rule_id,
        version=1,
        status="active",
        severity=severity,
        flag_when=use if isinstance(use, Clause) else Clause("check", (use,)),
        escalate=escalate,
        adults_only=adults_only,
        fingerprint="0" * 16,
        topic="baclofen",
    )


def _with(check: str, params: Any) -> SameCheckWith:
    """The rule's own check with other parameters."""
    return SameCheckWith(check, one_check(check, params))


_MAX = DailyDose(of=BY_MOUTH, more_than=mg(80))
_STOP = StopsSuddenly(
    of=BY_MOUTH,
    taken_for_at_least=30,
    stable_dose_at_least=mg(15),
    unless_lowered=LoweredTo(7, mg(20), Share(50)),
)
_DEPRESSANT = TakenTogether(this=BACLOFEN, with_=DEPRESSANTS, except_=MUSCLE_RELAXANTS)

RULES: tuple[Rule, ...] = (
    a_rule(
        "baclofen-max-dose",
        "high",
        CheckUse("daily_dose", _MAX),
        escalate=(Escalation("critical", _with("daily_dose", replace(_MAX, more_than=mg(100)))),),
        adults_only=True,
    ),
    a_rule(
        "baclofen-starting-dose",
        "moderate",
        CheckUse("starting_dose", StartingDose(of=BY_MOUTH, more_than=mg(15))),
        escalate=(OLDER,),
        adults_only=True,
    ),
    a_rule(
        "baclofen-raised-too-fast",
        "moderate",
        CheckUse("dose_rises", DoseRises(of=BY_MOUTH, by_more_than=mg(15), within=3)),
        escalate=(OLDER,),
        adults_only=True,
    ),
    a_rule(
        "baclofen-lowered-too-fast",
        "moderate",
        CheckUse("dose_falls", DoseFalls(of=BY_MOUTH, by_at_least=mg(20), to_at_most=Share(50))),
    ),
    a_rule(
        "baclofen-stopped-abruptly",
        "moderate",
        CheckUse("stops_suddenly", _STOP),
        escalate=(
            Escalation(
                "high",
                _with(
                    "stops_suddenly",
                    replace(_STOP, taken_for_at_least=60, stable_dose_at_least=mg(40)),
                ),
            ),
        ),
    ),
    a_rule(
        "baclofen-with-cns-depressant",
        "moderate",
        CheckUse("taken_together", _DEPRESSANT),
        escalate=(
            Escalation("high", _with("taken_together", replace(_DEPRESSANT, with_=HIGH_CONCERN))),
        ),
    ),
    a_rule(
        "baclofen-with-muscle-relaxant",
        "moderate",
        CheckUse("taken_together", TakenTogether(this=BACLOFEN, with_=MUSCLE_RELAXANTS)),
    ),
    a_rule(
        "baclofen-with-antihypertensive",
        "low",
        CheckUse(
            "taken_together",
            TakenTogether(
                this=BACLOFEN,
                with_=ANTIHYPERTENSIVES,
                except_=DIURETICS,
                one_finding_per="episode",
            ),
        ),
    ),
    a_rule(
        "baclofen-with-diuretic",
        "low",
        CheckUse(
            "taken_together",
            TakenTogether(this=BACLOFEN, with_=DIURETICS, one_finding_per="episode"),
        ),
        escalate=(
            Escalation("moderate", KidneyFunction(Limits(below=60))),
            Escalation("moderate", NoKidneyTestWithin(180)),
        ),
    ),
    a_rule(
        "baclofen-with-alcohol-marker",
        "info",
        Clause(
            "any_of",
            (
                one_check("taken_together", TakenTogether(this=BACLOFEN, with_=ALCOHOL_MARKERS)),
                one_check("taken", Taken(of=BACLOFEN, with_condition=ALCOHOL_PROBLEM)),
            ),
        ),
    ),
    a_rule(
        "baclofen-renal-dose",
        "high",
        CheckUse("dose_for_kidney_function", DoseForKidneyFunction(of=BY_MOUTH, bands=BANDS)),
        adults_only=True,
    ),
    a_rule(
        "baclofen-too-few-doses",
        "low",
        CheckUse(
            "doses_per_day",
            DosesPerDay(of=BY_MOUTH, fewer_than=3, when_daily_dose_at_least=mg(40)),
        ),
        adults_only=True,
    ),
    a_rule(
        "baclofen-supplied-twice", "moderate", CheckUse("supplied_twice", SuppliedTwice(BY_MOUTH))
    ),
    a_rule(
        "baclofen-intrathecal-dose",
        "moderate",
        Clause(
            "any_of",
            (
                one_check("daily_dose", DailyDose(of=INTRATHECAL, more_than=mg(1))),
                one_check("taken", Taken(of=INTRATHECAL, in_unit_other_than="mcg")),
            ),
        ),
    ),
)
BY_ID = {rule.id: rule for rule in RULES}
