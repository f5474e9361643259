"""Rules that nobody ships: every condition as a guard, and checks put together in every shape."""

from __future__ import annotations

from dataclasses import replace

from screener.checks.daily_dose import DailyDose
from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.several_of import SeveralOf
from screener.checks.starts import Starts
from screener.checks.taken import Taken
from screener.checks.taken_together import CheckedBy, TakenTogether
from screener.rule.model import (
    Age,
    AllOf,
    CheckUse,
    Clause,
    Condition,
    CrossTaper,
    DoseLowered,
    Downgrade,
    Escalation,
    Finds,
    HadTest,
    KidneyFunction,
    LabResult,
    NoKidneyTestWithin,
    Recorded,
    Rule,
    SameCheckWith,
    Sex,
    SomeOf,
    StartedWithin,
    StoppedWithin,
    Taking,
    Weight,
    one_check,
)
from screener.rule.values import Limits, Share
from tests.properties.extra_rules import named
from tests.properties.rules_of_checks import (
    BENZODIAZEPINES,
    EGFR_BANDS,
    FAST_ZOLPIDEM,
    GABAPENTINOIDS,
    KIDNEY_DRUGS,
    LITHIUM,
    LITHIUM_PARTNERS,
    LITHIUM_TEST,
    MORPHINE,
    OPIOIDS,
    OPIOIDS_BY_MOUTH,
    ORAL_MORPHINE,
    POTASSIUM,
    SEDATIVES,
    SLOW_ZOLPIDEM,
)
from tests.reference.rules import mg

EPILEPSY = Recorded("epilepsy", frozenset({"epilepsy"}))
CLEARANCE = KidneyFunction(Limits(at_most=50), 365, "creatinine_clearance")
HIGH_POTASSIUM = LabResult(POTASSIUM, Limits(at_least=5.0), "mmol/L", 60)
OPIOID_DOSE = Finds(CheckUse("daily_dose", DailyDose(of=OPIOIDS_BY_MOUTH, at_least=mg(60))))

CONDITIONS: tuple[Condition, ...] = (
    Weight(Limits(at_most=60)),
    Weight(Limits(more_than=60, below=100)),
    EPILEPSY,
    CLEARANCE,
    KidneyFunction(Limits(more_than=30), 180, "creatinine_clearance"),
    KidneyFunction(Limits(more_than=15, at_most=60), 90),
    HIGH_POTASSIUM,
    LabResult(POTASSIUM, Limits(below=3.5), "mmol/L"),
    LabResult(LITHIUM_TEST, Limits(at_least=0.4, at_most=0.8), "mmol/L", 30),
    LabResult(LITHIUM_TEST, Limits(more_than=0.8), "mmol/L"),
    HadTest(LITHIUM_TEST, 14),
    StartedWithin(OPIOIDS, 14),
    StartedWithin(GABAPENTINOIDS, 0, new_after=30, or_restart_after=7),
    StoppedWithin(OPIOIDS, 14),
    StoppedWithin(SLOW_ZOLPIDEM, 1),
    DoseLowered(OPIOIDS_BY_MOUTH, Share(50)),
    CrossTaper(OPIOIDS, None, 28),
    CrossTaper(BENZODIAZEPINES, GABAPENTINOIDS, 14),
    OPIOID_DOSE,
    Finds(CheckUse("starts", Starts(of=OPIOIDS))),
    AllOf((Age(at_least=65), CLEARANCE)),
    SomeOf((Age(at_least=65), Sex("F"), HIGH_POTASSIUM, Taking(OPIOIDS)), at_least=2),
    SomeOf((Age(below=65), Sex("M"), CLEARANCE), fewer_than=2),
    SomeOf((Weight(Limits(below=60)), NoKidneyTestWithin(90)), at_least=1),
)
_TAKEN = one_check("taken", Taken(of=SEDATIVES))
_MANY = one_check("several_of", SeveralOf(from_=SEDATIVES, at_least=2))
GUARDED_COURSES: tuple[Rule, ...] = tuple(
    rule
    for n, condition in enumerate(CONDITIONS)
    for rule in (
        named(f"only-if-c{n}", _TAKEN, only_if=(condition,)),
        named(f"unless-c{n}", _TAKEN, unless=(condition,)),
        named(f"escalate-c{n}", _MANY, escalate=(Escalation("high", condition),)),
        named(f"downgrade-c{n}", _MANY, downgrade=(Downgrade("info", condition),)),
    )
)

