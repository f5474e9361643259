"""Kidney function by date: which result holds on which day, and how it came about.

Meaning: docs/timeline.md, section 5. Equations: screener.renal (CKD-EPI 2021,
Cockcroft-Gault).
"""

from __future__ import annotations

import polars as pl

from screener.renal import (
    ckd_epi_2021,
    cockcroft_gault,
    completed_years,
    creatinine_mg_dl,
)
from screener.tables import Tables
from screener.terminology import condition_names
from screener.timeline.days import day
from screener.timeline.labs import BARELY
from screener.timeline.runs import at_start, cut_at, edges_of, stretches

EGFR_UNITS = (
    "ml/min/1.73m2", "ml/min/1.73 m2", "ml/min/{1.73_m2}", "ml/min/1.73m^2", "ml/min/1.73m²",
    "ml/min/1.73 m²", "ml/min/1.73sqm", "ml/min", "ml/min/{1.73m2}",
)  # fmt: skip
EGFR_MOST = 250.0
RESULTS = {
    "patient": pl.UInt32(), "day": pl.Int64(), "egfr": pl.Float64(), "open_above": pl.Boolean(),
    "how": pl.String(), "ref": pl.String(),
}  # fmt: skip
CREATININES = {
    "patient": pl.UInt32(), "day": pl.Int64(), "mg_dl": pl.Float64(), "age": pl.Int32(),
    "sex": pl.String(), "open_above": pl.Boolean(), "how": pl.String(), "ref": pl.String(),
}  # fmt: skip


