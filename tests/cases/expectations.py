"""The hand-written expectations, and what differs from them. One invalid extra is a failure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.reference.read_cases import Row, read_plain, read_table

FOLDER = Path(__file__).parent
Found = tuple[str, str, str, str, str]  # patient, rule, severity, certainty, first day
Flagged = tuple[str, str, str]  # patient, flag, day


def case_rows() -> dict[str, list[Row]]:
    """Table name -> typed rows of all case patients."""
    return {
        table: read_table(FOLDER, table)
        for table in ("patients", "prescriptions", "labs", "conditions", "admissions")
    }


def expected_findings(groups: str, rule_prefix: str = "", folder: Path = FOLDER) -> set[Found]:
    """Expected findings of the case groups ("ABCDE"), of rules whose id starts so."""
    return {
        (row["patient_id"], row["rule_id"], row["severity"], row["certainty"], row["date"])
        for row in read_plain(folder / "expected_findings.csv")
        if row["patient_id"][0] in groups and row["rule_id"].startswith(rule_prefix)
    }


def expected_flags(groups: str, folder: Path = FOLDER) -> set[Flagged]:
    """Expected data flags of the case groups."""
    return {
        (row["patient_id"], row["flag"], row["date"])
        for row in read_plain(folder / "expected_data_flags.csv")
        if row["patient_id"][0] in groups
    }


def against_expectations(
    found: Iterable[Found],
    flagged: Iterable[Flagged],
    groups: str = "ABCDEG",
    rule_prefix: str = "",
    folder: Path = FOLDER,
) -> list[str]:
    """Every missing and every extra finding and flag, one line each, with the case's story."""
    stories = {row["patient_id"]: row["title"] for row in read_plain(folder / "cases.csv")}
    wanted: list[tuple[str, set[tuple[str, ...]], set[tuple[str, ...]]]] = [
        ("finding", set(expected_findings(groups, rule_prefix, folder)), set(found)),
        ("flag", set(expected_flags(groups, folder)), set(flagged)),
    ]
    lines = []
    for what, expected, got in wanted:
        for mark, keys in (("missing", expected - got), ("extra", got - expected)):
            lines += [f"{mark} {what}: {' '.join(k)} ({stories.get(k[0], '')})" for k in keys]
    return sorted(lines)
