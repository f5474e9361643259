"""Rows of `prescriptions` to order lines: which rows count, of what drug, by which route.

A *row* keeps its class (used, excluded, duplicate, superseded); a used row gives one *line* per
ingredient.
Meaning: docs/timeline.md, section 1 and 2.
"""

from __future__ import annotations

import polars as pl

from screener.tables import PRESCRIPTIONS
from screener.terminology import ingredient_table, resolve_drugs, resolve_routes
from screener.timeline.days import day
from screener.timeline.tapers import never_began, with_phases, without_restarts
from screener.timeline.versions import superseded
from screener.units import resolve_units

NOT_COUNTED = (
    "cancelled", "canceled", "entered-in-error", "draft", "on-hold", "not-taken", "declined",
    "intended",
)  # fmt: skip
COUNTED = (
    "active", "completed", "stopped", "ended", "finished", "in-progress", "dispensed", "final",
)  # fmt: skip
NO_REASON = ("duplicate", "superseded")  # classes of their own, not reasons to exclude
ACTS_WHERE_PUT = ("lidocaine", "capsaicin", "menthol", "methyl salicylate", "prilocaine")
BY_NOSE = ("esketamine", "ketamine")
CONTENT = [c.name for c in PRESCRIPTIONS if c.name not in ("prescription_id", "version")]


