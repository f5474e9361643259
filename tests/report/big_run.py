"""A large invented run for the report's tests of size and speed, made from a seed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from screener import findings as shapes
from screener.outputs.report import ReportInput
from tests.report.invented_clinic import AS_OF, empty
from tests.report.invented_rules import RULES

PATIENTS_A_FINDING = 0.22
ORDERS_A_PATIENT = 7
STEPS_A_PATIENT = 20
FIRST_NIGHT = AS_OF - dt.timedelta(days=120)
STATES = ("new", "worsened", "continuing", "reopened", "not_compared", "waived")
MEDICINES = tuple(
    f"{name} {strength} mg {form}"
    for name in ("Baclofen", "Amlodipine", "Diazepam", "Oxycodone", "Metformin", "Ramipril",
                 "Paracetamol", "Lithium carbonate", "Methotrexate", "Warfarin")
    for strength in (2.5, 5, 10, 25, 50)
    for form in ("tablets", "capsules", "oral solution")
)  # fmt: skip


def _days(rng: np.random.Generator, rows: int, back: int) -> pl.Series:
    first = (AS_OF.toordinal() - 719163) - rng.integers(0, back, rows)
    return pl.Series(first, dtype=pl.Int32).cast(pl.Date)


def _words(rng: np.random.Generator, words: list[str], rows: int) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(rng.integers(0, len(words), rows))


def _patients(numbers: Any) -> pl.Series:
    return "P" + pl.Series(numbers).cast(pl.String).str.zfill(7)


def _shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all columns of `screener.findings`; what is not given is null."""
    schema: dict[str, pl.DataType] = getattr(shapes, name)
    return frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(t).alias(c)
        for c, t in schema.items()
    )


