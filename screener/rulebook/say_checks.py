"""Every check as the clause after "Flag a patient ...", and the sentence about its edges.

A check without a function here is read out parameter by parameter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from screener.rule.model import CheckUse
from screener.rule.values import Limits
from screener.rulebook.say_stops import stops_suddenly
from screener.rulebook.say_values import (
    KIDNEY_NAMES,
    KIDNEY_UNITS,
    between,
    days_of,
    drugs_of,
    run_of,
    sum_of,
    value_of,
)


def check_aloud(use: CheckUse) -> tuple[str, str]:
    """The clause of one check and the sentence about its edges ("" when there is none)."""
    return CLAUSES.get(use.check, _any_check(use.check))(use.params)


def _daily_dose(p: Any) -> tuple[str, str]:
    limit, side, allowed = next(
        (limit.text, words, verdict)
        for limit, words, verdict in (
            (p.more_than, "more than", "allowed"),
            (p.at_least, "at least", "flagged"),
            (p.less_than, "less than", "allowed"),
        )
        if limit is not None
    )
    what = f"whose total daily dose of {sum_of(p.of)}{counted(p)} is {side} {limit} "
    return what + run_of(p.for_at_least), f"Exactly {limit} is {allowed}."


def counted(p: Any) -> str:
    """`, counted as oral morphine,` when a dose is converted."""
    return f", counted as {p.counted_as.text}," if p.counted_as is not None else ""


def _new(p: Any) -> str:
    return (
        f"after at least {days_of(p.new_after)} observed without it or "
        f"{days_of(p.or_restart_after)} uncovered since the last supply"
    )


def _starting_dose(p: Any) -> tuple[str, str]:
    limit = p.more_than.text
    what = f"who starts {drugs_of(p.of)} with more than {limit} on the first day, {_new(p)}"
    return what, f"Exactly {limit} is allowed. Gaps of up to {days_of(p.grace)} are no new start."


def _starts(p: Any) -> tuple[str, str]:
    what = f"who starts {drugs_of(p.of)}, {_new(p)}"
    return what, f"Gaps of up to {days_of(p.grace)} are no new start."


def _dose_rises(p: Any) -> tuple[str, str]:
    limit = p.by_more_than.text
    what = f"whose daily dose of {sum_of(p.of)} rises by more than {limit} within "
    edge = (
        f"Exactly {limit} is allowed. The first day is no rise; a dose is carried through gaps of "
        f"up to {days_of(p.grace)}; before a known start (after {days_of(p.new_after)} observed or "
        f"{days_of(p.or_restart_after)} uncovered) it is 0."
    )
    return what + days_of(p.within), edge


def _dose_falls(p: Any) -> tuple[str, str]:
    share = f"{p.to_at_most.percent:g} %"
    what = (
        f"whose daily dose of {sum_of(p.of)} falls in one step by at least {p.by_at_least.text} "
        f"and to at most {share} of the dose before"
    )
    edge = (
        f"Exactly {p.by_at_least.text} and exactly {share} are flagged. A fall to nothing is a "
        f"stop, not a fall; a dose is carried through gaps of up to {days_of(p.grace)}."
    )
    return what, edge


def _taken_together(p: Any) -> tuple[str, str]:
    left_out = f", leaving out {p.except_.text}" if p.except_ is not None else ""
    what = f"who takes {drugs_of(p.this)} together with {drugs_of(p.with_)}{left_out}, "
    what += run_of(p.for_at_least)
    edges = ["A hand-over on one day is not taking together."]
    if p.partner_started_within is not None:
        what += f", up to {days_of(p.partner_started_within)} after the partner's start"
        new = days_of(p.partner_new_after)
        edges.append(f"The partner's start is new after at least {new} observed without it.")
    if p.checked_by is not None:
        days = days_of(p.checked_by.within)
        what += f', if the test "{p.checked_by.test.text}" is done from the first such day to '
        what += f"{days} after it"
    if p.one_finding_per == "episode":
        edges.append(
            f"One finding for each course of {p.this.text}; gaps of up to {days_of(p.grace)} do "
            "not end a course."
        )
    else:
        edges.append("One finding for each partner.")
    return what, " ".join(edges)


def _dose_for_kidney_function(p: Any) -> tuple[str, str]:
    name, unit = KIDNEY_NAMES[p.estimate], KIDNEY_UNITS[p.estimate]
    bands = "; ".join(f"{_band(band, name)} ({band.severity})" for band in p.bands)
    what = f"who takes {drugs_of(p.of)} at a dose that does not fit the {name}: {bands}"
    how = (
        f"The eGFR ({unit}) is CKD-EPI 2021, not rounded, with the age on the day of the sample"
        if p.estimate == "egfr_ckd_epi_2021"
        else f"The clearance ({unit}) is Cockcroft-Gault with actual weight, not rounded"
    )
    edge = f"{how}; a result counts for {days_of(p.result_good_for)}; without one nothing is said."
    return what, edge + (" One finding for each drug." if p.one_finding_per == "drug" else "")


def _band(band: Any, name: str) -> str:
    held = Limits(more_than=band.above, at_least=band.from_, below=band.below, at_most=band.at_most)
    words = [f"{name} {between(held)}"]
    if band.or_on_dialysis:
        words[0] += " or on dialysis"
    if band.age_at_least is not None or band.age_below is not None:
        ages = Limits(at_least=band.age_at_least, below=band.age_below)
        words.append(f"age {between(ages)}")
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
    what = f"whose {drugs_of(p.of)} is taken in {'fewer' if few else 'more'} than {limit:g} doses "
    what += "a day"
    if p.when_daily_dose_at_least is not None:
        what += f" while the daily dose is at least {p.when_daily_dose_at_least.text}"
    return what, f"Exactly {limit:g} doses are allowed. Days on several orders are not judged."


def _doses_per_week(p: Any) -> tuple[str, str]:
    what = f"whose {drugs_of(p.of)} is taken in at least {p.at_least} doses a week"
    edge = f"Exactly {p.at_least} doses are flagged."
    if p.may_be_split_up_to is not None:
        edge += f" Up to {p.may_be_split_up_to} may be one dose split over a day: possible only."
    return what, edge


def _supplied_twice(p: Any) -> tuple[str, str]:
    what = f"who was supplied with the same {p.of.text} twice"
    edge = (
        "The same is: strength, form and directions. An overlap of up to 7 days, or up to a "
        "quarter of the earlier supply, is an early refill."
    )
    return what, edge


def _taken(p: Any) -> tuple[str, str]:
    what = f"who takes {drugs_of(p.of)}"
    if p.in_unit_other_than is not None:
        what += f" on an order that is not written in {p.in_unit_other_than}"
    if p.with_condition is not None:
        what += f' while the condition "{p.with_condition.text}" is recorded'
    edge = "One finding for each drug." if p.one_finding_per == "drug" else ""
    return f"{what}, {run_of(p.for_at_least)}", edge


def _taken_without(p: Any) -> tuple[str, str]:
    with_whom = f" together with {drugs_of(p.and_)}" if p.and_ is not None else ""
    what = (
        f"who took {drugs_of(p.this)}{with_whom} on any of the last {days_of(p.in_last)}, and on "
        f"none of these days {drugs_of(p.without)}"
    )
    edge = "The last days are those up to the patient's last observed one."
    return what, edge + (f" One finding for each of {p.and_.text}." if p.and_ is not None else "")


def _several_of(p: Any) -> tuple[str, str]:
    what = f"who takes at least {p.at_least} different drugs of {p.from_.text} at the same time, "
    edge = f"Exactly {p.at_least} are flagged."
    edge += " Orders as needed do not count." if p.scheduled_only else ""
    return what + run_of(p.for_at_least), edge


def _test_overdue(p: Any) -> tuple[str, str]:
    limit = days_of(p.within)
    what = (
        f'who takes {drugs_of(p.of)} and has been without the test "{p.test.text}" for more than '
        f"{limit}"
    )
    since = (
        "The test is due before the first day as well"
        if p.already_due
        else "The days count from the first day of the course, or from the latest test"
    )
    are = "is" if p.within == 1 else "are"
    edge = f"Exactly {limit} {are} allowed. {since}; gaps of up to {days_of(p.grace)} do not end a "
    return what, edge + "course."


def _supply_gap(p: Any) -> tuple[str, str]:
    what = f"with a gap of {p.at_least} to {days_of(p.at_most)} in the supply of {drugs_of(p.of)}"
    edge = (
        f"Exactly {p.at_least} and exactly {days_of(p.at_most)} are flagged. Days in hospital do "
        f"not count; a gap of more than {days_of(p.grace)} ends the course."
    )
    return what, edge


def _any_check(name: str) -> Callable[[Any], tuple[str, str]]:
    """A check that has no sentence yet, parameter by parameter."""

    def clause(params: Any) -> tuple[str, str]:
        said = [
            f"{parameter_name(f)} {value_of(getattr(params, f.name))}"
            for f in dataclasses.fields(params)
            if getattr(params, f.name) is not None
        ]
        return f"for whom `{name}` holds ({', '.join(said)})", ""

    return clause


def parameter_name(field: dataclasses.Field[Any]) -> str:
    """The words of a parameter's key."""
    return str(field.metadata.get("key") or field.name).replace("_", " ")


CLAUSES: dict[str, Callable[[Any], tuple[str, str]]] = {
    "daily_dose": _daily_dose,
    "starting_dose": _starting_dose,
    "starts": _starts,
    "dose_rises": _dose_rises,
    "dose_falls": _dose_falls,
    "stops_suddenly": stops_suddenly,
    "taken_together": _taken_together,
    "dose_for_kidney_function": _dose_for_kidney_function,
    "doses_per_day": _doses_per_day,
    "doses_per_week": _doses_per_week,
    "supplied_twice": _supplied_twice,
    "taken": _taken,
    "taken_without": _taken_without,
    "several_of": _several_of,
    "test_overdue": _test_overdue,
    "supply_gap": _supply_gap,
}
