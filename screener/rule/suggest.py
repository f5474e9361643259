"""Did-you-mean for keys, checks, lists and fixed words, from meaning first, then from spelling.

Never for drug names: hundreds of pairs of real names lie within two letters of each other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# What people write -> what the rule language calls it; only names that fit the place are offered.
MEANT: dict[str, tuple[str, ...]] = {
    "max": ("more_than",),
    "maximum": ("more_than",),
    "over": ("more_than", "at_least"),
    "above": ("more_than", "at_least", "from"),
    "exceeds": ("more_than",),
    "greater_than": ("more_than", "at_least"),
    "gt": ("more_than",),
    "upper": ("more_than", "below"),
    "limit": ("more_than",),
    "threshold": ("more_than",),
    "min": ("at_least", "less_than", "for_at_least"),
    "minimum": ("at_least", "less_than"),
    "from": ("at_least", "from_day"),
    "older_than": ("at_least",),
    "over_or_equal": ("at_least",),
    "under": ("less_than", "below", "fewer_than"),
    "less": ("less_than", "below"),
    "less_than": ("below", "fewer_than"),
    "below": ("less_than", "fewer_than"),
    "younger_than": ("below",),
    "more_than": ("by_more_than", "at_least", "from"),
    "at_least": ("from", "for_at_least", "by_at_least", "more_than"),
    "drug": ("of", "this", "taking"),
    "drugs": ("of", "this", "taking"),
    "medication": ("of", "this"),
    "medicine": ("of", "this"),
    "ingredient": ("of", "this"),
    "of": ("this",),
    "this": ("of",),
    "partner": ("with",),
    "partners": ("with",),
    "and": ("with",),
    "other": ("with",),
    "without": ("except",),
    "exclude": ("except",),
    "excluding": ("except",),
    "not": ("unless", "except"),
    "window": ("within",),
    "days": ("within", "for_at_least", "taken_for_at_least"),
    "in": ("within",),
    "period": ("within",),
    "duration": ("for_at_least", "taken_for_at_least"),
    "gap": ("grace",),
    "increase": ("by_more_than",),
    "by": ("by_more_than", "by_at_least"),
    "washout": ("new_after",),
    "taper": ("unless_lowered",),
    "dialysis": ("or_on_dialysis",),
    "on_dialysis": ("or_on_dialysis",),
    "egfr": ("kidney_function", "from", "below"),
    "kidney": ("kidney_function",),
    "renal_function": ("kidney_function",),
    "lab_within": ("no_kidney_test_within",),
    "gender": ("sex",),
    "diagnosis": ("condition",),
    "has_condition": ("condition",),
    "with_diagnosis": ("with_condition",),
    "takes": ("taking",),
    "frequency": ("fewer_than", "doses_per_day"),
    "if": ("when", "only_if", "flag_when"),
    "when": ("flag_when", "only_if"),
    "flag": ("flag_when",),
    "flag_if": ("flag_when",),
    "trigger": ("flag_when",),
    "check": ("flag_when",),
    "checks": ("flag_when",),
    "condition": ("flag_when", "only_if"),
    "id": ("rule", "list"),
    "name": ("title", "rule", "story", "list"),
    "description": ("why", "title"),
    "reason": ("why",),
    "rationale": ("why",),
    "recommendation": ("action",),
    "advice": ("action",),
    "text": ("message",),
    "references": ("evidence",),
    "reference": ("evidence", "source"),
    "source": ("evidence",),
    "sources": ("evidence",),
    "url": ("link",),
    "author": ("owners", "wrote"),
    "owner": ("owners",),
    "reviewed": ("checked",),
    "reviewers": ("checked",),
    "review": ("next_review",),
    "exclusions": ("unless",),
    "except_if": ("unless",),
    "population": ("for",),
    "patients": ("for",),
    "tests": ("examples",),
    "stories": ("examples",),
    "test": ("examples", "story"),
    "given": ("takes",),
    "expected": ("expect",),
    "result": ("expect",),
    "level": ("severity", "to"),
    "priority": ("severity",),
    "medium": ("moderate",),
    "major": ("high",),
    "minor": ("low",),
    "severe": ("high",),
    "urgent": ("critical",),
    "warning": ("moderate",),
    "information": ("info",),
    "on": ("active",),
    "enabled": ("active",),
    "disabled": ("off",),
    "inactive": ("off",),
    "test_only": ("pilot",),
    "male": ("M",),
    "female": ("F",),
    "true": ("yes",),
    "false": ("no",),
    "overrides": ("adjust",),
    "override": ("adjust",),
    "changes": ("adjust",),
    "exceptions": ("waivers",),
    "exemptions": ("waivers",),
    "who": ("patient",),
    "person": ("patient",),
    "doctor": ("prescriber",),
    "ward": ("site",),
    "hospital": ("site",),
    "expires": ("until",),
    "before": ("was",),
    "old": ("was",),
    "new": ("now",),
    "to_value": ("now",),
    "any": ("any_of",),
    "or": ("any_of",),
    "members_of": ("members",),
    "drugs_in_list": ("members",),
    "max_daily_dose": ("daily_dose",),
    "max_dose": ("daily_dose",),
    "dose": ("daily_dose",),
    "initial_dose": ("starting_dose",),
    "start_dose": ("starting_dose",),
    "max_increase_in_window": ("dose_rises",),
    "dose_increase": ("dose_rises",),
    "titration": ("dose_rises",),
    "step_reduction": ("dose_falls",),
    "dose_decrease": ("dose_falls",),
    "abrupt_stop": ("stops_suddenly",),
    "stopped": ("stops_suddenly",),
    "co_exposure": ("taken_together",),
    "interaction": ("taken_together",),
    "renal_limit": ("dose_for_kidney_function",),
    "renal_dose": ("dose_for_kidney_function",),
    "duplicate": ("supplied_twice",),
    "duplicate_supply": ("supplied_twice",),
    "exposure": ("taken",),
}


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """`did you mean X?`, or an empty text when nothing is close."""
    found = closest(word, options)
    return f'did you mean "{found}"?' if found else ""


def closest(word: str, options: Iterable[str]) -> str | None:
    """The option that was probably meant: a known synonym, else the nearest spelling."""
    choices = {_plain(option): option for option in options}
    key = _plain(word)
    if key in choices:
        return choices[key]
    near = difflib.get_close_matches(key, list(choices), n=1, cutoff=0.78)
    if near:
        return choices[near[0]]
    for meant in MEANT.get(key, ()):
        if _plain(meant) in choices:
            return choices[_plain(meant)]
    near = difflib.get_close_matches(key, list(choices), n=1, cutoff=0.65)
    return choices[near[0]] if near else None


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
