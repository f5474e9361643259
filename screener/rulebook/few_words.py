"""A part of a compiled rule in few words, as a rule file writes it: for names and tables."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from typing import Any

from screener.rule.model import (
    AllOf,
    CheckUse,
    Clause,
    Finds,
    HadTest,
    HasCondition,
    LabResult,
    SameCheckWith,
    SomeOf,
)
from screener.rule.values import Conversion, DailyAmount, DrugSet, LabTest, Share

# Fields that a rule file has no key for, or a key that says nothing more.
UNSAID = {"use", "limits", "drugs", "params", "when"}
_KEYWORDS = {HasCondition: "condition", HadTest: "tested", LabResult: "lab"}


def keyword(value: Any) -> str:
    """The key of a condition or check in a rule file."""
    if isinstance(value, CheckUse):
        return value.check
    if isinstance(value, Finds | SameCheckWith):
        return value.use.check if isinstance(value, Finds) else value.check
    if isinstance(value, Clause):
        return keyword(value.parts[0]) if value.kind == "check" else value.kind
    if isinstance(value, SomeOf) and value.at_least == 1:
        return "any_of"
    kind = type(value)
    return _KEYWORDS.get(kind) or re.sub(r"(?<!^)([A-Z])", r"_\1", kind.__name__).lower()


def described(value: Any) -> str:
    """A part of a rule in few words: "recorded palliative care", "age below 65"."""
    if isinstance(value, CheckUse | Clause | Finds | SameCheckWith):
        return keyword(value)
    if isinstance(value, AllOf | SomeOf):
        return f"{keyword(value)} ({', '.join(described(part) for part in value.parts)})"
    if isinstance(value, DrugSet | DailyAmount | LabTest | Conversion | Share | float | int | str):
        return number_words(value)
    said = []
    for field in dataclasses.fields(value):
        one = getattr(value, field.name)
        if one is None or one == field.default or isinstance(one, frozenset | tuple):
            continue
        bare = field.name in UNSAID or field.name in {"text", "test", "unit", "is_", "of"}
        said.append(described(one) if bare else f"{field.name.rstrip('_')} {described(one)}")
    name = [] if type(value).__name__ in {"Limits", "Band"} else [keyword(value)]
    return " ".join([*name, *said])


def number_words(value: Any) -> str:
    """A number as a rule writes it."""
    if isinstance(value, Share):
        return f"{decimal(value.percent):f} %"
    if isinstance(value, float):
        return f"{decimal(value):f}"
    return str(getattr(value, "text", value))


def decimal(number: float) -> Decimal:
    """80 for 80.0, 2.5 for 2.5."""
    return Decimal(f"{number:.6f}".rstrip("0").rstrip("."))
