"""The components of a drug text, and the product that each of them names.

A component is what stands between the " / " of a list of ingredients; most texts have one.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from screener.terminology.aliases import alias_table, listed_by_content, pack_pattern
from screener.terminology.forms import form_of, spellings
from screener.terminology.spelling import SALT_WORDS, compact, words_pattern
from screener.terminology.strengths import (
    is_unsure,
    strength_of,
    with_plain_numbers,
    without_container,
    without_diluent,
    without_numbers,
    without_strengths,
)

STRENGTHS = ["numbers", "unit", "per_value", "per_unit"]
FOUND = ["ingredients", "listed", "matched_by"]
RESOLVED = ["drug", "component", "name_form", "is_pack", *STRENGTHS, *FOUND]
_SOFT_JOINT = r"\s*[+&/]\s*|\s(?:and|with|in)(?:\s|$)"
_COMMA = r"[,;]"
_INERT = "inert ingredients"


def components_of(rest: pl.DataFrame) -> pl.DataFrame:
    """One row for every " / "-joined component of the texts: drug, component, words, brand, ...

    A pack, "{21 (A 3 MG / B 0.03 MG Oral Tablet) / 7 (Inert ...) } Pack [Brand]", is taken apart
    in the same way once its braces and counts are gone.
    """
    text = pl.col("text")
    opened = (
        text.str.replace_all(r"\[[^\]]*\]", " ")
        .str.replace_all(r"(^\{|/)\s*\d+\s*\(", "${1} ")
        .str.replace_all(r"\)\s*(/|\}|$)", " ${1}")
        .str.replace_all(r"[{}]", " ")
    )
    is_pack = text.str.starts_with("{")
    flat = pl.when(is_pack).then(opened).otherwise(text.str.replace_all(r"\[[^\]]*\]", " "))
    prepared = rest.with_columns(
        brand=compact(
            without_numbers(text.str.extract(r"\[([^\]]*)\]\s*$", 1)).str.replace_all(
                pack_pattern(), " "
            )
        ),
        brand_as_is=compact(text.str.extract(r"\[([^\]]*)\]\s*$", 1)),
        whole=flat,
        flat=with_plain_numbers(without_container(flat))
        .str.replace_all(r"\s*/\s*(\d|mls?\b|mg\b|hr\b|actuat\b)", "/${1}")
        .str.strip_chars(" "),
        is_pack=is_pack,
    )
    prepared = prepared.with_columns(
        name_form=form_of(prepared["whole"], in_names=True),
        alone=without_diluent(pl.col("flat")),
    )
    prepared = prepared.with_columns(
        words=pl.col("alone").str.split(" / "), diluted=pl.col("alone") != pl.col("flat")
    ).with_columns(
        component=pl.int_ranges(pl.col("words").list.len(), dtype=pl.UInt32),
    )
    components = (
        prepared.explode("words", "component")
        .filter(~pl.col("words").str.contains(_INERT, literal=True).fill_null(False))
        .with_columns(*strength_of(pl.col("words")))
    )
    # a bag of "2 g in saline" has no strength that a dose could be reckoned with
    sure = ~is_unsure(pl.col("words")) & ~(pl.col("diluted") & pl.col("per_unit").is_null())
    return components.with_columns(pl.when(sure).then(name).alias(name) for name in STRENGTHS)


def resolve_components(components: pl.DataFrame) -> pl.DataFrame:
    """Adds ingredients, listed and matched_by to the components: null where nothing fits."""
    bare = without_strengths(pl.col("words")).str.replace_all(r"\([^)]*\)?", " ")
    rows = components.with_row_index("id").with_columns(
        bare=bare, clean=_clean(bare), clean_no_numbers=_clean(without_numbers(bare))
    )
    attempts = [
        compact(pl.col("words")),
        compact(pl.col("bare")),
        compact(pl.col("clean")),
        compact(pl.col("clean_no_numbers")),
        compact(pl.col("clean").str.replace_all(_salts(), " ")),
        compact(pl.col("clean_no_numbers").str.replace_all(_salts(), " ")),
    ]
    found = _first_match(rows.select("id", keys=pl.concat_list(attempts)))
    rows = rows.join(found, on="id", how="left", maintain_order="left")
    rows = _by_brand(rows)
    return pl.concat(
        [
            rows.filter(pl.col("ingredients").is_not_null()).select(RESOLVED),
            _joined_names(rows.filter(pl.col("ingredients").is_null())).select(RESOLVED),
        ]
    )


def _first_match(candidates: pl.DataFrame) -> pl.DataFrame:
    """Id and keys in order of preference -> the product of the first key that is one."""
    long = candidates.with_columns(rank=pl.int_ranges(pl.col("keys").list.len())).explode(
        "keys", "rank"
    )
    return (
        long.join(alias_table(), left_on="keys", right_on="key", how="inner")
        .sort("id", "rank")
        .unique("id", keep="first", maintain_order=True)
        .select("id", *FOUND)
    )


def _by_brand(rows: pl.DataFrame) -> pl.DataFrame:
    """The brand in brackets speaks for a text of which no component is known."""
    nothing = (
        rows.group_by("drug")
        .agg(pl.col("ingredients").is_null().all(), pl.col("id").min())
        .filter("ingredients")
        .select("drug", "id")
    )
    candidates = rows.join(nothing.select("id"), on="id", how="semi").select(
        "id", keys=pl.concat_list("brand_as_is", "brand")
    )
    found = _first_match(candidates.drop_nulls("keys"))
    branded = rows.join(found, on="id", how="inner", suffix="_brand").select("drug").unique()
    first = rows.join(found.select("id"), on="id", how="semi")
    others = rows.join(branded, on="drug", how="anti", maintain_order="left")
    return pl.concat([others, first.drop(FOUND).join(found, on="id").select(others.columns)])


def _joined_names(rows: pl.DataFrame) -> pl.DataFrame:
    """Names joined inside one component: "oxycodone-acetaminophen", "codeine with paracetamol".

    Several names of one drug ("Proventil,Ventolin") are that drug. After "/", "+", "and", "with" an
    unknown name makes a part without ingredient beside the known ones. A hyphen or a comma counts
    as a joint only if every name is known ("non-aspirin" is no aspirin).
    """
    split = _pieces(rows)
    bare = pl.col("piece").str.replace_all(_salts(), " ")
    keys = split.select(id="piece_id", keys=pl.concat_list(compact(pl.col("piece")), compact(bare)))
    known = split.join(_first_match(keys), left_on="piece_id", right_on="id", how="left")
    whole = (
        known.group_by("id", "rank")
        .agg(
            all_known=pl.col("ingredients").is_not_null().all(),
            some_known=pl.col("ingredients").is_not_null().any(),
        )
        .filter(pl.col("all_known") | ((pl.col("rank") == 0) & pl.col("some_known")))
        .sort("id", ~pl.col("all_known"), "rank")
        .unique("id", keep="first", maintain_order=True)
    )
    unknown = pl.lit([None], pl.List(pl.String))
    products = (
        known.join(whole.select("id", "rank"), on=["id", "rank"], how="semi")
        .sort("id", "order")
        .group_by("id", maintain_order=True)
        .agg(
            first=pl.col("ingredients").first(),
            same=pl.col("ingredients").n_unique() == 1,
            ingredients=pl.col("ingredients").fill_null(unknown).explode(),
            matched_by=pl.col("matched_by").drop_nulls().first(),
        )
        .with_columns(ingredients=pl.when("same").then("first").otherwise("ingredients"))
        .with_columns(content=pl.col("ingredients").list.join("+"))
        .join(listed_by_content(), on="content", how="left", maintain_order="left")
        .select("id", *FOUND)
    )
    return rows.drop(FOUND).join(products, on="id", how="left", maintain_order="left")


def _pieces(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a name of a joined text: rank 0 cut at soft joints, 1 at commas, 2 at hyphens."""
    text = pl.col("clean_no_numbers").str.replace_all(r"\bw/", " with ")
    soft = text.str.replace_all(_SOFT_JOINT, "|")
    commas = soft.str.replace_all(_COMMA, "|")
    hyphens = commas.str.replace_all("-", "|", literal=True)
    cut = [
        rows.select("id", rank=pl.lit(rank), piece=joined.str.split("|"))
        .filter(pl.col("piece").list.len() > 1)
        .with_columns(order=pl.int_ranges(pl.col("piece").list.len()))
        .explode("piece", "order")
        for rank, joined in enumerate((soft, commas, hyphens))
    ]
    named = pl.concat(cut).filter(compact(pl.col("piece")) != "")
    return named.with_row_index("piece_id")


def _clean(text: pl.Expr) -> pl.Expr:
    """Without the words of forms and packs."""
    return text.str.replace_all(_form_pattern(), " ").str.replace_all(pack_pattern(), " ")


@cache
def _form_pattern() -> str:
    return words_pattern(spellings()["spelling"].to_list())


@cache
def _salts() -> str:
    return words_pattern(SALT_WORDS.split())
