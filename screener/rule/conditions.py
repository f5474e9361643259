"""The conditions of `only_if`, `unless` and `escalate`: each holds on some days of a patient."""

from __future__ import annotations

from collections.abc import Callable

from screener.rule.amounts import days, decimal_number, years
from screener.rule.drugs import drug_set
from screener.rule.model import (
    Age,
    Condition,
    HasCondition,
    KidneyFunction,
    NoKidneyTestWithin,
    Sex,
    Taking,
)
from screener.rule.reading import Reading, items_of, keys_of, one_of, read_with, text_of
from screener.rule.suggest import did_you_mean
from screener.rule.yaml_reader import Entry, Mapping, Node


def condition(reading: Reading, entry: Entry, extra: tuple[str, ...] = ()) -> Condition | None:
    """One `key: value` condition; `extra` names keys that this place allows besides."""
    read = CONDITIONS.get(entry.key.text)
    if read is None:
        known = (*CONDITIONS, *extra)
        expected = f"expected one of {', '.join(known)}"
        hint = did_you_mean(entry.key.text, known)
        reading.problem(entry.key, f'there is no condition "{entry.key.text}"', expected, hint)
        return None
    return read(reading, entry.value)


def guards(reading: Reading, node: Node, what: str) -> tuple[Condition, ...]:
    """The conditions of `only_if` (all must hold) or `unless` (any one removes the day)."""
    found: list[Condition] = []
    for item in items_of(node):
        if not isinstance(item, Mapping):
            expected = f"expected conditions: {', '.join(CONDITIONS)}"
            reading.problem(item, f"{what} must be `condition: value` lines", expected)
            continue
        for entry in item.entries:
            one = condition(reading, entry)
            if one is not None:
                found.append(one)
    return tuple(found)


def _age(reading: Reading, node: Node) -> Condition | None:
    found = keys_of(reading, node, "age", optional=("at_least", "below"))
    if found is None:
        return None
    bounds = {key: read_with(reading, e.value, f"age {key}", years) for key, e in found.items()}
    at_least, below = bounds.get("at_least"), bounds.get("below")
    if not found:
        _says_nothing(reading, node, "age", "at_least or below")
    elif at_least is not None and below is not None and at_least >= below:
        reading.problem(node, f"no age is at least {at_least} and below {below}")
    elif None not in bounds.values():
        return Age(at_least, below)
    return None


def _says_nothing(reading: Reading, node: Node, what: str, expected: str) -> None:
    """An empty condition; one with an unknown key has been reported already."""
    if isinstance(node, Mapping) and all(e.key.text == "result_good_for" for e in node.entries):
        reading.problem(node, f"{what} says no limit", f"expected {expected}")


def _sex(reading: Reading, node: Node) -> Condition | None:
    sex = one_of(reading, node, "sex", ("F", "M"))
    if sex is None:
        return None
    return Sex("F") if sex == "F" else Sex("M")


def has_condition(reading: Reading, node: Node) -> HasCondition | None:
    """A condition list by its name."""
    text = text_of(reading, node, "condition")
    if text is None:
        return None
    names = reading.vocabulary.condition_names(text)
    if names is None:
        reading.problem(node, f'no condition list is called "{text}"')
        return None
    return HasCondition(text, names)


def _kidney_function(reading: Reading, node: Node) -> Condition | None:
    keys = ("below", "at_least", "result_good_for")
    found = keys_of(reading, node, "kidney_function", optional=keys)
    if found is None:
        return None
    bounds = {
        key: read_with(reading, e.value, f"kidney_function {key}", decimal_number)
        for key, e in found.items()
        if key != "result_good_for"
    }
    good_for: int | None = 365
    if "result_good_for" in found:
        good_for = read_with(reading, found["result_good_for"].value, "result_good_for", window)
    below, at_least = bounds.get("below"), bounds.get("at_least")
    if not bounds:
        _says_nothing(reading, node, "kidney_function", "below or at_least")
        return None
    if below is not None and at_least is not None and at_least >= below:
        reading.problem(node, f"no result is at least {at_least} and below {below}")
        return None
    if None in bounds.values() or good_for is None:
        return None
    return KidneyFunction(
        None if below is None else float(below),
        None if at_least is None else float(at_least),
        good_for,
    )


def window(text: str) -> int:
    """A window of at least one day."""
    return days(text, least=1)


def _no_kidney_test(reading: Reading, node: Node) -> Condition | None:
    within = read_with(reading, node, "no_kidney_test_within", window)
    return None if within is None else NoKidneyTestWithin(within)


def _taking(reading: Reading, node: Node) -> Condition | None:
    drugs = drug_set(reading, node, "taking")
    return None if drugs is None else Taking(drugs)


CONDITIONS: dict[str, Callable[[Reading, Node], Condition | None]] = {
    "age": _age,
    "sex": _sex,
    "condition": has_condition,
    "kidney_function": _kidney_function,
    "no_kidney_test_within": _no_kidney_test,
    "taking": _taking,
}
