"""Chooses what the browser gets of orders, timeline and kidney results, and how to chart it.

Only rows of patients with findings go in; the browser draws them and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from screener.outputs.report.given import ReportInput
from screener.outputs.tables import height, rows_at

# How the lower band of a patient's chart is drawn.
LANES_ONLY, DOSE, DOSE_AND_LIMIT = 0, 1, 2

_UG = {"mg/day": 1000.0, "mcg/day": 1.0, "micrograms/day": 1.0, "ug/day": 1.0, "g/day": 1e6}
_CHANGE = ("dose_rises", "dose_falls", "stops_suddenly", "supplied_twice")
_LEVEL = ("daily_dose", "starting_dose", "dose_for_kidney_function", "doses_per_day")
_PRESENCE = ("taken_together", "taken")
# What comes before the sums of the orders in a derivation, and these.
_HALVES = r"^(?s:(?<before>.* \| )?(?<last>.*))$"

FINDING_COLUMNS = (
    "finding_id", "rule_id", "patient_id", "subject", "date", "end_date", "active", "severity",
    "certainty", "value", "limit", "unit", "message", "derivation", "prescription_ids",
    "lab_refs", "prescriber_id", "site_id", "state", "first_seen",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """Frames sorted by patient (an Enum of those with findings); `orders_left_out` counts context
    orders that did not fit."""

    orders: pl.DataFrame
    timeline: pl.DataFrame
    kidney: pl.DataFrame
    data_flags: pl.DataFrame
    not_assessed: pl.DataFrame
    orders_left_out: int


def _of(
    frame: pl.LazyFrame, patients: pl.DataFrame, only: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The rows of `patients` (sorted), by patient and as they stood; patient_id as an Enum. Of
    these, `only` those that equal one of its rows in its columns."""
    known = pl.Enum(patients["patient_id"])
    coded = patients.lazy().with_columns(_patient=pl.col("patient_id").cast(known))
    columns = frame.collect_schema().names()
    rows = frame.with_row_index("_row").join(coded, on="patient_id", how="inner")
    if only is not None:
        rows = rows.join(only.lazy(), on=only.columns, how="semi", nulls_equal=True)
    return (
        rows.with_columns(patient_id="_patient")
        .select("_row", *columns)
        .collect()
        .sort(pl.col("patient_id").to_physical(), "_row")
        .drop("_row")
    )


def _with_source_row(orders: pl.DataFrame) -> pl.DataFrame:
    """`source_ref` as file and row number, which pack better than 300,000 distinct texts."""
    place = pl.col("source_ref").str.extract_groups(r"^(?<file>.*):(?<row>[0-9]{1,15})$")
    row = place.struct["row"].cast(pl.Int64)
    return orders.with_columns(
        source_file=pl.when(row.is_null()).then("source_ref").otherwise(place.struct["file"]),
        source_row=row,
    ).drop("source_ref")


def gather(findings: pl.DataFrame, data: ReportInput[pl.LazyFrame], most_orders: int) -> Evidence:
    """The rows behind the findings; above `most_orders` only orders that a finding names, and
    kidney tests of patients with a finding that names a test."""
    patients = findings.select("patient_id").unique().sort("patient_id")
    orders, kidney, left_out = data.orders, data.kidney, 0
    keys = ["patient_id", "prescription_id"]
    named = findings.select("patient_id", prescription_id="prescription_ids").explode(keys[1])
    count = height(orders.join(patients.lazy(), on="patient_id", how="semi"))
    if count > most_orders:
        numbered = orders.with_row_index("_place").select("_place", *keys)
        kept = numbered.join(named.unique().lazy(), on=keys, how="semi").collect()
        left_out = count - kept.height
        orders = rows_at(orders, kept["_place"].sort()).lazy()
        tested = findings.filter(pl.col("lab_refs").list.len() > 0)["patient_id"].unique()
        kidney = kidney.filter(pl.col("patient_id").is_in(tested.implode()))
    # The chart shows doses of the medicines behind a finding and of no others.
    behind = orders.join(named.unique().lazy(), on=keys, how="semi")
    charted = behind.select("patient_id", "ingredient", "track").unique().collect()
    return Evidence(
        orders=_with_source_row(_of(orders, patients)),
        timeline=_of(data.timeline, patients, charted),
        kidney=_of(kidney, patients).with_columns(pl.col("egfr").round(1)),
        data_flags=_of(data.data_flags, patients),
        not_assessed=_of(data.not_assessed, patients),
        orders_left_out=left_out,
    )


