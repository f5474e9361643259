"""The tables of a run without anything that names a person, an order, a row or a day.

Every column of every table is named here with what becomes of it; a column that is not named is
left out (null), so that a new column is private until somebody says otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from screener.outputs.report.given import SHAPES
from screener.outputs.share.keys import names_of, people
from screener.timeline.words import with_commas

LEAST_AT_SITE = 50  # patients; smaller sites are put together
SMALL_SITES = "smaller sites"
LEFT_OUT = "Left out of this copy; the sums of each order stand in its table."

_BOTH = ("findings", "pilot_findings")
_SAFE = {
    "findings": ("rule_id", "rule_version", "rule_fingerprint", "subject", "active", "severity",
                 "certainty", "limit", "unit", "state"),
    "not_assessed": ("rule_id", "reason"),
    "data_flags": ("flag",),
    "orders": ("row_class", "reason", "ingredient", "track", "as_needed", "dose_low_ug",
               "dose_high_ug", "doses_per_day"),
    "timeline": ("ingredient", "track", "low_ug", "high_ug", "other_reading_high_ug",
                 "dose_known", "orders"),
    "kidney": ("on_dialysis",),
}  # fmt: skip
_DATES = {
    "findings": ("date", "end_date", "first_seen"),
    "not_assessed": ("from_date",),
    "data_flags": ("date",),
    "orders": ("start_date", "end_date", "counted_from", "counted_to"),
    "timeline": ("from_date", "to_date"),
    "kidney": ("from_date", "to_date"),
}
_ENDS = ("end_date", "counted_to", "to_date")
# A sum stands only if it is made of nothing but these: no id, no date, no free text.
_NUMBER = (
    r"\b[0-9]{1,6}(?:\.[0-9]{1,6})?\b|\b[0-9]{1,3}(?:\.[0-9]{1,3})?-[0-9]{1,3}(?:\.[0-9]{1,3})?\b"
)
_WORDS = (
    "mg|g|mcg|micrograms?|ml|mL|units?|tablets?|capsules?|patch(?:es)?|puffs?|drops?|days?|weeks?|"
    "months?|hours?|h|every|per|to|or|up|at|most|times?|supplied|directions|unreadable|dose|"
    "unknown|concentration|missing"
)
_SUM = rf"^(?:{_NUMBER}|\b(?:{_WORDS})\b|[×÷=+/(),:; ])+$"


def without_names(
    tables: Mapping[str, pl.LazyFrame],
    key: bytes,
    *,
    last_day: dt.date | None,
    prescribers: bool,
) -> dict[str, pl.DataFrame | pl.LazyFrame]:
    """Tables of `screener.findings` for the browser, of patients with a finding.

    `tables`: findings, pilot_findings, outcomes, not_assessed, data_flags, orders, timeline,
    kidney. Outcomes and what was set aside come back empty: their sums are made elsewhere.
    `last_day`: of the data; what reaches it ends some days later in the copy.
    """
    found = [tables[name].select("patient_id").unique() for name in _BOTH]
    who = people(key, pl.concat(found).collect()["patient_id"])
    sites = sites_named(tables["outcomes"])
    numbers = _numbers(tables, who)
    made: dict[str, pl.DataFrame | pl.LazyFrame] = {}
    for name, shape in SHAPES.items():
        kind = "findings" if name in _BOTH else name
        if kind not in _SAFE:
            made[name] = pl.DataFrame(schema=shape)
            continue
        rows = tables[name].with_row_index("_place").join(who.lazy(), on="patient_id", how="inner")
        rows = _with_sites(rows, sites)
        rows = _with_prescribers(rows, key if prescribers else None)
        rows = _numbered(kind, rows, numbers)
        rows = rows.with_columns(_end_moved(name, last_day) for name in _ends_of(kind))
        columns = [_column(kind, column, dtype) for column, dtype in shape.items()]
        # Sorted again, since rows stood in the order of the ids and days that are gone; the place
        # only settles what is equal within a patient.
        order = [c for c in ("patient_id", *_DATES[kind], "rule_id", "_place") if c != "first_seen"]
        order = [c for c in order if c in shape or c == "_place"]
        safe = rows.select(*columns, "_place").sort(order, nulls_last=True)
        ready = safe.drop("_place").collect()
        made[name] = _with_new_ids(ready, key) if kind == "findings" else ready
    return made


def _ends_of(kind: str) -> list[str]:
    return [name for name in _DATES[kind] if name in _ENDS]


def _end_moved(name: str, last_day: dt.date | None) -> pl.Expr:
    """The end of something; some days further where it is the last day of the data."""
    reaches = pl.col(name) == pl.lit(last_day, pl.Date)
    days = pl.col(name).to_physical() + pl.when(reaches).then("further").otherwise(0)
    return days.cast(pl.Date).alias(name)


def _column(kind: str, name: str, dtype: pl.DataType) -> pl.Expr:
    """What becomes of one column."""
    if name in _SAFE[kind]:
        made = pl.col(name)
    elif name in _DATES[kind]:
        made = (pl.col(name).to_physical() + pl.col("shift")).cast(pl.Date)
    elif (kind, name) in _MADE:
        made = _MADE[kind, name]
    else:
        made = pl.lit(None)
    return made.cast(dtype).alias(name)


def _message() -> pl.Expr:
    """What was found, from the columns that are shown anyway; a rule's own words may hold days."""
    value, limit = (_number(of) for of in (_value(), pl.col("limit")))
    unit = _unit(value)
    days = (pl.col("end_date") - pl.col("date")).dt.total_days() + 1
    about = pl.when("active").then(pl.lit("about ")).otherwise(pl.lit(""))
    lasting = pl.when(days > 1).then(pl.format(" for {}{} days", about, days))
    measured = pl.when(value.is_not_null()).then(pl.format(": {} {}", value, unit))
    limited = pl.when(limit.is_not_null()).then(pl.format(", limit {} {}", limit, _unit(limit)))
    parts = [
        pl.col("subject").fill_null("a medicine"),
        measured.otherwise(pl.lit("")),
        limited.otherwise(pl.lit("")),
        lasting.otherwise(pl.lit("")),
    ]
    said = pl.concat_str(*parts, pl.lit(".")).str.replace_all(" +", " ")
    return pl.concat_str(said.str.head(1).str.to_uppercase(), said.str.slice(1))


