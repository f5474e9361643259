"""A second set of invented patients, written from the documents by somebody who had read no code.

The whole way is taken: CSV files in, tables of a run out. Where the documents leave two readings
open and the author took the other one, the patient stands in `OTHER_READING` with the reason; what
is found for them is held too, so that a change of mind is noticed.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from screener.cli.main import ended_with
from tests.cases.expectations import against_expectations

SECOND = Path(__file__).parent / "second"
RULES = Path(__file__).parents[2] / "rules"
GROUPS = "X"
# Patient -> why; each line below is one that the program says otherwise than the author.
OTHER_READING = {
    "X20": "an unexplained overlap with other directions: the later order replaces, no sum",
    "X232": "a missing weight is a flag only where the weight decides",
    "X453": "no test for so long is counted from the first dose, not from an earlier test",
    "X455": "no test for so long is counted from the first dose, not from an earlier test",
    "X464": "days carried from an early refill overlap a new strength: possible, and flagged",
    "X510": "65 years old on the last of seven days only: the day counts with its own severity",
    "X578": "only days on which both drugs are taken count, not those after one has ended",
    "X615": "no test for so long is counted from the first dose, not from an earlier test",
}
OTHERWISE = """
extra finding: X453 methotrexate-monitoring-overdue moderate definite 2024-06-04
extra finding: X455 amiodarone-monitoring-overdue low definite 2024-09-04
extra finding: X464 baclofen-max-dose high possible 2024-04-22
extra finding: X510 three-cns-active-drugs high definite 2024-03-26
extra finding: X615 lithium-level-overdue moderate definite 2024-07-03
extra flag: X464 ambiguous-overlap 2024-04-22
missing finding: X20 baclofen-max-dose high possible 2024-04-01
missing finding: X453 methotrexate-monitoring-overdue moderate definite 2024-05-25
missing finding: X455 amiodarone-monitoring-overdue low definite 2024-08-25
missing finding: X578 anticoagulant-antiplatelet-without-gastroprotection high definite 2024-04-13
missing finding: X615 lithium-level-overdue moderate definite 2024-06-23
missing flag: X20 ambiguous-overlap 2024-04-01
missing flag: X232 weight 2024-03-04
""".strip().splitlines()


def test_the_second_set_is_found_but_for_the_readings_that_are_told(tmp_path: Path) -> None:
    tables = ("prescriptions", "patients", "labs", "conditions", "admissions")
    files = [str(SECOND / f"{table}.csv") for table in tables]
    code = ended_with(["run", *files, "--rules", str(RULES), "--out", str(tmp_path), "-q"])
    assert code == 0
    run = next(tmp_path.glob("*/run.json")).parent
    both = [pl.read_parquet(run / f"{name}.parquet") for name in ("findings", "pilot_findings")]
    keys = ("patient_id", "rule_id", "severity", "certainty", "date")
    found = pl.concat(both).select(pl.col(key).cast(pl.String) for key in keys).rows()
    flags = pl.read_parquet(run / "data_flags.parquet")
    flagged = flags.select(
        pl.col(key).cast(pl.String) for key in ("patient_id", "flag", "date")
    ).rows()
    said = against_expectations(found, flagged, GROUPS, folder=SECOND)
    otherwise = [line.partition(" (")[0] for line in said]
    assert otherwise == OTHERWISE
    assert {line.split()[2] for line in otherwise} == set(OTHER_READING)
