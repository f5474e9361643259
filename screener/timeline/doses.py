"""The dose that an order's wording gives per day, in integer micrograms, and for how many days.

Meaning: docs/timeline.md, section 2. Every product is formed once and rounded once, half up;
what cannot be derived stays null and raises a flag, never a zero.
"""

from __future__ import annotations

import polars as pl

from screener.terminology import DRUG
from screener.timeline.words import with_words

OPEN = 1_000_000_000.0  # amounts above this are typing errors, not doses


def dose_lines(lines: pl.DataFrame, *, dose_supplied: bool) -> pl.DataFrame:
    """Adds low, high (µg a day, i64 or null), doses_per_day, uncertain, dose_unknown, bounded_low,
    strength_key (µg per unit or mL, -1 unknown), length (days; null: not said by the wording), how
    (words), and one boolean column of FLAGS per data flag.

    dose_supplied: False for an export that carries neither dose nor directions at all; then a
    missing dose raises no flag per order (the run says it once).
    """
    return (
        lines.pipe(_with_strength)
        .pipe(_with_frequency)
        .pipe(_with_each_dose)
        .pipe(_with_daily_dose)
        .pipe(_with_length)
        .pipe(_with_flags, dose_supplied)
        .pipe(with_words)
    )


def _with_strength(lines: pl.DataFrame) -> pl.DataFrame:
    """strength_ug of this part in `per_amount` (units, or mL), per_kind; split_unknown.

    A strength written as mg/mL is one of 1 mL, whatever the other columns say.
    """
    written = pl.col("strength_kind") == "concentration"
    lines = lines.with_columns(
        strength_per_value=pl.when(written).then(1.0).otherwise("strength_per_value"),
        per_kind=pl.when(written).then(pl.lit("volume")).otherwise("per_kind"),
        per_factor=pl.when(written).then(1.0).otherwise("per_factor"),
    )
    text = pl.col("strength_value").str.strip_chars()
    pieces = text.str.split_exact("/", 5)
    plain = text.cast(pl.Float64, strict=False)
    own = (
        pl.when(pl.col("parts") == 1).then(plain)
        .when(text.str.count_matches("/") + 1 == pl.col("parts"))
        .then(_piece(pieces, pl.col("part")))
    )  # fmt: skip
    amount = pl.when(pl.col("strength_value").is_null()).then("name_strength").otherwise(own)
    known = pl.col("strength_kind").is_in(["mass", "rate", "concentration"]) & (amount > 0)
    in_ug = pl.when(known).then(amount * pl.col("strength_factor"))
    listed = pl.when((pl.col("parts") > 1) & in_ug.is_null()).then(
        pl.col("listed_strength_ug").cast(pl.Float64)
    )
    volume = pl.col("per_kind") == "volume"
    per = (
        pl.when(volume).then(pl.col("strength_per_value") * pl.col("per_factor"))
        .otherwise(pl.col("strength_per_value").fill_null(1.0))
    )  # fmt: skip
    return lines.with_columns(
        strength_ug=pl.coalesce(in_ug, listed),
        per_amount=pl.when(listed.is_not_null()).then(1.0).when(per > 0).then(per),
        strength_unreadable=pl.col("strength_value").is_not_null() & in_ug.is_null()
        & listed.is_null(),
    ).with_columns(
        ug_per_unit=pl.col("strength_ug") / pl.col("per_amount"),
        split_unknown=(pl.col("parts") > 1) & pl.col("strength_ug").is_null(),
    )  # fmt: skip


def _piece(pieces: pl.Expr, part: pl.Expr) -> pl.Expr:
    chosen = pl.lit(None, pl.String)
    for i in range(6):
        chosen = pl.when(part == i).then(pieces.struct.field(f"field_{i}")).otherwise(chosen)
    return chosen.str.strip_chars().cast(pl.Float64, strict=False)


def _with_frequency(lines: pl.DataFrame) -> pl.DataFrame:
    """times (numerator) and period (denominator) of the frequency, with as-needed maxima."""
    count, period = pl.col("frequency_count"), pl.col("frequency_period_days")
    prn = pl.col("prn").fill_null(value=False) | pl.col("rescue")
    capped = prn & pl.col("max_doses_per_day").is_not_null()
    usable = (count > 0) & (period > 0)
    return lines.with_columns(
        as_needed=prn,
        times=pl.when(capped).then("max_doses_per_day").when(usable).then(count),
        period=pl.when(capped).then(1.0).when(usable).then(period),
        no_period=~capped & (count > 0) & period.is_null(),
        no_times=~capped & ~(count > 0).fill_null(value=False),
        bad_period=~capped & (period <= 0).fill_null(value=False),
    )


