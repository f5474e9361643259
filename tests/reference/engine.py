"""The slow reference: one patient, one rule, one day at a time, in plain Python.

Written from docs/timeline.md and docs/checks.md alone. It shares no code with the fast engine
but the parameter classes of the rules. DECISIONS.md lists how it reads what the pages leave open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from screener.rule.model import SEVERITIES, CheckUse, DrugSet, Rule, SameCheckWith
from tests.reference import check_doses, check_presence, check_stops, drugs
from tests.reference.days import DayDose, Days, covered, doses, of_set, stretches
from tests.reference.found import Piece, Said, World
from tests.reference.guards import guard_reasons, raised_to, removed
from tests.reference.lanes import lay_out
from tests.reference.lines import DAY, Line, order_lines
from tests.reference.people import admission_days, birthday, kidney_of
from tests.reference.rows import Flag, RowClass, classify, patient_last_day

Row = dict[str, Any]

CHECKS: dict[str, Callable[[World, Any], Said]] = {
    "daily_dose": check_doses.daily_dose,
    "starting_dose": check_doses.starting_dose,
    "dose_rises": check_doses.dose_rises,
    "dose_falls": check_doses.dose_falls,
    "doses_per_day": check_doses.doses_per_day,
    "stops_suddenly": check_stops.stops_suddenly,
    "taken_together": check_presence.taken_together,
    "dose_for_kidney_function": check_presence.dose_for_kidney_function,
    "supplied_twice": check_presence.supplied_twice,
    "taken": check_presence.taken,
}
ADULT = 18


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One maximal run of days on which a rule is broken."""

    rule_id: str
    subject: str
    date: dt.date
    end_date: dt.date
    severity: str
    certainty: str
    value: float | None


@dataclass(frozen=True, slots=True, order=True)
class DayRow:
    """One covered day of one ingredient and track, micrograms a day; None = not known."""

    day: dt.date
    low: int
    high: int | None
    other_reading_high: int | None
    known: bool


@dataclass(slots=True)
class Verdicts:
    """Everything the reference says of one patient."""

    findings: list[Finding]
    outcomes: dict[str, str]
    not_assessed: dict[tuple[str, str], dt.date]
    flags: set[Flag]
    rows: list[RowClass]
    timeline: dict[tuple[str, str], list[DayRow]]


def screen_patient(
    patient: Row,
    orders: list[Row],
    labs: list[Row] | None,
    conditions: list[Row] | None,
    admissions: list[Row] | None,
    *,
    rules: tuple[Rule, ...],
    as_of: dt.date,
    patients_supplied: bool = True,
) -> Verdicts:
    """Rows of one patient, typed and with every canonical column, to what each rule says.

    `patient` holds at least the keys that are known; an unknown patient is an empty dict.
    """
    last_day = patient_last_day(patient, as_of)
    rows, flags = classify(orders, patient.get("birth_date"), last_day)
    used = [row.order for row in rows if row.row_class == "used"]
    lines: list[Line] = []
    for number, order in enumerate(used):
        made, raised = order_lines(order, number)
        lines += made
        flags |= raised
    placed = lay_out(lines, used)
    unplaced = [line for line in lines if line.unknown_supply]
    stays, open_from = admission_days(admissions, last_day)
    kidney, lab_flags = kidney_of(patient, labs, conditions, last_day)
    world = World(patient, Days(placed, unplaced, stays, last_day), kidney, conditions, open_from)
    flags |= lab_flags | _patient_flags(world, patients_supplied)
    verdicts = Verdicts([], {}, {}, flags, rows, _timeline(world))
    for rule in rules:
        _apply(rule, world, verdicts)
    about_kidneys = {
        rule.id
        for rule in rules
        if any(use.check == "dose_for_kidney_function" for use in rule.uses)
    }
    for name in ("child", "no-recent-kidney-test"):
        first = [
            day
            for (rule_id, why), day in verdicts.not_assessed.items()
            if why == name and (name == "child" or rule_id in about_kidneys)
        ]
        if first:
            flags.add((name, min(first)))
    return verdicts


def _timeline(world: World) -> dict[tuple[str, str], list[DayRow]]:
    table: dict[tuple[str, str], list[DayRow]] = {}
    for ingredient, track in sorted({(x.ingredient, x.track) for x in world.days.lines}):
        lines = [x for x in world.days.lines if (x.ingredient, x.track) == (ingredient, track)]
        table[ingredient, track] = [
            _day_row(day, dose) for day, dose in doses(lines).items() if day <= world.last_day
        ]
    return table


def _day_row(day: dt.date, dose: DayDose) -> DayRow:
    other = None if dose.high is None else dose.high + dose.other
    return DayRow(day, dose.low, dose.high, other, not dose.unknown)


def _patient_flags(world: World, patients_supplied: bool) -> set[Flag]:
    """implausible-dose and missing-demographics."""
    flags: set[Flag] = set()
    for ingredient, maximum in drugs.PLAUSIBLE_MAXIMUM_UG.items():
        by_mouth = DrugSet("", frozenset({ingredient}), frozenset({"by mouth"}))
        by_day = doses(of_set(world.days.lines, by_mouth))
        too_much = [d for d, dose in by_day.items() if dose.plausible > maximum]
        for first, _ in stretches(day for day in too_much if day <= world.last_day):
            flags.add(("implausible-dose", first))
    taken = [day for day in covered(world.days.lines) if day <= world.last_day]
    unknown = world.patient.get("birth_date") is None or world.patient.get("sex") not in {"F", "M"}
    if patients_supplied and unknown and taken:
        flags.add(("missing-demographics", min(taken)))
    return flags


