"""Stories become invented patients, and the production engine says what it makes of them.

All stories go through one call of the engine. Each story is a patient at a site of its own, so
that the outcome counts by site give every patient's outcome.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from screener import terminology
from screener.findings import Results
from screener.rule.facts import DAYS_AFTER_LAST_DOSE, Person, person_of
from screener.rule.model import Expected, Rule, Story
from screener.rule.takes import Order, orders_of
from screener.rulebook.library import ShippedVocabulary
from screener.tables import TABLES, Tables, typed_schema

# Day 0 of every story: a Monday, and no leap day within the usual weeks around it.
DAY_0 = dt.date(2025, 6, 2)
_BIRTHDAY_WAS = 30  # days before day 0, so that the age holds before and during a story
_FILE = "stories"

Engine = Callable[[Tables, tuple[Rule, ...], dt.date], Results]


@dataclass(frozen=True, slots=True)
class Told:
    """One story and what the engine said."""

    rule_id: str
    story: Story
    expected: tuple[str, ...]
    got: tuple[str, ...]
    passed: bool


def tell(rules: Iterable[Rule], engine: Engine) -> tuple[Told, ...]:
    """Run every story of these rules, whatever their status, in one call of the engine."""
    running = tuple(dataclasses.replace(rule, status="active") for rule in rules)
    cases = [(rule, story) for rule in running for story in rule.stories]
    if not cases:
        return ()
    tables, as_of = tables_of([story for _, story in cases])
    results = engine(tables, tuple(rule for rule in running if rule.stories), as_of)
    frames = (results.findings, results.outcomes, results.not_assessed)
    return heard(*frames, ((rule.id, n, story) for n, (rule, story) in enumerate(cases)))


def heard(
    findings: pl.DataFrame,
    outcomes: pl.DataFrame,
    not_assessed: pl.DataFrame,
    cases: Iterable[tuple[str, int, Story]],
) -> tuple[Told, ...]:
    """What was said of each story under a rule: rule id, number in `tables_of`, story.

    The frames are those of `screener.findings`; of their columns only what a story can expect.
    """
    said = _by_patient(findings, outcomes, not_assessed)
    return tuple(
        _judged(rule_id, story, said.get((rule_id, _patient(number)), _Said()))
        for rule_id, number, story in cases
    )


def tables_of(stories: Iterable[Story]) -> tuple[Tables, dt.date]:
    """Canonical typed tables with one patient for each story, and the last day of any of them."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    seen: set[tuple[str, str]] = set()
    last = DAY_0
    for number, story in enumerate(stories):
        person = person_of(story.facts)
        orders = [order for text in story.takes for order in orders_of(text, _known_drug)]
        end = _last_day(person, orders)
        patient = {"patient_id": _patient(number), "source_file": _FILE}
        rows["prescriptions"] += [
            patient | _prescription(order, f"{number + 1}-{n}", _site(number))
            for n, order in enumerate(orders, start=1)
        ]
        rows["patients"].append(patient | _patient_row(person, end))
        rows["labs"] += [
            patient
            | {
                "date": _date(lab.day),
                "analyte": _analyte(lab.analyte),
                "comparator": lab.comparator,
                "value": float(lab.value),
                "unit": lab.unit,
            }
            for lab in person.labs
        ]
        tests = (*(lab.analyte for lab in person.labs), *person.tests_of_the_site)
        seen |= {(_site(number), _analyte(name)) for name in tests}
        rows["conditions"] += [
            patient | {"condition": _one_name(span.name)} | _dates(span.start, span.to)
            for span in person.conditions
        ]
        rows["admissions"] += [patient | _dates(s.start, s.to) for s in person.admissions]
        last = max(last, end)
    frames = {name: _frame(name, some) for name, some in rows.items()}
    supplied = {name: frozenset(c.name for c in TABLES[name]) for name in TABLES}
    return Tables(**frames, supplied=supplied, tests_seen=frozenset(seen)), last


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = typed_schema(name)
    numbered = [row | {"source_row": n} for n, row in enumerate(rows, start=1)]
    return pl.DataFrame(
        {column: [row.get(column) for row in numbered] for column in schema}, schema=schema
    )


def _patient(number: int) -> str:
    return f"story-{number + 1:05d}"


def _site(number: int) -> str:
    return f"site-{number + 1}"


def _known_drug(name: str) -> bool:
    return ShippedVocabulary().ingredient_named(name) is not None


def _one_name(list_name: str) -> str:
    """A name of the condition list; loading has seen that the list exists."""
    return min(terminology.condition_names(list_name) or {list_name})


@cache
def _analyte(name: str) -> str:
    """What an export calls the test: by the name of its list, if it is one of its names."""
    test = ShippedVocabulary().lab_test(name)
    plain = name.lower()
    return plain if test is None or plain in test.analytes else min(test.analytes)


def _date(day: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=day)


def _dates(start: int, end: int | None) -> dict[str, dt.date | None]:
    return {"start_date": _date(start), "end_date": None if end is None else _date(end)}


def _last_day(person: Person, orders: list[Order]) -> dt.date:
    if person.observed_until is not None:
        return _date(person.observed_until)
    return _date(max(order.after for order in orders) - 1 + DAYS_AFTER_LAST_DOSE)


