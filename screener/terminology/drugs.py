"""Drug texts and codes to ingredients, a part of a row for each ingredient.

The exact name comes first; then the name without strength, form and pack words; then without
its salt; then the brand in [brackets]; then names joined by "/", "+", "and", "with" or a hyphen;
then the code. Nothing is guessed: a text that none of these resolves stays unmapped.
Fluids, vaccines, supplies and the like are told apart right after the exact names.
"""

from __future__ import annotations

import polars as pl

from screener.terminology.aliases import alias_table, code_system, code_table
from screener.terminology.components import RESOLVED, components_of, resolve_components
from screener.terminology.not_drugs import DRUG, kinds_of
from screener.terminology.remembered import remembering
from screener.terminology.shares import explode_parts
from screener.terminology.spelling import compact, plain

_KEYS = ["drug", "drug_code", "drug_code_system"]


def resolve_drugs(distinct: pl.DataFrame) -> pl.DataFrame:
    """The ingredients of every distinct drug, drug_code and drug_code_system.

    One row an ingredient, in the order of the product: the three keys, part (from 0), parts,
    ingredient (null = unmapped), name_form, name_strength, name_strength_unit,
    name_strength_per_value, name_strength_per_unit (what the text says of this part),
    listed_strength_ug (what the product is known to hold for each countable unit) and
    matched_by: name, brand, combination or code. Where name and code disagree, the name wins.
    kind: "drug", mapped or not, else what it is instead (`not_drug_kinds`: one row, no ingredient).
    """
    keys = distinct.select(pl.col(key).cast(pl.String) for key in _KEYS).with_row_index("_row")
    texts = keys.select("drug").unique(maintain_order=True).drop_nulls()
    found, kinds = _known_parts(texts)
    rows = keys.join(found, on="drug", how="left", maintain_order="left").join(
        kinds, on="drug", how="left", maintain_order="left"
    )
    rows = rows.with_columns(pl.col("kind").fill_null(DRUG))
    unmapped = (
        rows.filter(pl.col("kind") == DRUG)
        .group_by("_row")
        .agg(_bare=pl.col("ingredient").is_null().all())
    )
    coded = (
        keys.join(unmapped.filter("_bare"), on="_row", how="semi")
        .with_columns(
            system=code_system(pl.col("drug_code_system")),
            code=pl.col("drug_code").str.strip_chars().str.to_uppercase(),
        )
        .join(code_table(), on=["system", "code"], how="inner")
    )
    rows = pl.concat(
        [
            rows.join(coded, on="_row", how="anti", maintain_order="left"),
            _parts_of_codes(coded, rows),
        ]
    ).sort("_row", "order")
    return rows.select(
        *_KEYS,
        part=pl.int_range(pl.len()).over("_row").cast(pl.Int8),
        parts=pl.len().over("_row").cast(pl.Int8),
        ingredient="ingredient",
        name_form="name_form",
        name_strength="strength",
        name_strength_unit="unit",
        name_strength_per_value="per_value",
        name_strength_per_unit="per_unit",
        listed_strength_ug="listed_ug",
        matched_by="matched_by",
        kind="kind",
    )


def _parts_of_codes(coded: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that only a code resolves; a single drug keeps the strength that its text showed."""
    said = rows.unique("_row", keep="first").drop("ingredient", "matched_by", "order", *_KEYS)
    single = pl.col("ingredients").list.len() == 1
    parts = coded.join(said, on="_row", how="left").with_columns(
        *(pl.when(single).then(c).alias(c) for c in ("strength", "unit", "per_value", "per_unit")),
        order=pl.int_ranges(pl.col("ingredients").list.len()),
        ingredient=pl.col("ingredients"),
        matched_by=pl.lit("code"),
    )
    return parts.explode("ingredient", "order").select(
        pl.col(name).cast(dtype) for name, dtype in rows.schema.items()
    )


def _parts_of_texts(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Distinct drug texts -> their parts, and drug and kind of the texts that are no drug.

    Parts: drug, order, ingredient, name_form, strength columns, listed_ug, matched_by.
    """
    spelled = texts.with_columns(text=plain(pl.col("drug"))).with_columns(
        key=compact(pl.col("text"))
    )
    exact = spelled.join(alias_table(), on="key", how="inner").with_columns(
        *_no_strength(),
        component=pl.lit(0, pl.UInt32),
        name_form=pl.lit(None, pl.String),
        is_pack=pl.lit(False),
    )
    rest = spelled.join(exact, on="drug", how="anti", maintain_order="left")
    kinds = kinds_of(rest.select("drug", "text"))
    components = components_of(rest.join(kinds, on="drug", how="anti", maintain_order="left"))
    resolved = resolve_components(components)
    return explode_parts(pl.concat([exact.select(RESOLVED), resolved])), kinds


def _no_strength() -> list[pl.Expr]:
    return [
        pl.lit(None, pl.List(pl.Float64)).alias("numbers"),
        pl.lit(None, pl.String).alias("unit"),
        pl.lit(None, pl.Float64).alias("per_value"),
        pl.lit(None, pl.String).alias("per_unit"),
    ]


_known_parts = remembering(_parts_of_texts, "drug")
