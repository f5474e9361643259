"""What a check is, for the engine, the rule loader and `rules read` alike.

A check's parameters are a frozen dataclass whose fields carry `param(...)`: the kind of value,
so that the loader can read and type it, and one line of help.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

    from screener.rule.values import DrugSet
    from screener.timeline import Timeline

ParamKind = Literal[
    "drugs",  # DrugSet: "baclofen by mouth", "list cns-depressants", a list of these
    "daily_amount",  # DailyAmount: "80 mg/day"
    "days",  # int: "14 days"
    "number",  # float, no unit
    "share",  # Share: "50 %"
    "lowered",  # LoweredTo: {for_at_least: 7 days, to_at_most: [20 mg/day, 50 %]}
    "bands",  # tuple[Band, ...]
    "choice",  # one of `choices`
    "condition",  # HasCondition: the name of a condition list
    "count",  # int: a plain whole number
    "yes",  # bool: yes or no
    "test",  # LabTest: the name of a test list
    "checked_by",  # {test: lithium, within: 14 days}
    "conversion",  # Conversion: the name of a conversion list
]


def param(
    kind: ParamKind,
    help: str,
    *,
    default: Any = dataclasses.MISSING,
    key: str | None = None,
    choices: tuple[str, ...] = (),
    one_of: str | None = None,
) -> Any:
    """A parameter of a check; `key` is its YAML name where Python reserves the word (`with`).

    Of the parameters that share a `one_of` word, a rule gives exactly one; `one_of` that ends in
    a question mark: at most one.
    """
    return dataclasses.field(
        default=default,
        metadata={"kind": kind, "help": help, "key": key, "choices": choices, "one_of": one_of},
    )


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check with one set of parameters says of all patients of a bucket.

    `pieces`: runs of days on which the rule is broken (columns: screener.checks.pieces.PIECES).
    `unknown`: runs of days that could not be judged: patient, from_day, to_day, reason.
    `in_scope`: patient, from_day (first day on which the rule looked at the patient).
    `flags`: data flags that only this check can raise, as runs of days.
    """

    pieces: pl.DataFrame
    unknown: pl.DataFrame
    in_scope: pl.DataFrame
    flags: pl.DataFrame


def _none(params: Any) -> tuple[DrugSet, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the registry. `drugs` gives the set a rule is about, for denominators.

    `partners`: sets of which the finding's subject is one.
    """

    name: str
    params: type[Any]
    find: Callable[[Timeline, Any], CheckResult]
    drugs: Callable[[Any], DrugSet]
    about: str
    partners: Callable[[Any], tuple[DrugSet, ...]] = _none
