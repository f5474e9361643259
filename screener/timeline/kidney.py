"""Kidney function by date: which result holds on which day, and how it came about.

Meaning: docs/timeline.md, section 5. Equations: screener.renal (CKD-EPI 2021).
"""

from __future__ import annotations

import polars as pl

from screener.renal import ckd_epi_2021, completed_years, creatinine_mg_dl
from screener.tables import Tables
from screener.terminology import condition_names
from screener.timeline.days import day, stretches

EGFR_UNITS = (
    "ml/min/1.73m2", "ml/min/1.73 m2", "ml/min/{1.73_m2}", "ml/min/1.73m^2", "ml/min/1.73m²",
    "ml/min/1.73 m²", "ml/min/1.73sqm", "ml/min", "ml/min/{1.73m2}",
)  # fmt: skip
EGFR_MOST = 250.0
BARELY = 1e-9  # what "<60" lies below 60
RESULTS = {
    "patient": pl.UInt32(), "day": pl.Int64(), "egfr": pl.Float64(), "open_above": pl.Boolean(),
    "how": pl.String(), "ref": pl.String(),
}  # fmt: skip


def kidney_results(tables: Tables, people: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One usable result per patient and day, and the `lab-unit` flags of those refused.

    Results: patient, day, egfr (mL/min/1.73 m2 unrounded; null: a test, but age or sex missing),
    open_above (the lab gave only a lower bound), how, ref. Of one day the lowest counts.
    """
    if tables.labs is None:
        return pl.DataFrame(schema=RESULTS), _flags(
            pl.DataFrame(schema={**RESULTS, "bad": pl.Boolean()})
        )
    labs = (
        tables.labs.with_columns(analyte=pl.col("analyte").str.strip_chars().str.to_lowercase())
        .filter(pl.col("analyte").is_in(["creatinine", "egfr"]) & pl.col("value").is_not_null())
        .join(people, on="patient_id", how="inner", maintain_order="left")
    )
    asked = pl.col("analyte") == "creatinine"
    mg_dl = creatinine_mg_dl(pl.col("value"), pl.col("unit"))
    coded = pl.when(
        pl.col("unit").str.strip_chars().str.to_lowercase().is_in(EGFR_UNITS)
        & pl.col("value").is_between(0, EGFR_MOST)
    ).then("value")
    age = completed_years(pl.col("birth_date"), pl.col("date"))
    sign = pl.col("comparator").str.strip_chars().replace({"≥": ">=", "≤": "<="})
    labs = labs.with_columns(
        mg_dl=pl.when(asked).then(mg_dl), coded=pl.when(~asked).then(coded), age=age,
        below=pl.when(asked).then(sign == ">").otherwise(sign == "<").fill_null(value=False),
        above=pl.when(asked).then(sign == "<").otherwise(sign == ">").fill_null(value=False),
        open_above=pl.when(asked).then(sign.is_in(["<", "<="]))
        .otherwise(sign.is_in([">", ">="])).fill_null(value=False),
        sign=sign,
    ).with_columns(bad=pl.when(asked).then(pl.col("mg_dl").is_null()).otherwise(
        pl.col("coded").is_null()))  # fmt: skip
    estimate = pl.when(pl.col("age") >= 18).then(
        ckd_epi_2021(pl.col("mg_dl"), pl.col("age"), pl.col("sex") == "F")
    )
    value = pl.when(asked).then(estimate).otherwise("coded")
    moved = (
        value
        - pl.col("below").cast(pl.Float64) * BARELY
        + pl.col("above").cast(pl.Float64) * BARELY
    )
    flags = _flags(labs.with_columns(day=day("date"), ref=_ref()).filter("bad"))
    good = labs.filter(~pl.col("bad")).select(
        "patient", day=day("date"), egfr=moved, open_above="open_above", how=_how(asked), ref=_ref()
    )
    best = good.sort("patient", "day", "egfr", "ref", nulls_last=True).unique(
        ["patient", "day"], keep="first", maintain_order=True
    )
    return best, flags


def _ref() -> pl.Expr:
    return pl.concat_str("source_file", pl.col("source_row").cast(pl.String), separator=":")


def _how(asked: pl.Expr) -> pl.Expr:
    sign = pl.col("sign").fill_null("")
    number = pl.col("value").cast(pl.String).str.replace(r"\.0$", "")
    return (
        pl.when(asked)
        .then("CKD-EPI 2021 from creatinine " + sign + number + " " + pl.col("unit")
              + ", age " + pl.col("age").cast(pl.String).fill_null("unknown")
              + ", sex " + pl.col("sex").fill_null("unknown"))
        .otherwise("eGFR " + sign + number + " as reported by the laboratory")
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
    """Each result on the days it holds: patient, from_day, to_day, egfr, open_above, how, ref."""
    same = pl.col("patient") == pl.col("patient").shift(-1)
    until_next = pl.when(same).then(pl.col("day").shift(-1) - 1)
    return results.with_columns(
        from_day=pl.col("day"), to_day=pl.min_horizontal(until_next, pl.col("day") + good_for)
    ).select("patient", "from_day", "to_day", "egfr", "open_above", "how", "ref", tested="day")
