"""The conservation laws: what must hold in every run, checked by the run itself and by `verify`.

Nothing may be lost between the file and the report, so the counts of each step must add up. A
law that does not hold means a fault of ours: nothing is published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from screener.outputs.tables import Table, height

CLASSES = ("used", "excluded", "duplicate", "superseded", "set_aside", "blank", "left_out")
OUTCOMES_IN_SCOPE = ("flagged", "clear", "not_assessed")


@dataclass(frozen=True, slots=True)
class Law:
    """One law of one run: its name, whether it holds, and the numbers in words."""

    name: str
    ok: bool
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """For run.json."""
        return asdict(self)


def row_laws(inputs: Iterable[dict[str, Any]]) -> list[Law]:
    """Per file: the records, counted apart, are the sum of the classes; with the rows that records
    gave beyond their first (`added`; runs of earlier versions had none)."""
    laws = []
    for file in inputs:
        parts = [f"{file[name]} {name}" for name in CLASSES if file[name]]
        total = sum(file[name] for name in CLASSES)
        added = file.get("added", 0)
        given = _counted(file["records"], "record") + (f" + {added} added" if added else "")
        detail = f"{given} = {' + '.join(parts) or '0'}"
        laws.append(Law(f"rows of {file['file']}", total == file["records"] + added, detail))
    return laws


def outcome_law(outcomes: Table, asked: Sequence[str], patients: int) -> Law:
    """Every patient has one outcome of every rule asked for, and in_scope is their sum."""
    name = "every patient has an outcome of every rule"
    outcomes = outcomes.lazy().collect()
    by_rule = outcomes.group_by("rule_id").agg(pl.col("patients").sum())
    seen: dict[str, int] = dict(by_rule.iter_rows())
    expected = dict.fromkeys(asked, patients) if patients else {}
    wrong = sorted(r for r in expected.keys() | seen.keys() if expected.get(r) != seen.get(r))
    keys = ["rule_id", "site_id", "prescriber_id"]
    judged = outcomes.filter(pl.col("outcome").is_in(OUTCOMES_IN_SCOPE))
    scope = judged.filter(pl.col("patients").sum().over(keys) != pl.col("in_scope"))
    wrong += sorted(set(scope["rule_id"]) - set(wrong))
    if wrong:
        return Law(name, False, f"not so for {', '.join(wrong)}")
    return Law(name, True, f"{_counted(len(asked), 'rule')} x {_counted(patients, 'patient')}")


def findings_laws(findings: Table, pilot: Table, outcomes: Table, dangling: int) -> list[Law]:
    """Findings are flagged patients, each finding once, and name orders that exist."""
    both = pl.concat([findings.lazy(), pilot.lazy()])
    found = both.select("rule_id", "patient_id").unique().group_by("rule_id").len().collect()
    flagged = (
        outcomes.lazy()
        .filter(pl.col("outcome") == "flagged", pl.col("patients") > 0)
        .group_by("rule_id")
        .agg(pl.col("patients").sum())
        .collect()
    )
    have: dict[str, int] = dict(found.iter_rows())
    want: dict[str, int] = dict(flagged.iter_rows())
    wrong = sorted(r for r in have.keys() | want.keys() if have.get(r) != want.get(r))
    pairs = f"{_counted(sum(have.values()), 'pair')} of a patient and a rule"
    ids = both.select("finding_id").collect()
    twice = ids.height - ids["finding_id"].n_unique()
    return [
        Law(
            "flagged patients are those with a finding",
            not wrong,
            f"not so for {', '.join(wrong)}" if wrong else pairs,
        ),
        Law(
            "every finding once",
            twice == 0,
            _counted(ids.height, "finding")
            + f"{_with_pilots(height(pilot))}, ids given twice: {twice}",
        ),
        Law(
            "findings name orders of their patient",
            dangling == 0,
            f"order ids that lead nowhere: {dangling}",
        ),
    ]


def same_rows_law(rows: dict[str, tuple[int, int]]) -> Law:
    """Rows of each written table as (expected, read back from the file)."""
    wrong = sorted(name for name, (expected, read) in rows.items() if expected != read)
    good = f"{_counted(len(rows), 'table')} read back"
    detail = f"not so for {', '.join(wrong)}" if wrong else good
    return Law("files hold every row", not wrong, detail)


def _with_pilots(count: int) -> str:
    return f", {count} of them of pilot rules" if count else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
