"""The catalogue: a page for every rule and an index, as plain HTML that needs no script.

Equal rules give equal bytes. Every story is drawn with the days that the engine flags in it, so a
page shows what a rule does and not what it was meant to do.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import polars as pl
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from screener.checks import CHECKS
from screener.rule.model import SEVERITIES, Rule, Story
from screener.rule.params import parameters_of
from screener.rule.values import SYSTEMIC_TRACKS, Conversion, DailyAmount, DrugSet, Limits, Share
from screener.rulebook.read import sentence
from screener.rulebook.say_values import between, value_of
from screener.rulebook.stories import DAY_0, Engine, heard, tables_of
from screener.rulebook.story_picture import Flagged, Picture, picture_of

GENERATOR = "screener rules docs"  # stands in every page, so that an old page is known as ours
INDEX = "index.html"
_EVERY_WAY = "every way into the circulation, and the pump"
_STYLES = ("page.css", "catalogue.css")


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A story on its page: its words, its picture, and whether it came out as expected."""

    story: Story
    expected: tuple[str, ...]
    got: tuple[str, ...]
    passed: bool
    picture: Picture


def catalogue(rules: tuple[Rule, ...], engine: Engine) -> dict[str, str]:
    """File name -> HTML: index.html, and <rule id>.html for every rule."""
    style = "".join(_own_file(name) for name in _STYLES)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    shared = {"style": Markup(style), "policy": policy, "generator": GENERATOR}
    pages = _environment()
    stories = _told(rules, engine)
    made = {INDEX: pages.get_template("index.html.j2").render(topics=_topics(rules), **shared)}
    for rule in rules:
        made[page_of(rule.id)] = pages.get_template("rule.html.j2").render(
            rule=rule,
            sentence=sentence(rule),
            parameters=_parameters(rule),
            drugs=_drugs(rule),
            conversions=_conversions(rule),
            stories=stories[rule.id],
            **shared,
        )
    return made


def page_of(rule_id: str) -> str:
    """The file of a rule's page; no id ends in a hyphen, so none takes the index away."""
    return f"{rule_id}-.html" if f"{rule_id}.html" == INDEX else f"{rule_id}.html"


