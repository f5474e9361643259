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

from screener.rule.amounts import (
    Wrong,
    daily_amount,
    days,
    decimal_number,
    share,
    whole_number,
    yes_no,
)
from screener.rule.bands import bands_of
from screener.rule.drugs import drug_set
from screener.rule.named import condition_list, conversion, lab_test, window
from screener.rule.reading import KnownCheck, Reading, items_of, keys_of, one_of, read_with
from screener.rule.sense import can_hold
from screener.rule.suggest import closest
from screener.rule.yaml_reader import Entry, Mapping, Node, Scalar

# A change from one to the other keeps the side of a limit.
_SAME_SIDE = ({"more_than", "at_least"}, {"stable_dose_more_than", "stable_dose_at_least"})
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
    one_of: str | None = None  # exactly one of the parameters with this word; with `?` at most one


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
        group = meta.get("one_of")
        found[key] = Parameter(key, one.name, meta["kind"], about, required, choices, held, group)
    return found


def _held(hint: Any) -> type[Any]:
    """`X` of `X | None` and of `tuple[X, ...]`."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return _held(next(a for a in typing.get_args(hint) if a is not types.NoneType))
    if typing.get_origin(hint) is tuple:
        return _held(typing.get_args(hint)[0])
    return typing.cast(type[Any], hint)


def read_params(reading: Reading, check: KnownCheck, node: Node, at: Node | None = None) -> Any:
    """The complete parameter object, or None with problems; `at` is the check's key."""
    known = parameters_of(check)
    required = [p.key for p in known.values() if p.required]
    optional = [p.key for p in known.values() if not p.required]
    found = keys_of(reading, node, check.name, required=required, optional=optional, at=at)
    if found is None:
        return None
    before = len(reading.source.problems)
    values = read_values(reading, known, found)
    _groups(reading, node, known, found, at or node)
    if len(reading.source.problems) > before or any(key not in found for key in required):
        return None
    params = check.params(**values)
    return params if can_hold(reading, node, params) else None


def changes_of(reading: Reading, check: KnownCheck, node: Node) -> dict[str, Any] | None:
    """Key -> value of the parameters that a `when` changes; None with problems."""
    known = parameters_of(check)
    found = keys_of(reading, node, check.name, optional=tuple(known))
    if found is None:
        return None
    before = len(reading.source.problems)
    values = read_values(reading, known, found)
    if isinstance(node, Mapping) and not node.entries:
        reading.problem(node, "nothing is changed here", f"expected one of {', '.join(known)}")
    if len(reading.source.problems) > before:
        return None
    return {key: values[known[key].field] for key in found}


def changed_params(
    reading: Reading, check: KnownCheck, base: Any, changes: dict[str, Any], node: Node
) -> Any:
    """`base` with these parameters changed; None (with a problem) when they do not fit it.

    A limit takes the place of one of the same side (more_than, at_least), never of another.
    """
    known = parameters_of(check)
    values: dict[str, Any] = {}
    for key, value in changes.items():
        group = [one for one in known.values() if one.one_of and one.one_of == known[key].one_of]
        given = [one for one in group if getattr(base, one.field) is not None]
        for one in given:
            if one.key != key and {one.key, key} not in _SAME_SIDE:
                what = f"the rule says {one.key}, so {key} is no change of it"
                reading.problem(node, what, f"expected {one.key}")
                return None
            values[one.field] = None
        values[known[key].field] = value
    changed = dataclasses.replace(base, **values)
    return changed if can_hold(reading, node, changed) else None


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


def _groups(
    reading: Reading,
    node: Node,
    known: dict[str, Parameter],
    found: dict[str, Entry],
    at: Node,
) -> None:
    """Of parameters that exclude each other one is given: two limits would hide an `or`."""
    for group in {one.one_of: None for one in known.values() if one.one_of}:
        keys = [key for key, one in known.items() if one.one_of == group]
        given = [key for key in keys if key in found]
        if not given and not group.endswith("?") and isinstance(node, Mapping):
            strange = [e.key.text for e in node.entries if e.key.text not in known]
            if not any(closest(word, keys) for word in strange):  # else it has been reported
                what = f"{'the check' if group == 'limit' else 'it'} says no {group}"
                reading.problem(at, what, f"expected {' or '.join(keys)}")
        if len(given) > 1:
            fix = "write two checks under any_of" if group == "limit" else "write one of them"
            reading.problem(found[given[1]].key, f"{' and '.join(given)} in one check", fix)


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
    return condition_list(reading, node)


def _count(reading: Reading, node: Node, one: Parameter) -> Any:
    return read_with(reading, node, one.key, _least_one)


def _least_one(text: str) -> int:
    number = whole_number(text)
    if number < 1:
        raise Wrong(f'"{text}" can never hold', "at least 1")
    return number


def _yes(reading: Reading, node: Node, one: Parameter) -> Any:
    return read_with(reading, node, one.key, yes_no)


def _test(reading: Reading, node: Node, one: Parameter) -> Any:
    return lab_test(reading, node)


def _checked_by(reading: Reading, node: Node, one: Parameter) -> Any:
    """A test after the first day: {test: lithium, within: 14 days}."""
    found = keys_of(reading, node, one.key, required=("test", "within"))
    if found is None or len(found) < 2:
        return None
    test = lab_test(reading, found["test"].value)
    within = read_with(reading, found["within"].value, "within", days)
    return None if test is None or within is None else one.holds(test=test, within=within)


def _conversion(reading: Reading, node: Node, one: Parameter) -> Any:
    return conversion(reading, node, one.key)


def _lowered(reading: Reading, node: Node, one: Parameter) -> Any:
    """A taper: {for_at_least: 7 days, to_at_most: [20 mg/day, 50 %]}, some of it."""
    found = keys_of(reading, node, one.key, optional=("for_at_least", "to_at_most"))
    if found is None:
        return None
    if isinstance(node, Mapping) and not node.entries:
        reading.problem(node, f"{one.key} says nothing", "expected for_at_least or to_at_most")
    if not found:
        return None
    values: dict[str, Any] = {}
    if "for_at_least" in found:
        values["for_at_least"] = read_with(
            reading, found["for_at_least"].value, "for_at_least", window
        )
    parts = items_of(found["to_at_most"].value) if "to_at_most" in found else ()
    shares = [p for p in parts if isinstance(p, Scalar) and "%" in p.text]
    amounts = [p for p in parts if p not in shares]
    if "to_at_most" in found and (len(shares) > 1 or len(amounts) > 1 or not parts):
        expected = 'expected an amount, a share or one of each, for example "[20 mg/day, 50 %]"'
        reading.problem(
            found["to_at_most"].value, "to_at_most is not one amount or share", expected
        )
        return None
    for part in amounts:
        values["to_at_most"] = read_with(reading, part, "to_at_most", daily_amount)
    for part in shares:
        values["to_at_most_share"] = read_with(reading, part, "to_at_most", share)
    return None if None in values.values() else one.holds(**values)


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
    "count": _count,
    "yes": _yes,
    "test": _test,
    "checked_by": _checked_by,
    "conversion": _conversion,
}
