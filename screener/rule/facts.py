"""The words in which a story describes its patient and says what must come out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from screener.rule.amounts import Wrong, decimal_number
from screener.rule.model import SEVERITIES, Expected, Severity
from screener.rule.suggest import closest

# Unless a story says otherwise: day 0 is the first dose.
DEFAULTS = {
    "age": "48",
    "sex": "M",
    "weight": "80 kg",
    "creatinine": "0.9 mg/dL on day -20",
    "observed": "400 days before",
}
DAYS_AFTER_LAST_DOSE = 120
# Why a rule could not judge (docs/glossary.md).
REASONS = (
    "labs-not-supplied",
    "patients-not-supplied",
    "conditions-not-supplied",
    "no-recent-kidney-test",
    "missing-demographics",
    "age-unknown",
    "sex-unknown",
    "weight-unknown",
    "no-recent-test",
    "test-not-seen-at-site",
    "no-conversion-factor",
    "dose-unknown",
    "unknown-supply",
    "history-not-observed",
    "data-end-too-early",
    "died",
    "admission-open",
    "child",
)
KEYS = (
    "age",
    "sex",
    "weight",
    "height",
    "creatinine",
    "egfr",
    "lab",
    "tests_of_the_site",
    "condition",
    "observed",
    "died",
    "admitted",
)
_AGE = re.compile(r"(?P<years>\d+)(?: years)?(?: from day (?P<day>-?\d+))?")
_WEIGHT = re.compile(r"(?P<kg>[\d.]+) kg(?: on day (?P<day>-?\d+))?")
_HEIGHT = re.compile(r"(?P<cm>[\d.]+) cm")
_RESULT = re.compile(
    r"(?P<sign>[<>]=?)? ?(?P<value>[\d.]+) ?(?P<unit>[A-Za-zµμ][^\s]*)?(?: on day (?P<day>-?\d+))"
)
_LAB = re.compile(rf"(?P<test>[A-Za-z][^<>]*?) {_RESULT.pattern}")
_SPAN = re.compile(r"(?:(?:from|on) )?day (?P<from>-?\d+)(?: to day (?P<to>-?\d+))?")
_EXPECT = re.compile(
    r"flag (?P<severity>\w+)(?: (?P<certainty>possible|definite))?(?: with (?P<subject>.+?))?"
    r"(?: from day (?P<day>-?\d+))?"
)
_WOMAN = {"F": "F", "woman": "F", "M": "M", "man": "M", "unknown": None}


@dataclass(frozen=True, slots=True)
class Lab:
    """One result; `analyte` is creatinine, egfr, weight or the name of a test list."""

    analyte: str
    comparator: str | None
    value: Decimal
    unit: str | None
    day: int


@dataclass(frozen=True, slots=True)
class Span:
    """A condition or an admission; `to` None = still going on."""

    name: str
    start: int
    to: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """The invented patient of a story; days are counted from the first dose."""

    age: int | None
    age_from_day: int | None  # the birthday on which that age is reached, when the story says it
    sex: str | None
    weight_kg: Decimal | None  # the undated one
    labs: tuple[Lab, ...]
    conditions: tuple[Span, ...]
    admissions: tuple[Span, ...]
    observed_before: int | None
    observed_until: int | None  # None = DAYS_AFTER_LAST_DOSE after the last dose
    died: int | None
    height_cm: Decimal | None = None
    tests_of_the_site: tuple[str, ...] = ()  # names of test lists


def person_of(facts: dict[str, str]) -> Person:
    """The patient that the facts describe; raises Wrong with what was not understood."""
    said = DEFAULTS | facts
    if "egfr" in facts and "creatinine" not in facts:
        said.pop("creatinine")
    age = None if said["age"] == "unknown" else _whole(_AGE, said["age"], "an age")
    before, until = _observed(said["observed"])
    return Person(
        age=int(age["years"]) if age else None,
        age_from_day=int(age["day"]) if age and age["day"] else None,
        sex=_sex(said["sex"]),
        weight_kg=_undated_weight(said["weight"]),
        labs=(
            *_labs("creatinine", said, None),
            *_labs("egfr", said, "mL/min/1.73m2"),
            *_dated_weights(said["weight"]),
            *(_lab(text) for text in _several(said.get("lab", ""))),
        ),
        conditions=tuple(_condition(text) for text in _several(said.get("condition", ""))),
        admissions=tuple(_span("", text) for text in _several(said.get("admitted", ""))),
        observed_before=before,
        observed_until=until,
        died=_day(said["died"]) if "died" in said else None,
        height_cm=_height(said["height"]) if "height" in said else None,
        tests_of_the_site=tuple(_several(said.get("tests_of_the_site", ""))),
    )


_ALL_IS_WELL = ("pass", "passes", "passed", "ok", "okay", "none", "nothing", "no flag", "negative")


def expected_of(text: str) -> Expected:
    """`clear`, `not assessed [because ...]`, `out of scope`, `flag high [possible] from day 3`."""
    text = " ".join(text.split())
    if text in ("clear", "out of scope", "not assessed"):
        return Expected(text.replace(" ", "_"))
    if text.startswith("not assessed because "):
        reason = text.removeprefix("not assessed because ")
        if reason not in REASONS:
            near = closest(reason, REASONS)
            hint = f'; did you mean "{near}"?' if near else ""
            raise Wrong(f'there is no reason "{reason}"', f"one of {', '.join(REASONS)}{hint}")
        return Expected("not_assessed", reason=reason)
    found = _EXPECT.fullmatch(text)
    if found and found["severity"] not in SEVERITIES and closest(found["severity"], SEVERITIES):
        right = closest(found["severity"], SEVERITIES)
        raise Wrong(
            f'"{found["severity"]}" is no severity',
            f'one of {", ".join(SEVERITIES)}; did you mean "{right}"?',
        )
    if not found or found["severity"] not in SEVERITIES:
        options = "clear, not assessed, out of scope, or for example flag high from day 0"
        hint = '; did you mean "clear"?' if text.lower() in _ALL_IS_WELL else ""
        raise Wrong(f'"{text}" is no outcome', f"{options}{hint}")
    return Expected(
        "flag",
        severity=cast(Severity, found["severity"]),
        day=int(found["day"]) if found["day"] else None,
        certainty=found["certainty"] or "definite",
        subject=found["subject"],
    )


def condition_names_in(facts: dict[str, str]) -> tuple[str, ...]:
    """The condition lists that a story names."""
    return tuple(_condition(text).name for text in _several(facts.get("condition", "")))


def test_names_in(facts: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The tests that a story names, each with its fact (lab or tests_of_the_site)."""
    labs = [("lab", _lab(text).analyte) for text in _several(facts.get("lab", ""))]
    site = _several(facts.get("tests_of_the_site", ""))
    return (*labs, *(("tests_of_the_site", name) for name in site))


