"""Which ingredients a name, a brand, a combination or a code stands for."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from screener.terminology.lists import entries, read_list
from screener.terminology.spelling import PACK_PHRASES, PACK_WORDS, compact, plain, words_pattern

_ORDER = {"name": 0, "brand": 1, "combination": 2}
_SYSTEMS = {
    "rxnorm": "rxnorm",
    "rxcui": "rxnorm",
    "rxnormcui": "rxnorm",
    "httpwwwnlmnihgovresearchumlsrxnorm": "rxnorm",
    "urnoid21684011388363688": "rxnorm",
    "atc": "atc",
    "whoatc": "atc",
    "httpwwwwhoccnoatc": "atc",
}


_NO_LETTER = re.compile(r"[^a-z0-9]+")


@cache
def alias_table() -> pl.DataFrame:
    """Every key under which a product is known, one row each.

    key (compact spelling); ingredients (in the product's order); listed (the strengths in mg
    that the product is made in, "30/500"); matched_by. A key with two meanings is an error.
    """
    exact = _exact_aliases()
    clash = (
        exact.group_by("key")
        .agg(pl.col("ingredients").n_unique())
        .filter(pl.col("ingredients") > 1)
    )
    if not clash.is_empty():
        raise ValueError(f"These names stand for two drugs each: {sorted(clash['key'])}.")
    exact = exact.sort(pl.col("matched_by").replace_strict(_ORDER), maintain_order=True).unique(
        "key", keep="first", maintain_order=True
    )
    return pl.concat([exact, _without_pack_words(exact)]).select(
        "key", "ingredients", "listed", "matched_by"
    )


def _exact_aliases() -> pl.DataFrame:
    drugs = read_list("ingredients")
    products = read_list("combinations")
    own = {"ingredients": pl.concat_list("ingredient"), "listed": pl.lit([], pl.List(pl.String))}
    frames = [
        drugs.select(alias="ingredient", **own, matched_by=pl.lit("name")),
        drugs.select(alias=entries("synonyms"), **own, matched_by=pl.lit("name")).explode("alias"),
        drugs.select(alias=entries("brands"), **own, matched_by=pl.lit("brand")).explode("alias"),
    ]
    made = {"ingredients": entries("ingredients"), "listed": entries("strengths_mg")}
    frames += [
        products.select(alias=alias, **made, matched_by=pl.lit("combination")).explode("alias")
        for alias in (pl.concat_list("product"), entries("also_called"))
    ]
    return (
        pl.concat(frames)
        .drop_nulls("alias")
        .with_columns(words=plain(pl.col("alias")))
        .with_columns(key=compact(pl.col("words")))
    )


def _without_pack_words(exact: pl.DataFrame) -> pl.DataFrame:
    """ "Toprol XL" is also found as "toprol", unless that is, or could be, another drug."""
    shorter = (
        exact.with_columns(key=compact(pl.col("words").str.replace_all(pack_pattern(), " ")))
        .filter(pl.col("key").str.len_chars() >= 4)
        .join(exact.select("key"), on="key", how="anti")
        .with_columns(meanings=pl.col("ingredients").list.join("+"))
    )
    one = shorter.group_by("key").agg(pl.col("meanings").n_unique()).filter(pl.col("meanings") == 1)
    return (
        shorter.join(one.select("key"), on="key", how="semi")
        .unique("key", keep="first", maintain_order=True)
        .select(exact.columns)
    )


@cache
def listed_by_content() -> pl.DataFrame:
    """Ingredients in order, joined by "+" -> every strength that a product of them is made in."""
    products = read_list("combinations")
    return (
        products.select(
            content=pl.col("ingredients").str.replace_all(";", "+", literal=True),
            listed=entries("strengths_mg"),
        )
        .explode("listed")
        .drop_nulls()
        .group_by("content")
        .agg(pl.col("listed").unique(maintain_order=True))
    )


@cache
def pack_pattern() -> str:
    return words_pattern([*PACK_WORDS.split(), *PACK_PHRASES])


@cache
def code_table() -> pl.DataFrame:
    """System, code -> ingredients: ATC level 5 with its retired codes, RxNorm ids of ingredients.

    And those of a few products whose name exports misspell.
    A code of a fixed pair stands for the pair, one of a single drug for that drug.
    """
    drugs = read_list("ingredients")
    pairs = read_list("combinations").select(
        system=pl.lit("atc"), code=entries("atc"), ingredients=entries("ingredients")
    )
    products = read_list("rxnorm_products").select(
        system=pl.lit("rxnorm"), code="rxnorm", ingredients=entries("ingredients")
    )
    frames = [pairs.explode("code"), products]
    for system, column in (("atc", "atc"), ("atc", "atc_retired"), ("rxnorm", "rxnorm")):
        frames.append(
            drugs.select(
                system=pl.lit(system),
                code=entries(column),
                ingredients=pl.concat_list("ingredient"),
            ).explode("code")
        )
    return (
        pl.concat(frames)
        .drop_nulls("code")
        .unique(["system", "code"], keep="first", maintain_order=True)
    )


def code_system(text: pl.Expr) -> pl.Expr:
    """`rxnorm` or `atc` from the ways that exports name them; null for every other system."""
    return compact(plain(text)).replace_strict(_SYSTEMS, default=None, return_dtype=pl.String)


@cache
def _names() -> dict[str, str]:
    own = alias_table().filter(pl.col("matched_by") == "name")
    return dict(own.select("key", pl.col("ingredients").list.first()).iter_rows())


def key_of(text: str) -> str:
    """`compact(plain(text))` of a single text; of ASCII letters alone without a trip to polars."""
    if text.isascii():
        return _NO_LETTER.sub("", text.lower())
    key: str = pl.select(compact(plain(pl.lit(text)))).item()
    return key


@cache
def ingredient_named(text: str) -> str | None:
    """The canonical name of an ingredient written by name or synonym; brands are not accepted."""
    return _names().get(key_of(text))
