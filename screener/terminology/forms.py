"""Pharmaceutical forms: the text of a form, or a drug's whole name, to a form and how it is given.

Slow-release and gastro-resistant tablets and capsules are forms of their own, whichever way
they are written; coats and colours are not.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from screener.terminology.lists import entries, read_list
from screener.terminology.spelling import GASTRO_RESISTANT, RELEASE, plain, words_pattern

_WITH_RELEASE = ("tablet", "capsule", "granules", "oral suspension")
# Words that are a form in a form column, and something else inside a drug's name.
_NOT_IN_NAMES = frozenset({"pump", "topical", "premix", "intravenous", "kit", "pack", "liquid"})


@cache
def spellings() -> pl.DataFrame:
    """Spelling -> form, one row a spelling."""
    return (
        read_list("forms")
        .select("form", spelling=entries("spellings"))
        .explode("spelling")
        .select("spelling", "form")
    )


@cache
def form_facts() -> pl.DataFrame:
    """Form -> track (null when it does not say) and injection."""
    listed = read_list("forms").select(
        "form",
        track=pl.col("track").replace("", None),
        injection=pl.col("injection") == "yes",
    )
    slow = listed.filter(pl.col("form").is_in(_WITH_RELEASE))
    made = [
        slow.with_columns(form=pl.format(f"{prefix} {{}}", "form"))
        for prefix in ("modified-release", "gastro-resistant")
    ]
    return pl.concat([listed, *made]).unique("form", keep="first", maintain_order=True)


@cache
def _pattern(in_names: bool) -> str:
    words = spellings()["spelling"].to_list() + read_list("forms")["form"].to_list()
    return words_pattern([w for w in words if not (in_names and w in _NOT_IN_NAMES)])


def form_of(text: pl.Series, *, in_names: bool = False) -> pl.Series:
    """The form of every text, null where none is found.

    The last form in the text counts, as in "vial: ondansetron injection". A form column that
    holds an unknown word keeps it (in lower case) as a form of its own.
    """
    frame = pl.DataFrame({"text": text.cast(pl.String)}).with_columns(plain(pl.col("text")))
    distinct = frame.unique().drop_nulls()
    phrase = pl.col("text").str.extract_all(_pattern(in_names)).list.last()
    found = (
        distinct.with_columns(phrase=phrase)
        .join(spellings(), left_on="phrase", right_on="spelling", how="left")
        .with_columns(form=pl.coalesce("form", "phrase"))
        .with_columns(form=_with_release(pl.col("form"), pl.col("text")))
    )
    if not in_names:
        unknown = pl.when(pl.col("text") != "").then("text")
        found = found.with_columns(form=pl.coalesce("form", unknown))
    return frame.join(found.select("text", "form"), on="text", how="left", maintain_order="left")[
        "form"
    ]


def _with_release(form: pl.Expr, text: pl.Expr) -> pl.Expr:
    """Puts the kind of release before the forms that can have one."""
    prefix = (
        pl.when(~form.is_in(_WITH_RELEASE))
        .then(pl.lit(""))
        .when(text.str.contains(GASTRO_RESISTANT))
        .then(pl.lit("gastro-resistant "))
        .when(text.str.contains(RELEASE))
        .then(pl.lit("modified-release "))
        .otherwise(pl.lit(""))
    )
    return prefix + form
