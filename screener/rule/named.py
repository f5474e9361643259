"""What a rule calls by a name of its own: condition lists, laboratory tests, conversion lists."""

from __future__ import annotations

import re

from screener.rule.amounts import Wrong, days, decimal_number
from screener.rule.model import HasCondition
from screener.rule.reading import Reading, text_of
from screener.rule.suggest import did_you_mean
from screener.rule.values import RESULT_DECIMALS, Conversion, LabTest
from screener.rule.yaml_reader import Node

_RESULT = re.compile(r"^(?P<number>[^\sA-Za-zµμ%/]+)\s*(?P<unit>\D.*)?$")


def window(text: str) -> int:
    """A window of at least one day."""
    return days(text, least=1)


def condition_list(reading: Reading, node: Node) -> HasCondition | None:
    """A condition list by its name."""
    text = text_of(reading, node, "condition")
    if text is None:
        return None
    names = reading.vocabulary.condition_names(text)
    if names is None:
        hint = did_you_mean(text, reading.vocabulary.condition_list_names())
        reading.problem(node, f'no condition list is called "{text}"', hint)
        return None
    return HasCondition(text, names)


def lab_test(reading: Reading, node: Node) -> LabTest | None:
    """A laboratory test by its name."""
    text = text_of(reading, node, "test")
    if text is None:
        return None
    test = reading.vocabulary.lab_test(text)
    if test is None:
        known = reading.vocabulary.lab_test_names()
        expected = f"expected one of {', '.join(known)}"
        reading.problem(node, f'no test is called "{text}"', expected, did_you_mean(text, known))
    return test


def conversion(reading: Reading, node: Node, what: str) -> Conversion | None:
    """A conversion list by its name, with or without the word `list` before it."""
    text = text_of(reading, node, what)
    if text is None:
        return None
    name = text.removeprefix("list ").strip()
    if name in reading.conversions:
        reading.lists_used.add(name)
        return reading.conversions[name].conversion
    if name in reading.lists:
        fix = "expected a list with `converts_to` and `factors`"
        reading.problem(node, f'{what}: the list "{name}" has no factors', fix)
        return None
    known = ", ".join(sorted(reading.conversions))
    expected = f"expected one of {known}" if known else "there is none in the folder of lists"
    hint = did_you_mean(name, reading.conversions)
    reading.problem(node, f'{what}: no conversion list is called "{name}"', expected, hint)
    return None


def result_in_first_unit(test: LabTest, text: str) -> float:
    """`3.5 mmol/L` -> 3.5 in the first unit of the test; raises Wrong for a unit it has not."""
    found = _RESULT.match(text.strip())
    units = ", ".join(dict.fromkeys(unit_in_words(unit) for unit, _ in test.units))
    if not test.units:
        raise Wrong(f'"{test.text}" is several tests, which have no limit in common')
    if not found:
        raise Wrong(f'"{text}" is not a result', f"a number and a unit: {units}")
    number = decimal_number(found["number"])
    said = "".join((found["unit"] or "").split()).lower().replace("µ", "u").replace("μ", "u")
    factors = {_plain_unit(unit): factor for unit, factor in test.units}
    if not said and "1" in factors:  # a ratio has no unit
        said = "1"
    if said not in factors:
        what = (
            f'"{found["unit"]}" is not a unit of {test.text}' if said else f'"{text}" has no unit'
        )
        right = f'"{found["number"]} {unit_in_words(test.units[0][0])}"'
        raise Wrong(what, f"for example {right}; its units are {units}")
    # Rounded as polars rounds the results of an export: one of exactly the limit must be equal.
    scale = 10.0**RESULT_DECIMALS
    return round(float(number) * factors[said] * scale) / scale


def unit_in_words(unit: str) -> str:
    """`mmol/l` as it is printed, `mmol/L`; a micro sign becomes a plain letter."""
    printed = _plain_unit(unit)
    printed = re.sub(r"(?<=[/dmuk])l\b", "L", printed).replace("meq", "mEq")
    return printed.removeprefix("mc") if printed.startswith("mcu") else printed


def _plain_unit(unit: str) -> str:
    return "".join(unit.split()).lower().replace("µ", "u").replace("μ", "u")
