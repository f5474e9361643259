"""Conditions of `only_if`, `unless`, `when` and `all_of`: each holds on some days of a patient."""

from __future__ import annotations

from collections.abc import Callable

from screener.rule.amounts import days, whole_number
from screener.rule.drug_conditions import (
    cross_taper,
    dose_lowered,
    started_within,
    stopped_within,
    taking,
)
from screener.rule.limits import LIMITS, age, kidney_result, kilograms, limits_of, says_nothing
from screener.rule.model import (
    Age,
    AllOf,
    CheckUse,
    Condition,
    Finds,
    HadTest,
    HasCondition,
    KidneyFunction,
    LabResult,
    NoKidneyTestWithin,
    Recorded,
    Sex,
    SomeOf,
    Weight,
)
from screener.rule.named import condition_list, lab_test, result_in_first_unit, window
from screener.rule.params import read_params
from screener.rule.reading import Reading, items_of, keys_of, one_of, read_with, single_entry
from screener.rule.suggest import did_you_mean
from screener.rule.yaml_reader import Entry, Mapping, Node, Sequence

DEEPEST = 5  # any_of and all_of inside each other
_ESTIMATES = ("egfr_ckd_epi_2021", "creatinine_clearance")


def condition(reading: Reading, entry: Entry, depth: int = 0) -> Condition | None:
    """One `key: value` condition: of the table below, a group of them, or a whole check."""
    name = entry.key.text
    if name in GROUPS:
        return GROUPS[name](reading, entry, depth + 1)
    if name in CONDITIONS:
        return CONDITIONS[name](reading, entry.value)
    if name in reading.checks:
        check = reading.checks[name]
        params = read_params(reading, check, entry.value, entry.key)
        return None if params is None else Finds(CheckUse(name, params))
    known = (*CONDITIONS, *GROUPS)
    if name[:1] in "•–—*·" and name[1:].strip() in known:
        right = f"write `- {name[1:].strip()}:`"
        reading.problem(entry.key, f'"{name[:1]}" is no hyphen', right)
        return None
    if name in ("no", "not", "without"):
        fix = "what takes days out of the rule stands in unless"
        reading.problem(entry.key, f'there is no condition "{name}"', fix)
        return None
    expected = f"expected one of {', '.join(known)}, or a check"
    hint = did_you_mean(name, (*known, *reading.checks))
    reading.problem(entry.key, f'there is no condition "{name}"', expected, hint)
    return None


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


def is_condition(entry: Entry) -> bool:
    """Whether a line of `all_of` only says when: a condition, or a group with nothing else in it.

    A line that cannot be read is none: whoever reads it next says what is wrong.
    """
    if entry.key.text not in ("any_of", "all_of"):
        return entry.key.text in CONDITIONS or entry.key.text in GROUPS
    items = entry.value.items if isinstance(entry.value, Sequence) else ()
    return bool(items) and all(
        isinstance(item, Mapping) and item.entries and all(is_condition(e) for e in item.entries)
        for item in items
    )


def too_deep(reading: Reading, entry: Entry, depth: int) -> bool:
    """Whether groups stand too deep inside each other, with a problem."""
    if depth > DEEPEST:
        what = f"{entry.key.text} stands inside more than {DEEPEST} others"
        reading.problem(entry.key, what, "make two rules of it")
    return depth > DEEPEST


def lines_of(reading: Reading, entry: Entry, example: str) -> tuple[Node, ...]:
    """The lines of `any_of` or `all_of`: a list of two or more, else a problem and nothing."""
    name = entry.key.text
    if not isinstance(entry.value, Sequence) or not entry.value.items:
        keyed = isinstance(entry.value, Mapping) and entry.value.entries
        first = f"{entry.value.entries[0].key.text}:" if keyed else example  # type: ignore[union-attr]
        expected = f"expected lines that begin with a hyphen, as in `- {first}`"
        reading.problem(entry.value, f"{name} must be a list", expected)
        return ()
    if len(entry.value.items) < 2:
        what = f"{name} has one line, so nothing is put together"
        reading.problem(entry.key, what, "write the line without it, or add another")
        return ()
    return entry.value.items


def _parts(reading: Reading, items: tuple[Node, ...], depth: int) -> tuple[Condition, ...] | None:
    """Every condition of a list; None when one of them cannot be read."""
    entries = [single_entry(reading, i, "a line of conditions", "one condition") for i in items]
    made = [condition(reading, e, depth) if e else None for e in entries]
    parts = tuple(one for one in made if one is not None)
    return parts if len(parts) == len(items) else None


def _all_of(reading: Reading, entry: Entry, depth: int) -> Condition | None:
    if too_deep(reading, entry, depth):
        return None
    parts = _parts(reading, lines_of(reading, entry, "age:"), depth)
    return AllOf(parts) if parts else None


def _any_of(reading: Reading, entry: Entry, depth: int) -> Condition | None:
    if too_deep(reading, entry, depth):
        return None
    parts = _parts(reading, lines_of(reading, entry, "age:"), depth)
    return SomeOf(parts, at_least=1) if parts else None