def with_sums(findings: pl.DataFrame) -> pl.DataFrame:
    """`derivation` without its sums of orders, and these in `sums`, one a prescription id.

    A derivation ends with "order: sum; order: sum"; without the ids few sums are distinct. What
    does not read like that for every order stays whole, with no `sums`.
    """
    halves = pl.col("derivation").str.extract_groups(_HALVES).struct.unnest()
    rows = findings.select("derivation", "prescription_ids").with_row_index("_row")
    rows = rows.with_columns(halves)
    rows = rows.with_columns(last=pl.col("last").str.split("; "))
    fitting = rows.filter(pl.col("last").list.len() == pl.col("prescription_ids").list.len())
    each = fitting.select("_row", "last", "prescription_ids").explode("last", "prescription_ids")
    start = pl.col("prescription_ids") + ": "
    each = each.with_columns(
        told=pl.col("last").str.starts_with(start), sums=pl.col("last").str.strip_prefix(start)
    )
    sums = each.group_by("_row").agg("sums", told=pl.col("told").all()).filter("told")
    split = rows.join(sums, on="_row", how="left", maintain_order="left")
    before = pl.col("before").fill_null("").str.strip_suffix(" | ")
    return findings.with_columns(
        split.select(
            derivation=pl.when("told").then(before).otherwise("derivation"),
            sums=pl.col("sums").fill_null(pl.lit([], pl.List(pl.String))),
        )
    )


def _checks_of(rules: list[dict[str, Any]]) -> pl.DataFrame:
    """rule_id -> the name of its check, where run.json records one."""
    pairs = [(rule["id"], rule["check"]) for rule in rules if isinstance(rule["check"], str)]
    return pl.DataFrame(pairs, schema={"rule_id": pl.String, "check": pl.String}, orient="row")


def _attained(findings: pl.DataFrame, timeline: pl.DataFrame) -> pl.DataFrame:
    """Rows (`_row`) of findings whose value is a daily dose that the timeline really shows."""
    valued = findings.filter(pl.col("value_ug").is_not_null())
    steps = timeline.lazy().select(
        "patient_id", "from_date", "to_date", "low_ug", "high_ug", "other_reading_high_ug"
    )
    both = (
        valued.lazy()
        .select("_row", pl.col("patient_id").cast(timeline.schema["patient_id"]), "date",
                "end_date", "value_ug")
        .join(steps, on="patient_id")
    )  # fmt: skip
    value = pl.col("value_ug").round()
    same = pl.any_horizontal(
        *((pl.col(c) - value).abs() < 1 for c in ("low_ug", "high_ug", "other_reading_high_ug"))
    )
    on_days = (pl.col("from_date") <= pl.col("end_date")) & (pl.col("to_date") >= pl.col("date"))
    return both.filter(on_days & same).select("_row").unique().collect()


def with_charts(
    findings: pl.DataFrame, timeline: pl.DataFrame, rules: list[dict[str, Any]]
) -> pl.DataFrame:
    """Add `chart` (how to draw) and `limit_ug` (where the limit line stands, else null).

    A limit line is drawn only where the number that broke the rule is a daily dose on the
    timeline: the limit of a rise or of a count of days is no line in a chart of doses.
    """
    factor = pl.col("unit").replace_strict(_UG, default=None, return_dtype=pl.Float64)
    rows = findings.with_row_index("_row").with_columns(value_ug=pl.col("value") * factor)
    rows = rows.join(_checks_of(rules), on="rule_id", how="left", maintain_order="left")
    rows = rows.join(
        _attained(rows, timeline).with_columns(attained=True),
        on="_row", how="left", maintain_order="left",
    )  # fmt: skip
    lasting = pl.col("check").is_null() & (pl.col("end_date") > pl.col("date"))
    level = pl.col("limit").is_not_null() & pl.col("attained").fill_null(False)
    chart = (
        pl.when(level & (pl.col("check").is_in(_LEVEL) | lasting))
        .then(DOSE_AND_LIMIT)
        .when(pl.col("check").is_in(_LEVEL + _CHANGE) | (factor.is_not_null() & level))
        .then(DOSE)
        .when(pl.col("check").is_in(_PRESENCE))
        .then(LANES_ONLY)
        .when(factor.is_not_null())
        .then(DOSE)
        .otherwise(LANES_ONLY)
    )
    rows = rows.with_columns(chart=chart.cast(pl.Int8))
    limit = pl.when(pl.col("chart") == DOSE_AND_LIMIT).then(pl.col("limit") * factor)
    return rows.with_columns(limit_ug=limit).drop("_row", "value_ug", "check", "attained")