def _apply(rule: Rule, world: World, verdicts: Verdicts) -> None:
    """One rule: judged days, findings, reasons, outcome."""
    pieces: list[Piece] = []
    unknown: list[tuple[dt.date, str]] = []
    joined: list[tuple[dt.date, dt.date]] = []
    in_scope = False
    for use in rule.uses:
        drug_set = use.params.this if use.check == "taken_together" else use.params.of
        in_force = world.days_in_force(drug_set)
        unplaced = of_set(world.days.unplaced, drug_set)
        if not in_force and not unplaced:
            continue
        in_scope = True
        said = CHECKS[use.check](world, use.params)
        for piece in said.pieces:
            piece.severity = raised_to(rule, world, piece.day, piece.severity or rule.severity)
        pieces += said.pieces + _variants(rule, use, world)
        unknown += said.unknown
        joined += said.joined
        unclear = [day for day in said.on_other_reading if _judged(rule, world, day)]
        verdicts.flags |= {("ambiguous-overlap", first) for first, _ in stretches(unclear)}
        if rule.adults_only:
            seen = in_force + [line.start for line in unplaced]
            unknown += [(day, "child") for day in seen if not _is_adult(world, day)]
        if use.check == "taken_together":
            partners = of_set(world.days.unplaced, use.params.with_)
            left_out = use.params.except_.ingredients if use.params.except_ else frozenset()
            unplaced = unplaced + [x for x in partners if x.ingredient not in left_out]
        unknown += [(line.start, "unknown-supply") for line in unplaced]
    for day in sorted({piece.day for piece in pieces}):
        unknown += [(day, why) for why in guard_reasons(rule, world, day)]
    findings = _findings(rule, [p for p in pieces if _judged(rule, world, p.day)], joined)
    reasons: dict[str, dt.date] = {}
    for day, why in unknown:
        if why == "child" or _not_removed(rule, world, day):
            reasons[why] = min(day, reasons.get(why, day))
    verdicts.findings += findings
    verdicts.not_assessed |= {(rule.id, why): day for why, day in reasons.items()}
    outcome = "flagged" if findings else "not_assessed" if reasons else "clear"
    verdicts.outcomes[rule.id] = outcome if in_scope else "out_of_scope"


def _variants(rule: Rule, use: CheckUse, world: World) -> list[Piece]:
    """The same check with the changed parameters of every escalation, at its severity."""
    pieces: list[Piece] = []
    for escalation in rule.escalate:
        if isinstance(escalation.when, SameCheckWith) and escalation.when.check == use.check:
            for piece in CHECKS[use.check](world, escalation.when.params).pieces:
                piece.severity = raised_to(rule, world, piece.day, escalation.to)
                pieces.append(piece)
    return pieces


def _is_adult(world: World, day: dt.date) -> bool:
    birth = world.patient.get("birth_date")
    return birth is None or day >= birthday(birth, ADULT)


def _judged(rule: Rule, world: World, day: dt.date) -> bool:
    """Whether the rule looks at the day, and can."""
    return _not_removed(rule, world, day) and not guard_reasons(rule, world, day)


def _not_removed(rule: Rule, world: World, day: dt.date) -> bool:
    if rule.adults_only and not _is_adult(world, day):
        return False
    return not removed(rule, world, day)


def _counted_severity(piece: Piece) -> int:
    """The rank of a day's severity, one step lower when only possible or only as needed."""
    assert piece.severity is not None
    rank = SEVERITIES.index(piece.severity)
    return max(0, rank - 1) if piece.possible or piece.lower else rank


def _findings(
    rule: Rule, pieces: list[Piece], joined: list[tuple[dt.date, dt.date]]
) -> list[Finding]:
    """Maximal runs of days per subject; severity of the worst day, definite if any day is."""
    findings = []
    for subject in sorted({piece.subject for piece in pieces}):
        mine = [piece for piece in pieces if piece.subject == subject]
        runs: list[tuple[dt.date, dt.date]] = []
        for day in sorted({piece.day for piece in mine}):
            if runs and _together(runs[-1][1], day, joined):
                runs[-1] = (runs[-1][0], day)
            else:
                runs.append((day, day))
        for first, last in runs:
            inside = [piece for piece in mine if first <= piece.day <= last]
            worst = max(inside, key=_how_bad)
            definite = any(not piece.possible for piece in inside)
            findings.append(
                Finding(
                    rule_id=rule.id,
                    subject=subject,
                    date=first,
                    end_date=last,
                    severity=SEVERITIES[_counted_severity(worst)],
                    certainty="definite" if definite else "possible",
                    value=worst.value,
                )
            )
    return findings


def _how_bad(piece: Piece) -> tuple[int, bool, float]:
    value = piece.value or 0.0
    return (
        _counted_severity(piece),
        not piece.possible,
        -value if piece.smaller_is_worse else value,
    )


def _together(before: dt.date, day: dt.date, joined: list[tuple[dt.date, dt.date]]) -> bool:
    """Consecutive days, or days of one episode where a finding is per episode."""
    in_one_episode = any(first <= before and day <= last for first, last in joined)
    return day == before + DAY or in_one_episode
