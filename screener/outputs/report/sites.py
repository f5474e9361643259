"""Sites and prescribers: how many of their patients have an active critical or high finding.

Counted in patients, once at each site or prescriber: of those with an order that counts from
there, who has such a finding that names it. Per rule, from the outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from screener.outputs.report.funnel import Funnel, Unit, funnel_of, is_above
from screener.outputs.report.funnel_chart import FunnelChart, drawn
from screener.outputs.report.given import ReportInput
from screener.outputs.report.interval import wilson
from screener.outputs.report.summary import RuleRow
from screener.outputs.tables import height

COUNTED_SEVERITIES = ("critical", "high")
NAMED_FROM = 10  # patients; a prescriber with fewer is not named
MOST_UNITS = 1_000  # rows of a table
MOST_RULE_ROWS = 2_000  # rows of all tables of sites by rule together
UNIT_COLUMNS = ("site_id", "prescriber_id")
SLICE_ROWS = 1_000_000  # orders read at a time
IN_SCOPE = ("flagged", "clear", "not_assessed")


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit of a table; `rate` is per 1,000 with Wilson's limits; `unjudged` only by rule."""

    name: str
    part: int
    whole: int
    rate: tuple[float, float, float]
    judged: bool
    above: bool
    unjudged: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Units of one kind by name: `rows` of the table (with "" where none is recorded), how many
    are not named because they are `small`, and how many more did not fit (`left_out`)."""

    rows: tuple[UnitRow, ...]
    named: tuple[str, ...]
    units: int
    judged: int
    small: int
    left_out: int
    scale: float
    funnel: Funnel | None
    chart: FunnelChart | None


@dataclass(frozen=True, slots=True)
class RuleAtSites:
    """One rule: patients flagged of those in scope, by site and (as on the overview) in all."""

    rule: dict[str, Any]
    flagged: int
    in_scope: int | None
    rows: tuple[UnitRow, ...]
    scale: float


@dataclass(frozen=True, slots=True)
class Sites:
    """Everything that the page of sites and prescribers shows."""

    sites: Comparison
    prescribers: Comparison
    by_rule: tuple[RuleAtSites, ...]
    rules_left_out: int


def counted_findings() -> pl.Expr:
    """Which findings are counted here: critical or high, active, not waived."""
    return (
        pl.col("severity").is_in(COUNTED_SEVERITIES)
        & pl.col("active").fill_null(value=False)
        & pl.col("state").ne_missing("waived")
    )


def _patients_at(orders: pl.LazyFrame, slice_rows: int) -> dict[str, pl.DataFrame]:
    """Of each of UNIT_COLUMNS, `unit` and `whole`: patients with an order there that counts.

    Read slice by slice, since an export may hold many millions of orders. A patient's orders stand
    together in the files of a run; the patient on whom a slice ends is counted with the next one.
    """
    rows, kept = height(orders), ["patient_id", *UNIT_COLUMNS]
    used = pl.col("row_class") == "used"
    held = pl.DataFrame(schema=dict.fromkeys(kept, pl.String))
    counts: dict[str, list[pl.DataFrame]] = {column: [] for column in UNIT_COLUMNS}
    for start in range(0, rows, slice_rows):
        read = orders.slice(start, slice_rows).filter(used).select(pl.col(kept).fill_null(""))
        pairs = pl.concat([held, read.collect()])
        if start + slice_rows < rows and pairs.height:
            is_last = pl.col("patient_id") == pairs["patient_id"][-1]
            held, pairs = pairs.filter(is_last), pairs.filter(~is_last)
        for column, found in counts.items():
            found.append(_people(pairs.lazy(), column, "whole").collect())
    added = {name: pl.concat(found) for name, found in counts.items() if found}
    none = pl.DataFrame(schema={"unit": pl.String, "whole": pl.UInt32})
    return {
        name: added.get(name, none).group_by("unit").agg(pl.col("whole").sum())
        for name in UNIT_COLUMNS
    }


def _people(rows: pl.LazyFrame, column: str, name: str) -> pl.LazyFrame:
    """`unit` and how many patients the rows have there."""
    pairs = rows.select("patient_id", unit=pl.col(column).fill_null("")).unique()
    return pairs.group_by("unit").agg(pl.len().alias(name))


def units_of(
    data: ReportInput[pl.LazyFrame], slice_rows: int = SLICE_ROWS
) -> dict[str, list[Unit]]:
    """The units ("" = none recorded) of each of UNIT_COLUMNS, by name.

    Whole: patients with an order of the unit that counts (class "used"); part: those with a
    finding of `counted_findings` that names the unit. Who has orders of two units counts in both.
    """
    found = data.findings.filter(counted_findings())
    units = {}
    for column, whole in _patients_at(data.orders, slice_rows).items():
        part = _people(found, column, "part").collect()
        both = whole.join(part, on="unit", how="full", coalesce=True).fill_null(0).sort("unit")
        rows = both.select("unit", "part", pl.max_horizontal("whole", "part")).iter_rows()
        units[column] = [Unit(*row) for row in rows]
    return units


def _row(unit: Unit, funnel: Funnel | None = None, unjudged: int | None = None) -> UnitRow:
    low, high = wilson(unit.part, unit.whole)
    rate = (1000 * unit.part / unit.whole, 1000 * low, 1000 * high)
    above = is_above(funnel, unit)
    return UnitRow(unit.name, unit.part, unit.whole, rate, unit.judged, above, unjudged)


def _scale(rows: Sequence[UnitRow]) -> float:
    """Where drawn intervals end, per 1,000: the widest of judged units, else of all."""
    steady = [row.rate[2] for row in rows if row.judged]
    return max([1.0, *(steady or [row.rate[2] for row in rows])])


def compare(units: Sequence[Unit], *, named_from: int = 1, most: int = MOST_UNITS) -> Comparison:
    """Units, in order of name, against the funnel of all that are recorded.

    Units under `named_from` patients are in no chart and no table. Above `most` units the largest
    are kept, and whatever is above the limit.
    """
    shown = [unit for unit in units if unit.whole >= named_from]
    recorded = [unit for unit in shown if unit.name]
    funnel = funnel_of(recorded)
    rows = [_row(unit, funnel if unit.name else None) for unit in shown]
    kept = sorted(rows, key=lambda row: (not row.above, -row.whole, row.name))[:most]
    kept.sort(key=lambda row: (not row.name, row.name))
    return Comparison(
        rows=tuple(kept),
        named=tuple(row.name for row in rows if row.above),
        units=len(recorded),
        judged=sum(unit.judged for unit in recorded),
        small=sum(bool(unit.name) for unit in units) - len(recorded),
        left_out=len(rows) - len(kept),
        scale=_scale(kept),
        funnel=funnel,
        chart=drawn([Unit(r.name, r.part, r.whole) for r in kept if r.name], funnel),
    )


def _sites_by_rule(outcomes: pl.LazyFrame) -> dict[str, list[UnitRow]]:
    """Rule id -> its sites by name, with patients flagged, in scope, and not assessed."""
    inside = outcomes.filter(pl.col("outcome").is_in(IN_SCOPE)).group_by("rule_id", "site_id")

    def patients(*names: str) -> pl.Expr:
        return pl.col("patients").filter(pl.col("outcome").is_in(names)).sum()

    counted = inside.agg(
        part=patients("flagged"), whole=patients(*IN_SCOPE), unjudged=patients("not_assessed")
    )
    rows = counted.filter(pl.col("whole") > 0).sort("rule_id", "site_id").collect()
    found: dict[str, list[UnitRow]] = {}
    for rule, site, part, whole, unjudged in rows.iter_rows():
        found.setdefault(rule, []).append(_row(Unit(site, part, whole), unjudged=unjudged))
    return found


def by_rule(
    rules: Sequence[RuleRow], outcomes: pl.LazyFrame, most: int = MOST_RULE_ROWS
) -> tuple[tuple[RuleAtSites, ...], int]:
    """A table of sites for each rule that flagged somebody (pilot rules apart), in the order of
    `rules`; and how many rules' tables did not fit within `most` rows."""
    found = _sites_by_rule(outcomes)
    asked = [row for row in rules if row.rule["status"] != "pilot" and row.flagged]
    tables = [
        RuleAtSites(row.rule, row.flagged, row.in_scope, tuple(at_sites), _scale(at_sites))
        for row in asked
        if (at_sites := found.get(row.rule["id"]))
    ]
    room, kept = most, 0
    for table in tables:
        room -= len(table.rows)
        if room < 0:
            break
        kept += 1
    return tuple(tables[:kept]), len(tables) - kept


def sites_of(data: ReportInput[pl.LazyFrame], rules: Sequence[RuleRow]) -> Sites:
    """Count and compare sites and prescribers of a run; `rules` as `summarise` gives them."""
    tables, left_out = by_rule(rules, data.outcomes)
    units = units_of(data)
    return Sites(
        sites=compare(units["site_id"]),
        prescribers=compare(units["prescriber_id"], named_from=NAMED_FROM),
        by_rule=tables,
        rules_left_out=left_out,
    )
