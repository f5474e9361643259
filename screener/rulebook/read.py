"""A rule as English sentences, made from its compiled form: what it says, not what it means to say.

Every check has a function here that gives the clause after "Flag a patient ..." and the sentence
about the edge; a check without one is read out parameter by parameter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from screener.rule.model import (
    Age,
    CheckUse,
    Condition,
    DailyAmount,
    DrugSet,
    HasCondition,
    KidneyFunction,
    NoKidneyTestWithin,
    Rule,
    SameCheckWith,
    Sex,
    Taking,
)


def sentence(rule: Rule) -> str:
    """The whole rule in one paragraph: what is flagged, the edges, who, and how severe."""
    clauses = [clause_of(use) for use in rule.uses]
    flagged = ", or ".join(what for what, _ in clauses)
    parts = [f"Flag a patient {flagged}."]
    parts += [edge for _, edge in clauses if edge]
    parts += [f"Only on days when {when_of(one)}." for one in rule.only_if]
    parts += [f"Not on days when {when_of(one)}." for one in rule.unless]
    if rule.adults_only:
        parts.append("Only adults (18 years or older) are judged.")
    parts.append(_severity(rule))
    return " ".join(parts)


def clause_of(use: CheckUse) -> tuple[str, str]:
    """The clause of one check and the sentence about its edge ("" when there is none)."""
    return CLAUSES.get(use.check, _any_check(use.check))(use.params)


def when_of(condition: Condition) -> str:
    """A condition after "when"."""
    match condition:
        case Age(at_least=low, below=high):
            return f"the patient is {_between(low, high, ' years')}"
        case Sex(is_=sex):
            return f"the patient is a {'woman' if sex == 'F' else 'man'}"
        case HasCondition(text=text):
            return f'the condition "{text}" is recorded'
        case KidneyFunction(below=high, at_least=low, result_good_for=days):
            held = _between(low, high, "")
            return f"the eGFR is {held} (a result counts for {days} days)"
        case NoKidneyTestWithin(days=days):
            return f"kidney function has not been tested in the last {days} days"
        case Taking(drugs=drugs):
            return f"the patient takes {_drugs(drugs)}"
        case SameCheckWith(check=check, params=params):
            what = clause_of(CheckUse(check, params))[0]
            return f"it holds that the patient is one {what}"


def _severity(rule: Rule) -> str:
    text = f"Severity: {rule.severity}"
    if _bands_of(rule):
        text = "Severity: as each line says"
    for one in rule.escalate:
        if isinstance(one.when, SameCheckWith):
            use = next(use for use in rule.uses if use.check == one.when.check)
            text += f"; {one.to} {_changes(use.params, one.when.params)}"
        else:
            text += f"; {one.to} on days when {when_of(one.when)}"
    return f"{text}."


def _bands_of(rule: Rule) -> tuple[Any, ...]:
    return tuple(band for use in rule.uses for band in getattr(use.params, "bands", ()))


def _changes(base: Any, changed: Any) -> str:
    """`when more than 100 mg/day`: only the parameters that an escalation changes."""
    words = [
        f"{_key(f)} {_value(getattr(changed, f.name))}"
        for f in dataclasses.fields(changed)
        if getattr(changed, f.name) != getattr(base, f.name)
    ]
    return f"when {' and '.join(words)}"


def _key(field: dataclasses.Field[Any]) -> str:
    return str(field.metadata.get("key") or field.name).replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, DrugSet):
        return _drugs(value)
    if isinstance(value, DailyAmount):
        return value.text
    if isinstance(value, int):
        return _days(value)
    if isinstance(value, HasCondition):
        return value.text
    return f"{value:g}" if isinstance(value, float) else str(value)


def _drugs(drugs: DrugSet) -> str:
    """The words of the rule; a list that is more than one drug says so."""
    return drugs.text if len(drugs.ingredients) == 1 else f"any of {drugs.text}"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _between(low: float | None, high: float | None, unit: str) -> str:
    parts = []
    if low is not None:
        parts.append(f"{low:g}{unit} or more")
    if high is not None:
        parts.append(f"below {high:g}{unit}")
    return " and ".join(parts)


def _run_of(days: int) -> str:
    return "on any day" if days == 1 else f"on at least {days} days in a row"


def _daily_dose(p: Any) -> tuple[str, str]:
    if p.more_than is not None:
        limit, side = p.more_than.text, "more than"
    else:
        limit, side = p.less_than.text, "less than"
    what = f"whose total daily dose of {_drugs(p.of)} is {side} {limit} {_run_of(p.for_at_least)}"
    return what, f"Exactly {limit} is allowed."


def _starting_dose(p: Any) -> tuple[str, str]:
    limit = p.more_than.text
    what = (
        f"who starts {_drugs(p.of)} with more than {limit} on the first day, after at least "
        f"{_days(p.new_after)} observed without it or {_days(p.or_restart_after)} uncovered "
        "since the last supply"
    )
    return what, f"Exactly {limit} is allowed. Gaps of up to {_days(p.grace)} are no new start."


def _dose_rises(p: Any) -> tuple[str, str]:
    limit = p.by_more_than.text
    what = f"whose daily dose of {_drugs(p.of)} rises by more than {limit} within {_days(p.within)}"
    edge = (
        f"Exactly {limit} is allowed. The first day is no rise; a dose is carried through gaps of "
        f"up to {_days(p.grace)}; before a known start (after {_days(p.new_after)} observed or "
        f"{_days(p.or_restart_after)} uncovered) it is 0."
    )
    return what, edge


def _dose_falls(p: Any) -> tuple[str, str]:
    share = f"{p.to_at_most.percent:g} %"
    what = (
        f"whose daily dose of {_drugs(p.of)} falls in one step by at least {p.by_at_least.text} "
        f"and to at most {share} of the dose before"
    )
    edge = (
        f"Exactly {p.by_at_least.text} and exactly {share} are flagged. A fall to nothing is a "
        f"stop, not a fall; a dose is carried through gaps of up to {_days(p.grace)}."
    )
    return what, edge


def _stops_suddenly(p: Any) -> tuple[str, str]:
    taper = p.unless_lowered
    what = (
        f"who stops {_drugs(p.of)} after at least {_days(p.taken_for_at_least)} and a stable dose "
        f"of at least {p.stable_dose_at_least.text}, unless the dose was lowered for at least "
        f"{_days(taper.for_at_least)} and ended at or below the lower of {taper.to_at_most.text} "
        f"and {taper.to_at_most_share.percent:g} % of the stable dose"
    )
    edge = (
        f"Exactly {_days(p.taken_for_at_least)} and exactly {p.stable_dose_at_least.text} count. "
        f"Gaps of up to {_days(p.grace)} are no stop."
    )
    return what, edge


def _taken_together(p: Any) -> tuple[str, str]:
    left_out = f", leaving out {p.except_.text}" if p.except_ is not None else ""
    what = f"who takes {_drugs(p.this)} together with {_drugs(p.with_)}{left_out}, "
    what += _run_of(p.for_at_least)
    per = (
        f"One finding for each course of {p.this.text}."
        if p.one_finding_per == "episode"
        else "One finding for each partner."
    )
    return what, f"A hand-over on one day is not taking together. {per}"


def _dose_for_kidney_function(p: Any) -> tuple[str, str]:
    bands = "; ".join(f"{_band(band)} ({band.severity})" for band in p.bands)
    what = f"who takes {_drugs(p.of)} at a dose that does not fit the eGFR: {bands}"
    edge = (
        "The eGFR is CKD-EPI 2021, not rounded, with the age on the day of the sample; a result "
        f"counts for {_days(p.result_good_for)}; without one nothing is said."
    )
    return what, edge


def _band(band: Any) -> str:
    words = [f"eGFR {_between(band.from_, band.below, '')}"]
    if band.or_on_dialysis:
        words[0] += " or on dialysis"
    if band.age_at_least is not None or band.age_below is not None:
        words.append(f"age {_between(band.age_at_least, band.age_below, '')}")
    doses = [
        f"{side} {amount.text}"
        for side, amount in (
            ("at least", band.dose_at_least),
            ("more than", band.dose_more_than),
            ("less than", band.dose_less_than),
        )
        if amount is not None
    ]
    words.append(" and ".join(doses) if doses else "any dose")
    return ", ".join(words)


def _doses_per_day(p: Any) -> tuple[str, str]:
    few = p.fewer_than is not None
    limit = p.fewer_than if few else p.more_than
    what = (
        f"whose {_drugs(p.of)} is taken in {'fewer' if few else 'more'} than {limit:g} doses a day"
    )
    if p.when_daily_dose_at_least is not None:
        what += f" while the daily dose is at least {p.when_daily_dose_at_least.text}"
    return what, f"Exactly {limit:g} doses are allowed. Days on several orders are not judged."


def _supplied_twice(p: Any) -> tuple[str, str]:
    what = f"who was supplied with the same {p.of.text} twice"
    edge = (
        "The same is: strength, form and directions. An overlap of up to 7 days, or up to a "
        "quarter of the earlier supply, is an early refill."
    )
    return what, edge


def _taken(p: Any) -> tuple[str, str]:
    what = f"who takes {_drugs(p.of)}"
    if p.in_unit_other_than is not None:
        what += f" on an order that is not written in {p.in_unit_other_than}"
    if p.with_condition is not None:
        what += f' while the condition "{p.with_condition.text}" is recorded'
    return f"{what}, {_run_of(p.for_at_least)}", ""


def _any_check(name: str) -> Callable[[Any], tuple[str, str]]:
    """A check that has no sentence yet, parameter by parameter."""

    def clause(params: Any) -> tuple[str, str]:
        said = [
            f"{_key(f)} {_value(getattr(params, f.name))}"
            for f in dataclasses.fields(params)
            if getattr(params, f.name) is not None
        ]
        return f"for whom `{name}` holds ({', '.join(said)})", ""

    return clause


CLAUSES: dict[str, Callable[[Any], tuple[str, str]]] = {
    "daily_dose": _daily_dose,
    "starting_dose": _starting_dose,
    "dose_rises": _dose_rises,
    "dose_falls": _dose_falls,
    "stops_suddenly": _stops_suddenly,
    "taken_together": _taken_together,
    "dose_for_kidney_function": _dose_for_kidney_function,
    "doses_per_day": _doses_per_day,
    "supplied_twice": _supplied_twice,
    "taken": _taken,
}