def _unit(number: pl.Expr) -> pl.Expr:
    """The unit after a number: `days`, but `1 day`."""
    unit = pl.col("unit").fill_null("")
    one = unit.str.replace(r"^(day|dose|drug|order)s\b", "${1}")
    return pl.when(number == "1").then(one).otherwise(unit)


def _value() -> pl.Expr:
    """The value; a kidney function to one decimal, since more would be as good as a name."""
    kidney = pl.col("unit").str.contains("mL/min").fill_null(False)
    return pl.when(kidney).then(pl.col("value").round(1)).otherwise("value")


def _number(of: pl.Expr) -> pl.Expr:
    return with_commas(of.round(3).cast(pl.String).str.strip_suffix(".0"))


def _derivation() -> pl.Expr:
    """The age as a band, where one was said, and that the rest is left out."""
    age = pl.col("derivation").str.extract(r"\bage ([0-9]{1,3})\b", 1).cast(pl.Int32)
    tens = age // 10 * 10
    band = (
        pl.when(age >= 90)
        .then(pl.lit("Age 90 or more. "))
        .when(age < 18)
        .then(pl.lit("Age under 18. "))
        .when(age < 20)
        .then(pl.lit("Age 18 to 19. "))
        .when(age.is_not_null())
        .then(pl.format("Age {} to {}. ", tens, tens + 9))
        .otherwise(pl.lit(""))
    )
    return pl.concat_str(band, pl.lit(LEFT_OUT))


def _sum() -> pl.Expr:
    return pl.when(pl.col("derivation").str.contains(_SUM)).then(pl.col("derivation"))


_MADE: dict[tuple[str, str], pl.Expr] = {
    **{(kind, "patient_id"): pl.col("name") for kind in _SAFE},
    **{(kind, "site_id"): pl.col("_site") for kind in ("findings", "orders")},
    **{(kind, "prescriber_id"): pl.col("_prescriber") for kind in ("findings", "orders")},
    ("findings", "finding_id"): pl.col("finding_id"),  # named anew once collected
    ("findings", "value"): _value(),
    ("findings", "message"): _message(),
    ("findings", "derivation"): _derivation(),
    ("findings", "prescription_ids"): pl.col("_orders"),
    ("findings", "lab_refs"): pl.col("_tests"),
    ("orders", "prescription_id"): pl.col("_order"),
    ("orders", "source_ref"): pl.col("_row_name"),
    # The text as exported may hold anything; our own name of the drug stands for it.
    ("orders", "drug"): pl.col("ingredient").fill_null("medicine not recognised"),
    ("orders", "derivation"): _sum(),
    ("kidney", "egfr"): pl.col("egfr").round(0),
    ("kidney", "lab_ref"): pl.col("_test"),
}


