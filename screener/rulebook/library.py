"""The rules folder with the checks and the drug vocabulary that this version ships."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from screener import terminology
from screener.checks import CHECKS
from screener.errors import UsageError
from screener.rule.load import RulesFolder, read_folder
from screener.rule.model import Rule
from screener.rule.suggest import closest
from screener.rule.values import LabTest


@cache
def _ingredient_named(text: str) -> str | None:
    """Rules and stories name few drugs many times, and each look-up is a query."""
    return terminology.ingredient_named(text)


class ShippedVocabulary:
    """The terminology as the loader wants it."""

    def ingredient_named(self, text: str) -> str | None:
        """See `screener.terminology`."""
        return _ingredient_named(text)

    def class_members(self, tag: str) -> frozenset[str] | None:
        """See `screener.terminology`."""
        return terminology.class_members(tag)

    def condition_names(self, name: str) -> frozenset[str] | None:
        """See `screener.terminology`."""
        return terminology.condition_names(name)

    def lab_test(self, name: str) -> LabTest | None:
        """See `screener.terminology`."""
        found = terminology.lab_test(name)
        return None if found is None else LabTest(name, *found)

    def condition_list_names(self) -> tuple[str, ...]:
        """See `screener.terminology`."""
        return terminology.condition_list_names()

    def lab_test_names(self) -> tuple[str, ...]:
        """See `screener.terminology`."""
        return terminology.lab_test_names()


def load_library(folder: Path) -> tuple[Rule, ...]:
    """Every rule of the folder, sorted by id. Raises RuleFileError or UsageError."""
    return read_library(folder).rules


def read_library(folder: Path) -> RulesFolder:
    """Rules, lists and warnings of the folder. Raises RuleFileError or UsageError."""
    return read_folder(folder, checks=CHECKS, vocabulary=ShippedVocabulary())


def chosen(rules: tuple[Rule, ...], ids: list[str]) -> tuple[Rule, ...]:
    """The rules of these ids, or all without any id. Raises UsageError for an unknown id."""
    known = {rule.id: rule for rule in rules}
    for wanted in ids:
        if wanted not in known:
            near = closest(wanted, known)
            hint = f"Did you mean {near}?" if near else "`screener rules list` names them."
            raise UsageError(f'there is no rule "{wanted}".', fix=hint)
    return tuple(known[one] for one in dict.fromkeys(ids)) if ids else rules
