"""A small invented clinic with two rules, and what a test looks at after a command."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MAX_DOSE = """\
schema: 1
rule: baclofen-max-dose
title: Oral baclofen above 80 mg a day
version: 1
status: active
severity: high
flag_when:
  daily_dose:
    of: baclofen by mouth
    more_than: 80 mg/day
why: Sedation rises with dose.
action: Check the order with the prescriber.
evidence:
  - {source: US tablets label, where: section 2, read_on: 2026-11-22}
owners: {wrote: pharmacist, checked: [second-pharmacist], next_review: 2027-11-22}
examples:
  - story: exactly at the limit is allowed
    takes: {baclofen: 20 mg 4 times a day for 28 days}
    expect: clear
"""
SUPPLIED_TWICE = """\
schema: 1
rule: baclofen-supplied-twice
title: Baclofen supplied twice
version: 1
status: pilot
severity: moderate
flag_when:
  supplied_twice:
    of: baclofen by mouth
why: Two supplies of the same days.
action: Ask which one is taken.
evidence:
  - {source: US tablets label, where: section 2, read_on: 2026-11-22}
owners: {wrote: pharmacist, checked: [second-pharmacist], next_review: 2027-11-22}
examples:
  - story: one supply
    takes: {baclofen: 20 mg 3 times a day for 28 days}
    expect: clear
"""
HEADER = (
    "prescription_id,patient_id,drug,route,form,strength_value,strength_unit,dose_min,dose_unit,"
    "frequency_count,frequency_period_days,start_date,days_supply,prescriber_id,site_id"
)
PATIENTS = """\
patient_id,birth_date,sex,observation_start,observation_end
P-1,1970-05-01,F,2025-01-01,2026-10-31
P-2,1981-02-03,M,2025-01-01,2026-10-31
P-3,1990-12-31,F,2025-01-01,2026-10-31
"""


def order(number: int, patient: str, times: int, *, start: str = "2026-01-05") -> str:
    """One order of baclofen 20 mg tablets, some times a day for 28 days."""
    site = "north" if number % 2 else "south"
    return (
        f"RX-{number},{patient},Baclofen 20 mg tablets,oral,tablet,20,mg,1,tablet,"
        f"{times},1,{start},28,PR-1,{site}"
    )


@dataclass(frozen=True)
class Place:
    """Folders of one test."""

    exports: Path
    rules: Path
    out: Path

    def prescriptions(self, *rows: str) -> None:
        """Write the prescriptions of the clinic."""
        text = "\n".join([HEADER, *rows]) + "\n"
        (self.exports / "prescriptions.csv").write_text(text)

    def run(self, *more: str) -> list[str]:
        """The command line of a run."""
        return [
            "run", str(self.exports), "--rules", str(self.rules), "--out", str(self.out), *more,
        ]  # fmt: skip

    def published(self) -> list[Path]:
        """The folders of finished runs."""
        return sorted(p.parent for p in self.out.glob("2*/run.json"))

    def run_json(self) -> dict[str, Any]:
        """run.json of the only finished run."""
        (folder,) = self.published()
        content: dict[str, Any] = json.loads((folder / "run.json").read_text())
        return content

    def failed(self) -> list[Path]:
        """What failed runs left behind."""
        return sorted((self.out / "failed").glob("*"))


def invented(folder: Path) -> Place:
    """Three patients and two rules below a folder; P-1 takes 100 mg a day, P-2 60, P-3 nothing."""
    place = Place(folder / "exports", folder / "rules", folder / "reports")
    place.exports.mkdir(parents=True)
    (place.rules / "baclofen").mkdir(parents=True)
    (place.rules / "baclofen" / "baclofen-max-dose.yaml").write_text(MAX_DOSE)
    (place.rules / "baclofen" / "baclofen-supplied-twice.yaml").write_text(SUPPLIED_TWICE)
    (place.exports / "patients.csv").write_text(PATIENTS)
    place.prescriptions(order(1, "P-1", 5), order(2, "P-2", 3))
    return place


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """The environment of a command in its own process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SCREENER_")}
    return kept | {"PYTHONPATH": str(ROOT)} | more