def _whole(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    found = pattern.fullmatch(text.strip())
    if not found:
        bare = re.fullmatch(r"[\d.]+", text.strip())
        if bare and what in _UNITS:
            raise Wrong(f'"{text}" has no unit', f'"{text.strip()} {_UNITS[what]}"')
        raise Wrong(f'"{text}" is not {what}', _EXAMPLES[what])
    return found


_UNITS = {"a weight": "kg", "a height": "cm"}
_EXAMPLES = {
    "an age": '"66", or "65 from day 10" for a birthday on day 10',
    "a weight": '"80 kg", or "58 kg on day -10" for one that was measured then',
    "a height": '"170 cm"',
    "a result": '"2.4 mg/dL on day -10"',
    "a result of a test": '"lithium 0.8 mmol/L on day 30"',
    "a span of days": '"day 5 to day 10", or "day 5" when it does not end',
    "a day": '"on day 5"',
}


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _sex(text: str) -> str | None:
    if text not in _WOMAN:
        near = closest(text, ("F", "M"))
        raise Wrong(f'"{text}" is not a sex', f'"{near}"' if near else ", ".join(_WOMAN))
    return _WOMAN[text]


def _weights(text: str) -> list[re.Match[str]]:
    return [_whole(_WEIGHT, part, "a weight") for part in _several(text) if part != "unknown"]


def _undated_weight(text: str) -> Decimal | None:
    """A story whose weights all have a day knows no other: before them the weight is unknown."""
    undated = [decimal_number(found["kg"]) for found in _weights(text) if not found["day"]]
    if len(undated) > 1:
        raise Wrong(f'"{text}" says two weights without a day', _EXAMPLES["a weight"])
    return undated[0] if undated else None


def _dated_weights(text: str) -> tuple[Lab, ...]:
    dated = [found for found in _weights(text) if found["day"]]
    return tuple(Lab("weight", None, decimal_number(m["kg"]), "kg", int(m["day"])) for m in dated)


def _height(text: str) -> Decimal:
    return decimal_number(_whole(_HEIGHT, text, "a height")["cm"])


def _lab(text: str) -> Lab:
    found = _whole(_LAB, text, "a result of a test")
    value = decimal_number(found["value"])
    return Lab(found["test"].strip(), found["sign"], value, found["unit"], int(found["day"]))


def _labs(analyte: str, said: dict[str, str], unit: str | None) -> tuple[Lab, ...]:
    texts = [text for text in _several(said.get(analyte, "")) if text != "none"]
    found = [_whole(_RESULT, text, "a result") for text in texts]
    for text, result in zip(texts, found, strict=True):
        if result["unit"] is None and unit is None:
            raise Wrong(f'"{text}" has no unit', f"for example {_EXAMPLES['a result']}")
    return tuple(
        Lab(analyte, m["sign"], decimal_number(m["value"]), m["unit"] or unit, int(m["day"]))
        for m in found
    )


def _condition(text: str) -> Span:
    name, space, rest = text.partition(" from day ")
    if not space:
        name, space, rest = text.partition(" on day ")
    if not space:
        return Span(text, -10_000, None)
    return _span(name, f"day {rest}")


def _span(name: str, text: str) -> Span:
    found = _whole(_SPAN, text, "a span of days")
    return Span(name, int(found["from"]), int(found["to"]) if found["to"] else None)


def _day(text: str) -> int:
    found = _SPAN.fullmatch(text.strip())
    if not found or found["to"]:
        raise Wrong(f'"{text}" is not a day', _EXAMPLES["a day"])
    return int(found["from"])


def _observed(text: str) -> tuple[int | None, int | None]:
    before: int | None = int(DEFAULTS["observed"].split()[0])
    until: int | None = None
    for part in re.split(r"[;,]", text):
        word = part.strip()
        if found := re.fullmatch(r"(\d+) days before", word):
            before = int(found[1])
        elif found := re.fullmatch(r"until day (-?\d+)", word):
            until = int(found[1])
        elif word == "from an unknown day":
            before = None
        else:
            expected = '"400 days before, until day 60", or "from an unknown day"'
            raise Wrong(f'"{word}" is not a time of observation', expected)
    return before, until