def _some_of(reading: Reading, entry: Entry, depth: int) -> Condition | None:
    """`{at_least: 2, of: [...]}` or `{fewer_than: 2, of: [...]}`."""
    sides = ("at_least", "fewer_than")
    found = keys_of(reading, entry.value, "some_of", required=("of",), optional=sides)
    if found is None or "of" not in found or too_deep(reading, entry, depth):
        return None
    parts = _parts(reading, items_of(found["of"].value), depth)
    given = [key for key in sides if key in found]
    if len(given) != 1:
        at = found[given[1]].key if given else entry.key
        what = "some_of says both" if given else "some_of does not say how many"
        reading.problem(at, what, "expected at_least or fewer_than")
        return None
    number = read_with(reading, found[given[0]].value, given[0], whole_number)
    if parts is None or number is None:
        return None
    always = {"at_least": 0, "fewer_than": len(parts) + 1}[given[0]]
    never = {"at_least": len(parts) + 1, "fewer_than": 0}[given[0]]
    at_least = given[0] == "at_least"
    if number <= always if at_least else number >= always:
        reading.problem(found[given[0]].value, f"of {len(parts)} conditions this always holds")
        return None
    if number >= never if at_least else number <= never:
        reading.problem(found[given[0]].value, f"of {len(parts)} conditions this never holds")
        return None
    return SomeOf(parts, number, None) if at_least else SomeOf(parts, None, number)


def _age(reading: Reading, node: Node) -> Condition | None:
    example = "{at_least: 65 years}"
    found = keys_of(reading, node, "age", optional=("at_least", "below"), example=example)
    if found is None:
        return None
    bounds = {key: read_with(reading, e.value, f"age {key}", age) for key, e in found.items()}
    at_least, below = bounds.get("at_least"), bounds.get("below")
    if not found:
        says_nothing(reading, node, "age", ("at_least", "below"))
    elif at_least is not None and below is not None and at_least >= below:
        reading.problem(node, f"no age is at least {at_least} and below {below}")
    elif below == 0:
        reading.problem(node, "no age is below 0")
    elif None not in bounds.values():
        return Age(at_least, below)
    return None


def _sex(reading: Reading, node: Node) -> Condition | None:
    sex = one_of(reading, node, "sex", ("F", "M"))
    if sex is None:
        return None
    return Sex("F") if sex == "F" else Sex("M")


def _weight(reading: Reading, node: Node) -> Condition | None:
    found = keys_of(reading, node, "weight", optional=LIMITS, example="{at_most: 60 kg}")
    limits = limits_of(reading, node, "weight", found, kilograms) if found is not None else None
    return None if limits is None else Weight(limits)


def _recorded(reading: Reading, node: Node) -> Condition | None:
    found = condition_list(reading, node)
    return None if found is None else Recorded(found.text, found.names)


def _has(reading: Reading, node: Node) -> HasCondition | None:
    return condition_list(reading, node)


def _kidney_function(reading: Reading, node: Node) -> Condition | None:
    keys = (*LIMITS, "estimate", "result_good_for")
    found = keys_of(reading, node, "kidney_function", optional=keys, example="{below: 60}")
    if found is None:
        return None
    estimate: str | None = _ESTIMATES[0]
    if "estimate" in found:
        estimate = one_of(reading, found["estimate"].value, "estimate", _ESTIMATES)
    good_for = _good_for(reading, found)
    reader = kidney_result(estimate or _ESTIMATES[0])
    limits = limits_of(reading, node, "kidney_function", found, reader)
    if limits is None or estimate is None or good_for is None:
        return None
    return KidneyFunction(limits, good_for, estimate)


def _good_for(reading: Reading, found: dict[str, Entry]) -> int | None:
    if "result_good_for" not in found:
        return 365
    return read_with(reading, found["result_good_for"].value, "result_good_for", window)


def _no_kidney_test(reading: Reading, node: Node) -> Condition | None:
    within = read_with(reading, node, "no_kidney_test_within", window)
    return None if within is None else NoKidneyTestWithin(within)


def _lab(reading: Reading, node: Node) -> Condition | None:
    keys = (*LIMITS, "result_good_for")
    found = keys_of(reading, node, "lab", required=("test",), optional=keys)
    if found is None or "test" not in found:
        return None
    test = lab_test(reading, found["test"].value)
    good_for = _good_for(reading, found)
    if test is None:
        return None
    limits = limits_of(reading, node, "lab", found, lambda t: result_in_first_unit(test, t))
    if limits is None or good_for is None:
        return None
    return LabResult(test, limits, test.units[0][0], good_for)


def _tested(reading: Reading, node: Node) -> Condition | None:
    found = keys_of(reading, node, "tested", required=("test", "within"))
    if found is None or len(found) < 2:
        return None
    test = lab_test(reading, found["test"].value)
    within = read_with(reading, found["within"].value, "within", days)
    return None if test is None or within is None else HadTest(test, within)


CONDITIONS: dict[str, Callable[[Reading, Node], Condition | None]] = {
    "age": _age,
    "sex": _sex,
    "weight": _weight,
    "condition": _has,
    "recorded": _recorded,
    "kidney_function": _kidney_function,
    "no_kidney_test_within": _no_kidney_test,
    "lab": _lab,
    "tested": _tested,
    "taking": taking,
    "started_within": started_within,
    "stopped_within": stopped_within,
    "dose_lowered": dose_lowered,
    "cross_taper": cross_taper,
}
GROUPS: dict[str, Callable[[Reading, Entry, int], Condition | None]] = {
    "any_of": _any_of,
    "all_of": _all_of,
    "some_of": _some_of,
}