def _orders(rng: np.random.Generator, patients: int) -> pl.DataFrame:
    rows = patients * ORDERS_A_PATIENT
    number = np.arange(rows)
    dose = rng.integers(1, 25, rows) * 5000
    frame = pl.DataFrame({
        "patient_id": _patients(number // ORDERS_A_PATIENT),
        "prescription_id": "RX" + pl.Series(number).cast(pl.String).str.zfill(8),
        "source_ref": "prescriptions.csv:" + pl.Series(number + 2).cast(pl.String),
        "drug": _words(rng, list(MEDICINES), rows), "ingredient": pl.Series(["baclofen"] * rows),
        "as_needed": pl.Series(rng.random(rows) < 0.1), "start_date": _days(rng, rows, 400),
        "dose_low_ug": dose, "dose_high_ug": dose,
        "prescriber_id": "DR" + pl.Series(number % 150).cast(pl.String),
        "site_id": "SITE-" + pl.Series(number // ORDERS_A_PATIENT % 12).cast(pl.String),
    })  # fmt: skip
    end = pl.col("start_date") + pl.duration(days=27)
    return _shaped("ORDERS", frame.with_columns(
        row_class=pl.lit("used"), track=pl.lit("by mouth"), end_date=end,
        counted_from="start_date", counted_to=end, doses_per_day=pl.lit(3.0),
        derivation=pl.format("3 × {} mg/day", pl.col("dose_low_ug") // 3000),
    ))  # fmt: skip


def _timeline(rng: np.random.Generator, patients: int) -> pl.DataFrame:
    rows = patients * STEPS_A_PATIENT
    step = np.arange(rows)
    first = (AS_OF.toordinal() - 719163 - 14 * STEPS_A_PATIENT) + 14 * (step % STEPS_A_PATIENT)
    dose = rng.integers(1, 25, rows) * 5000
    frame = pl.DataFrame({
        "patient_id": _patients(step // STEPS_A_PATIENT),
        "from_date": pl.Series(first, dtype=pl.Int32).cast(pl.Date),
        "to_date": pl.Series(first + 13, dtype=pl.Int32).cast(pl.Date),
        "low_ug": dose, "high_ug": dose, "other_reading_high_ug": dose,
    })  # fmt: skip
    return _shaped("TIMELINE", frame.with_columns(
        ingredient=pl.lit("baclofen"), track=pl.lit("by mouth"), dose_known=pl.lit(value=True),
        orders=pl.lit(1),
    ))  # fmt: skip


def _findings(rng: np.random.Generator, rows: int, patients: int) -> pl.DataFrame:
    rules = pl.DataFrame([(r["id"], r["severity"]) for r in RULES],
                         schema=["rule_id", "severity"], orient="row")  # fmt: skip
    who = np.sort(rng.integers(0, patients, rows))
    value = rng.integers(17, 40, rows) * 5.0
    first = _days(rng, rows, 380)
    frame = pl.DataFrame({
        "finding_id": [f"{n:016x}" for n in rng.integers(0, 2**63, rows)],
        "rule_id": _words(rng, [r["id"] for r in RULES if r["status"] == "active"], rows),
        "patient_id": _patients(who), "date": first, "days": rng.integers(0, 60, rows),
        "active": pl.Series(rng.random(rows) < 0.5), "value": value,
        "certainty": _words(rng, ["definite", "possible"], rows),
        "state": _words(rng, list(STATES), rows), "after": rng.integers(0, 3, rows),
        "prescriber_id": "DR" + pl.Series(who % 150).cast(pl.String),
        "site_id": "SITE-" + pl.Series(who % 12).cast(pl.String),
        "order": pl.Series(who * ORDERS_A_PATIENT + rng.integers(0, ORDERS_A_PATIENT - 1, rows)),
    })  # fmt: skip
    frame = frame.join(rules, on="rule_id", how="left", maintain_order="left")
    order = [pl.format("RX{}", (pl.col("order") + n).cast(pl.String).str.zfill(8)) for n in (0, 1)]
    return _shaped("FINDINGS", frame.with_columns(
        first_seen=pl.max_horizontal(  # the night after its first day, or the first of all nights
            pl.lit(FIRST_NIGHT), pl.col("date") + pl.duration(days="after")
        ),
        subject=pl.lit("baclofen"), limit=pl.lit(80.0), unit=pl.lit("mg/day"),
        prescription_ids=pl.concat_list(order), lab_refs=pl.lit([], pl.List(pl.String)),
        source_refs=pl.lit([], pl.List(pl.String)),
        end_date=pl.min_horizontal(pl.lit(AS_OF), pl.col("date") + pl.duration(days="days")),
        message=pl.format("Oral baclofen above 80 mg a day: {} mg/day (limit 80).",
                          pl.col("value").cast(pl.Int64)),
        derivation=pl.format("{} + {} mg/day", pl.lit(40), pl.col("value").cast(pl.Int64) - 40),
    ))  # fmt: skip


def big_run(findings: int, seed: int = 6) -> ReportInput:
    """A run with so many findings; 0.22 patients, 1.5 orders and 4.4 steps a finding."""
    rng = np.random.default_rng(seed)
    patients = max(1, round(findings * PATIENTS_A_FINDING))
    rows = _findings(rng, findings, patients)
    run = {
        "run_id": "5e3d9c21d4e80b57", "version": "0.1.0", "as_of": AS_OF.isoformat(),
        "complete": True, "rules": RULES, "previous_run": "7f3a9c21d4e80b56",
        "counts": {
            "patients": patients, "orders": patients * ORDERS_A_PATIENT, "findings": findings,
            "patients_with_findings": rows["patient_id"].n_unique(),
            "findings_by_severity": dict(rows["severity"].value_counts().iter_rows()),
            "pilot_findings": 0, "set_aside": 0,
        },
    }  # fmt: skip
    return dataclasses.replace(
        empty(), run=run, findings=rows,
        orders=_orders(rng, patients), timeline=_timeline(rng, patients),
    )  # fmt: skip
