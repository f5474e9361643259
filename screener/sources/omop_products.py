"""What each drug concept of an OMOP export is: text, code, strength, and in what it is counted.

DRUG_STRENGTH says the strength, and the conventions of the CDM (How to Calculate Drug Dose) in
what a quantity is counted: pieces; millilitres for a concentration; packs for a quantified one;
patches for a strength per hour.
"""

from __future__ import annotations

import polars as pl

from screener.sources.omop_concepts import (
    Cdm,
    concepts,
    looked_up,
    units_of,
    used_ids,
)
from screener.terminology import ingredient_table, resolve_drugs
from screener.units import resolve_units

CODE_SYSTEMS = {
    "RxNorm": "rxnorm",
    "RxNorm Extension": None,
    "ATC": "atc",
    "NDC": "ndc",
    "SNOMED": "snomed",
}
# Words of a product's name -> the piece in which it is counted, the first that fits.
PIECES = (
    ("tablet", "tablet"),
    ("capsule", "capsule"),
    ("patch|transdermal system", "patch"),
    ("suppository", "suppository"),
    ("lozenge", "lozenge"),
    (r"\bfilm\b", "film"),
    ("packet|sachet|granules", "packet"),
)
MILLILITRES = r"(?i) MG/ML (?:oral )?(?:solution|suspension|syrup|elixir)"
QUANTIFIED = r"(?i)^(?:[A-Z]*\d+ )?[\d.]+ ML "
STRENGTHS = (
    "strength_value", "strength_unit", "strength_per_value", "strength_per_unit", "pack_ml",
    "worn_hours",
)  # fmt: skip
PRODUCT = (
    "drug_concept_id", "drug", "drug_code", "drug_code_system", "strength_value", "strength_unit",
    "strength_per_value", "strength_per_unit", "counted_in", "pack_ml", "worn_hours", "weekly",
)  # fmt: skip


def products(cdm: Cdm) -> pl.DataFrame:
    """One row a drug concept that occurs (PRODUCT): the canonical drug and strength columns as
    text, counted_in (tablet, mL, pack, patch, ...; null: a quantity gives no dose), pack_ml (f64),
    worn_hours (f64), weekly."""
    ids = pl.DataFrame({"drug_concept_id": used_ids(cdm, "drug_exposure")})
    ids = ids.cast({"drug_concept_id": pl.String})
    known = concepts(cdm).select(
        drug_concept_id="concept_id",
        drug="concept_name",
        code="concept_code",
        vocabulary="vocabulary_id",
    )
    rows = (
        ids.join(known, on="drug_concept_id", how="left", maintain_order="left", validate="1:1")
        .join(_ingredients(cdm), on="drug_concept_id", how="left", maintain_order="left")
        .join(_strengths(cdm), on="drug_concept_id", how="left", maintain_order="left")
    )
    own = pl.col("vocabulary").replace_strict(CODE_SYSTEMS, default=None, return_dtype=pl.String)
    # An excerpt of DRUG_STRENGTH may hold one ingredient of several: the name knows better.
    alone = ~pl.col("drug").str.contains(" / ", literal=True).fill_null(value=False)
    # Ingredients are found by their own codes; a product's code leads nowhere.
    rows = rows.with_columns(
        drug_code=pl.when(alone).then(pl.coalesce("ingredient_code", "code")).otherwise("code"),
        drug_code_system=pl.when(alone & pl.col("ingredient_code").is_not_null())
        .then(pl.lit("rxnorm"))
        .otherwise(own),
        piece=_piece(pl.col("drug")),
        named_ml=pl.col("drug").str.contains(MILLILITRES)
        & ~pl.col("drug").str.contains(QUANTIFIED)
        & alone,
        many=pl.col("many") | ~alone,
        **{name: pl.when(alone).then(name) for name in STRENGTHS},
        **{name: pl.col(name) & alone for name in ("is_amount", "is_concentration", "is_rate")},
    )
    rows = rows.join(_weekly(rows), on="drug_concept_id", how="left", maintain_order="left")
    listed = pl.col("listed").fill_null(value=False)
    counted = (
        pl.when(pl.col("is_rate")).then(pl.when(pl.col("piece") == "patch").then("piece"))
        .when(pl.col("is_amount")).then(pl.coalesce("piece", pl.lit("piece")))
        .when(pl.col("pack_ml").is_not_null()).then(pl.lit("pack"))
        .when(pl.col("is_concentration")).then(pl.lit("mL"))
        .when(listed).then(pl.when(pl.col("many")).then("piece"))
        .when(pl.col("named_ml")).then(pl.lit("mL"))
        .when(pl.col("piece") != "patch").then("piece")
    )  # fmt: skip
    return rows.with_columns(counted_in=counted, weekly=pl.col("weekly").fill_null(value=False)
                             ).select(PRODUCT)  # fmt: skip


def _piece(name: pl.Expr) -> pl.Expr:
    found = pl.lit(None, pl.String)
    for words, piece in reversed(PIECES):
        found = pl.when(name.str.contains(f"(?i){words}")).then(pl.lit(piece)).otherwise(found)
    return found


