"""Drug, route and condition vocabularies: exported text to ingredients, tracks and classes.

The lists are data (`data/*.csv`); the modules here only look up, and correct nothing.
"""

from __future__ import annotations

from screener.terminology.aliases import ingredient_named
from screener.terminology.drugs import resolve_drugs
from screener.terminology.lists import (
    LISTS_VERSION,
    class_members,
    class_names,
    condition_list_names,
    condition_names,
    ingredient_names,
    ingredient_table,
    list_versions,
)
from screener.terminology.lookalikes import look_like_known
from screener.terminology.not_drugs import DRUG, not_drug_kinds
from screener.terminology.routes import resolve_routes
from screener.terminology.tests import lab_test, lab_test_names

__all__ = [
    "DRUG",
    "LISTS_VERSION",
    "class_members",
    "class_names",
    "condition_list_names",
    "condition_names",
    "ingredient_named",
    "ingredient_names",
    "ingredient_table",
    "lab_test",
    "lab_test_names",
    "list_versions",
    "look_like_known",
    "not_drug_kinds",
    "resolve_drugs",
    "resolve_routes",
]
