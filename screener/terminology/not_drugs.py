"""Orders for what is no drug of the lists: fluids, vaccines, supplies, nutrition, blood products.

`data/not_drugs.csv` names the kinds. A text is of a kind when all of it, without volumes and the
words of packing, is one of the `whole` names ("cefazolin in sodium chloride 0.9 %" is no fluid), or
when it holds one of the `words` and none of those of `unless`.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from screener.terminology.lists import entries, read_list
from screener.terminology.spelling import compact, plain, words_pattern
from screener.terminology.strengths import without_container

DRUG = "drug"

_VOLUME = r"(?:^|[^\w.])\d[\d.,]*\s?(?:mls?|l|cc)\b"
# Words that say how a fluid is packed or given. A form of another use, as in "sodium chloride
# nasal spray", is not among them, so that such a text is no fluid.
_PACKING = (
    "adv bag bags bolus bottle continuous drip each excel flex flexcont cont plas container free "
    "inf infusion inj injection iv i.v ivpb ivf kvo lvp maintenance mbp mini-bag minibag ml p.f pb "
    "pf piggyback plus premix preservative prefill soln sol solp solution sso tko usp viaflex vial"
)
_PACKING_PHRASES = ("piggy back", "locked dose", "in plastic")


def kinds_of(texts: pl.DataFrame) -> pl.DataFrame:
    """Plain drug texts (drug, text) -> drug and kind, for the texts that are no drug."""
    words = texts.select("drug", text=pl.col("text").str.replace_all(r"[%()\[\],:*]", " "))
    words = words.with_columns(
        text=pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars(" ")
    )
    found = [
        words.filter(_says(held) & ~_says(unless)).select("drug", kind=pl.lit(kind))
        for kind, held, unless in _by_words()
    ]
    whole = texts.select("drug", key=_whole_key(pl.col("text"))).join(
        _whole_names(), on="key", how="inner"
    )
    return pl.concat([*found, whole.select("drug", "kind")]).unique(
        "drug", keep="first", maintain_order=True
    )


@cache
def not_drug_kinds() -> tuple[str, ...]:
    """The kinds of what is no drug, in the order of the list."""
    return tuple(read_list("not_drugs")["kind"])


@cache
def _by_words() -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    rows = read_list("not_drugs").select("kind", entries("words"), entries("unless"))
    return tuple((kind, tuple(held), tuple(unless)) for kind, held, unless in rows.iter_rows())


def _says(words: tuple[str, ...]) -> pl.Expr:
    """Whether the text holds one of the words, as a word of its own."""
    if not words:
        return pl.lit(value=False)
    return pl.col("text").str.contains(words_pattern([*words]))


def _whole_key(text: pl.Expr) -> pl.Expr:
    bare = (
        without_container(text)
        .str.replace_all(_VOLUME, " ")
        .str.replace_all(_VOLUME, " ")
        .str.replace_all(r"[()\[\],:*]", " ")
        .str.replace_all(words_pattern([*_PACKING.split(), *_PACKING_PHRASES]), " ")
    )
    return compact(bare)


@cache
def _whole_names() -> pl.DataFrame:
    return (
        read_list("not_drugs")
        .select("kind", name=entries("whole"))
        .explode("name")
        .drop_nulls()
        .select("kind", key=compact(plain(pl.col("name"))))
        .unique("key", keep="first", maintain_order=True)
    )
