"""A strength in directions beside that of the product: it agrees, contradicts, or is the only one.

"Take two 500 mg tablets" of a product of 250 mg is no dose that anybody may multiply.
"""

from __future__ import annotations

import polars as pl

from screener.intake.own_names import KEYS
from screener.terminology import resolve_drugs
from screener.units import divided, resolve_units

STRENGTH = ("strength_value", "strength_unit", "strength_per_value", "strength_per_unit")
SAME = 1e-6  # share by which two figures of one strength may differ: their last digits


def with_strengths_compared(rows: pl.DataFrame) -> pl.DataFrame:
    """Orders whose texts contradict the product's strength lose `_read`, with all their phases.

    rows: canonical orders with the columns of `columns_of`, `_read` and `_record` (which order of
    the export). Where a product of one
    ingredient has no strength at all, that of the text becomes the order's.
    """
    said = rows.filter(pl.col("_read") & pl.col("said_ug").is_not_null())
    if said.is_empty():
        return rows
    known = _product_strengths(said.select(*KEYS, *STRENGTH).unique())
    joined = rows.join(
        known, on=[*KEYS, *STRENGTH], how="left", nulls_equal=True, maintain_order="left"
    ).join(_kinds(said["_dose_unit"], "_dose"), on="_dose_unit", how="left", maintain_order="left")
    by_volume = (pl.col("_dose_kind") == "volume").fill_null(value=False)
    off = [(pl.col("said_ug").list.min() - pl.col("product_ug")).abs(),
           (pl.col("said_ug").list.max() - pl.col("product_ug")).abs()]  # fmt: skip
    torn = (
        pl.col("_read")
        & (by_volume == pl.col("per_volume"))
        & (pl.min_horizontal(off) > SAME * pl.col("product_ug"))
    ).fill_null(value=False)
    records = joined.filter(torn)["_record"].unique().implode()
    judged = joined.with_columns(_read=pl.col("_read") & ~pl.col("_record").is_in(records))
    kept = judged.filter(pl.col("_read") | (pl.col("phase").fill_null(0) == 0))
    return _filled(kept, by_volume)


def _filled(rows: pl.DataFrame, by_volume: pl.Expr) -> pl.DataFrame:
    """The strength columns from the text, where the product is known and says no strength."""
    counted = pl.col("_dose_kind").fill_null("countable") == "countable"
    fills = (
        pl.col("_read")
        & pl.col("bare").fill_null(value=False)
        & (pl.col("said_ug").list.len() == 1)
        & (by_volume | (counted & (pl.col("_dose_unit").fill_null("") != "patch")))
    ).fill_null(value=False)
    per = pl.when(by_volume).then(pl.lit("mL")).otherwise("_dose_unit")
    milligrams = divided(pl.col("said_ug").list.first(), 1000).cast(pl.String)
    made = {
        "strength_value": milligrams,
        "strength_unit": pl.lit("mg"),
        "strength_per_value": pl.lit(1.0),
        "strength_per_unit": per,
    }
    return rows.with_columns(
        pl.when(fills).then(new).otherwise(name).alias(name) for name, new in made.items()
    )


def _product_strengths(products: pl.DataFrame) -> pl.DataFrame:
    """KEYS, STRENGTH, product_ug (micrograms in a unit, or in 1 mL; null: unknown), per_volume,
    bare (of one ingredient, without any strength)."""
    drugs = resolve_drugs(products.select(KEYS).unique()).filter(
        (pl.col("parts") == 1) & pl.col("ingredient").is_not_null()
    )
    own = pl.col("strength_value").is_not_null()
    both = products.join(drugs, on=KEYS, how="inner", nulls_equal=True).with_columns(
        _value=pl.when(own)
        .then(pl.col("strength_value").str.strip_chars().cast(pl.Float64, strict=False))
        .otherwise("name_strength"),
        _unit=pl.when(own).then("strength_unit").otherwise("name_strength_unit"),
        _per=pl.when(own)
        .then("strength_per_unit")
        .otherwise(pl.coalesce("strength_per_unit", "name_strength_per_unit")),
        _of=pl.when(own)
        .then("strength_per_value")
        .otherwise(pl.coalesce("strength_per_value", "name_strength_per_value")),
    )
    sized = both.join(_kinds(both["_unit"], "_unit", "_unit"), on="_unit", how="left").join(
        _kinds(both["_per"], "_per", "_per"), on="_per", how="left"
    )
    mass = pl.col("_unit_kind") == "mass"
    written = pl.col("_unit_kind") == "concentration"
    volume = pl.col("_per_kind") == "volume"
    amount = pl.col("_value") * pl.col("_unit_factor")
    of = (
        pl.when(volume)
        .then(pl.col("_of") * pl.col("_per_factor"))
        .otherwise(pl.col("_of").fill_null(1.0))
    )
    return sized.select(
        *KEYS,
        *STRENGTH,
        product_ug=pl.when(written).then(amount).when(mass & (of > 0)).then(amount / of),
        per_volume=(written | volume).fill_null(value=False),
        bare=pl.col("strength_value").is_null() & pl.col("name_strength").is_null(),
    )


def _kinds(units: pl.Series, name: str, key: str = "_dose_unit") -> pl.DataFrame:
    """The distinct units under `key`, with `<name>_kind` and `<name>_factor`."""
    found = resolve_units(units)
    return found.select(
        pl.col("unit").alias(key),
        pl.col("kind").alias(f"{name}_kind"),
        pl.col("factor").alias(f"{name}_factor"),
    )