def _prescription(order: Order, order_id: str, site: str) -> dict[str, Any]:
    strength = None if order.strength is None else format(order.strength, "f")
    return {
        "prescription_id": order_id,
        "drug": order.drug,
        "route": order.route,
        "form": order.form,
        "strength_value": strength,
        "strength_unit": order.strength_unit,
        "strength_per_value": _number(order.per_value),
        "strength_per_unit": order.per_unit,
        "dose_min": _number(order.dose_min),
        "dose_max": _number(order.dose_max),
        "dose_unit": order.dose_unit,
        "frequency_count": _number(order.times),
        "frequency_period_days": _number(order.period),
        "max_doses_per_day": _number(order.most_per_day),
        "prn": order.as_needed,
        "start_date": _date(order.start),
        "days_supply": order.days,
        "stop_date": None if order.stop is None else _date(order.stop),
        "status": "active",
        "site_id": site,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _patient_row(person: Person, end: dt.date) -> dict[str, Any]:
    return {
        "birth_date": _birth_date(person),
        "sex": person.sex,
        "weight_kg": _number(person.weight_kg),
        "height_cm": _number(person.height_cm),
        "observation_start": None
        if person.observed_before is None
        else _date(-person.observed_before),
        "observation_end": end,
        "death_date": None if person.died is None else _date(person.died),
    }


def _birth_date(person: Person) -> dt.date | None:
    if person.age is None:
        return None
    birthday = _date(-_BIRTHDAY_WAS if person.age_from_day is None else person.age_from_day)
    try:
        return birthday.replace(year=birthday.year - person.age)
    except ValueError:  # 29 February in a year that has none
        return dt.date(birthday.year - person.age, 3, 1)


@dataclass(frozen=True, slots=True)
class _Said:
    """What the engine said of one patient under one rule."""

    outcome: str = "out_of_scope"
    reasons: tuple[str, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()


def _by_patient(
    found: pl.DataFrame, outcomes: pl.DataFrame, not_assessed: pl.DataFrame
) -> dict[tuple[str, str], _Said]:
    """(rule, patient) -> what was said; every row is one finding, outcome or reason."""
    outcome = {
        (rule, f"story-{int(site.removeprefix('site-')):05d}"): word
        for rule, site, word in outcomes.filter(pl.col("patients") > 0)
        .select("rule_id", "site_id", "outcome")
        .iter_rows()
    }
    reasons: dict[tuple[str, str], list[str]] = {}
    for rule, patient, reason in not_assessed.select("rule_id", "patient_id", "reason").iter_rows():
        reasons.setdefault((rule, patient), []).append(reason)
    findings: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found.select(
        "rule_id", "patient_id", "severity", "certainty", "subject", "date"
    ).iter_rows(named=True):
        row["day"] = (row.pop("date") - DAY_0).days
        findings.setdefault((row["rule_id"], row["patient_id"]), []).append(row)
    return {
        key: _Said(word, tuple(sorted(reasons.get(key, ()))), tuple(findings.get(key, ())))
        for key, word in outcome.items()
    }


def _judged(rule_id: str, story: Story, said: _Said) -> Told:
    return Told(
        rule_id=rule_id,
        story=story,
        expected=tuple(in_words(one) for one in story.expect),
        got=_got(said, with_subject=any(one.subject for one in story.expect)),
        passed=_as_expected(story.expect, said),
    )


def _as_expected(expect: tuple[Expected, ...], said: _Said) -> bool:
    """A `clear` story whose patient was never in scope fails: it would pass for any rule."""
    if expect[0].outcome != "flag":
        one = expect[0]
        return (
            not said.findings
            and said.outcome == one.outcome
            and (one.reason is None or one.reason in said.reasons)
        )
    left = list(said.findings)
    for one in expect:
        hit = next((found for found in left if _is(one, found)), None)
        if hit is None:
            return False
        left.remove(hit)
    return not left


def _is(one: Expected, found: dict[str, Any]) -> bool:
    return (
        one.severity == found["severity"]
        and one.certainty == found["certainty"]
        and one.day in (None, found["day"])
        and one.subject in (None, found["subject"])
    )


def _got(said: _Said, *, with_subject: bool) -> tuple[str, ...]:
    if said.findings:
        return tuple(
            in_words(
                Expected(
                    "flag",
                    severity=f["severity"],
                    day=f["day"],
                    certainty=f["certainty"],
                    subject=f["subject"] if with_subject else None,
                )
            )
            for f in said.findings
        )
    if said.outcome == "not_assessed" and said.reasons:
        return (f"not assessed because {', '.join(said.reasons)}",)
    return (said.outcome.replace("_", " "),)


def in_words(one: Expected) -> str:
    """An expectation as a story writes it."""
    if one.outcome != "flag":
        because = f" because {one.reason}" if one.reason else ""
        return f"{one.outcome.replace('_', ' ')}{because}"
    possible = " possible" if one.certainty == "possible" else ""
    subject = f" with {one.subject}" if one.subject else ""
    day = f" from day {one.day}" if one.day is not None else ""
    return f"flag {one.severity}{possible}{subject}{day}"