_DOSE = one_check("daily_dose", DailyDose(of=OPIOIDS_BY_MOUTH, at_least=mg(40)))
_SUM = DailyDose(of=OPIOIDS, at_least=mg(60), counted_as=ORAL_MORPHINE)
_SUMMED = one_check("daily_dose", _SUM)
_PARTNERS = TakenTogether(this=OPIOIDS, with_=SEDATIVES)
_LITHIUM = TakenTogether(this=LITHIUM, with_=LITHIUM_PARTNERS)
_BANDS = one_check("dose_for_kidney_function", DoseForKidneyFunction(KIDNEY_DRUGS, EGFR_BANDS))
_EACH_BAND = DoseForKidneyFunction(KIDNEY_DRUGS, (Band("high", below=60),), one_finding_per="drug")


def _any(*parts: Clause, **more: object) -> Clause:
    return Clause("any_of", parts, **more)  # type: ignore[arg-type]


def _all(*parts: Clause | Condition, **more: object) -> Clause:
    return Clause("all_of", parts, **more)  # type: ignore[arg-type]


def _with(check: str, params: object) -> SameCheckWith:
    return SameCheckWith(check, one_check(check, params))


SHAPES: tuple[Rule, ...] = (
    named("any-with-severities", _any(replace(_DOSE, severity="high"), _SUMMED)),
    named(
        "any-with-own-guards",
        _any(
            replace(_SUMMED, severity="critical", only_if=(Age(at_least=65),)),
            replace(_DOSE, unless=(CLEARANCE,), for_at_least=5),
            replace(_BANDS, severity="info"),
        ),
    ),
    named("all-of-two", _all(_DOSE, _MANY)),
    named("all-of-two-turned", _all(_MANY, _DOSE)),
    named("all-of-partners", _all(_TAKEN, one_check("taken_together", _PARTNERS))),
    named("all-with-conditions", _all(_TAKEN, HIGH_POTASSIUM, CLEARANCE, for_at_least=3)),
    named("all-with-undecided", _all(_BANDS, _DOSE, Age(at_least=18), severity="low")),
    named("all-with-bands", _all(one_check("taken", Taken(of=LITHIUM)), _BANDS)),
    named("all-with-doubts", _all(_SUMMED, _any(_BANDS, _MANY), unless=(OPIOID_DOSE,))),
    named("all-around-all", _all(_all(_TAKEN, Taking(OPIOIDS)), _any(_DOSE, _SUMMED))),
    named(
        "any-around-all",
        _any(
            _all(_DOSE, Taking(GABAPENTINOIDS), severity="critical", for_at_least=2),
            _all(_TAKEN, SomeOf((Age(at_least=65), CLEARANCE), at_least=1), severity="low"),
            unless=(EPILEPSY,),
            for_at_least=4,
        ),
    ),
    named(
        "any-of-releases",
        _any(
            one_check("daily_dose", DailyDose(of=SLOW_ZOLPIDEM, at_least=mg(6.25))),
            replace(
                one_check("daily_dose", DailyDose(of=FAST_ZOLPIDEM, at_least=mg(5))),
                severity="high",
            ),
        ),
        only_if=(Weight(Limits(below=100)),),
    ),
    named(
        "adults-in-any",
        _any(_DOSE, one_check("taken_together", replace(_LITHIUM, one_finding_per="episode"))),
        adults_only=True,
    ),
    named(
        "episodes-in-all",
        _all(
            one_check("taken_together", replace(_PARTNERS, one_finding_per="episode")),
            _MANY,
        ),
    ),
    named(
        "changed-everywhere",
        _any(_SUMMED, _all(_SUMMED, Taking(GABAPENTINOIDS), severity="high")),
        escalate=(
            Escalation(
                "critical",
                SameCheckWith(
                    "daily_dose",
                    _any(
                        one_check("daily_dose", replace(_SUM, at_least=mg(90))),
                        _all(
                            one_check("daily_dose", replace(_SUM, at_least=mg(90))),
                            Taking(GABAPENTINOIDS),
                            severity="high",
                        ),
                    ),
                ),
            ),
        ),
    ),
    named(
        "lowered-when-tested",
        one_check("taken_together", _LITHIUM),
        escalate=(Escalation("high", StartedWithin(LITHIUM_PARTNERS, 28)),),
        downgrade=(
            Downgrade(
                "low",
                _with("taken_together", replace(_LITHIUM, checked_by=CheckedBy(LITHIUM_TEST, 14))),
            ),
        ),
    ),
    named(
        "lowered-by-steps",
        _SUMMED,
        severity="critical",
        escalate=(Escalation("high", Age(at_least=65)),),
        downgrade=(
            Downgrade(None, Taking(GABAPENTINOIDS)),
            Downgrade(None, EPILEPSY),
            Downgrade("moderate", _with("daily_dose", replace(_SUM, for_at_least=10))),
        ),
    ),
    named("one-band-a-drug", _any(one_check("dose_for_kidney_function", _EACH_BAND), _TAKEN)),
    named("morphine-started-late", _all(one_check("starts", Starts(of=MORPHINE)), _MANY)),
)
