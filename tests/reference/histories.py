"""One patient's rows as the tests write them, and buckets of such patients as typed frames."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import polars as pl

from screener.rule.model import Rule
from screener.tables import TABLES, Tables, typed_schema
from tests.reference.engine import Verdicts, screen_patient

Row = dict[str, Any]
ALWAYS: frozenset[str] = frozenset({"patients", "labs", "conditions", "admissions"})


@dataclass(slots=True)
class History:
    """Rows of one patient; only the columns that matter, without patient_id."""

    orders: list[Row]
    patient: Row = field(default_factory=dict)
    labs: list[Row] = field(default_factory=list)
    conditions: list[Row] = field(default_factory=list)
    admissions: list[Row] = field(default_factory=list)

    def __repr__(self) -> str:
        """Only what is filled in, one row a line: this is what a failing example prints."""
        parts = [f"patient={self.patient!r}"]
        for name in ("orders", "labs", "conditions", "admissions"):
            rows = getattr(self, name)
            if rows:
                body = ",\n    ".join(repr(row) for row in rows)
                parts.append(f"{name}=[\n    {body},\n  ]")
        return "History(\n  " + ",\n  ".join(parts) + ",\n)"


@dataclass(slots=True)
class Bucket:
    """Patients that are screened together, and which tables somebody supplied.

    `tests_seen` as in `Tables`; every patient is a site of its own.
    """

    histories: list[History]
    as_of: dt.date
    supplied: frozenset[str] = ALWAYS
    tests_seen: frozenset[tuple[str, str]] | None = None

    def rows(self, number: int, table: str) -> list[Row]:
        """Complete canonical rows of one patient; ids of patients and orders are made here."""
        history = self.histories[number]
        patient_id = f"P{number}"
        rows = {
            "prescriptions": history.orders,
            "patients": [history.patient] if history.patient.get("listed", True) else [],
            "labs": history.labs,
            "conditions": history.conditions,
            "admissions": history.admissions,
        }[table]
        complete = []
        for n, row in enumerate(rows):
            full = {column.name: row.get(column.name) for column in TABLES[table]}
            full["patient_id"] = patient_id
            if table == "prescriptions":
                full["prescription_id"] = f"{patient_id}-{n}"
                full["site_id"] = patient_id
                replaced = row.get("replaces")
                full["replaces"] = None if replaced is None else f"{patient_id}-{replaced}"
            complete.append(full)
        return complete

    def reference(self, rules: tuple[Rule, ...]) -> dict[str, Verdicts]:
        """Patient id -> what the slow reference says, one patient after the other."""
        verdicts = {}
        for n in range(len(self.histories)):
            patients = self.rows(n, "patients") if "patients" in self.supplied else []

            def supplied(table: str, n: int = n) -> list[Row] | None:
                return self.rows(n, table) if table in self.supplied else None

            verdicts[f"P{n}"] = screen_patient(
                patients[0] if patients else {},
                self.rows(n, "prescriptions"),
                supplied("labs"),
                supplied("conditions"),
                supplied("admissions"),
                rules=rules,
                as_of=self.as_of,
                patients_supplied="patients" in self.supplied,
                tests_seen=self.tests_seen,
            )
        return verdicts

    def tables(self) -> Tables:
        """The bucket as the production engine wants it; patients' rows are interleaved."""
        frames = {}
        for table in TABLES:
            per_patient = [self.rows(n, table) for n in range(len(self.histories))]
            interleaved = [row for turn in zip_longest(*per_patient) for row in turn if row]
            frames[table] = typed_frame(table, interleaved)
        return Tables(
            prescriptions=frames["prescriptions"],
            patients=frames["patients"] if "patients" in self.supplied else None,
            labs=frames["labs"] if "labs" in self.supplied else None,
            conditions=frames["conditions"] if "conditions" in self.supplied else None,
            admissions=frames["admissions"] if "admissions" in self.supplied else None,
            supplied={
                table: frozenset(column.name for column in TABLES[table])
                for table in ("prescriptions", *self.supplied)
            },
            tests_seen=self.tests_seen,
        )


def typed_frame(table: str, rows: Iterable[Row]) -> pl.DataFrame:
    """Dict rows -> the typed frame that intake would hand over, with its lineage."""
    numbered = [
        row | {"source_file": f"{table}.csv", "source_row": n} for n, row in enumerate(rows, 1)
    ]
    return pl.DataFrame(numbered, schema=typed_schema(table), orient="row")
