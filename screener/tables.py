"""The canonical tables: the only shape of data that the core sees.

`Column` describes one column of the native format; `typed_schema` gives the polars
dtypes after intake. Days inside the core are integers: days since 1970-01-01.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Kind = Literal["id", "text", "number", "whole", "date", "yes_no"]

DTYPES: dict[Kind, pl.DataType] = {
    "id": pl.String(),
    "text": pl.String(),
    "number": pl.Float64(),
    "whole": pl.Int32(),
    "date": pl.Date(),
    "yes_no": pl.Boolean(),
}

LINEAGE: dict[str, pl.DataType] = {
    "source_file": pl.String(),  # the file's name as given on the command line, no folders
    "source_row": pl.Int64(),  # number of the record in that file, the first after the header is 1
}


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: its name, what it holds, whether a row is unusable without it."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False


PRESCRIPTIONS = (
    Column("prescription_id", "id", "the order's id; made from file and row when missing"),
    Column("patient_id", "id", "the patient's id, as text", required=True),
    Column("drug", "text", "the drug as exported", required=True),
    Column("drug_code", "id", "a code of the drug"),
    Column("drug_code_system", "text", "rxnorm, atc, ndc or snomed"),
    Column("route", "text", "oral, intrathecal, topical, ..."),
    Column("form", "text", "tablet, oral solution, patch, ..."),
    Column("strength_value", "text", 'amount of drug in one unit; "30/500" for combinations'),
    Column("strength_unit", "text", "unit of that amount: mg, mcg, g, ..."),
    Column("strength_per_value", "number", "in how many of the unit below: 5 in '5 mg per 5 mL'"),
    Column("strength_per_unit", "text", "tablet, mL, patch, ..."),
    Column("dose_min", "number", "amount taken each time (lowest)"),
    Column("dose_max", "number", "amount taken each time (highest); blank = dose_min"),
    Column("dose_unit", "text", "unit of the dose: tablet, mL, mg, ..."),
    Column("frequency_count", "number", "times taken in each period"),
    Column("frequency_period_days", "number", "the period in days"),
    Column("max_doses_per_day", "number", "most doses a day, for as-needed orders"),
    Column("prn", "yes_no", "taken as needed"),
    Column("start_date", "date", "first day", required=True),
    Column("days_supply", "whole", "number of days covered, the first included"),
    Column("quantity", "number", "how many units were supplied"),
    Column("status", "text", "active, completed, stopped, cancelled, ..."),
    Column("stop_date", "date", "the first day not taken"),
    Column("replaces", "id", "prescription_id of the order that this one replaces"),
    Column("version", "text", "of this record of the order: the latest one of an id counts"),
    Column("dispensed", "yes_no", "no = never dispensed; blank counts as prescribed"),
    Column("sig", "text", "directions in free text"),
    Column("prescriber_id", "id", "who ordered"),
    Column("site_id", "id", "where"),
)
PATIENTS = (
    Column("patient_id", "id", "the patient's id, as text", required=True),
    Column("birth_date", "date", "date of birth"),
    Column("sex", "text", "F or M; anything else is unknown"),
    Column("weight_kg", "number", "weight in kg"),
    Column("height_cm", "number", "height in cm"),
    Column("observation_start", "date", "first day on which this patient's orders would be seen"),
    Column("observation_end", "date", "last day on which this patient's orders would be seen"),
    Column("death_date", "date", "date of death"),
)
LABS = (
    Column("patient_id", "id", "the patient's id, as text", required=True),
    Column("date", "date", "date of the sample", required=True),
    Column("analyte", "text", "creatinine, egfr, potassium, ...", required=True),
    Column("comparator", "text", "<, <=, > or >= when the lab gave a bound"),
    Column("value", "number", "the result"),
    Column("unit", "text", "mg/dL, umol/L, mL/min/1.73m2, ..."),
)
CONDITIONS = (
    Column("patient_id", "id", "the patient's id, as text", required=True),
    Column("condition", "text", "code or name", required=True),
    Column("start_date", "date", "first day"),
    Column("end_date", "date", "last day; empty = still present"),
)
ADMISSIONS = (
    Column("patient_id", "id", "the patient's id, as text", required=True),
    Column("start_date", "date", "day of admission", required=True),
    Column("end_date", "date", "day of discharge; empty = still in"),
)
TABLES: dict[str, tuple[Column, ...]] = {
    "prescriptions": PRESCRIPTIONS,
    "patients": PATIENTS,
    "labs": LABS,
    "conditions": CONDITIONS,
    "admissions": ADMISSIONS,
}


def typed_schema(table: str) -> dict[str, pl.DataType]:
    """Column name -> dtype of a canonical table after intake, with its two lineage columns."""
    return {c.name: DTYPES[c.kind] for c in TABLES[table]} | LINEAGE


def empty_table(table: str) -> pl.DataFrame:
    """A canonical table with every column and no row."""
    return pl.DataFrame(schema=typed_schema(table))


@dataclass(frozen=True, slots=True)
class Tables:
    """One bucket of patients: every canonical table after intake, typed and complete in columns.

    A table that nobody supplied is None, which is not the same as empty: rules that need it
    answer `not_assessed`. `supplied` names the columns that the export really had. `tests_seen`:
    (site_id or "", analyte in lower case) over the whole export, of which this may be one bucket;
    None: only what these tables show.
    """

    prescriptions: pl.DataFrame
    patients: pl.DataFrame | None = None
    labs: pl.DataFrame | None = None
    conditions: pl.DataFrame | None = None
    admissions: pl.DataFrame | None = None
    supplied: dict[str, frozenset[str]] = field(default_factory=dict)
    tests_seen: frozenset[tuple[str, str]] | None = None


EPOCH = dt.date(1970, 1, 1)


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01, the integer that stands for a day inside the core."""
    return (day - EPOCH).days


@dataclass(frozen=True, slots=True)
class RawEnd:
    """What is known of an export file once its last byte was read.

    sha256 and bytes are of the file as it lies on disk (of a database table: of its rows as text,
    in the order of its key); columns are the canonical ones it has.
    """

    sha256: str
    bytes: int
    columns: frozenset[str]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Some records of one export file, still text: what a source hands to the intake.

    rows: source_row i64 and canonical columns as String. set_aside: `findings.SET_ASIDE`.
    records comes from an independent count; records + added = rows + set_aside + blank + left_out
    (left_out: records that are none of ours; added: rows that records gave beyond their first).
    end stands on the last batch only.
    """

    rows: pl.DataFrame
    set_aside: pl.DataFrame
    records: int
    blank: int = 0
    left_out: int = 0
    bytes_read: int = 0
    end: RawEnd | None = None
    added: int = 0


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of an export: `name` is unique in the run; rows_about is an estimate.

    `table` is a canonical table, or the export's own name of a table that its source only looks up
    in (concepts, periods): its records are counted as kept and give no row.
    """

    name: str
    path_as_given: str
    table: str
    rows_about: int
    batches: Callable[[], Iterator[RawBatch]]


@dataclass(frozen=True, slots=True)
class Export:
    """The files of one run in the order in which they are read, and what to say about them."""

    files: tuple[RawFile, ...]
    notices: tuple[str, ...] = ()
