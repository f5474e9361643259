"""DRUG_EXPOSURE to orders: which records are orders, for how long, and what dose a day.

Ends: `days_supply` is the length. `drug_exposure_end_date` is the last day and is required, so it
is often inferred; by the ratified convention from the days' supply, or as the start (an
administration), start + 29 (a written prescription) or start + 89 (mail order). Such an end says
nothing. A recorded end (`verbatim_end_date`) and one before the end of the supply count.
Dose: quantity × strength ÷ days, where there are no directions.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from screener.errors import InputRefused
from screener.sources.omop_concepts import DRUG_TYPES, Cdm, looked_up, names_of, used
from screener.sources.omop_products import products
from screener.sources.omop_tables import CdmTable, made_of, with_columns
from screener.tables import RawBatch

COLUMNS = (
    "drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date",
    "drug_exposure_end_date", "verbatim_end_date", "drug_type_concept_id", "stop_reason",
    "quantity", "days_supply", "sig", "route_concept_id", "provider_id", "drug_source_value",
    "drug_source_concept_id", "route_source_value",
)  # fmt: skip
INFERRED_DAYS = (0, 29, 89)
# stop_reason is free text; these words mean that nothing was taken.
NEVER_TAKEN = (
    "cancelled", "canceled", "entered-in-error", "not-taken", "declined", "draft", "on-hold",
)  # fmt: skip
DOSE = ("dose_min", "dose_unit", "frequency_count", "frequency_period_days", "sig", "quantity")
DERIVED = ("drug", "drug_code", "drug_code_system", "strength_value", "strength_unit",
           "strength_per_value", "strength_per_unit")  # fmt: skip
NUMBER = r"^[0-9]{1,9}(?:\.[0-9]{1,15})?$"
CAUTIONS = (
    "omop: a dose is quantity × strength ÷ days of supply where a record has no directions; "
    "as-needed use, dose ranges and how often a day cannot be told from it",
)


def prescriptions(cdm: Cdm, one: CdmTable) -> Iterator[RawBatch]:
    """The orders of one DRUG_EXPOSURE table, in canonical columns as text.

    Raises InputRefused when a column is missing without which there is no order.
    """
    known, names = products(cdm), names_of(cdm)
    sites = looked_up(cdm, "provider").unique("provider_id", keep="first", maintain_order=True)
    dispensed = _persons_dispensed(cdm)
    counts = {"era": 0, "prescribed": 0, "inferred": 0, "packs": 0, "unmapped": 0}
    filled: set[str] = set()
    for batch in one.read():
        if batch.rows.height:
            _refuse_missing(batch.rows, one.name)
        rows = with_columns(batch.rows, COLUMNS).select("source_row", *COLUMNS)
        rows = rows.with_columns(
            kind=pl.col("drug_type_concept_id").replace_strict(
                DRUG_TYPES, default="other", return_dtype=pl.String
            )
        )
        rows = rows.join(dispensed, on="person_id", how="left", maintain_order="left")
        twice = (pl.col("kind") == "prescribed") & pl.col("has_dispensed").fill_null(value=False)
        era = pl.col("kind") == "era"
        counts["era"] += rows.filter(era).height
        counts["prescribed"] += rows.filter(twice).height
        made = _orders(rows.filter(~era & ~twice), known, names, sites)
        for name in ("inferred", "packs", "unmapped"):
            counts[name] += int(made[name].sum())
        made = made.drop("inferred", "packs", "unmapped")
        filled |= {name for name in made.columns if made[name].null_count() < made.height}
        yield made_of(batch, made, frozenset(DOSE) - filled, _notices(one.name, counts))


def _persons_dispensed(cdm: Cdm) -> pl.DataFrame:
    """Persons with dispensings (person_id, has_dispensed): what was written for them is the same
    supply once more."""
    found = [pl.DataFrame(schema={"person_id": pl.String()})]
    kinds = {DRUG_TYPES.get(one) for one in used(cdm, "drug_exposure")["drug_type_concept_id"]}
    for one in cdm.tables["drug_exposure"] if {"prescribed", "dispensed"} <= kinds else []:
        rows = one.distinct(("person_id", "drug_type_concept_id"))
        kind = rows["drug_type_concept_id"].replace_strict(
            DRUG_TYPES, default="other", return_dtype=pl.String
        )
        found.append(rows.filter(kind == "dispensed").select("person_id"))
    persons = pl.concat(found).drop_nulls().unique()
    return persons.with_columns(has_dispensed=pl.lit(value=True))


def _orders(
    rows: pl.DataFrame, known: pl.DataFrame, names: dict[str, str], sites: pl.DataFrame
) -> pl.DataFrame:
    """Canonical columns of some records, and what is counted of them."""
    sources = known.select(
        drug_source_concept_id="drug_concept_id",
        source_drug="drug",
        source_code="drug_code",
        source_system="drug_code_system",
    )
    found = (
        rows.join(known, on="drug_concept_id", how="left", maintain_order="left", validate="m:1")
        .join(sources, on="drug_source_concept_id", how="left", maintain_order="left",
              validate="m:1")
        .join(sites, on="provider_id", how="left", maintain_order="left", validate="m:1")
    )  # fmt: skip
    lacking = pl.col("drug").is_null()
    route = pl.col("route_concept_id").replace_strict(names, default=None, return_dtype=pl.String)
    # A quantity of 0 says that it is not known.
    nothing = pl.col("quantity").str.contains(r"^0+(?:\.0+)?$")
    found = _with_length(found).with_columns(quantity=pl.when(~nothing).then("quantity"))
    dose, packs = _dose()
    word = pl.col("stop_reason").str.to_lowercase().str.replace_all(r"[ _]+", "-")
    given = pl.col("kind") == "administered"
    return found.select(
        "source_row",
        prescription_id="drug_exposure_id",
        patient_id="person_id",
        drug=pl.coalesce("drug", "source_drug", "drug_source_value"),
        drug_code=pl.when(lacking).then("source_code").otherwise("drug_code"),
        drug_code_system=pl.when(lacking).then("source_system").otherwise("drug_code_system"),
        route=pl.coalesce(route, "route_source_value"),
        **{name: pl.col(name) for name in DERIVED if name.startswith("strength")},
        **dose,
        start_date="drug_exposure_start_date",
        days_supply=pl.col("length"),
        quantity=pl.when(~given & ~packs & (pl.col("counted_in") != "patch").fill_null(value=True))
        .then("quantity"),
        status=pl.when(word.is_in(NEVER_TAKEN)).then(word),
        stop_date=pl.col("stop"),
        dispensed=pl.when(pl.col("kind").is_in(["dispensed", "administered"])).then(pl.lit("yes")),
        sig="sig",
        prescriber_id="provider_id",
        site_id="care_site_id",
        inferred="inferred",
        packs=packs,
        unmapped=lacking,
    )  # fmt: skip


def _with_length(rows: pl.DataFrame) -> pl.DataFrame:
    """length and stop (the first day not taken) as text; inferred: an end that says nothing."""

    def day(name: str) -> pl.Expr:
        return pl.col(name).str.head(10).str.to_date("%Y-%m-%d", strict=False)

    supply = pl.col("days_supply").str.extract(r"^([0-9]{1,6})(?:\.0+)?$", 1).cast(pl.Int64)
    rows = rows.with_columns(
        supplied=pl.when(supply > 0).then(supply),
        begin=day("drug_exposure_start_date"),
        recorded=day("verbatim_end_date"),
        end=pl.coalesce(day("verbatim_end_date"), day("drug_exposure_end_date")),
    ).with_columns(after=(pl.col("end") - pl.col("begin")).dt.total_days())
    given = pl.col("kind") == "administered"
    guess = pl.col("recorded").is_null() & pl.col("after").is_in(INFERRED_DAYS) & ~given
    known = pl.col("after").is_not_null() & ~guess
    # An end on the start of a longer supply fills a column that must not be empty.
    filler = pl.col("recorded").is_null() & (pl.col("after") == 0)
    early = ~filler & (pl.col("after") + 1 < pl.col("supplied"))
    before = pl.col("after") < 0
    stop = pl.when(before).then("end").when(early).then(pl.col("end") + pl.duration(days=1))
    unreadable = pl.col("days_supply").is_not_null() & supply.is_null()
    length = (
        pl.when(unreadable).then("days_supply")
        .when(pl.col("supplied").is_not_null()).then(pl.col("supplied").cast(pl.String))
        .when(known & ~before).then((pl.col("after") + 1).cast(pl.String))
    )  # fmt: skip
    return rows.with_columns(
        length=length,
        stop=stop.dt.to_string("%Y-%m-%d"),
        inferred=(guess & pl.col("supplied").is_null()).fill_null(value=False),
    )


def _dose() -> tuple[dict[str, pl.Expr], pl.Expr]:
    """The dose columns, and which rows may be counted in packs or in mL (no dose, no quantity).

    A quantity of a quantified concentration counts packs; one as large as a pack's millilitres may
    as well be millilitres, and then neither is taken.
    """
    quantity = pl.when(pl.col("quantity").str.contains(NUMBER)).then("quantity")
    amount, days = quantity.cast(pl.Float64), pl.col("supplied")
    kind = pl.col("counted_in")
    packs = ((kind == "pack") & (pl.col("pack_ml") > 1) & (amount >= pl.col("pack_ml"))).fill_null(
        value=False
    )
    told = pl.col("sig").is_null() & (pl.col("kind") != "administered") & ~pl.col("weekly")
    worn = amount * pl.col("worn_hours") / 24 / days
    patches = (
        pl.when(pl.col("worn_hours").is_null() | (pl.col("worn_hours") <= 1)).then(1.0)
        .when((worn - worn.round()).abs() <= 0.25).then(worn.round())
    )  # fmt: skip
    usable = (
        told & ~packs & (amount > 0) & (days > 0) & kind.is_not_null()
        & ((kind != "patch") | (patches > 0))
    ).fill_null(value=False)  # fmt: skip
    patch = kind == "patch"
    each = (
        pl.when(patch).then(patches.cast(pl.Int64, strict=False).cast(pl.String))
        .when(kind == "pack").then(pl.col("strength_per_value"))
        .otherwise(pl.lit("1"))
    )  # fmt: skip
    unit = pl.when(kind.is_in(["pack", "mL"])).then(pl.lit("mL")).otherwise(kind)
    return {
        "dose_min": pl.when(usable).then(each),
        "dose_unit": pl.when(usable).then(unit),
        "frequency_count": pl.when(usable & ~patch).then(quantity),
        "frequency_period_days": pl.when(usable & ~patch).then(days.cast(pl.String)),
    }, packs


def _notices(name: str, counts: dict[str, int]) -> Iterator[str]:
    said = {
        "era": "left out: drug eras, which are derived from other records",
        "prescribed": "left out: prescriptions written for persons whose dispensings are here, too",
        "inferred": "without days_supply have an end that is the start, start + 29 or start + 89 "
        "days, as it is inferred where none is known; they have no length",
        "packs": "have a quantity that may count packs or millilitres; their dose is unknown",
        "unmapped": "have no concept that the vocabulary names; their source text is read",
    }
    for key, what in said.items():
        if counts[key]:
            yield f"{name}: {counts[key]} rows {what}"


def _refuse_missing(rows: pl.DataFrame, name: str) -> None:
    needed = ["person_id", "drug_exposure_start_date"]
    missing = [column for column in needed if column not in rows.columns]
    if not {"drug_concept_id", "drug_source_value"} & set(rows.columns):
        missing.append("drug_concept_id")
    if missing:
        raise InputRefused(
            f"a required column is missing: {', '.join(missing)}.",
            where=name,
            fix="Export DRUG_EXPOSURE with all its columns.",
        )