def _with_each_dose(lines: pl.DataFrame) -> pl.DataFrame:
    """ug_each: micrograms in one unit of the dose as written (tablet, mL, mg, ...)."""
    least = pl.col("dose_min")
    most = pl.col("dose_max").fill_null(least)
    kind, per_kind = pl.col("dose_kind"), pl.col("per_kind").fill_null("")
    patch_rate = (pl.col("track") == "transdermal") & _per_hour() & (kind == "countable")
    per_volume = (per_kind == "volume") & pl.col("ug_per_unit").is_not_null()
    needs_strength = kind.is_in(["countable", "volume"])
    unfit = kind.is_null() | (
        kind.is_in(["local", "concentration"])
        | (kind.is_in(["activity", "amount"]) & pl.col("strength_ug").is_not_null())
        | ((kind == "mass") & _per_hour())
        # 2.5 g of a gel with 16.2 mg in a gram are no 2.5 g of the drug
        | ((kind == "mass") & (per_kind == "mass") & (pl.col("dose_name") == pl.col("per_name")))
        | (needs_strength & pl.col("strength_per_unit").is_not_null() & (per_kind == ""))
        | ((kind == "countable") & (per_kind == "volume"))
        | ((kind == "volume") & (per_kind == "countable"))
        | ((kind == "countable") & (pl.col("track") == "transdermal")
           & (pl.col("strength_kind") == "mass") & (pl.col("strength_name") != "mcg"))
        | (needs_strength & pl.col("strength_unreadable") & ~pl.col("split_unknown"))
        | ((kind == "countable") & pl.col("strength_ug").is_null()
           & ~pl.col("strength_unreadable") & (pl.col("parts") == 1))
    ).fill_null(value=False)  # fmt: skip
    no_concentration = (
        (kind == "volume").fill_null(value=False)
        & ~per_volume
        & ~((per_kind == "countable") | pl.col("strength_unreadable"))
    )
    combined_mass = (pl.col("parts") > 1) & kind.is_in(["mass", "rate"])
    each = (
        pl.when(unfit | no_concentration | combined_mass).then(None)
        .when(kind == "mass").then("dose_factor")
        .when(kind == "rate").then(pl.col("dose_factor") * 24)
        .when(patch_rate).then(pl.col("strength_ug") * 24)
        .when(kind == "countable").then("ug_per_unit")
        .when(kind == "volume").then(pl.col("dose_factor") * pl.col("ug_per_unit"))
    )  # fmt: skip
    readable = (
        least.is_not_null() & (most >= least) & (most <= OPEN) & (least >= 0) & (most > 0)
    ).fill_null(value=False)  # fmt: skip
    return lines.with_columns(
        least=pl.when(readable).then(least),
        most=pl.when(readable).then(most),
        ug_each=each.cast(pl.Float64),
        continuous=(patch_rate | (kind == "rate")).fill_null(value=False),
        unfit=unfit & readable,
        no_concentration=no_concentration.fill_null(value=False) & readable,
        combined_mass=combined_mass.fill_null(value=False),
    )


def _per_hour() -> pl.Expr:
    """Strengths that say what is released in an hour, and not what a unit holds: any rate, and a
    patch in mcg, as patches are named."""
    named = (pl.col("track") == "transdermal") & (pl.col("strength_name") == "mcg")
    return (pl.col("strength_kind") == "rate").fill_null(value=False) | named.fill_null(value=False)


def _with_daily_dose(lines: pl.DataFrame) -> pl.DataFrame:
    prn = pl.col("as_needed")
    untimed = (pl.col("no_times") | pl.col("bad_period")) & ~pl.col("continuous")
    no_maximum = (
        prn & pl.col("least").is_not_null() & pl.col("times").is_null() & pl.col("no_times")
        & ~pl.col("continuous")  # a patch is worn all day, however often it is changed
    )  # fmt: skip
    unreadable = pl.col("least").is_null() | (untimed & ~no_maximum)
    rate = pl.when(pl.col("continuous")).then(1.0).otherwise(pl.col("times") / pl.col("period"))
    times = pl.when(pl.col("continuous")).then(1.0).otherwise(pl.col("times"))
    period = pl.when(pl.col("continuous")).then(1.0).otherwise(pl.col("period"))

    def daily(amount: pl.Expr, each: pl.Expr) -> pl.Expr:
        return _micrograms(amount * each * times / period)

    bounds = pl.col("no_concentration") & pl.col("liquid_low_ug_per_ml").is_not_null()
    low_each = (
        pl.when(bounds)
        .then(pl.col("liquid_low_ug_per_ml") * pl.col("dose_factor"))
        .otherwise(pl.col("ug_each"))
    )
    high_each = (
        pl.when(bounds)
        .then(pl.col("liquid_high_ug_per_ml") * pl.col("dose_factor"))
        .otherwise(pl.col("ug_each"))
    )
    held = pl.when(~_per_hour()).then("ug_per_unit")
    from_quantity = _micrograms(pl.col("quantity") * held / pl.col("days_supply"))
    by_quantity = unreadable & (pl.col("days_supply") > 0) & from_quantity.is_not_null()
    low = (
        pl.when(by_quantity).then(0)
        .when(unreadable).then(None)
        .when(prn).then(0)
        .otherwise(daily(pl.col("least"), low_each))
    )  # fmt: skip
    high = (
        pl.when(by_quantity).then(from_quantity)
        .when(unreadable).then(None)
        .otherwise(daily(pl.col("most"), high_each))
    )  # fmt: skip
    return lines.with_columns(
        low=low.cast(pl.Int64),
        high=high.cast(pl.Int64),
        doses_per_day=rate,
        unreadable=unreadable,
        by_quantity=by_quantity.fill_null(value=False),
        bounded=(bounds & ~unreadable).fill_null(value=False),
        no_maximum=no_maximum,
    ).with_columns(
        dose_unknown=pl.col("high").is_null(),
        uncertain=unreadable | pl.col("bounded") | pl.col("high").is_null(),
        likely_high=pl.when(pl.col("bounded")).then("low").otherwise("high"),
        strength_key=_micrograms(pl.col("ug_per_unit")).fill_null(-1),
    )  # fmt: skip


