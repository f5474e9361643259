"""Order lines by ingredient, so that a rule touches the lines of its own drugs and no others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from screener.rule.values import DrugSet


@dataclass(frozen=True, slots=True)
class ByDrug:
    """A table with a column `ingredient`, and the rows of each ingredient, ascending."""

    table: pl.DataFrame
    rows: dict[str, NDArray[np.intp]]

    def of(self, ingredients: Iterable[str]) -> pl.DataFrame:
        """The rows of some ingredients, in the order of the table."""
        found = [self.rows[name] for name in ingredients if name in self.rows]
        if not found:
            return self.table.clear()
        rows = np.sort(np.concatenate(found)) if len(found) > 1 else found[0]
        return self.table[pl.Series(rows.astype(np.uint32))]


def by_drug(table: pl.DataFrame) -> ByDrug:
    """Rows without an ingredient stay out."""
    known = table.filter(pl.col("ingredient").is_not_null())
    names = known["ingredient"].unique().sort()
    codes = known["ingredient"].cast(pl.Enum(names)).to_physical().to_numpy()
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(1, names.len()))
    return ByDrug(known, dict(zip(names.to_list(), np.split(order, edges), strict=False)))


def member(drugs: DrugSet) -> pl.Expr:
    """Whether a line of one of the set's ingredients is on its tracks and of its releases."""
    inside = pl.col("track").is_in(sorted(drugs.tracks))
    if not drugs.releases:
        return inside
    slow = pl.col("form_key").str.starts_with("modified-release").fill_null(value=False)
    return inside & (slow if "modified-release" in drugs.releases else ~slow)
