"""One bucket, even when a rule breaks: the other rules still speak, and the broken one says so."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping

import polars as pl

from screener.findings import NOT_ASSESSED, OUTCOMES, Results
from screener.rule.model import Rule
from screener.tables import Tables

Screen = Callable[[Tables, tuple[Rule, ...], dt.date], Results]
BROKE = "rule-broke"  # the reason of `not_assessed`


def screen_soundly(
    screen: Screen, tables: Tables, rules: tuple[Rule, ...], as_of: dt.date
) -> tuple[Results, dict[str, str]]:
    """Screen with all rules; when one breaks, with the others, and rule id -> kind of failure.

    Every patient of the bucket is then `not_assessed: rule-broke` by that rule, so that a fault
    never looks like a clear patient. A fault that is not that of single rules is raised.
    """
    try:
        return screen(tables, rules, as_of), {}
    except Exception:
        broke = _broken_ones(screen, tables, rules, as_of)
        if not broke or len(broke) == len(rules):
            raise
    sound = tuple(rule for rule in rules if rule.id not in broke)
    return _with_broken(screen(tables, sound, as_of), _patients(tables), broke), broke


def _broken_ones(
    screen: Screen, tables: Tables, rules: tuple[Rule, ...], as_of: dt.date
) -> dict[str, str]:
    broke = {}
    for rule in rules:
        try:
            screen(tables, (rule,), as_of)
        except Exception as error:
            broke[rule.id] = type(error).__name__  # the kind only: messages may quote cells
    return broke


def _patients(tables: Tables) -> pl.DataFrame:
    ids = [tables.prescriptions.select("patient_id")]
    if tables.patients is not None:
        ids.append(tables.patients.select("patient_id"))
    return pl.concat(ids).unique()


def _with_broken(results: Results, patients: pl.DataFrame, broke: Mapping[str, str]) -> Results:
    rules = pl.DataFrame({"rule_id": sorted(broke)}, schema={"rule_id": pl.String})
    counted = rules.select(
        "rule_id",
        site_id=pl.lit(""),
        prescriber_id=pl.lit(""),
        outcome=pl.lit("not_assessed"),
        patients=pl.lit(patients.height, pl.Int64),
        in_scope=pl.lit(patients.height, pl.Int64),
    )
    listed = patients.join(rules, how="cross").select(
        "patient_id", "rule_id", reason=pl.lit(BROKE), from_date=pl.lit(None, pl.Date)
    )
    return dataclasses.replace(
        results,
        outcomes=pl.concat([results.outcomes.select(*OUTCOMES), counted]),
        not_assessed=pl.concat([results.not_assessed.select(*NOT_ASSESSED), listed]),
    )
