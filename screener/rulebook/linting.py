"""Warnings of a rules folder, with what the terminology knows of drugs."""

from __future__ import annotations

import datetime as dt
from functools import cache

from screener.rule.lint import lint
from screener.rule.linted import DrugFacts
from screener.rule.load import RulesFolder
from screener.terminology import ingredient_table
from screener.terminology.lists import read_list

_CODES = ("atc", "atc_retired", "rxnorm")


def library_warnings(folder: RulesFolder, as_of: dt.date) -> list[str]:
    """`file:line:column: ...` of everything an author should look at, judged at a day."""
    return [*folder.warnings, *lint(folder, as_of, drug_facts())]


@cache
def drug_facts() -> DrugFacts:
    """Implausible amounts and codes of every ingredient."""
    amounts = ingredient_table().select("ingredient", "implausible_above_ug").drop_nulls()
    codes = {
        row["ingredient"]: frozenset(
            code for system in _CODES for code in row[system].upper().split(";") if code
        )
        for row in read_list("ingredients").iter_rows(named=True)
    }
    return DrugFacts(dict(amounts.iter_rows()), codes)
