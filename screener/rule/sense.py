"""What can never hold, across the parameters of one check: a rule that is always silent.

Asked of the compiled parameters by the names of their fields, so that this floor knows no check;
only what is certain is said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from screener.rule.reading import Reading
from screener.rule.values import Conversion, DailyAmount, DrugSet
from screener.rule.yaml_reader import Mapping, Node

# Days at the end of a course (docs/checks.md, stops_suddenly, step 4).
STABLE_DOSE_SOUGHT = 60


def can_hold(reading: Reading, node: Node, params: Any) -> bool:
    """False, with a problem at the parameter, when no patient could ever be found."""
    for reason in _REASONS:
        found = reason(params)
        if found is not None:
            key, what = found
            reading.problem(_place(node, key), what)
            return False
    idle = _excepts_nothing(params) if _stands(node, "except") else None
    if idle is not None:
        reading.source.warn(_place(node, "except").mark, idle)
    return True


def _place(node: Node, key: str) -> Node:
    """The parameter's value if it stands here, else the whole (its default is to blame)."""
    if isinstance(node, Mapping):
        return next((e.value for e in node.entries if e.key.text == key), node)
    return node


def _stands(node: Node, key: str) -> bool:
    return isinstance(node, Mapping) and node.get(key) is not None


def _no_partner(params: Any) -> tuple[str, str] | None:
    this, partners = _drugs(params, "this"), _drugs(params, "with_")
    if this is None or partners is None:
        return None
    left_out = _drugs(params, "except_")
    left = partners.ingredients - this.ingredients
    left -= left_out.ingredients if left_out else frozenset()
    if left:
        return None
    return (
        "except" if left_out else "with",
        "no partner is left: all of `with` is in `except` or `this`",
    )


def _excepts_nothing(params: Any) -> str | None:
    partners, left_out = _drugs(params, "with_"), _drugs(params, "except_")
    if partners is None or left_out is None or partners.ingredients & left_out.ingredients:
        return None
    return f"{left_out.text} is no partner, so except changes nothing"


def _is_its_own_protection(params: Any) -> tuple[str, str] | None:
    this, without = _drugs(params, "this"), _drugs(params, "without")
    if this is None or without is None:
        return None
    if this.ingredients <= without.ingredients and this.tracks <= without.tracks:
        return "without", "all of `this` is in `without`, so nobody is ever without"
    return None


def _too_few_drugs(params: Any) -> tuple[str, str] | None:
    drugs, number = _drugs(params, "from_"), getattr(params, "at_least", None)
    if drugs is None or not isinstance(number, int):
        return None
    if number < 2:
        return "at_least", "several drugs are at least 2; for one drug, write taken"
    if number > len(drugs.ingredients):
        many = len(drugs.ingredients)
        return "at_least", f"nobody takes {number} different drugs of a set of {many}"
    return None


def _no_room(params: Any) -> tuple[str, str] | None:
    low, high = getattr(params, "at_least", None), getattr(params, "at_most", None)
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    if low > high:
        return "at_most", f"nothing is at least {low} and at most {high} days long"
    grace = getattr(params, "grace", None)
    if isinstance(grace, int) and low > grace:
        what = f"a gap of more than {grace} days (grace) ends the course, so none of {low} is found"
        return "at_least", what
    return None


def _split_too_little(params: Any) -> tuple[str, str] | None:
    number, split = getattr(params, "at_least", None), getattr(params, "may_be_split_up_to", None)
    if isinstance(number, int) and isinstance(split, int) and split < number:
        return "may_be_split_up_to", f"{split} doses are fewer than at_least, and never flagged"
    return None


def _below_nothing(params: Any) -> tuple[str, str] | None:
    for key in ("less_than", "fewer_than"):
        limit = getattr(params, key, None)
        number = limit.ug if isinstance(limit, DailyAmount) else limit
        if number is not None and number <= 0:
            return key, "nothing is less than 0"
    return None


def _held_too_long(params: Any) -> tuple[str, str] | None:
    held = getattr(params, "held_for", None)
    if isinstance(held, int) and held > STABLE_DOSE_SOUGHT:
        what = f"a stable dose is sought in the last {STABLE_DOSE_SOUGHT} days of a course"
        return "held_for", f"{what}, so none is held for {held}"
    return None


def _half_a_dose(params: Any) -> tuple[str, str] | None:
    for key in ("more_than", "fewer_than"):
        limit = getattr(params, key, None)
        if isinstance(limit, float) and limit > 1 and not limit.is_integer():
            return key, f"{limit:g} is no whole number of doses"
    return None


def _no_factor(params: Any) -> tuple[str, str] | None:
    drugs, counted = _drugs(params, "of"), getattr(params, "counted_as", None)
    if drugs is None or not isinstance(counted, Conversion):
        return None
    if any(f.ingredient in drugs.ingredients and f.track in drugs.tracks for f in counted.factors):
        return None
    return "counted_as", f"none of these drugs has a factor in {counted.text}"


def _drugs(params: Any, field: str) -> DrugSet | None:
    value = getattr(params, field, None)
    return value if isinstance(value, DrugSet) else None


_REASONS: tuple[Callable[[Any], tuple[str, str] | None], ...] = (
    _no_partner,
    _is_its_own_protection,
    _too_few_drugs,
    _no_room,
    _split_too_little,
    _below_nothing,
    _no_factor,
    _held_too_long,
    _half_a_dose,
)