def _with_new_ids(findings: pl.DataFrame, key: bytes) -> pl.DataFrame:
    names = names_of(key, "finding", findings["finding_id"])
    joined = findings.join(names, left_on="finding_id", right_on="id", maintain_order="left")
    return joined.with_columns(finding_id="name").drop("name")


def sites_named(outcomes: pl.LazyFrame) -> pl.DataFrame:
    """site_id, _site: the name under which a site stands in the copy; null if all are too small.

    A site has as many patients as have an outcome of one rule there.
    """
    by_rule = outcomes.filter(pl.col("site_id") != "").group_by("site_id", "rule_id")
    patients = by_rule.agg(pl.col("patients").sum()).group_by("site_id")
    counted = patients.agg(pl.col("patients").max()).sort("site_id").collect()
    small = pl.col("patients") < LEAST_AT_SITE
    together = counted.filter(small)["patients"].sum()
    name = pl.lit(SMALL_SITES if together >= LEAST_AT_SITE else None, pl.String)
    return counted.select("site_id", _site=pl.when(small).then(name).otherwise("site_id"))


def _with_sites(rows: pl.LazyFrame, sites: pl.DataFrame) -> pl.LazyFrame:
    if "site_id" not in rows.collect_schema().names():
        return rows
    return rows.join(sites.lazy(), on="site_id", how="left", maintain_order="left")


def _with_prescribers(rows: pl.LazyFrame, key: bytes | None) -> pl.LazyFrame:
    if "prescriber_id" not in rows.collect_schema().names():
        return rows
    if key is None:
        return rows.with_columns(_prescriber=pl.lit(None, pl.String))
    ids = rows.select("prescriber_id").unique().collect()["prescriber_id"]
    names = names_of(key, "prescriber", ids.filter(ids != ""))
    names = names.rename({"id": "prescriber_id", "name": "_prescriber"})
    return rows.join(names.lazy(), on="prescriber_id", how="left", maintain_order="left")


def _numbers(tables: Mapping[str, pl.LazyFrame], who: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Orders, rows and tests as numbers of their patient: "order 3", the same in every table."""
    lists = {"order": "prescription_ids", "test": "lab_refs"}
    columns = {
        "order": ("orders", "prescription_id"),
        "row": ("orders", "source_ref"),
        "test": ("kidney", "lab_ref"),
    }
    made = {}
    for word, column in columns.items():
        places = [column, *((name, lists[word]) for name in _BOTH if word in lists)]
        pairs = pl.concat([_pairs(tables[table], name, who) for table, name in places])
        number = pl.int_range(1, pl.len() + 1).over("patient_id")
        known = pairs.drop_nulls().unique().sort("patient_id", "id")
        made[word] = known.with_columns(number=pl.format(word + " {}", number)).collect()
    return made


def _pairs(table: pl.LazyFrame, column: str, who: pl.DataFrame) -> pl.LazyFrame:
    rows = table.select("patient_id", id=column)
    rows = rows.join(who.lazy().select("patient_id"), on="patient_id", how="semi")
    listed = isinstance(rows.collect_schema()["id"], pl.List)
    return rows.explode("id", empty_as_null=False) if listed else rows


def _numbered(kind: str, rows: pl.LazyFrame, numbers: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """The rows with the numbers that stand for ids, under names of their own."""
    if kind == "orders":
        rows = _looked_up(rows, "prescription_id", numbers["order"], "_order")
        return _looked_up(rows, "source_ref", numbers["row"], "_row_name")
    if kind == "kidney":
        return _looked_up(rows, "lab_ref", numbers["test"], "_test")
    if kind == "findings":
        rows = _lists_looked_up(rows, "prescription_ids", numbers["order"], "_orders")
        return _lists_looked_up(rows, "lab_refs", numbers["test"], "_tests")
    return rows


def _looked_up(rows: pl.LazyFrame, column: str, names: pl.DataFrame, into: str) -> pl.LazyFrame:
    known = names.lazy().rename({"id": column, "number": into})
    return rows.join(known, on=["patient_id", column], how="left", maintain_order="left")


def _lists_looked_up(
    rows: pl.LazyFrame, column: str, names: pl.DataFrame, into: str
) -> pl.LazyFrame:
    flat = rows.select("_place", "patient_id", id=column).explode("id", empty_as_null=False)
    named = flat.join(names.lazy(), on=["patient_id", "id"]).sort("_place", "number")
    lists = named.group_by("_place", maintain_order=True).agg(pl.col("number").alias(into))
    joined = rows.join(lists, on="_place", how="left", maintain_order="left")
    return joined.with_columns(pl.col(into).fill_null(pl.lit([], pl.List(pl.String))))
