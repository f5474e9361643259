"""Makes a native export of any size: N orders, patients and labs, the same bytes for the same N.

Vectorised: every random number is a hash of a row number, so no state and no loop over rows.
About 12 orders per patient with a heavy tail, 60 drugs, refills early and late, titrations.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import polars as pl

FIRST_DAY = dt.date(2024, 11, 1)
LAST_DAY = dt.date(2026, 10, 31)
DAYS = (LAST_DAY - FIRST_DAY).days
EPOCH_DAY = (FIRST_DAY - dt.date(1970, 1, 1)).days

# drug, strength, unit, form, route, times a day, share of all courses
DRUGS: tuple[tuple[str, str, str, str, str, int, float], ...] = (
    ("baclofen", "10", "mg", "tablet", "oral", 3, 6.0),
    ("Baclofen 20 mg tablets", "20", "mg", "tablet", "oral", 3, 3.0),
    ("BACLOFEN TAB 5 MG", "5", "mg", "tablet", "oral", 3, 1.0),
    ("oxycodone", "5", "mg", "tablet", "oral", 4, 1.0),
    ("morphine", "10", "mg", "tablet", "oral", 2, 0.6),
    ("tramadol", "50", "mg", "capsule", "oral", 3, 1.5),
    ("codeine", "30", "mg", "tablet", "oral", 4, 1.0),
    ("co-codamol", "30/500", "mg", "tablet", "oral", 4, 1.5),
    ("fentanyl", "25", "mcg", "patch", "transdermal", 1, 0.2),
    ("diazepam", "5", "mg", "tablet", "oral", 2, 1.0),
    ("lorazepam", "1", "mg", "tablet", "oral", 2, 0.7),
    ("clonazepam", "500", "mcg", "tablet", "oral", 2, 0.4),
    ("zolpidem", "10", "mg", "tablet", "oral", 1, 0.8),
    ("zopiclone", "7.5", "mg", "tablet", "oral", 1, 0.7),
    ("gabapentin", "300", "mg", "capsule", "oral", 3, 2.0),
    ("pregabalin", "75", "mg", "capsule", "oral", 2, 1.5),
    ("amitriptyline", "25", "mg", "tablet", "oral", 1, 1.5),
    ("mirtazapine", "15", "mg", "tablet", "oral", 1, 1.5),
    ("trazodone", "50", "mg", "tablet", "oral", 1, 0.6),
    ("quetiapine", "25", "mg", "tablet", "oral", 1, 0.8),
    ("olanzapine", "5", "mg", "tablet", "oral", 1, 0.5),
    ("promethazine", "25", "mg", "tablet", "oral", 1, 0.5),
    ("hydroxyzine", "25", "mg", "tablet", "oral", 1, 0.4),
    ("carbamazepine", "200", "mg", "tablet", "oral", 2, 0.4),
    ("topiramate", "50", "mg", "tablet", "oral", 2, 0.3),
    ("phenobarbital", "30", "mg", "tablet", "oral", 1, 0.1),
    ("clonidine", "100", "mcg", "tablet", "oral", 2, 0.2),
    ("tizanidine", "2", "mg", "tablet", "oral", 3, 0.5),
    ("methocarbamol", "750", "mg", "tablet", "oral", 4, 0.3),
    ("acamprosate", "333", "mg", "tablet", "oral", 3, 0.1),
    ("amlodipine", "5", "mg", "tablet", "oral", 1, 5.0),
    ("lisinopril", "10", "mg", "tablet", "oral", 1, 4.0),
    ("ramipril", "5", "mg", "capsule", "oral", 1, 4.0),
    ("losartan", "50", "mg", "tablet", "oral", 1, 3.0),
    ("bisoprolol", "2.5", "mg", "tablet", "oral", 1, 3.5),
    ("metoprolol", "50", "mg", "tablet", "oral", 2, 2.0),
    ("furosemide", "40", "mg", "tablet", "oral", 1, 2.5),
    ("hydrochlorothiazide", "25", "mg", "tablet", "oral", 1, 2.0),
    ("spironolactone", "25", "mg", "tablet", "oral", 1, 1.0),
    ("metformin", "500", "mg", "tablet", "oral", 2, 6.0),
    ("gliclazide", "80", "mg", "tablet", "oral", 1, 2.0),
    ("atorvastatin", "20", "mg", "tablet", "oral", 1, 8.0),
    ("simvastatin", "40", "mg", "tablet", "oral", 1, 4.0),
    ("omeprazole", "20", "mg", "capsule", "oral", 1, 6.0),
    ("lansoprazole", "30", "mg", "capsule", "oral", 1, 4.0),
    ("levothyroxine", "50", "mcg", "tablet", "oral", 1, 4.0),
    ("sertraline", "50", "mg", "tablet", "oral", 1, 4.0),
    ("citalopram", "20", "mg", "tablet", "oral", 1, 3.0),
    ("fluoxetine", "20", "mg", "capsule", "oral", 1, 2.0),
    ("venlafaxine", "75", "mg", "capsule", "oral", 2, 1.0),
    ("paracetamol", "500", "mg", "tablet", "oral", 4, 4.0),
    ("ibuprofen", "400", "mg", "tablet", "oral", 3, 2.0),
    ("naproxen", "250", "mg", "tablet", "oral", 2, 1.5),
    ("aspirin", "75", "mg", "tablet", "oral", 1, 4.0),
    ("clopidogrel", "75", "mg", "tablet", "oral", 1, 2.0),
    ("apixaban", "5", "mg", "tablet", "oral", 2, 2.0),
    ("warfarin", "3", "mg", "tablet", "oral", 1, 1.0),
    ("prednisolone", "5", "mg", "tablet", "oral", 1, 1.0),
    ("allopurinol", "100", "mg", "tablet", "oral", 1, 1.5),
    ("solifenacin", "5", "mg", "tablet", "oral", 1, 1.0),
)


def chance(number: pl.Expr, salt: int) -> pl.Expr:
    """A number in [0, 1) for each row number: two multiply-and-fold rounds on 64-bit integers."""
    mixed = (number.cast(pl.UInt64) + salt * 1_000_003) * 6364136223846793005
    mixed = (mixed ^ (mixed // (1 << 33))) * 0xFF51AFD7ED558CCD
    mixed = mixed ^ (mixed // (1 << 33))
    return (mixed // (1 << 11)).cast(pl.Float64) / float(1 << 53)


def between(number: pl.Expr, salt: int, low: int, high: int) -> pl.Expr:
    """A whole number in [low, high]."""
    return (chance(number, salt) * (high - low + 1)).floor().cast(pl.Int64) + low


def either(test: pl.Expr, yes: str, no: str) -> pl.Expr:
    """One of two texts."""
    return pl.when(test).then(pl.lit(yes)).otherwise(pl.lit(no))


def drug_table() -> pl.DataFrame:
    """The drugs with the edges of their shares on a line from 0 to 1."""
    table = pl.DataFrame(
        DRUGS, schema=["drug", "strength", "unit", "form", "route", "times", "share"], orient="row"
    )
    return table.with_row_index("drug_number").with_columns(
        edge=(pl.col("share") / pl.col("share").sum()).cum_sum().shift(1, fill_value=0.0)
    )


def courses(patients: int) -> pl.DataFrame:
    """One row per patient and drug: 1 to 14 drugs (heavy tail), each with its first day and fills.

    patients * 12 orders come out on average.
    """
    patient = pl.col("patient")
    course = pl.col("course")
    frame = (
        pl.DataFrame({"patient": pl.arange(patients, eager=True)})
        .with_columns(
            count=(1 + 1.9 * (1 - chance(patient, 1)).pow(-0.45)).floor().clip(1, 14).cast(pl.Int64)
        )
        .with_columns(one=pl.int_ranges(pl.col("count")))
        .explode("one")
        .with_row_index("course")
        .with_columns(pick=chance(course, 2), first=between(course, 3, -60, 560))
        .with_columns(first=pl.col("first").clip(0))
        .with_columns(fills=(1.5 * (1 - chance(course, 4)).pow(-0.8)).floor().cast(pl.Int64))
        .with_columns(
            supply=pl.when(chance(course, 5) < 0.7)
            .then(28)
            .when(chance(course, 5) < 0.9)
            .then(56)
            .otherwise(84)
        )
    )
    most = ((DAYS - pl.col("first")) // pl.col("supply") + 1).clip(1)
    return (
        frame.with_columns(pl.min_horizontal("fills", most).alias("fills"))
        .sort("pick")
        .join_asof(drug_table(), left_on="pick", right_on="edge")
        .sort("course")
        .drop("one", "pick", "edge", "share", "count")
    )


def orders(wanted: int) -> pl.DataFrame:
    """The prescriptions table, by date, every value as text; `wanted` rows or a little less."""
    number, fill, none = pl.col("row"), pl.col("fill"), pl.lit("")
    all_courses = courses(wanted // 8)
    enough = all_courses.filter(pl.col("fills").cum_sum() <= wanted)
    frame = (
        enough.with_columns(fill=pl.int_ranges(pl.col("fills")))
        .explode("fill")
        .with_row_index("row")
        .with_columns(
            day=pl.col("first") + fill * pl.col("supply") + between(number, 6, -5, 7),
            # a titration walk: half the courses climb by half a tablet for up to four fills
            each=pl.when(chance(pl.col("course"), 7) < 0.5)
            .then(0.5 + 0.5 * pl.min_horizontal(fill, pl.lit(3)))
            .otherwise(1.0),
            prn=chance(pl.col("course"), 8) < 0.06,
            site=pl.col("patient") % 7,
            author=between(pl.col("course"), 9, 1, 40),
        )
        .with_columns(day=pl.col("day").clip(0, DAYS))
        .sort("day", "row")
    )
    return frame.select(
        prescription_id=pl.format("RX-{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(9)),
        patient_id=pl.format("P-{}", pl.col("patient").cast(pl.String).str.zfill(8)),
        drug="drug",
        drug_code=none,
        drug_code_system=none,
        route="route",
        form="form",
        strength_value="strength",
        strength_unit="unit",
        strength_per_value=pl.lit("1"),
        strength_per_unit="form",
        dose_min=pl.col("each").cast(pl.String),
        dose_max=none,
        dose_unit="form",
        frequency_count=pl.col("times").cast(pl.String),
        frequency_period_days=either(pl.col("form") == "patch", "3", "1"),
        max_doses_per_day=pl.when("prn").then(pl.col("times").cast(pl.String)).otherwise(none),
        prn=either(pl.col("prn"), "yes", "no"),
        start_date=(pl.col("day") + EPOCH_DAY).cast(pl.Int32).cast(pl.Date),
        days_supply="supply",
        quantity=pl.col("each") * pl.col("times") * pl.col("supply"),
        status=either(chance(number, 10) < 0.01, "cancelled", "active"),
        stop_date=none,
        replaces=none,
        dispensed=none,
        sig=pl.format("Take {} {} {} times a day", "each", "form", "times"),
        prescriber_id=pl.format("PR-{}-{}", "site", "author"),
        site_id=pl.format("site-{}", "site"),
    )


def patients_of(patient_ids: pl.Series) -> pl.DataFrame:
    """One row per patient: adults of all ages, both sexes, watched through the whole window."""
    number = pl.col("number")
    return (
        pl.DataFrame({"patient_id": patient_ids})
        .with_columns(number=pl.col("patient_id").str.slice(2).cast(pl.Int64))
        .select(
            "patient_id",
            birth_date=(between(number, 11, -40 * 365, 35 * 365)).cast(pl.Int32).cast(pl.Date),
            sex=either(chance(number, 12) < 0.55, "F", "M"),
            weight_kg=between(number, 13, 45, 110),
            height_cm=between(number, 14, 148, 195),
            observation_start=pl.lit(FIRST_DAY),
            observation_end=pl.lit(LAST_DAY),
            death_date=pl.lit(""),
        )
    )


def labs_of(patient_ids: pl.Series) -> pl.DataFrame:
    """1.8 creatinine results per patient; one in six patients has poor kidneys."""
    number = pl.col("row")
    return (
        pl.DataFrame({"patient_id": patient_ids})
        .with_columns(person=pl.col("patient_id").str.slice(2).cast(pl.Int64))
        .with_columns(one=pl.int_ranges(between(pl.col("person"), 15, 0, 3)))
        .explode("one", empty_as_null=False)
        .with_row_index("row")
        .select(
            "patient_id",
            date=(between(number, 16, 0, DAYS) + EPOCH_DAY).cast(pl.Int32).cast(pl.Date),
            analyte=pl.lit("creatinine"),
            comparator=pl.lit(""),
            value=(
                0.6
                + 0.5 * chance(number, 17)
                + pl.when(chance(pl.col("person"), 18) < 1 / 6).then(1.2).otherwise(0.0)
            ).round(2),
            unit=pl.lit("mg/dL"),
        )
        .sort("date", "patient_id", "value")
    )


def make(folder: Path, wanted: int) -> Path:
    """Write prescriptions.csv, patients.csv and labs.csv unless there; gives their folder."""
    place = folder / f"{wanted}-orders"
    if (place / "complete").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    rows = orders(wanted)
    rows.write_csv(place / "prescriptions.csv")
    ids = rows["patient_id"].unique().sort()
    patients_of(ids).write_csv(place / "patients.csv")
    labs_of(ids).write_csv(place / "labs.csv")
    (place / "complete").touch()
    print(
        f"made {rows.height} orders of {ids.len()} patients in {time.perf_counter() - begun:.1f} s"
    )
    return place
