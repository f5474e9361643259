"""Checks put together (docs/checks.md): any_of, all_of, and what may stand beside them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import reduce
from itertools import product

from screener.rule.model import CheckUse, Clause, Condition
from tests.reference.asked import said_of
from tests.reference.check_doses import days_of_runs
from tests.reference.found import Piece, Said, World
from tests.reference.guards import Answer, holds, verdict_of


def evaluate(clause: Clause, world: World) -> Said:
    """What a clause says of one patient; its pieces are the caller's to change."""
    if clause.kind == "all_of":
        said = _finished(clause, world, _all_of(clause, world))
    else:
        said = Said()
        alternatives = [_of_part(part, world) for part in clause.parts]
        said.pieces = [piece for part in alternatives for piece in part.pieces]
        said = _finished(clause, world, said)
        left = {id(piece) for piece in said.pieces}
        flagged = [{p.day for p in part.pieces if id(p) in left} for part in alternatives]
        for n, part in enumerate(alternatives):
            by_others = {day for m, days in enumerate(flagged) if m != n for day in days}
            part.unknown = [(day, why) for day, why in part.unknown if day not in by_others]
            part.pieces = []
            rest = _finished(clause, world, part)
            said.unknown += rest.unknown
            said.on_other_reading += rest.on_other_reading
            said.without_test += rest.without_test
    for piece in said.pieces:
        piece.severity = piece.severity or clause.severity
    return said


def _finished(clause: Clause, world: World, said: Said) -> Said:
    """After the clause's own guards, without runs that are too short."""
    said = _guarded(clause, world, said)
    said.pieces = _long_enough(said.pieces, clause.for_at_least)
    return said


def _of_part(part: object, world: World) -> Said:
    if isinstance(part, Clause):
        return evaluate(part, world)
    assert isinstance(part, CheckUse)
    said = said_of(world, part)
    if said is None:
        return Said()
    pieces = [replace(piece) for piece in said.pieces]
    unknown, other, untested = said.unknown, said.on_other_reading, said.without_test
    return Said(pieces, list(unknown), list(other), list(untested))


def _guarded(clause: Clause, world: World, said: Said) -> Said:
    """Without the days that the clause's own guards take away."""
    kept = Said()

    def verdict(day: dt.date) -> list[str] | None:
        return verdict_of(clause.only_if, clause.unless, world, day)

    kept.pieces = [piece for piece in said.pieces if verdict(piece.day) == []]
    kept.unknown = [(day, why) for day, why in said.unknown if verdict(day) is not None]
    for day in sorted({piece.day for piece in said.pieces}):
        kept.unknown += [(day, why) for why in verdict(day) or []]
    kept.on_other_reading = [day for day in said.on_other_reading if verdict(day) == []]
    kept.without_test = [day for day in said.without_test if verdict(day) is not None]
    return kept


def _long_enough(pieces: list[Piece], for_at_least: int) -> list[Piece]:
    """Without the runs, per subject, that are too short."""
    days = {
        subject: days_of_runs([p.day for p in pieces if p.about == subject], for_at_least)
        for subject in {piece.about for piece in pieces}
    }
    return [piece for piece in pieces if piece.day in days[piece.about]]


def _all_of(clause: Clause, world: World) -> Said:
    """Days on which every part holds; where one of them cannot be told, its reason."""
    parts: list[Said | Condition] = []
    for part in clause.parts:
        assert not isinstance(part, CheckUse)
        parts.append(evaluate(part, world) if isinstance(part, Clause) else part)
    says = [part for part in parts if isinstance(part, Said)]
    days = {piece.day for said in says for piece in said.pieces}
    days |= {day for said in says for day, _ in said.unknown}
    together = Said()
    for day in sorted(days):
        answers: list[Answer] = []
        for said_or_condition in parts:
            answers.append(_answer(said_or_condition, world, day))
            if answers[-1] is False:
                break
        if answers[-1] is False:
            continue
        undecided = [answer for answer in answers if isinstance(answer, str)]
        if undecided:
            together.unknown.append((day, undecided[0]))
        else:
            of_day = [[p for p in said.pieces if p.day == day] for said in says]
            together.pieces += [reduce(_both, several) for several in product(*of_day)]
        for n, told in enumerate(parts):
            others_hold = all(a is True for m, a in enumerate(answers) if m != n)
            if isinstance(told, Said) and others_hold:
                together.on_other_reading += [d for d in told.on_other_reading if d == day]
                together.without_test += [d for d in told.without_test if d == day]
    return together


def _answer(said: Said | Condition, world: World, day: dt.date) -> Answer:
    if not isinstance(said, Said):
        return holds(said, world, day)
    if any(piece.day == day for piece in said.pieces):
        return True
    return next((why for when, why in said.unknown if when == day), False)


def _both(first: Piece, second: Piece) -> Piece:
    """Two clauses that share a day: it is about the first, whose numbers count; doubts add up."""
    valued = first if first.value is not None else second
    return Piece(
        drugs=first.drugs,
        day=first.day,
        subject=first.subject,
        possible=first.possible or second.possible,
        lower=first.lower or second.lower,
        value=valued.value,
        smaller_is_worse=valued.smaller_is_worse,
        severity=first.severity or second.severity,
        group=first.group or second.group,
    )
