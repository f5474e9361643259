"""Laboratory results and body weight by date.

Meaning: docs/checks.md, "Conditions". Kidney results are worked out in timeline.kidney.
"""

from __future__ import annotations

import polars as pl

from screener.rule.values import RESULT_DECIMALS, LabTest
from screener.tables import Tables
from screener.terminology import lab_test
from screener.timeline.days import day
from screener.timeline.people import FAR
from screener.timeline.runs import outside

WEIGHT_GOOD_FOR = 365  # days; a dated weight that is older says nothing of today
LEAST_KG, MOST_KG = 0.3, 500.0
BARELY = 1e-9  # what "<60" lies below 60
LABS = {
    "patient": pl.UInt32(), "day": pl.Int64(), "analyte": pl.String(), "sign": pl.String(),
    "value": pl.Float64(), "unit": pl.String(), "ref": pl.String(),
}  # fmt: skip


def lab_rows(tables: Tables, people: pl.DataFrame) -> pl.DataFrame:
    """Every result with a value: patient, day, analyte (lower case), sign, value, unit (lower case,
    without blanks), ref; sorted by patient and day."""
    if tables.labs is None:
        return pl.DataFrame(schema=LABS)
    return (
        tables.labs.filter(pl.col("value").is_not_null())
        .join(people.select("patient", "patient_id"), on="patient_id", maintain_order="left")
        .select(
            "patient",
            day=day("date"),
            analyte=pl.col("analyte").str.strip_chars().str.to_lowercase(),
            sign=pl.col("comparator").str.strip_chars().replace({"≥": ">=", "≤": "<="}),
            value="value",
            unit=pl.col("unit").str.to_lowercase().str.replace_all(r"\s", ""),
            ref=pl.concat_str(
                "source_file", pl.col("source_row").cast(pl.String), separator=":"
            ),
        )
        .sort("patient", "day", maintain_order=True)
    )  # fmt: skip


def results_of(labs: pl.DataFrame, test: LabTest) -> pl.DataFrame:
    """Results of one test in its first unit: patient, day, value, ref. Others are left out.

    Converted values are rounded to 7 decimals: 132.6 umol/L is exactly 1.5 mg/dL. A lower or upper
    bound counts as a value just beyond it.
    """
    factors = dict(test.units)
    mine = labs.filter(
        pl.col("analyte").is_in(sorted(test.analytes)) & pl.col("unit").is_in(sorted(factors))
    )
    if mine.is_empty():
        return mine.select("patient", "day", "value", "ref")
    beyond = (
        pl.when(pl.col("sign") == "<").then(-BARELY)
        .when(pl.col("sign") == ">").then(BARELY)
        .otherwise(0.0)
    )  # fmt: skip
    factor = pl.col("unit").replace_strict(factors, return_dtype=pl.Float64)
    converted = (pl.col("value") * factor).round(RESULT_DECIMALS)
    return mine.select("patient", "day", value=converted + beyond, ref="ref")


def latest_steps(results: pl.DataFrame, good_for: int, *, largest: bool) -> pl.DataFrame:
    """The result that holds on each day: patient, from_day, to_day, value, ref.

    Each holds until the next, at most `good_for` days after its own; of one day the largest (or
    the smallest) counts.
    """
    one = results.sort(
        "patient", "day", "value", "ref", descending=[False, False, largest, False]
    ).unique(["patient", "day"], keep="first", maintain_order=True)
    same = pl.col("patient") == pl.col("patient").shift(-1)
    until_next = pl.when(same).then(pl.col("day").shift(-1) - 1)
    return one.select(
        "patient", from_day="day", to_day=pl.min_horizontal(until_next, pl.col("day") + good_for),
        value="value", ref="ref",
    )  # fmt: skip


def weight_steps(labs: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Body weight by day: patient, from_day, to_day, value (kg), ref; other days are absent."""
    words = lab_test("weight")
    dated = pl.DataFrame(schema={"patient": pl.UInt32(), "day": pl.Int64(), "value": pl.Float64(),
                                 "ref": pl.String()})  # fmt: skip
    if words is not None:
        found = results_of(labs, LabTest("weight", *words))
        dated = found.filter(pl.col("value").is_between(LEAST_KG, MOST_KG))
    steps = latest_steps(dated, WEIGHT_GOOD_FOR, largest=False)
    always = people.filter(pl.col("weight_kg") > 0).select(
        "patient", from_day=pl.lit(-FAR, pl.Int64), to_day=pl.lit(FAR, pl.Int64), value="weight_kg",
        ref=pl.lit(None, pl.String),
    )  # fmt: skip
    return pl.concat([steps, outside(always, steps)]).sort("patient", "from_day")


def tests_seen(labs: pl.DataFrame, homes: pl.DataFrame) -> frozenset[tuple[str, str]]:
    """(site or "", analyte) of every result; a patient belongs to the site of the latest order."""
    pairs = (
        labs.select("patient", "analyte")
        .join(homes.select("patient", "site_id"), on="patient", how="left")
        .select(pl.col("site_id").fill_null(""), "analyte")
        .unique()
    )
    return frozenset((site, analyte) for site, analyte in pairs.iter_rows())
