"""Until when what was found of a patient stands, when no new row comes and only time passes.

Whatever the rules say of a patient is cut at the patient's last day (docs/checks.md). When that day
moves, the answers can change only while a drug of some check is in force or its end is not yet
judged, or when a day that was in the future is reached. `standing` says for each patient when that
is over; until then a patient is screened again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from screener.checks import CHECKS
from screener.checks.assemble import RECENT
from screener.rule.model import CheckUse, Rule
from screener.tables import Tables, day_number
from screener.timeline.days import day
from screener.timeline.people import FAR, people_of

STANDING: dict[str, pl.DataType] = {
    "patient_id": pl.String(),
    "until": pl.Int64(),  # the patient's own last day (end of observation, death), else FAR
    "settled_from": pl.Int64(),  # on and after this last day nothing recorded so far is open
    "next_day": pl.Int64(),  # the first recorded day after the last one, else FAR
}
SLACK = 2  # days; the first day after an end, and the day on which a wait is over
# Parameters of checks that wait for days to pass after a drug has ended.
WAITS = ("grace", "in_last")


def waits_of(rules: Iterable[Rule]) -> dict[str, int]:
    """Ingredient -> days after its last supply on which some rule may still change its mind.

    Only drugs of some check, wherever in a rule it stands; all others change nothing by lasting.
    An event is active for 30 days; stops are judged after the grace, protection over a window.
    """
    waits: dict[str, int] = {}
    for rule in rules:
        uses = list(_uses_in(rule))
        wait = max((_wait(use.params) for use in uses), default=0)
        for use in uses:
            for name in CHECKS[use.check].drugs(use.params).ingredients:
                waits[name] = max(waits.get(name, 0), wait, RECENT)
    return {name: wait + SLACK for name, wait in waits.items()}


def analytes_waited_for(rules: Iterable[Rule]) -> frozenset[str]:
    """Analytes (lower case) of the tests that some check of the rules waits for."""
    uses = (use for rule in rules for use in _uses_in(rule))
    tests = (getattr(use.params, "test", None) for use in uses)
    return frozenset().union(*(test.analytes for test in tests if test is not None))


def _wait(params: Any) -> int:
    return max((int(getattr(params, name, 0) or 0) for name in WAITS), default=0)


def _uses_in(value: Any) -> Iterator[CheckUse]:
    """Every check of a rule: of its clauses, guards, escalations and conditions."""
    if isinstance(value, CheckUse):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            yield from _uses_in(getattr(value, one.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from _uses_in(part)


def standing(
    tables: Tables, orders: pl.DataFrame, waits: dict[str, int], as_of: dt.date
) -> pl.DataFrame:
    """STANDING of every patient of the tables.

    orders: patient_id, ingredient, start_date, end_date, counted_from, counted_to of their
    results; waits: of `waits_of`.
    """
    people = people_of(tables, dt.date.max).select("patient_id", until="last_day")
    last = pl.min_horizontal("until", pl.lit(day_number(as_of)))
    until = pl.when(pl.col("until") < day_number(dt.date.max)).then("until").otherwise(FAR)
    open_ = pl.concat([_supplies(orders, waits), _stays(tables, max(waits.values(), default=0))])
    later = _recorded(tables, orders).join(
        people.select("patient_id", _last=last), on="patient_id"
    ).filter(pl.col("day") > pl.col("_last"))  # fmt: skip
    return (
        people.with_columns(until=until)
        .join(open_.group_by("patient_id").agg(pl.col("settled_from").max()), on="patient_id",
              how="left")
        .join(later.group_by("patient_id").agg(next_day=pl.col("day").min()), on="patient_id",
              how="left")
        .select(
            "patient_id", "until", pl.col("settled_from").fill_null(-FAR),
            pl.col("next_day").fill_null(FAR),
        )
        .sort("patient_id")
    )  # fmt: skip


def due(standing: pl.DataFrame, before: dt.date, now: dt.date) -> pl.DataFrame:
    """Whose last day moves between two runs (`before` <= `now`): patient_id, last_before, and
    again: whether the patient must be screened again."""
    last = {
        name: pl.min_horizontal("until", pl.lit(day_number(on)))
        for name, on in (("last_before", before), ("_last", now))
    }
    moved = standing.with_columns(**last).filter(pl.col("_last") > pl.col("last_before"))
    open_ = pl.col("last_before") < pl.col("settled_from")
    return moved.select(
        "patient_id", "last_before", again=open_ | (pl.col("next_day") <= pl.col("_last"))
    )


def _supplies(orders: pl.DataFrame, waits: dict[str, int]) -> pl.DataFrame:
    """The days on which the orders of checks' drugs are settled: patient_id, settled_from."""
    waiting = pl.DataFrame(
        {"ingredient": list(waits), "_wait": list(waits.values())},
        schema={"ingredient": pl.String, "_wait": pl.Int64},
    )
    ends = pl.max_horizontal(day("start_date"), day("end_date"), day("counted_to"))
    return orders.join(waiting, on="ingredient").select(
        "patient_id", settled_from=ends + pl.col("_wait")
    )


def _stays(tables: Tables, wait: int) -> pl.DataFrame:
    """Admitted days count neither way, so a wait goes on after them; an open stay never settles."""
    if tables.admissions is None:
        return pl.DataFrame(schema={"patient_id": pl.String, "settled_from": pl.Int64})
    ends = day("end_date").fill_null(FAR)
    return tables.admissions.select("patient_id", settled_from=ends + wait)


def _recorded(tables: Tables, orders: pl.DataFrame) -> pl.DataFrame:
    """Days that count once they are reached: patient_id, day."""
    days = [tables.prescriptions.select("patient_id", day=day("start_date")),
            orders.select("patient_id", day=day("counted_from"))]  # fmt: skip
    for table, column in ((tables.labs, "date"), (tables.conditions, "start_date"),
                          (tables.admissions, "start_date")):  # fmt: skip
        if table is not None:
            days.append(table.select("patient_id", day=day(column)))
    return pl.concat(days).drop_nulls()