def classify(prescriptions: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Every row with patient u32, `row` (its position), phase, phases, row_class and reason.

    Reasons: not_counted_status, not_dispensed, impossible_date, zero_length; null when used.
    """
    whose = prescriptions.select("patient_id").join(
        people.select("patient", "patient_id", "birth", "last_day"),
        on="patient_id",
        how="left",
        maintain_order="left",
        validate="m:1",
    )
    rows = prescriptions.with_row_index("row").hstack(whose.drop("patient_id"))
    rows = rows.with_columns(_older=superseded(rows))
    word = pl.col("status").str.strip_chars().str.to_lowercase().str.replace_all(r"[ _]+", "-")
    start = day("start_date")
    stop = day("stop_date")
    rows = rows.with_columns(
        start=start,
        stop=stop,
        source_ref=pl.concat_str(
            "source_file", pl.col("source_row").cast(pl.String), separator=":"
        ),
        _odd_status=(word.is_not_null() & (word != "") & ~word.is_in([*COUNTED, *NOT_COUNTED]))
        & ~pl.col("_older"),
        _status_out=word.is_in(NOT_COUNTED).fill_null(value=False),
        _copy=_is_copy(rows.filter(~pl.col("_older")), rows["row"]),
    ).pipe(with_phases)
    impossible = (
        pl.when(pl.col("stop") < pl.col("start")).then(pl.lit("starts after its own stop"))
        .when(pl.col("start") < pl.col("birth")).then(pl.lit("starts before the patient was born"))
        .when(pl.col("start") > pl.col("last_day"))
        .then(pl.lit("starts after the last day on which the patient is observed"))
    )  # fmt: skip
    nothing = ((pl.col("stop") == pl.col("start")) | (pl.col("days_supply") == 0)).fill_null(
        value=False
    )
    reason = (
        pl.when("_older").then(pl.lit("superseded"))
        .when("_status_out").then(pl.lit("not_counted_status"))
        .when((pl.col("dispensed") == False).fill_null(value=False))  # noqa: E712
        .then(pl.lit("not_dispensed"))
        .when("_copy").then(pl.lit("duplicate"))
        .when(never_began()).then(pl.lit("zero_length"))
        .when(impossible.is_not_null()).then(pl.lit("impossible_date"))
        .when(nothing).then(pl.lit("zero_length"))
    )  # fmt: skip
    classed = rows.with_columns(_reason=reason, _impossible=impossible).with_columns(
        row_class=pl.when(pl.col("_reason").is_null()).then(pl.lit("used"))
        .when(pl.col("_reason").is_in(NO_REASON)).then("_reason")
        .otherwise(pl.lit("excluded")),
        reason=pl.when(~pl.col("_reason").is_in(NO_REASON)).then("_reason"),
    ).drop("_reason", "_status_out", "_copy", "_older", "birth", "last_day")  # fmt: skip
    return without_restarts(classed)


def _is_copy(rows: pl.DataFrame, every: pl.Series) -> pl.Series:
    """True for a row that equals an earlier one in every column but its id and version.

    Only rows that share patient, drug and start are compared whole.
    """
    words = ("route", "form", "strength_unit", "strength_per_unit", "dose_unit", "status")
    near = rows.select("row", *CONTENT).filter(
        pl.struct("patient_id", "drug", "start_date").is_duplicated()
    ).with_columns(
        pl.col(words).str.strip_chars().str.to_lowercase(),
        # 020.0/500.00 is 20/500: strengths stay text because of the combinations
        strength_value=pl.col("strength_value").str.strip_chars()
        .str.replace_all(r"(\.\d*?)0+(/|$)", "${1}${2}")
        .str.replace_all(r"\.(/|$)", "${1}")
        .str.replace_all(r"(^|/)0+(\d)", "${1}${2}"),
    )  # fmt: skip
    copies = near.filter(~pl.struct(CONTENT).is_first_distinct())["row"]
    return every.is_in(copies.implode()).alias("_copy")


def row_flags(rows: pl.DataFrame) -> pl.DataFrame:
    """Data flags that a row raises by itself: patient, day, flag, ref, detail."""
    return pl.concat(
        [
            _flag(rows.filter(pl.col("row_class") == "duplicate"), "duplicate-row",
                  pl.lit("equal to an earlier row in everything but its id; counted once")),
            _flag(rows.filter(pl.col("reason") == "impossible_date"), "impossible-date",
                  pl.col("_impossible") + "; not counted"),
            _flag(rows.filter("_odd_status"), "unknown-status",
                  pl.lit("status word not known; counted as active")),
        ]
    )  # fmt: skip


def _flag(rows: pl.DataFrame, flag: str, detail: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "patient", day=pl.col("start"), flag=pl.lit(flag), ref=pl.col("source_ref"), detail=detail,
    )  # fmt: skip


def identify(wordings: pl.DataFrame) -> pl.DataFrame:
    """Distinct wordings with their ingredients, tracks and units: one row per ingredient.

    Adds part, parts, ingredient (null: unmapped, or drug_kind says what it is instead), product
    (all its ingredients), listed_strength_ug, name_strength..., track, form_key, unclear_route, and
    for dose, strength and strength-per: kind and factor.
    Every distinct text is resolved once.
    """
    keys = ["drug", "drug_code", "drug_code_system"]
    drugs = resolve_drugs(wordings.select(keys).unique(maintain_order=True)).rename(
        {"kind": "drug_kind"}
    )
    lines = wordings.join(
        drugs.join(_products(drugs), on=keys, how="left", nulls_equal=True, maintain_order="left"),
        on=keys, how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    lines = _listed_by_column(lines)
    lines = lines.join(
        ingredient_table(), on="ingredient", how="left", maintain_order="left",
        validate="m:1",
    )  # fmt: skip
    route_keys = ["route", "form", "name_form", "dose_unit"]
    routes = resolve_routes(lines.select(route_keys).unique(maintain_order=True))
    lines = lines.join(routes, on=route_keys, how="left", nulls_equal=True, maintain_order="left")
    lines = _strength_from_name(lines)
    for column, prefix in (
        ("dose_unit", "dose"), ("strength_unit", "strength"), ("strength_per_unit", "per"),
    ):  # fmt: skip
        lines = _with_unit(lines, column, prefix)
    return _decide_track(lines)


def _listed_by_column(lines: pl.DataFrame) -> pl.DataFrame:
    """The strengths of a combination whose column does not give each part its own: "480" (the sum)
    or "25-100" are read as they would be behind the product's name."""
    keys = ["drug", "drug_code", "drug_code_system"]
    column = ["strength_value", "strength_unit"]
    apart = pl.col("strength_value").str.count_matches("/", literal=True) + 1
    unread = (
        (pl.col("parts") > 1) & (apart != pl.col("parts"))
        & pl.col("listed_strength_ug").is_null() & pl.col("name_strength").is_null()
    )  # fmt: skip
    asked = lines.filter(unread).select(*keys, *column).unique(maintain_order=True)
    if asked.is_empty():
        return lines
    unit = pl.coalesce(pl.lit(" ") + pl.col("strength_unit"), pl.lit(""))
    asked = asked.with_columns(_text=pl.col("drug") + " " + pl.col("strength_value") + unit)
    found = resolve_drugs(asked.select("drug_code", "drug_code_system", drug="_text").unique())
    read = asked.join(
        found.rename({"drug": "_text", "listed_strength_ug": "_listed"}),
        on=["_text", "drug_code", "drug_code_system"], how="inner", nulls_equal=True,
    ).select(*keys, *column, "part", "ingredient", "_listed")  # fmt: skip
    on = [*keys, *column, "part", "ingredient"]
    return (
        lines.join(read, on=on, how="left", nulls_equal=True, maintain_order="left", validate="m:1")
        .with_columns(listed_strength_ug=pl.coalesce("listed_strength_ug", "_listed"))
        .drop("_listed")
    )


def _products(drugs: pl.DataFrame) -> pl.DataFrame:
    """What each distinct drug text holds: the names of its ingredients, in alphabetical order."""
    keys = ["drug", "drug_code", "drug_code_system"]
    return drugs.group_by(keys, maintain_order=True).agg(
        product=pl.col("ingredient").drop_nulls().sort().str.join("+")
    )


def _strength_from_name(lines: pl.DataFrame) -> pl.DataFrame:
    """The strength written in the drug's name, where no column gives one.

    A combination whose name gives every part its strength is read from the name even then: the
    order of "5/325" in a column need not be the order of the ingredients in the name.
    """
    own = pl.col("strength_value").is_null()
    spelled_out = (pl.col("parts") > 1) & pl.col("name_strength").is_not_null()
    take = own | spelled_out

    def chosen(column: str) -> pl.Expr:
        from_name = pl.col(f"name_{column}")
        either = pl.coalesce(column, from_name)
        return pl.when(spelled_out).then(from_name).when(own).then(either).otherwise(column)

    return lines.with_columns(
        strength_value=pl.when(~take).then("strength_value"),
        strength_unit=chosen("strength_unit"),
        strength_per_value=chosen("strength_per_value"),
        strength_per_unit=chosen("strength_per_unit"),
    )


def _with_unit(lines: pl.DataFrame, column: str, prefix: str) -> pl.DataFrame:
    units = resolve_units(lines[column].drop_nulls().unique()).select(
        pl.col("unit").alias(column),
        pl.col("name").alias(f"{prefix}_name"),
        pl.col("kind").alias(f"{prefix}_kind"),
        pl.col("factor").alias(f"{prefix}_factor"),
    )
    return lines.join(units, on=column, how="left", maintain_order="left", validate="m:1")


def _decide_track(lines: pl.DataFrame) -> pl.DataFrame:
    """The track of each line; `unclear_route` marks those that join no sum.

    A drug that is also given intrathecally is never guessed to be one or the other: an injection
    is intrathecal only when the route says so, or when it says injection and doses micrograms.
    A "topical" patch is transdermal unless its drug acts where it is put; a few drugs act on the
    whole body by the nose; buccal and rectal benzodiazepines are rescue drugs (`rescue`).
    """
    mass = pl.coalesce(pl.when(pl.col("dose_kind") == "mass").then("dose_name"), "strength_name")
    either = pl.col("given_intrathecally").fill_null(value=False) & pl.col("injection")
    vague = either & (pl.col("track") != "intrathecal").fill_null(value=True)
    patch = pl.col("form_key").str.contains("patch") | (pl.col("dose_name") == "patch")
    acts_inside = patch & ~pl.col("ingredient").is_in(ACTS_WHERE_PUT) & ~_is("nsaid")
    by_nose = pl.concat_str("route", "form", "name_form", separator=" ", ignore_nulls=True)
    nose = by_nose.str.to_lowercase().str.contains("nasal|nose|nostril|nare") & (
        _is("opioid") | _is("benzodiazepine") | pl.col("ingredient").is_in(BY_NOSE)
    )
    local = (pl.col("track") == "local").fill_null(value=False)
    track = (
        pl.when(local & acts_inside.fill_null(value=False)).then(pl.lit("transdermal"))
        .when(local & nose.fill_null(value=False)).then(pl.lit("by nose"))
        .when(vague & pl.col("route_given") & (mass == "mcg")).then(pl.lit("intrathecal"))
        .when(vague).then(pl.lit("unknown"))
        .otherwise(pl.col("track").fill_null("unknown"))
    )  # fmt: skip
    rescue = _is("benzodiazepine") & (
        (track == "rectal")
        | pl.concat_str("route", "form", separator=" ", ignore_nulls=True)
        .str.to_lowercase()
        .str.contains("buccal|rectal|oromucosal")
    )
    return lines.with_columns(
        track=track,
        mass_unit=pl.when(pl.col("dose_kind") == "mass").then("dose_name"),
        rescue=rescue.fill_null(value=False),
    ).with_columns(
        unclear_route=(pl.col("track") == "unknown") & pl.col("ingredient").is_not_null()
    )


def _is(tag: str) -> pl.Expr:
    return pl.col("classes").list.contains(tag).fill_null(value=False)