def _ingredients(cdm: Cdm) -> pl.DataFrame:
    """drug_concept_id, ingredient_code: the RxNorm code of products of exactly one ingredient."""
    from_strength = looked_up(cdm, "drug_strength").select(
        "drug_concept_id", concept_id="ingredient_concept_id"
    )
    from_ancestor = looked_up(cdm, "concept_ancestor").select(
        drug_concept_id="descendant_concept_id", concept_id="ancestor_concept_id"
    )
    rxnorm = concepts(cdm).filter(
        (pl.col("vocabulary_id") == "RxNorm") & (pl.col("concept_class_id") == "Ingredient")
    )
    return (
        pl.concat([from_strength, from_ancestor])
        .unique()
        .join(rxnorm.select("concept_id", "concept_code"), on="concept_id")
        .group_by("drug_concept_id")
        .agg(pl.col("concept_code").first().alias("ingredient_code"), pl.len().alias("n"))
        .filter(pl.col("n") == 1)
        .drop("n")
    )


def _strengths(cdm: Cdm) -> pl.DataFrame:
    """The strength of each concept of one ingredient and one valid row; others are only `listed`.

    Products of several ingredients (`many`) name their strengths in their order in the text.
    """
    units = units_of(cdm)
    rows = looked_up(cdm, "drug_strength")
    valid = rows.filter(~pl.col("invalid_reason").is_in(["D", "U"]).fill_null(value=False))

    def number(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Float64, strict=False)

    def unit(name: str) -> pl.Expr:
        return pl.col(name).replace_strict(units, default=None, return_dtype=pl.String)

    parts = valid.unique().group_by("drug_concept_id").agg(
        pl.len().alias("n"),
        pl.col("ingredient_concept_id").n_unique().alias("ingredients"),
        pl.all().exclude("drug_concept_id").first(),
    ).with_columns(
        amount=number("amount_value"), amount_unit=unit("amount_unit_concept_id"),
        above=number("numerator_value"), above_unit=unit("numerator_unit_concept_id"),
        below=number("denominator_value"), below_unit=unit("denominator_unit_concept_id"),
    )  # fmt: skip
    known = resolve_units(pl.Series(sorted(set(units.values())), dtype=pl.String))
    masses = known.filter(kind="mass")["unit"].to_list()
    one = pl.col("n") == 1
    amount = one & (pl.col("amount") > 0) & pl.col("amount_unit").is_in(masses)
    mass_above = one & (pl.col("above") > 0) & pl.col("above_unit").is_in(masses)
    per_ml = mass_above & (pl.col("below_unit") == "mL")
    per_hour = mass_above & (pl.col("below_unit") == "h")
    rate = pl.col("above") / pl.col("below").fill_null(1.0)
    return parts.with_columns(
        is_amount=amount.fill_null(value=False),
        is_concentration=per_ml.fill_null(value=False),
        is_rate=per_hour.fill_null(value=False),
    ).select(
        "drug_concept_id",
        "is_amount",
        "is_concentration",
        "is_rate",
        listed=pl.lit(value=True),
        many=pl.col("ingredients") > 1,
        strength_value=_text(
            pl.when("is_amount").then("amount")
            .when("is_rate").then(rate)
            .when("is_concentration").then("above")
        ),
        strength_unit=pl.when("is_amount").then("amount_unit")
        .when("is_rate").then(pl.col("above_unit") + "/h")
        .when("is_concentration").then("above_unit"),
        strength_per_value=_text(
            pl.when("is_concentration").then(pl.col("below").fill_null(1.0))
        ),
        strength_per_unit=pl.when("is_concentration").then(pl.lit("mL")),
        pack_ml=pl.when("is_concentration").then("below"),
        worn_hours=pl.when("is_rate").then("below"),
    )  # fmt: skip


def _text(number: pl.Expr) -> pl.Expr:
    """A number as plain decimal text, without exponent: 0.00025, 500."""
    scaled = number.round(9).cast(pl.Decimal(38, 9), strict=False).cast(pl.String)
    return scaled.str.replace(r"0+$", "").str.replace(r"\.$", "")


def _weekly(rows: pl.DataFrame) -> pl.DataFrame:
    """Concepts of drugs that are taken once a week: a supply does not say how it was divided."""
    keys = rows.select("drug_concept_id", "drug", "drug_code", "drug_code_system")
    found = resolve_drugs(keys.drop("drug_concept_id").unique(maintain_order=True))
    facts = ingredient_table().select("ingredient", "weekly")
    weekly = found.join(facts, on="ingredient").filter("weekly")
    return (
        keys.join(
            weekly.select("drug", "drug_code", "drug_code_system", "weekly").unique(),
            on=["drug", "drug_code", "drug_code_system"],
            how="inner",
            nulls_equal=True,
        )
        .select("drug_concept_id", "weekly")
        .unique()
    )
