"""Rules that nobody ships, by check: every parameter, with small numbers that patients meet."""

from __future__ import annotations

from dataclasses import replace

from screener.checks.daily_dose import DailyDose
from screener.checks.dose_falls import DoseFalls
from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.dose_rises import DoseRises
from screener.checks.doses_per_day import DosesPerDay
from screener.checks.doses_per_week import DosesPerWeek
from screener.checks.several_of import SeveralOf
from screener.checks.starting_dose import StartingDose
from screener.checks.starts import Starts
from screener.checks.stops_suddenly import LoweredTo, StopsSuddenly
from screener.checks.supplied_twice import SuppliedTwice
from screener.checks.supply_gap import SupplyGap
from screener.checks.taken import Taken
from screener.checks.taken_together import CheckedBy, TakenTogether
from screener.checks.taken_without import TakenWithout
from screener.checks.test_overdue import TestOverdue
from screener.rule.model import HasCondition, Rule
from screener.rule.model import one_check as one
from screener.rule.values import Conversion, DrugSet, Factor, LabTest, Share
from tests.properties.extra_rules import named
from tests.reference.rules import mg

MOUTH = frozenset({"by mouth"})


def drugs(text: str, *ingredients: str, by: frozenset[str] | None = None) -> DrugSet:
    """A set by its ingredients; systemic unless said otherwise."""
    plain = DrugSet(text, frozenset(ingredients))
    return replace(plain, tracks=by) if by else plain


OPIOIDS = drugs("class opioid", "morphine", "oxycodone", "codeine", "tramadol", "fentanyl")
OPIOIDS_BY_MOUTH = replace(OPIOIDS, text="class opioid by mouth", tracks=MOUTH)
WITH_FACTOR = drugs("opioids with factor", "morphine", "oxycodone", "codeine", "fentanyl")
MORPHINE = drugs("morphine by mouth", "morphine", by=MOUTH)
ZOLPIDEM = drugs("zolpidem by mouth", "zolpidem", by=MOUTH)
SLOW_ZOLPIDEM = replace(ZOLPIDEM, releases=frozenset({"modified-release"}))
FAST_ZOLPIDEM = replace(ZOLPIDEM, releases=frozenset({"immediate-release"}))
GABAPENTINOIDS = drugs("class gabapentinoid", "gabapentin", "pregabalin")
BENZODIAZEPINES = drugs("class benzodiazepine", "diazepam", "clonazepam")
SEDATIVES = drugs(
    "list sedatives", "diazepam", "clonazepam", "zolpidem", "gabapentin", "pregabalin", "morphine"
)
NSAIDS = drugs("class nsaid", "ibuprofen", "naproxen")
OMEPRAZOLE = drugs("omeprazole", "omeprazole")
THINNERS = drugs("warfarin or lisinopril", "warfarin", "lisinopril")
LITHIUM = drugs("lithium by mouth", "lithium", by=MOUTH)
METHOTREXATE = drugs("methotrexate by mouth", "methotrexate", by=MOUTH)
LITHIUM_PARTNERS = drugs("lithium partners", "lisinopril", "furosemide", "ibuprofen")
KIDNEY_DRUGS = drugs("kidney drugs", "gabapentin", "pregabalin", "lithium", "methotrexate")

ORAL_MORPHINE = Conversion(
    "oral morphine",
    (
        Factor("codeine", "by mouth", 3, 20),
        Factor("fentanyl", "transdermal", 100, 1),
        Factor("morphine", "by mouth", 1, 1),
        Factor("oxycodone", "by mouth", 3, 2),
    ),
)
LITHIUM_TEST = LabTest(
    "lithium", frozenset({"lithium", "serum lithium"}), (("mmol/l", 1.0), ("meq/l", 1.0))
)
POTASSIUM = LabTest("potassium", frozenset({"potassium"}), (("mmol/l", 1.0), ("meq/l", 1.0)))
CREATININE = LabTest("creatinine", frozenset({"creatinine"}), (("mg/dl", 1.0),))

