"""The name of an order's own drug inside its directions: "take 1 tablet of Baclofen 10 mg tds".

The parser of directions knows no drugs, and stops at every name. Here the words that it stopped at
are compared with the drug of the same order; only a name of that very drug is taken out of its way.
"""

from __future__ import annotations

import polars as pl

from screener.directions import unknown_words, with_names_replaced
from screener.terminology import resolve_drugs

OWN_NAME = "\ue000"  # private use: stands for the name in a text
KEYS = ["drug", "drug_code", "drug_code_system"]


def with_own_names(orders: pl.DataFrame) -> pl.DataFrame:
    """The texts that name the drug of their order: sig, KEYS, renamed (OWN_NAME for each name).

    orders: sig and KEYS, distinct. A run of words that the parser does not know is such a name
    when it resolves to ingredients of the order's drug, or stands in the drug's text before its
    first figure.
    """
    texts = orders["sig"].unique(maintain_order=True)
    words = pl.DataFrame(
        [(text, unknown_words(text)) for text in texts],
        schema={"sig": pl.String, "runs": pl.List(pl.String)},
        orient="row",
    )
    asked = (
        orders.join(words, on="sig", how="left", maintain_order="left")
        .explode("runs", empty_as_null=False)
        .rename({"runs": "run"})
        .drop_nulls("run")
    )
    if asked.is_empty():
        return orders.clear().with_columns(renamed=pl.lit(None, dtype=pl.String))
    own = asked.filter(_same_ingredients(asked) | _in_the_name(asked))
    named = own.group_by("sig", *KEYS, maintain_order=True).agg(runs="run")
    renamed = [
        with_names_replaced(sig, sorted(runs, key=len, reverse=True), OWN_NAME)
        for sig, runs in named.select("sig", "runs").iter_rows()
    ]
    return named.select("sig", *KEYS).with_columns(renamed=pl.Series(renamed, dtype=pl.String))


def _same_ingredients(asked: pl.DataFrame) -> pl.Series:
    """Whether all ingredients that a run of words names are ingredients of the order's drug."""
    runs = asked.select(drug="run", drug_code=None, drug_code_system=None).unique()
    said = _ingredients(runs).select(run="drug", said="ingredients")
    held = _ingredients(asked.select(KEYS).unique()).rename({"ingredients": "held"})
    both = asked.join(said, on="run", how="left", maintain_order="left").join(
        held, on=KEYS, how="left", nulls_equal=True, maintain_order="left"
    )
    known = (pl.col("said").list.len() > 0) & (
        pl.col("said").list.set_difference("held").list.len() == 0
    )
    return both.select(known.fill_null(value=False)).to_series()


def _ingredients(drugs: pl.DataFrame) -> pl.DataFrame:
    return (
        resolve_drugs(drugs)
        .group_by(KEYS, maintain_order=True)
        .agg(ingredients=pl.col("ingredient").drop_nulls())
    )


def _in_the_name(asked: pl.DataFrame) -> pl.Series:
    """Whether all words of a run of at least three letters stand in the drug's name."""
    name = pl.col("drug").str.to_lowercase().str.extract(r"^([^0-9]*)", 1)
    words = pl.col("run").str.extract_all(r"\p{L}+")
    known = name.str.extract_all(r"\p{L}+")
    inside = (words.list.set_difference(known).list.len() == 0) & (
        pl.col("run").str.len_chars() >= 3
    )
    return asked.select(inside.fill_null(value=False)).to_series()
