"""The slow reference: one patient, one rule, one day at a time, in plain Python.

Written from docs/timeline.md and docs/checks.md alone. It shares no code with the fast engine
but the parameter classes of the rules. DECISIONS.md lists how it reads what the pages leave open.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from screener.rule.model import SEVERITIES, Rule, SameCheckWith
from screener.rule.values import DrugSet
from tests.reference import drugs
from tests.reference.asked import said_of, scope_of
from tests.reference.clauses import evaluate
from tests.reference.days import DayDose, Days, covered, doses, of_set, stretches
from tests.reference.found import Piece, World
from tests.reference.guards import holds, verdict_of
from tests.reference.lanes import lay_out
from tests.reference.lines import DAY, Line, order_lines
from tests.reference.people import admission_days, birthday, kidney_of
from tests.reference.rows import Flag, RowClass, classify, patient_last_day
from tests.reference.tapers import without_restarts

Row = dict[str, Any]
ADULT = 18
# A reason for which nobody was judged, and the data flag on the first such day.
FLAGGED_REASONS = {"child": "child", "weight-unknown": "weight"}


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
    tests_seen: frozenset[tuple[str, str]] | None = None,
) -> Verdicts:
    """Rows of one patient, typed and with every canonical column, to what each rule says.

    `patient` holds at least the keys that are known; an unknown patient is an empty dict.
    `tests_seen`: (site, analyte) over the whole export; None: this patient's own tests.
    """
    last_day = patient_last_day(patient, as_of)
    rows, flags = classify(orders, patient.get("birth_date"), last_day)
    used = [row.order for row in rows if row.row_class == "used"]
    used = without_restarts(used, orders)
    lines: list[Line] = []
    for number, order in enumerate(used):
        made, raised = order_lines(order, number)
        lines += made
        flags |= raised
    placed = lay_out(lines, used)
    unplaced = [line for line in lines if line.unknown_supply]
    stays, open_from = admission_days(admissions, last_day)
    kidney, lab_flags = kidney_of(patient, labs, conditions, last_day)
    latest = max(used, key=lambda order: order["start_date"], default={})
    site = latest.get("site_id") or ""
    world = World(
        patient=patient,
        days=Days(placed, unplaced, stays, last_day),
        kidney=kidney,
        labs=labs,
        conditions=conditions,
        open_admissions=open_from,
        site=site,
        tests_seen=_seen_here(site, labs) if tests_seen is None else tests_seen,
    )
    flags |= lab_flags | _patient_flags(world, patients_supplied)
    verdicts = Verdicts([], {}, {}, flags, rows, _timeline(world))
    for rule in rules:
        _apply(rule, world, verdicts)
    for reason, flag in FLAGGED_REASONS.items():
        first = [day for (_, why), day in verdicts.not_assessed.items() if why == reason]
        if first:
            flags.add((flag, min(first)))
    return verdicts


def _seen_here(site: str, labs: list[Row] | None) -> frozenset[tuple[str, str]]:
    return frozenset((site, drugs.tidy(lab["analyte"])) for lab in labs or [])


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
    leading = [use for use in rule.flag_when.leading if said_of(world, use) is not None]
    if not leading:
        verdicts.outcomes[rule.id] = "out_of_scope"
        return
    said = evaluate(rule.flag_when, world)
    pieces = _with_severities(rule, world, said.pieces)
    unknown = list(said.unknown)
    for day in sorted({piece.day for piece in pieces}):
        unknown += [(day, why) for why in _reasons(rule, world, day)]
    findings = _findings(rule, [p for p in pieces if _judged(rule, world, p.day)])
    unknown = [(day, why) for day, why in unknown if _not_removed(rule, world, day)]
    if rule.adults_only:
        for use in leading:
            seen = world.days_in_force(scope_of(use))
            seen += [line.start for line in of_set(world.days.unplaced, scope_of(use))]
            unknown += [(day, "child") for day in seen if not _is_adult(world, day)]
    reasons: dict[str, dt.date] = {}
    for day, why in unknown:
        reasons[why] = min(day, reasons.get(why, day))
    verdicts.findings += findings
    verdicts.not_assessed |= {(rule.id, why): day for why, day in reasons.items()}
    verdicts.outcomes[rule.id] = "flagged" if findings else "not_assessed" if reasons else "clear"
    unclear = [day for day in said.on_other_reading if _judged(rule, world, day)]
    verdicts.flags |= {("ambiguous-overlap", first) for first, _ in stretches(set(unclear))}
    untested = [day for day in said.without_test if _not_removed(rule, world, day)]
    earlier = {day for flag, day in verdicts.flags if flag == "no-recent-kidney-test"}
    if untested:  # once per patient, whatever the number of rules
        verdicts.flags -= {("no-recent-kidney-test", day) for day in earlier}
        verdicts.flags.add(("no-recent-kidney-test", min(earlier | set(untested))))


def _with_severities(rule: Rule, world: World, pieces: list[Piece]) -> list[Piece]:
    """Every variant of every day at its severity, before the step for possible and as needed."""
    variants = list(pieces)
    for piece in pieces:
        piece.severity = piece.severity or rule.severity
    for escalation in rule.escalate:
        if isinstance(escalation.when, SameCheckWith):
            for piece in evaluate(escalation.when.clause, world).pieces:
                piece.severity = escalation.to
                variants.append(piece)
    lowered: list[set[tuple[dt.date, str]]] = [
        {(piece.day, piece.about) for piece in evaluate(downgrade.when.clause, world).pieces}
        if isinstance(downgrade.when, SameCheckWith)
        else set()
        for downgrade in rule.downgrade
    ]
    for piece in variants:
        assert piece.severity is not None
        rank = SEVERITIES.index(piece.severity)
        for escalation in rule.escalate:
            if holds(escalation.when, world, piece.day) is True:
                rank = max(rank, SEVERITIES.index(escalation.to))
        for downgrade, same_subject in zip(rule.downgrade, lowered, strict=True):
            known = holds(downgrade.when, world, piece.day) is True
            if known or (piece.day, piece.about) in same_subject:
                step_down = max(0, rank - 1)
                rank = min(rank, SEVERITIES.index(downgrade.to)) if downgrade.to else step_down
        piece.severity = SEVERITIES[rank]
    return variants


def _is_adult(world: World, day: dt.date) -> bool:
    birth = world.patient.get("birth_date")
    return birth is None or day >= birthday(birth, ADULT)


def _judged(rule: Rule, world: World, day: dt.date) -> bool:
    """Whether the rule looks at the day, and can."""
    return _not_removed(rule, world, day) and not _reasons(rule, world, day)


def _not_removed(rule: Rule, world: World, day: dt.date) -> bool:
    if rule.adults_only and not _is_adult(world, day):
        return False
    return verdict_of(rule.only_if, rule.unless, world, day) is not None


def _reasons(rule: Rule, world: World, day: dt.date) -> list[str]:
    return verdict_of(rule.only_if, rule.unless, world, day) or []


def _counted_severity(piece: Piece) -> int:
    """The rank of a day's severity, one step lower when only possible or only as needed."""
    assert piece.severity is not None
    rank = SEVERITIES.index(piece.severity)
    return max(0, rank - 1) if piece.possible or piece.lower else rank


def _findings(rule: Rule, pieces: list[Piece]) -> list[Finding]:
    """Maximal runs of days per subject; severity of the worst day, definite if any day is."""
    findings = []
    for subject in sorted({piece.about for piece in pieces}):
        mine = [piece for piece in pieces if piece.about == subject]
        groups: dict[dt.date, set[object]] = {}
        for piece in mine:
            groups.setdefault(piece.day, set()).add(piece.group)
        runs: list[tuple[dt.date, dt.date]] = []
        for day in sorted(groups):
            if runs and (day == runs[-1][1] + DAY or (groups[runs[-1][1]] & groups[day]) - {None}):
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