EGFR_BANDS = (
    Band("high", at_most=15, or_on_dialysis=True),
    Band("moderate", above=15, at_most=45, dose_more_than=mg(300)),
    Band("low", above=45, below=60, age_at_least=65),
)
CLEARANCE_BANDS = (
    Band("critical", below=30, or_on_dialysis=True, dose_at_least=mg(300)),
    Band("moderate", from_=30, at_most=50, dose_at_least=mg(400)),
    Band("low", above=50, below=80, dose_less_than=mg(900)),
    Band("low", above=95),
)


def _stop(**more: object) -> StopsSuddenly:
    return StopsSuddenly(of=OPIOIDS, taken_for_at_least=14, **more)  # type: ignore[arg-type]


_SUM = DailyDose(of=OPIOIDS, at_least=mg(60), counted_as=ORAL_MORPHINE)
_TOGETHER = TakenTogether(this=OPIOIDS, with_=SEDATIVES)
_NEW = TakenTogether(this=LITHIUM, with_=LITHIUM_PARTNERS, partner_started_within=28)
_BY_EGFR = DoseForKidneyFunction(of=KIDNEY_DRUGS, bands=EGFR_BANDS)
_BY_CLEARANCE = replace(_BY_EGFR, bands=CLEARANCE_BANDS, estimate="creatinine_clearance")
_OVERDUE = TestOverdue(of=LITHIUM, test=LITHIUM_TEST, within=45)

