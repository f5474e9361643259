"""The parameters of a check: from `key: value` lines to the check's own parameter dataclass.

The dataclass fields say how each is read (`param(...)` of the check), and their type hints give
the classes of structured values, so that this floor knows no check by name.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from screener.rule.amounts import daily_amount, days, decimal_number, share
from screener.rule.bands import bands_of
from screener.rule.conditions import has_condition, window
from screener.rule.drugs import drug_set
from screener.rule.model import DrugSet
from screener.rule.reading import KnownCheck, Reading, items_of, keys_of, one_of, read_with
from screener.rule.yaml_reader import Entry, Mapping, Node, Scalar

# Of these, a check must be given exactly one: two limits in one check would hide an `or`.
_LIMITS = ("more_than", "less_than", "fewer_than", "at_least", "at_most")
# Windows for which 0 days makes sense.
_MAY_BE_ZERO = ("grace",)
_SEEN: dict[type[Any], dict[str, Parameter]] = {}  # type hints are slow to resolve


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a check as the loader sees it."""

    key: str  # in the rule file
    field: str  # in the dataclass
    kind: str
    help: str
    required: bool
    choices: tuple[str, ...]
    holds: type[Any]  # the class of the value, inside Optional and tuple


def parameters_of(check: KnownCheck) -> dict[str, Parameter]:
    """The parameters of a check by their key in rule files."""
    if check.params not in _SEEN:
        _SEEN[check.params] = _parameters(check.params)
    return _SEEN[check.params]


def _parameters(params: type[Any]) -> dict[str, Parameter]:
    hints = typing.get_type_hints(params)
    found = {}
    for one in dataclasses.fields(params):
        meta = one.metadata
        key = meta.get("key") or one.name
        required = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        choices = tuple(meta.get("choices", ()))
        held = _held(hints[one.name])
        about = str(meta.get("help", ""))
        found[key] = Parameter(key, one.name, meta["kind"], about, required, choices, held)
    return found


def _held(hint: Any) -> type[Any]:
    """`X` of `X | None` and of `tuple[X, ...]`."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return _held(next(a for a in typing.get_args(hint) if a is not types.NoneType))
    if typing.get_origin(hint) is tuple:
        return _held(typing.get_args(hint)[0])
    return typing.cast(type[Any], hint)


def read_params(reading: Reading, check: KnownCheck, node: Node) -> Any:
    """The complete parameter object, or None with problems."""
    known = parameters_of(check)
    required = [p.key for p in known.values() if p.required]
    optional = [p.key for p in known.values() if not p.required]
    found = keys_of(reading, node, check.name, required=required, optional=optional)
    if found is None:
        return None
    before = len(reading.source.problems)
    values = read_values(reading, known, found)
    _one_limit(reading, node, known, found)
    if len(reading.source.problems) > before or any(key not in found for key in required):
        return None
    return _checked(reading, node, check.params(**values))


def changed_params(reading: Reading, check: KnownCheck, base: Any, node: Node) -> Any:
    """`base` with the given parameters changed; None with problems."""
    known = parameters_of(check)
    found = keys_of(reading, node, check.name, optional=tuple(known))
    if found is None:
        return None
    before = len(reading.source.problems)
    values = read_values(reading, known, found)
    if not found:
        reading.problem(node, "nothing is changed here", f"expected one of {', '.join(known)}")
    if len(reading.source.problems) > before:
        return None
    changed = dataclasses.replace(base, **values)
    if changed == base:
        reading.problem(node, "these are the values that the rule has already")
        return None
    return _checked(reading, node, changed)


def read_values(
    reading: Reading, known: dict[str, Parameter], found: dict[str, Entry]
) -> dict[str, Any]:
    """Dataclass field -> typed value, of every parameter that is there and readable."""
    values = {}
    for key, entry in found.items():
        one = known[key]
        value = KINDS[one.kind](reading, entry.value, one)
        if value is not None:
            values[one.field] = value
    return values


def _one_limit(
    reading: Reading, node: Node, known: dict[str, Parameter], found: dict[str, Entry]
) -> None:
    limits = [key for key in _LIMITS if key in known and not known[key].required]
    given = [key for key in limits if key in found]
    if limits and not given and isinstance(node, Mapping):
        words = {e.key.text for e in node.entries}
        if words <= set(known):  # else the misspelled key has been reported
            reading.problem(node, "the check says no limit", f"expected {' or '.join(limits)}")
    if len(given) > 1:
        fix = "write two checks under any_of"
        reading.problem(found[given[1]].key, f"{' and '.join(given)} in one check", fix)


def _checked(reading: Reading, node: Node, params: Any) -> Any:
    """What can never hold, across parameters."""
    this, partners = getattr(params, "this", None), getattr(params, "with_", None)
    if isinstance(this, DrugSet) and isinstance(partners, DrugSet):
        left_out = getattr(params, "except_", None)
        left = partners.ingredients - this.ingredients
        left -= left_out.ingredients if left_out else frozenset()
        if not left:
            reading.problem(node, "no partner is left: all of `with` is in `except` or `this`")
            return None
    return params


def _drugs(reading: Reading, node: Node, one: Parameter) -> Any:
    return drug_set(reading, node, one.key)


def _daily_amount(reading: Reading, node: Node, one: Parameter) -> Any:
    return read_with(reading, node, one.key, daily_amount)


def _days(reading: Reading, node: Node, one: Parameter) -> Any:
    return read_with(reading, node, one.key, days if one.key in _MAY_BE_ZERO else window)


def _number(reading: Reading, node: Node, one: Parameter) -> Any:
    number = read_with(reading, node, one.key, decimal_number)
    return None if number is None else float(number)


def _share(reading: Reading, node: Node, one: Parameter) -> Any:
    return read_with(reading, node, one.key, share)


def _choice(reading: Reading, node: Node, one: Parameter) -> Any:
    return one_of(reading, node, one.key, one.choices)


def _condition(reading: Reading, node: Node, one: Parameter) -> Any:
    return has_condition(reading, node)


def _lowered(reading: Reading, node: Node, one: Parameter) -> Any:
    """A taper: {for_at_least: 7 days, to_at_most: [20 mg/day, 50 %]}."""
    found = keys_of(reading, node, one.key, required=("for_at_least", "to_at_most"))
    if found is None or len(found) < 2:
        return None
    length = read_with(reading, found["for_at_least"].value, "for_at_least", window)
    parts = items_of(found["to_at_most"].value)
    shares = [p for p in parts if isinstance(p, Scalar) and "%" in p.text]
    amounts = [p for p in parts if p not in shares]
    if len(shares) != 1 or len(amounts) != 1:
        expected = 'expected an amount and a share, for example "[20 mg/day, 50 %]"'
        reading.problem(found["to_at_most"].value, "to_at_most is not complete", expected)
        return None
    amount = read_with(reading, amounts[0], "to_at_most", daily_amount)
    part = read_with(reading, shares[0], "to_at_most", share)
    if length is None or amount is None or part is None:
        return None
    return one.holds(for_at_least=length, to_at_most=amount, to_at_most_share=part)


def _bands(reading: Reading, node: Node, one: Parameter) -> Any:
    return bands_of(reading, node, one.holds)


KINDS: dict[str, Callable[[Reading, Node, Parameter], Any]] = {
    "drugs": _drugs,
    "daily_amount": _daily_amount,
    "days": _days,
    "number": _number,
    "share": _share,
    "lowered": _lowered,
    "bands": _bands,
    "choice": _choice,
    "condition": _condition,
}
