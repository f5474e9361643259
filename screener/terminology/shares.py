"""Products to ingredients: which of the numbers in a text belongs to which ingredient."""

from __future__ import annotations

import polars as pl


def explode_parts(products: pl.DataFrame) -> pl.DataFrame:
    """Products -> one row an ingredient, with its share of the strengths in the text.

    Each number goes to the ingredient of its place. The numbers of a product with a name of its
    own count only when it is known to be made in them (mg): who wrote "25/100" may have meant the
    other order. Numbers after written-out ingredients follow these; without a unit they, too, must
    be those of a known product. One number that is the sum of a known pair (Septrin 480) stands
    for that pair.
    """
    rows = products.with_columns(
        pl.col("ingredients").fill_null(pl.lit([None], pl.List(pl.String))),
        pl.col("listed").fill_null(pl.lit([], pl.List(pl.String))),
    ).with_row_index("id")
    rows = rows.join(_listed_strengths(rows), on="id", how="left", maintain_order="left")
    many = pl.col("ingredients").list.len() > 1
    fits = pl.col("numbers").list.len() == pl.col("ingredients").list.len()
    in_mg = pl.col("unit").is_null() | pl.col("unit").str.contains("^(?:mg|milligram)")
    made_so = pl.col("as_listed").is_not_null() & in_mg
    own_order = pl.col("matched_by") == "combination"
    usable = fits & (made_so | (pl.col("unit").is_not_null() & ~(many & own_order)))
    liquid = pl.col("per_unit").is_not_null()
    chosen = (
        pl.when(~own_order | liquid | ~in_mg)
        .then(None)
        .when(pl.col("numbers").is_null())
        .then("only_listed")
        .otherwise(pl.coalesce("as_listed", "sum_listed"))
    )
    size = pl.col("ingredients").list.len()
    blanks = pl.lit(None, pl.Float64).repeat_by(size)
    rows = rows.with_columns(
        strength=pl.when(usable).then("numbers").otherwise(blanks),
        listed_ug=pl.coalesce(chosen * 1000.0, blanks),
        unit=pl.when(usable).then(pl.coalesce("unit", pl.lit("mg"))),
        per_value=pl.when(usable).then("per_value"),
        per_unit=pl.when(usable).then("per_unit"),
        place=pl.int_ranges(size),
    )
    parts = (
        rows.explode("ingredients", "strength", "listed_ug", "place")
        .rename({"ingredients": "ingredient"})
        .sort("id", "place")
        .sort("drug", "component", maintain_order=True)
        .with_columns(order=pl.int_range(pl.len(), dtype=pl.Int64).over("drug"))
    )
    return _packs_once(parts).select(_PART)


_PART = [
    "drug",
    "order",
    "ingredient",
    "name_form",
    "strength",
    "unit",
    "per_value",
    "per_unit",
    "listed_ug",
    "matched_by",
]


def _listed_strengths(rows: pl.DataFrame) -> pl.DataFrame:
    """Id -> how the numbers of the text compare with the strengths the product is made in, mg."""
    made = (
        rows.select("id", "numbers", "listed")
        .explode("listed", empty_as_null=False, keep_nulls=False)
        .with_columns(made=pl.col("listed").str.split("/").cast(pl.List(pl.Float64)))
    )
    total = pl.col("made").list.sum()
    is_total = (pl.col("numbers").list.len() == 1) & (pl.col("numbers").list.first() == total)
    is_made = pl.col("numbers") == pl.col("made")
    one = pl.len() == 1
    return made.group_by("id").agg(
        as_listed=pl.col("made").filter(is_made).first(),
        sum_listed=pl.col("made").filter(is_total).first(),
        only_listed=pl.when(one).then(pl.col("made").first()),
    )


def _packs_once(parts: pl.DataFrame) -> pl.DataFrame:
    """A pack names its ingredients several times; where the strengths differ none is kept."""
    same = pl.col("strength").n_unique().over("drug", "ingredient") == 1
    packs = parts.filter("is_pack").with_columns(
        strength=pl.when(same).then("strength"), unit=pl.when(same).then("unit")
    )
    return pl.concat(
        [
            parts.filter(~pl.col("is_pack")),
            packs.unique(["drug", "ingredient"], keep="first", maintain_order=True),
        ]
    )
