"""An invented run at many sites, for the page of sites and prescribers: orders and findings."""

from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl

from screener import findings as shapes
from screener.outputs.report import ReportInput
from tests.report.invented_clinic import AS_OF, empty, framed

# site -> patients with an order there, and how many have an active critical or high finding
SITES = {
    "Birch": (400, 22), "Cedar": (900, 49), "Elm": (1500, 80), "Hazel": (260, 12),
    "Larch": (120, 9), "Maple": (40, 9), "Oak": (700, 190), "Pine": (610, 38), "": (30, 2),
}  # fmt: skip


def _order(patient: str, site: str, prescriber: str, **more: Any) -> dict[str, Any]:
    blank = dict.fromkeys(shapes.ORDERS)
    return {
        **blank, "patient_id": patient, "prescription_id": f"RX-{patient}", "row_class": "used",
        "source_ref": "prescriptions.csv:1", "site_id": site or None,
        "prescriber_id": prescriber or None, **more,
    }  # fmt: skip


def _finding(patient: str, site: str, prescriber: str, **more: Any) -> dict[str, Any]:
    blank = dict.fromkeys(shapes.FINDINGS)
    rule, prescription = "baclofen-max-dose", f"RX-{patient}"
    return {
        **blank, "finding_id": shapes.finding_id(patient, rule, str(more), str(AS_OF)),
        "rule_id": rule, "patient_id": patient, "subject": "baclofen", "date": AS_OF,
        "end_date": AS_OF, "active": True, "severity": "high", "certainty": "definite",
        "unit": "", "message": "An invented finding.", "derivation": "", "lab_refs": [],
        "source_refs": [], "prescription_ids": [prescription], "site_id": site or None,
        "prescriber_id": prescriber or None, "state": "new", **more,
    }  # fmt: skip


def many_sites(sites: dict[str, tuple[int, int]] | None = None, **more: Any) -> ReportInput:
    """A run at `sites`; six prescribers at each. `more` goes into every finding."""
    orders, found, outcomes = [], [], []
    for place, (site, (patients, with_finding)) in enumerate((sites or SITES).items()):
        for n in range(patients):
            patient, prescriber = f"S{place}-{n:05d}", f"PR-{place}{min(n % 7, 5)}"
            orders.append(_order(patient, site, prescriber))
            if n < with_finding:
                found.append(_finding(patient, site, prescriber, **more))
        for outcome, people in (("flagged", with_finding), ("clear", patients - with_finding)):
            outcomes.append(("baclofen-max-dose", site, "", outcome, people, patients))
    return dataclasses.replace(
        empty(),
        findings=framed("FINDINGS", found),
        orders=framed("ORDERS", orders),
        outcomes=pl.DataFrame(outcomes, schema=shapes.OUTCOMES, orient="row"),
    )
