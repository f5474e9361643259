"""Kidney function and body size, as polars expressions over columns.

Every function takes and returns expressions, leaves the result unrounded and gives null where an
argument is null. None of them looks at whether an equation suits the patient: CKD-EPI, MDRD and
Cockcroft-Gault are for adults, bedside Schwartz for 1 to 17 years; the caller decides.
Creatinine is in mg/dL, age in completed years, weight in kg, height in cm, eGFR in
mL/min/1.73 m2 and Cockcroft-Gault in mL/min.

Nothing is divided by, or raised to, a number that a column may turn out to hold alone: polars
divides many rows by one number with its reciprocal and a single row truly, so that the last bit
would depend on who shares a bucket.
"""

from __future__ import annotations

import polars as pl

UMOL_PER_MG_DL = 88.4
LOWEST_CREATININE_MG_DL = 0.1
HIGHEST_CREATININE_MG_DL = 25.0
_EDGE = 1e-9  # 2210 umol/L is 25 mg/dL, and must not fall out by the last bit of a float
_CM_PER_INCH = 2.54


def _by_sex(female: pl.Expr, woman: pl.Expr | float, man: pl.Expr | float) -> pl.Expr:
    """One value for women, another for men, null when the sex is unknown."""
    return pl.when(female).then(woman).when(~female).then(man)


def _power(base: pl.Expr, exponent: pl.Expr | float) -> pl.Expr:
    """The power to the same bit in every frame: that of polars goes another way, to another last
    digit, where a frame has a single row."""
    return (base.log() * exponent).exp()


def ckd_epi_2021(creatinine_mg_dl: pl.Expr, age_years: pl.Expr, female: pl.Expr) -> pl.Expr:
    """EGFR without race. Source: Inker and others, N Engl J Med 2021;385:1737."""
    ratio = creatinine_mg_dl * _by_sex(female, 1 / 0.7, 1 / 0.9)
    low = pl.min_horizontal(ratio, 1.0)
    return (
        142.0
        * _by_sex(female, _power(low, -0.241), _power(low, -0.302))
        * _power(pl.max_horizontal(ratio, 1.0), -1.200)
        * _power(pl.lit(0.9938), age_years)
        * _by_sex(female, 1.012, 1.0)
    ).pipe(_null_where_null, creatinine_mg_dl)


def ckd_epi_2009(creatinine_mg_dl: pl.Expr, age_years: pl.Expr, female: pl.Expr) -> pl.Expr:
    """EGFR of 2009 without its race term. Source: Levey and others, Ann Intern Med 2009;150:604.

    Women get 141 x 1.018 unrounded; the printed tables of the paper round it to 144.
    """
    ratio = creatinine_mg_dl * _by_sex(female, 1 / 0.7, 1 / 0.9)
    low = pl.min_horizontal(ratio, 1.0)
    return (
        141.0
        * _by_sex(female, _power(low, -0.329), _power(low, -0.411))
        * _power(pl.max_horizontal(ratio, 1.0), -1.209)
        * _power(pl.lit(0.993), age_years)
        * _by_sex(female, 1.018, 1.0)
    ).pipe(_null_where_null, creatinine_mg_dl)


def mdrd_4(creatinine_mg_dl: pl.Expr, age_years: pl.Expr, female: pl.Expr) -> pl.Expr:
    """EGFR, four variables, IDMS-traceable (175, not 186), without its race term.

    Source: Levey and others, Ann Intern Med 2006;145:247.
    """
    return (
        175.0
        * _power(creatinine_mg_dl.cast(pl.Float64), -1.154)
        * _power(age_years.cast(pl.Float64), -0.203)
        * _by_sex(female, 0.742, 1.0)
    )


def cockcroft_gault(
    creatinine_mg_dl: pl.Expr, age_years: pl.Expr, weight_kg: pl.Expr, female: pl.Expr
) -> pl.Expr:
    """Creatinine clearance in mL/min. Source: Cockcroft and Gault, Nephron 1976;16:31."""
    return (140.0 - age_years) * weight_kg / (72.0 * creatinine_mg_dl) * _by_sex(female, 0.85, 1.0)


def bedside_schwartz(height_cm: pl.Expr, creatinine_mg_dl: pl.Expr) -> pl.Expr:
    """EGFR of children of 1 to 17 years. Source: Schwartz and others, JASN 2009;20:629."""
    return 0.413 * height_cm / creatinine_mg_dl


def mosteller_bsa(height_cm: pl.Expr, weight_kg: pl.Expr) -> pl.Expr:
    """Body surface in m2. Source: Mosteller, N Engl J Med 1987;317:1098."""
    return (height_cm * weight_kg * (1 / 3600.0)).sqrt()


def devine_ideal_weight(height_cm: pl.Expr, female: pl.Expr) -> pl.Expr:
    """Ideal weight in kg; below 60 inches the line simply goes on. Source: Devine 1974."""
    return _by_sex(female, 45.5, 50.0) + 2.3 * (height_cm * (1 / _CM_PER_INCH) - 60.0)


def adjusted_weight(ideal_kg: pl.Expr, actual_kg: pl.Expr) -> pl.Expr:
    """Ideal weight and four tenths of the difference to the actual one, in kg."""
    return ideal_kg + 0.4 * (actual_kg - ideal_kg)


def de_indexed(egfr: pl.Expr, bsa_m2: pl.Expr) -> pl.Expr:
    """EGFR in mL/min/1.73 m2 as mL/min of a body of `bsa_m2` m2."""
    return egfr * bsa_m2 * (1 / 1.73)


def creatinine_mg_dl(value: pl.Expr, unit_text: pl.Expr) -> pl.Expr:
    """Creatinine in mg/dL from a value and its unit as written.

    Reads mg/dL, umol/L (every spelling of micro) and mmol/L. Null for another or a missing unit,
    and for a result outside 0.1 to 25 mg/dL: the unit is never guessed from the size.
    """
    unit = (
        unit_text.cast(pl.String)
        .str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"[\s\p{Cf}.]", "")
        .str.replace(r"(litre|liter)$", "l")
        .str.replace(r"per", "/")
    )
    number = value.cast(pl.Float64)
    mg_dl = (
        pl.when(unit.str.contains(r"^(mg|milligrams?)/(dl|100ml)$|^mg%$"))
        .then(number)
        .when(unit.str.contains(r"^(\u{3bc}|\u{b5}|u|mc|mic|micro)mol(es?)?/l$"))
        .then(number * (1 / UMOL_PER_MG_DL))
        .when(unit.str.contains(r"^(m|milli)mol(es?)?/l$"))
        .then(number * (1000.0 / UMOL_PER_MG_DL))
    )
    plausible = mg_dl.is_between(LOWEST_CREATININE_MG_DL - _EDGE, HIGHEST_CREATININE_MG_DL + _EDGE)
    return pl.when(plausible).then(mg_dl)


def completed_years(birth: pl.Expr, on: pl.Expr) -> pl.Expr:
    """Completed years on a day; who is born on 29 February has 1 March in other years.

    Negative before birth; both arguments are dates.
    """
    birthday = birth.dt.month().cast(pl.Int32) * 100 + birth.dt.day()
    today = on.dt.month().cast(pl.Int32) * 100 + on.dt.day()
    return on.dt.year() - birth.dt.year() - (today < birthday).cast(pl.Int32)


def _null_where_null(result: pl.Expr, argument: pl.Expr) -> pl.Expr:
    """Min and max across columns skip nulls, so a missing creatinine would read as the knot."""
    return pl.when(argument.is_not_null()).then(result)