def _micrograms(value: pl.Expr) -> pl.Expr:
    """Nearest whole microgram, halves up; null where the amount is absurd."""
    return pl.when(value <= OPEN * 1000).then((value + 0.5).floor().cast(pl.Int64, strict=False))


def _with_length(lines: pl.DataFrame) -> pl.DataFrame:
    """length in days: recorded, else quantity ÷ highest daily units, else null."""
    per_day = pl.col("times") / pl.col("period")
    mass = pl.col("most") * pl.col("dose_factor")  # or the volume, for a dose in mL
    units = (
        pl.when(pl.col("dose_kind") == "countable").then(pl.col("most") * per_day)
        .when(pl.col("dose_kind") == "volume").then(mass * per_day)
        .when((pl.col("dose_kind") == "mass") & ~_per_hour())
        .then(mass * per_day / pl.col("ug_per_unit"))
    )  # fmt: skip
    # 1e-9: 84 tablets at 2.8 a day are 30 days, whatever the last bit of the quotient says
    days = (pl.col("quantity") / units + 1e-9).floor().clip(1, 100_000)
    from_quantity = pl.when((units > 0) & (pl.col("quantity") > 0) & days.is_finite()).then(days)
    recorded = pl.when(pl.col("days_supply") > 0).then(pl.col("days_supply").cast(pl.Int64))
    return lines.with_columns(length=pl.coalesce(recorded, from_quantity.cast(pl.Int64)))


FLAGS: dict[str, tuple[str, str]] = {
    # flag: (boolean column, what it says)
    "unmapped-drug": ("f_unmapped", "the drug's name is not in the lists; no rule sees this order"),
    "unknown-route": ("f_route", "route unclear; the order joins no sum"),
    "unreadable-sig": ("f_sig", "no dose a day could be read from the order"),
    "missing-period": ("f_period", "how often is given without a period; dose unknown"),
    "unit": ("f_unit", "a unit is missing, unknown or does not fit; dose unknown"),
    "missing-concentration": ("f_concentration", "strength per mL missing"),
    "prn-without-maximum": ("f_prn", "as needed without a highest number of doses a day"),
    "unknown-combination": ("f_combination", "strengths of the combination unknown; dose unknown"),
    "unknown-supply": ("f_supply", "no days' supply, quantity or stop date; stands on no day"),
}


def _with_flags(lines: pl.DataFrame, dose_supplied: bool) -> pl.DataFrame:
    mapped = pl.col("ingredient").is_not_null()
    dosed = mapped & (pl.col("track") != "local")
    sig = ~pl.col("unreadable")
    combination = (pl.col("split_unknown") | pl.col("combined_mass")) & sig
    return lines.with_columns(
        f_unmapped=~mapped & (pl.col("drug_kind") == DRUG),
        f_route=pl.col("unclear_route"),
        f_sig=dosed & pl.col("unreadable") & pl.lit(dose_supplied),
        f_period=dosed & sig & (pl.col("no_period") & ~pl.col("continuous")).fill_null(value=False),
        f_unit=dosed & sig & pl.col("unfit") & ~combination,
        f_concentration=dosed & sig & pl.col("no_concentration"),
        f_prn=dosed & pl.col("no_maximum").fill_null(value=False),
        f_combination=dosed & combination,
        f_supply=dosed & pl.col("length").is_null(),
    )


def line_flags(lines: pl.DataFrame) -> pl.DataFrame:
    """The data flags of order lines, once per order: patient, day, flag, ref, detail."""
    found = [
        lines.filter(pl.col(column).fill_null(value=False))
        .unique("row", keep="first", maintain_order=True)
        .select(
            "patient", day=pl.col("start"), flag=pl.lit(flag), ref=pl.col("source_ref"),
            detail=pl.lit(detail) if flag != "unmapped-drug" else pl.col("drug"),
        )
        for flag, (column, detail) in FLAGS.items()
    ]  # fmt: skip
    return pl.concat(found)
