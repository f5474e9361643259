"""The columns of everything a run writes about patients, and the identity of a finding."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

FINDINGS: dict[str, pl.DataType] = {
    "finding_id": pl.String(),
    "rule_id": pl.String(),
    "rule_version": pl.Int32(),
    "rule_fingerprint": pl.String(),
    "patient_id": pl.String(),
    "subject": pl.String(),
    "date": pl.Date(),
    "end_date": pl.Date(),
    "active": pl.Boolean(),
    "severity": pl.String(),
    "certainty": pl.String(),
    "value": pl.Float64(),
    "limit": pl.Float64(),
    "unit": pl.String(),
    "message": pl.String(),
    "derivation": pl.String(),
    "prescription_ids": pl.List(pl.String()),
    "lab_refs": pl.List(pl.String()),
    "source_refs": pl.List(pl.String()),
    "prescriber_id": pl.String(),
    "site_id": pl.String(),
    "state": pl.String(),
    "first_seen": pl.Date(),  # as-of date of the first run that found it; null without a history
}
# One row per rule x site x prescriber ("" = none recorded) x outcome.
OUTCOMES: dict[str, pl.DataType] = {
    "rule_id": pl.String(),
    "site_id": pl.String(),
    "prescriber_id": pl.String(),
    "outcome": pl.String(),  # flagged, clear, not_assessed, out_of_scope
    "patients": pl.Int64(),
    "in_scope": pl.Int64(),
}
NOT_ASSESSED: dict[str, pl.DataType] = {
    "patient_id": pl.String(),
    "rule_id": pl.String(),
    "reason": pl.String(),
    "from_date": pl.Date(),
}
DATA_FLAGS: dict[str, pl.DataType] = {
    "patient_id": pl.String(),
    "flag": pl.String(),
    "date": pl.Date(),
    "ref": pl.String(),  # the order's or lab's file and row: "prescriptions.csv:12"
    "detail": pl.String(),
}
SET_ASIDE: dict[str, pl.DataType] = {
    "file": pl.String(),
    "row": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason": pl.String(),
}
# Every order of every patient, with its class and how its dose came about (the audit trail).
ORDERS: dict[str, pl.DataType] = {
    "patient_id": pl.String(),
    "prescription_id": pl.String(),
    "source_ref": pl.String(),  # "prescriptions.csv:12"
    "row_class": pl.String(),  # used, excluded, duplicate, superseded
    # why excluded: not_dispensed, zero_length, ...; of used ones "not_a_drug: vaccine", else null
    "reason": pl.String(),
    "drug": pl.String(),
    "ingredient": pl.String(),  # one row per ingredient of a combination; null = unmapped
    "track": pl.String(),
    "as_needed": pl.Boolean(),
    "start_date": pl.Date(),  # as recorded
    "end_date": pl.Date(),  # last day of the supply as recorded
    "counted_from": pl.Date(),  # after carry-over and replacement; null = no counted day
    "counted_to": pl.Date(),
    "dose_low_ug": pl.Int64(),  # a day, integer micrograms; null = not known
    "dose_high_ug": pl.Int64(),
    "doses_per_day": pl.Float64(),
    "derivation": pl.String(),
    "prescriber_id": pl.String(),
    "site_id": pl.String(),
}
# Every run of days with an unchanged dose, per patient, ingredient and track.
TIMELINE: dict[str, pl.DataType] = {
    "patient_id": pl.String(),
    "ingredient": pl.String(),
    "track": pl.String(),
    "from_date": pl.Date(),
    "to_date": pl.Date(),
    "low_ug": pl.Int64(),
    "high_ug": pl.Int64(),
    "other_reading_high_ug": pl.Int64(),  # the sum if both orders of an unclear overlap are taken
    "dose_known": pl.Boolean(),  # False: some order in force has no readable dose
    "orders": pl.Int32(),
}
# One row per kidney result used: the step function of kidney function.
KIDNEY: dict[str, pl.DataType] = {
    "patient_id": pl.String(),
    "from_date": pl.Date(),
    "to_date": pl.Date(),
    "egfr": pl.Float64(),
    "on_dialysis": pl.Boolean(),
    "how": pl.String(),
    "lab_ref": pl.String(),
}


def finding_id(patient_id: str, rule_id: str, subject: str, first_day: str) -> str:
    """16 hex digits that stay the same across runs; hashes no wording and no threshold."""
    text = "\x1f".join((patient_id, rule_id, subject, first_day))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Results:
    """Frames of `screener.findings`, total-sorted; `row_classes` counts rows per file and class.

    row_classes: source_file str, row_class str, rows i64 (used, excluded, duplicate, superseded),
    prescriptions only.
    """

    findings: pl.DataFrame
    pilot_findings: pl.DataFrame
    outcomes: pl.DataFrame
    not_assessed: pl.DataFrame
    data_flags: pl.DataFrame
    orders: pl.DataFrame
    timeline: pl.DataFrame
    kidney: pl.DataFrame
    row_classes: pl.DataFrame