def kidney_results(
    tables: Tables, people: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Kidney results, creatinines, and the `lab-unit` flags of those refused.

    Results: one a patient and day: patient, day, egfr (mL/min/1.73 m2 unrounded; null: a test, but
    age or sex missing), open_above (the lab gave only a lower bound), how, ref. Of one day the
    lowest counts. Creatinines: patient, day, mg_dl (of one day the highest), age, sex, open_above,
    how, ref.
    """
    if tables.labs is None:
        nothing = _flags(pl.DataFrame(schema={**RESULTS, "bad": pl.Boolean()}))
        return pl.DataFrame(schema=RESULTS), pl.DataFrame(schema=CREATININES), nothing
    labs = _read(tables.labs, people)
    asked = pl.col("analyte") == "creatinine"
    flags = _flags(labs.with_columns(day=day("date"), ref=_ref()).filter("bad"))
    kept = labs.filter(~pl.col("bad"))
    sign = pl.col("below").cast(pl.Float64) - pl.col("above").cast(pl.Float64)
    estimate = pl.when(pl.col("age") >= 18).then(
        ckd_epi_2021(pl.col("mg_dl"), pl.col("age"), pl.col("sex") == "F")
    )
    good = kept.select(
        "patient", day=day("date"), open_above="open_above", how=_how(asked), ref=_ref(),
        egfr=pl.when(asked).then(estimate).otherwise("coded") - sign * BARELY,
    ).select(RESULTS.keys())  # fmt: skip
    best = good.sort("patient", "day", "egfr", "ref", nulls_last=True)
    measured = kept.filter(asked).select(
        "patient", day=day("date"), mg_dl=pl.col("mg_dl") + sign * BARELY, age="age", sex="sex",
        open_above="open_above", how=_how_measured(), ref=_ref(),
    ).sort("patient", "day", "mg_dl", "ref", descending=[False, False, True, False])  # fmt: skip
    once = [
        frame.unique(["patient", "day"], keep="first", maintain_order=True)
        for frame in (best, measured)
    ]
    return once[0], once[1], flags


def _read(labs: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Creatinine and eGFR rows with mg_dl or coded, age on the day, sign, below/above (what the lab
    says lies beyond the estimate), open_above, and bad: a unit or value that cannot be used."""
    asked = pl.col("analyte") == "creatinine"
    sign = pl.col("comparator").str.strip_chars().replace({"≥": ">=", "≤": "<="})
    coded = pl.when(
        pl.col("unit").str.strip_chars().str.to_lowercase().is_in(EGFR_UNITS)
        & pl.col("value").is_between(0, EGFR_MOST)
    ).then("value")
    return (
        labs.with_columns(analyte=pl.col("analyte").str.strip_chars().str.to_lowercase())
        .filter(pl.col("analyte").is_in(["creatinine", "egfr"]) & pl.col("value").is_not_null())
        .join(people, on="patient_id", how="inner", maintain_order="left")
        .with_columns(
            mg_dl=pl.when(asked).then(creatinine_mg_dl(pl.col("value"), pl.col("unit"))),
            coded=pl.when(~asked).then(coded),
            age=completed_years(pl.col("birth_date"), pl.col("date")),
            below=pl.when(asked).then(sign == ">").otherwise(sign == "<").fill_null(value=False),
            above=pl.when(asked).then(sign == "<").otherwise(sign == ">").fill_null(value=False),
            open_above=pl.when(asked).then(sign.is_in(["<", "<="]))
            .otherwise(sign.is_in([">", ">="])).fill_null(value=False),
            sign=sign,
        )
        .with_columns(
            bad=pl.when(asked).then(pl.col("mg_dl").is_null()).otherwise(
                pl.col("coded").is_null())
        )
    )  # fmt: skip


def _ref() -> pl.Expr:
    return pl.concat_str("source_file", pl.col("source_row").cast(pl.String), separator=":")


def _how(asked: pl.Expr) -> pl.Expr:
    sign = pl.col("sign").fill_null("")
    number = pl.col("value").cast(pl.String).str.replace(r"\.0$", "")
    return (
        pl.when(asked)
        .then(pl.lit("CKD-EPI 2021 from ") + _how_measured())
        .otherwise("eGFR " + sign + number + " as reported by the laboratory")
    )


def _how_measured() -> pl.Expr:
    sign = pl.col("sign").fill_null("")
    number = pl.col("value").cast(pl.String).str.replace(r"\.0$", "")
    return (
        "creatinine " + sign + number + " " + pl.col("unit")
        + ", age " + pl.col("age").cast(pl.String).fill_null("unknown")
        + ", sex " + pl.col("sex").fill_null("unknown")
    )  # fmt: skip


def _flags(bad: pl.DataFrame) -> pl.DataFrame:
    return bad.select(
        "patient", "day", flag=pl.lit("lab-unit"), ref="ref",
        detail=pl.lit("kidney result with a unit or value that cannot be used"),
    )  # fmt: skip


def dialysis_runs(conditions: pl.DataFrame | None) -> pl.DataFrame:
    """Days with recorded dialysis: patient, from_day, to_day."""
    if conditions is None:
        schema = {"patient": pl.UInt32(), "from_day": pl.Int64(), "to_day": pl.Int64()}
        return pl.DataFrame(schema=schema)
    names = condition_names("dialysis") or frozenset()
    return stretches(conditions.filter(pl.col("name").is_in(sorted(names))), ["patient"])


def result_steps(results: pl.DataFrame, good_for: int) -> pl.DataFrame:
    """Each result on the days it holds: patient, from_day, to_day, tested (its day), and the rest
    of its columns."""
    same = pl.col("patient") == pl.col("patient").shift(-1)
    until_next = pl.when(same).then(pl.col("day").shift(-1) - 1)
    values = [c for c in results.columns if c not in ("patient", "day")]
    return results.select(
        "patient",
        from_day=pl.col("day"),
        to_day=pl.min_horizontal(until_next, pl.col("day") + good_for),
        tested="day",
        **{c: pl.col(c) for c in values},
    )


def clearance_steps(
    creatinines: pl.DataFrame, weights: pl.DataFrame, good_for: int
) -> pl.DataFrame:
    """Cockcroft-Gault by day in the shape of `result_steps`: egfr holds the clearance in mL/min.

    The latest creatinine, the age on its day, and the weight that holds on the day. reason: why
    there is none (`missing-demographics`, `weight-unknown`), null where there is one.
    """
    steps = result_steps(creatinines, good_for)
    cut = cut_at(steps, edges_of(weights))
    known = at_start(cut, weights.rename({"value": "weight"}), ["weight"])
    grown = pl.col("age") >= 18
    clearance = cockcroft_gault(
        pl.col("mg_dl"), pl.col("age"), pl.col("weight"), pl.col("sex") == "F"
    )
    kilograms = pl.col("weight").round(1).cast(pl.String).str.replace(r"\.0$", "")
    return known.with_columns(
        egfr=pl.when(grown).then(clearance),
        how="Cockcroft-Gault from " + pl.col("how") + ", weight " + kilograms + " kg",
        reason=pl.when(~grown.fill_null(value=False) | pl.col("sex").is_null())
        .then(pl.lit("missing-demographics"))
        .when(pl.col("weight").is_null()).then(pl.lit("weight-unknown")),
    ).select("patient", "from_day", "to_day", "tested", "egfr", "open_above", "how", "ref",
             "reason")  # fmt: skip