# check -> (rules about it, the families of drugs that meet them)
BY_CHECK: dict[str, tuple[tuple[object, ...], tuple[str, ...]]] = {
    "daily_dose": (
        (
            _SUM,
            replace(_SUM, of=WITH_FACTOR),
            replace(_SUM, at_least=None, more_than=mg(60), for_at_least=8),
            replace(_SUM, at_least=None, less_than=mg(60)),
            DailyDose(of=OPIOIDS_BY_MOUTH, at_least=mg(60)),
            DailyDose(of=SLOW_ZOLPIDEM, at_least=mg(12.5)),
            DailyDose(of=FAST_ZOLPIDEM, more_than=mg(10)),
        ),
        ("opioids", "sedatives"),
    ),
    "starting_dose": (
        (
            StartingDose(of=OPIOIDS_BY_MOUTH, more_than=mg(50)),
            StartingDose(FAST_ZOLPIDEM, mg(5), new_after=30, or_restart_after=14, grace=0),
        ),
        ("opioids", "sedatives"),
    ),
    "starts": (
        (
            Starts(of=OPIOIDS),
            Starts(of=MORPHINE, new_after=30, or_restart_after=14, grace=0),
            Starts(of=SLOW_ZOLPIDEM),
        ),
        ("opioids", "sedatives"),
    ),
    "dose_rises": (
        (
            DoseRises(of=OPIOIDS_BY_MOUTH, by_more_than=mg(20), within=7),
            DoseRises(of=GABAPENTINOIDS, by_more_than=mg(150), within=1, grace=0),
        ),
        ("opioids", "sedatives"),
    ),
    "dose_falls": (
        (DoseFalls(of=OPIOIDS_BY_MOUTH, by_at_least=mg(20), to_at_most=Share(75)),),
        ("opioids",),
    ),
    "stops_suddenly": (
        (
            _stop(),
            _stop(stable_dose_at_least=mg(60), counted_as=ORAL_MORPHINE, held_for=3),
            _stop(stable_dose_more_than=mg(20), unless_lowered=LoweredTo(to_at_most=mg(20))),
            _stop(unless_lowered=LoweredTo(7, to_at_most_share=Share(50)), grace=0),
            _stop(last_dose_more_than=mg(20), held_for=14, grace=7),
            StopsSuddenly(of=MORPHINE, taken_for_at_least=7, continued_by=OPIOIDS),
            StopsSuddenly(of=BENZODIAZEPINES, taken_for_at_least=28, continued_by=GABAPENTINOIDS),
        ),
        ("opioids", "sedatives"),
    ),
    "taken_together": (
        (
            _NEW,
            replace(_NEW, partner_new_after=30, checked_by=CheckedBy(LITHIUM_TEST, 14)),
            replace(_NEW, partner_started_within=None, checked_by=CheckedBy(LITHIUM_TEST, 7)),
            replace(_NEW, one_finding_per="episode"),
            replace(_NEW, partner_started_within=7, for_at_least=10),
            _TOGETHER,
            replace(_TOGETHER, this=SLOW_ZOLPIDEM, for_at_least=3),
            replace(_TOGETHER, with_=replace(SLOW_ZOLPIDEM, tracks=frozenset(OPIOIDS.tracks))),
        ),
        ("lithium", "lithium", "sedatives"),
    ),
    "dose_for_kidney_function": (
        (
            _BY_EGFR,
            replace(_BY_EGFR, one_finding_per="drug", result_good_for=180),
            _BY_CLEARANCE,
            replace(_BY_CLEARANCE, one_finding_per="drug"),
        ),
        ("kidneys",),
    ),
    "doses_per_day": (
        (DosesPerDay(of=GABAPENTINOIDS, fewer_than=3, when_daily_dose_at_least=mg(300)),),
        ("sedatives", "kidneys"),
    ),
    "doses_per_week": (
        (
            DosesPerWeek(of=METHOTREXATE, at_least=2),
            DosesPerWeek(of=METHOTREXATE, at_least=2, may_be_split_up_to=3),
            DosesPerWeek(of=KIDNEY_DRUGS, at_least=7, may_be_split_up_to=7),
        ),
        ("kidneys",),
    ),
    "supplied_twice": ((SuppliedTwice(of=OPIOIDS), SuppliedTwice(of=SEDATIVES)), ("opioids",)),
    "taken": (
        (
            Taken(of=OPIOIDS, for_at_least=8, one_finding_per="drug"),
            Taken(of=SEDATIVES, with_condition=HasCondition("epilepsy", frozenset({"epilepsy"}))),
            Taken(of=SLOW_ZOLPIDEM),
        ),
        ("opioids", "sedatives"),
    ),
    "taken_without": (
        (
            TakenWithout(this=NSAIDS, without=OMEPRAZOLE),
            TakenWithout(this=NSAIDS, without=OMEPRAZOLE, in_last=28),
            TakenWithout(this=NSAIDS, without=OMEPRAZOLE, and_=THINNERS, in_last=60),
        ),
        ("bleeding",),
    ),
    "several_of": (
        (
            SeveralOf(from_=SEDATIVES, at_least=2),
            SeveralOf(from_=SEDATIVES, at_least=3, for_at_least=5),
            SeveralOf(from_=OPIOIDS, at_least=2, scheduled_only=True),
        ),
        ("opioids", "sedatives"),
    ),
    "test_overdue": (
        (
            _OVERDUE,
            replace(_OVERDUE, already_due=True),
            replace(_OVERDUE, test=CREATININE, of=KIDNEY_DRUGS, within=90, grace=0),
        ),
        ("lithium", "kidneys"),
    ),
    "supply_gap": (
        (
            SupplyGap(of=LITHIUM, at_least=1, at_most=14),
            SupplyGap(of=SEDATIVES, at_least=3, at_most=7),
            SupplyGap(of=OPIOIDS, at_least=7, at_most=28, grace=28),
        ),
        ("lithium", "sedatives", "opioids"),
    ),
}

CHECK_RULES: dict[str, tuple[Rule, ...]] = {
    check: tuple(
        named(f"{check.replace('_', '-')}-{n}", one(check, params))
        for n, params in enumerate(all_params)
    )
    for check, (all_params, _) in BY_CHECK.items()
}