def _own_file(name: str) -> str:
    """A template or a style sheet; the tokens and badges are those of the report."""
    if name == "page.css":
        return (files("screener.outputs.report") / "css" / name).read_text("utf-8")
    return (files("screener.rulebook") / "templates" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_own_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(day=_day, page=page_of)
    made.globals["severities"] = list(reversed(SEVERITIES))
    return made


def _day(value: Any) -> str:
    """A date as `22 Nov 2026`; another text as it is."""
    try:
        day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{day.day} {day:%b %Y}"


def _topics(rules: tuple[Rule, ...]) -> list[tuple[str, list[Rule]]]:
    """Rules by topic; in a topic the more severe first."""
    topics: dict[str, list[Rule]] = {}
    for rule in rules:
        topics.setdefault(rule.topic, []).append(rule)
    ranks = {severity: -rank for rank, severity in enumerate(SEVERITIES)}
    return [
        (topic, sorted(topics[topic], key=lambda rule: (ranks[rule.severity], rule.id)))
        for topic in sorted(topics)
    ]


def _told(rules: tuple[Rule, ...], engine: Engine) -> dict[str, list[ToldStory]]:
    """Every story with what the engine made of it, in one call of the engine."""
    cases = [(rule, story) for rule in rules for story in rule.stories]
    made: dict[str, list[ToldStory]] = {rule.id: [] for rule in rules}
    if not cases:
        return made
    tables, as_of = tables_of(story for _, story in cases)
    assert tables.patients is not None  # stories always bring their patients
    patients = tables.patients["patient_id"].to_list()
    running = tuple(dataclasses.replace(rule, status="active") for rule in rules)
    results = engine(tables, running, as_of)
    frames = (results.findings, results.outcomes, results.not_assessed)
    said = heard(*frames, ((rule.id, at, story) for at, (rule, story) in enumerate(cases)))
    flagged = _flagged(results.findings)
    for (rule, story), patient, one in zip(cases, patients, said, strict=True):
        picture = picture_of(story, flagged.get((rule.id, patient), ()))
        made[rule.id].append(ToldStory(story, one.expected, one.got, one.passed, picture))
    return made


def _flagged(findings: pl.DataFrame) -> dict[tuple[str, str], tuple[Flagged, ...]]:
    """(rule, patient) -> the days of its findings, counted from day 0."""
    found: dict[tuple[str, str], list[Flagged]] = {}
    columns = ("rule_id", "patient_id", "date", "end_date", "severity", "certainty", "subject")
    for rule, patient, first, last, severity, certainty, subject in findings.select(
        columns
    ).iter_rows():
        one = Flagged((first - DAY_0).days, (last - DAY_0).days, severity, certainty, subject or "")
        found.setdefault((rule, patient), []).append(one)
    return {key: tuple(some) for key, some in found.items()}


def _parameters(rule: Rule) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Check -> its parameters with their values in words; what the rule leaves out has its
    default."""
    return [
        (
            use.check,
            [
                (key.replace("_", " "), _value(getattr(use.params, one.field), one.kind))
                for key, one in parameters_of(CHECKS[use.check]).items()
                if getattr(use.params, one.field) is not None
            ],
        )
        for use in rule.uses
    ]


def _value(value: Any, kind: str) -> list[str]:
    """The words of a value: several for bands."""
    if kind == "bands":
        return [_band(one) for one in value]
    if kind in ("count", "number"):
        return [f"{value:g}"]
    if kind == "lowered":
        parts = [_plain(getattr(value, f.name)) for f in dataclasses.fields(value)[1:]]
        days = value_of(value.for_at_least)
        return [f"for at least {days}, to at most {' and '.join(p for p in parts if p)}"]
    return [value_of(value)]


def _plain(value: DailyAmount | Share | None) -> str:
    return "" if value is None else value_of(value)


def _band(band: Any) -> str:
    """A band of kidney function in words."""
    kidney = Limits(band.above, band.from_, band.below, band.at_most)
    words = [f"kidney function {between(kidney)}"]
    words += ["or on dialysis"] if band.or_on_dialysis else []
    ages = Limits(at_least=band.age_at_least, below=band.age_below)
    words += [f"age {between(ages)}"] if between(ages) else []
    doses = {"at least": band.dose_at_least, "more than": band.dose_more_than,
             "less than": band.dose_less_than}  # fmt: skip
    words += [f"{side} {amount.text}" for side, amount in doses.items() if amount is not None]
    return f"{', '.join(words)}: {band.severity}"


def _drugs(rule: Rule) -> list[tuple[str, str, list[str]]]:
    """Words, routes and ingredients of every set of drugs that the rule looks at."""
    found: dict[str, tuple[str, str, list[str]]] = {}
    for value in _inside(_looked_at(rule)):
        if isinstance(value, DrugSet):
            every = value.tracks == SYSTEMIC_TRACKS
            routes = _EVERY_WAY if every else ", ".join(sorted(value.tracks))
            found.setdefault(value.text, (value.text, routes, sorted(value.ingredients)))
    return list(found.values())


def _conversions(rule: Rule) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Words, and drug, route and factor of every conversion that the rule uses."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for value in _inside(_looked_at(rule)):
        if isinstance(value, Conversion):
            found[value.text] = [
                (one.ingredient, one.track, f"{one.number / one.per:g}") for one in value.factors
            ]
    return list(found.items())


def _looked_at(rule: Rule) -> tuple[Any, ...]:
    return (rule.flag_when, rule.only_if, rule.unless, rule.escalate, rule.downgrade)


def _inside(value: Any) -> Iterator[Any]:
    """Every dataclass inside a structure of dataclasses and tuples."""
    if isinstance(value, tuple):
        for one in value:
            yield from _inside(one)
    elif dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from _inside(getattr(value, field.name))


def is_ours(text: str) -> bool:
    """Whether a page was made by this module."""
    return f'<meta name="generator" content="{GENERATOR}">' in text
