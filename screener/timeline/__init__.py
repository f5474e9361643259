"""What every patient took on every day: order lines, their counted days, kidney results.

`build` turns the canonical tables of one bucket into a `Timeline`; checks only read it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from screener.rule.values import DrugSet
from screener.tables import Tables, day_number
from screener.timeline.by_drug import ByDrug, by_drug, member
from screener.timeline.days import day
from screener.timeline.doses import line_flags
from screener.timeline.kidney import dialysis_runs, kidney_results
from screener.timeline.labs import lab_rows, tests_seen, weight_steps
from screener.timeline.lanes import PLACED_BY, place
from screener.timeline.order_lines import order_lines
from screener.timeline.orders import classify, row_flags
from screener.timeline.people import FAR, demographic_flags, people_of
from screener.timeline.runs import stretches, sweep

# What checks see of an order line; derivations and evidence are looked up for findings alone.
DOSED = (
    "line", "patient", "ingredient", "track", "form_key", "as_needed", "start", "stop", "length",
    "start_day", "end_day", "from_day", "to_day", "low", "high", "likely_high", "dose_unknown",
    "uncertain", "doses_per_day", "mass_unit",
)  # fmt: skip
OF_SUPPLY = ("form_key", "start", "stop", "length", "start_day", "end_day")  # not of counted days
FLAG_COLUMNS = ("patient", "day", "flag", "ref", "detail")
SUMS = (
    "sched_low", "sched_high", "prn_high", "other_high", "unknown", "sched_unknown",
    "sched_uncertain", "scheduled", "as_needed", "likely_high", "given", "unconverted",
)  # fmt: skip

NO_OTHER = pl.DataFrame(
    schema={
        "patient": pl.UInt32(), "ingredient": pl.String(), "track": pl.String(),
        "form_key": pl.String(), "from_day": pl.Int64(), "to_day": pl.Int64(), "high": pl.Int64(),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timeline:
    """One bucket, worked out. Days are day numbers, doses integer micrograms a day.

    people: see timeline.people. rows: every prescription row with class and reason.
    lines: every order line (also local and unplaced ones) with line, patient, ingredient, track,
    as_needed, raw_from, raw_to, from_day, to_day (counted; null: none), low, high, ...
    dosed: the columns of DOSED of the lines with an ingredient. evidence: see `_evidence`. other,
    twice: see timeline.lanes. unplaced: lines that stand on no day for want of a length.
    conditions: patient, name, from_day, to_day, or None when nobody supplied the table.
    admissions: patient, from_day, to_day, disjoint; open_admissions: those that reach last_day.
    labs: every result (see timeline.labs); weights: body weight by day. tests_seen: (site or "",
    analyte) of all tests of the export. results, creatinines: kidney results (see timeline.kidney);
    dialysis: runs of days. flags: FLAG_COLUMNS. homes: site and prescriber of each patient's latest
    order. kept: what was worked out once and is asked for again.
    """

    as_of: int
    people: pl.DataFrame
    rows: pl.DataFrame
    lines: pl.DataFrame
    dosed: ByDrug
    evidence: ByDrug
    other: ByDrug
    twice: pl.DataFrame
    conditions: pl.DataFrame | None
    admissions: pl.DataFrame
    open_admissions: pl.DataFrame
    labs_supplied: bool
    labs: pl.DataFrame
    weights: pl.DataFrame
    tests_seen: frozenset[tuple[str, str]]
    results: pl.DataFrame
    creatinines: pl.DataFrame
    dialysis: pl.DataFrame
    flags: pl.DataFrame
    homes: pl.DataFrame
    kept: dict[object, pl.DataFrame] = field(default_factory=dict)
    conditions_kept: dict[object, Any] = field(default_factory=dict)

    def lines_of(self, drugs: DrugSet) -> pl.DataFrame:
        """Lines of the set that stand on at least one day, with converted doses."""
        if ("lines", drugs) not in self.kept:
            members = self._members(drugs)
            placed = members.filter(pl.col("from_day").is_not_null()).drop(OF_SUPPLY)
            self.kept["lines", drugs] = _converted(placed, drugs)
            self.kept["unplaced", drugs] = members.filter(pl.col("length").is_null())
        return self.kept["lines", drugs]

    def standing(self, drugs: DrugSet) -> pl.DataFrame:
        """Lines of the set on all days of their own, also those that another fill of the same
        supply run counts already: from_day and to_day are the line's own."""
        own = self._members(drugs).filter(pl.col("start_day") <= pl.col("end_day"))
        return own.with_columns(from_day="start_day", to_day="end_day")

    def unplaced(self, drugs: DrugSet) -> pl.DataFrame:
        """Used lines of the set that stand on no day because their length is unknown."""
        self.lines_of(drugs)
        return self.kept["unplaced", drugs]

    def steps(self, drugs: DrugSet, by: tuple[str, ...] = ("patient",)) -> pl.DataFrame:
        """The set's doses: by..., from_day, to_day, SUMS, over days that a line covers."""
        if (drugs, by) not in self.kept:
            other = _converted(self.other.of(drugs.ingredients).filter(member(drugs)), drugs)
            self.kept[drugs, by] = dose_steps(self.lines_of(drugs), other, list(by))
        return self.kept[drugs, by]

    def _members(self, drugs: DrugSet) -> pl.DataFrame:
        return self.dosed.of(drugs.ingredients).filter(member(drugs))

    def forget(self) -> None:
        """Give back the memory of what was kept; it is worked out again when asked for."""
        self.kept.clear()
        self.conditions_kept.clear()

    @property
    def ingredients(self) -> frozenset[str]:
        """Every ingredient that some line of the bucket has."""
        return frozenset(self.dosed.rows)


def _converted(lines: pl.DataFrame, drugs: DrugSet) -> pl.DataFrame:
    """Doses counted as those of one drug; a line without a factor has an unknown dose and
    `unconverted`."""
    if drugs.counted_as is None:
        return lines
    factors = pl.DataFrame(
        [(f.ingredient, f.track, f.number, f.per) for f in drugs.counted_as.factors],
        schema={"ingredient": pl.String, "track": pl.String, "_n": pl.Int64, "_d": pl.Int64},
        orient="row",
    )
    joined = lines.join(factors, on=["ingredient", "track"], how="left", maintain_order="left")

    def counted(dose: str) -> pl.Expr:
        return (2 * pl.col(dose) * pl.col("_n") + pl.col("_d")) // (2 * pl.col("_d"))

    doses = [c for c in ("low", "high", "likely_high") if c in lines.columns]
    joined = joined.with_columns(*(counted(c).alias(c) for c in doses))
    if "dose_unknown" in lines.columns:
        without = pl.col("_n").is_null()
        joined = joined.with_columns(
            dose_unknown=pl.col("dose_unknown") | without,
            uncertain=pl.col("uncertain") | without,
            unconverted=without,
        )
    else:
        joined = joined.filter(pl.col("_n").is_not_null())
    return joined.drop("_n", "_d")


def dose_steps(lines: pl.DataFrame, other: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Sum order lines day by day: by..., from_day, to_day, SUMS; only days that a line covers.

    sched_low, sched_high, prn_high, other_high, likely_high: micrograms a day (unknown doses add
    0); unknown: lines whose dose is unknown (unconverted: those of them without a factor);
    sched_unknown, sched_uncertain: scheduled lines whose dose is unknown, or uncertain; scheduled,
    as_needed: how many lines; given: lines of a known systemic track.
    """
    prn = pl.col("as_needed")
    high = pl.col("high").fill_null(0)
    zero = pl.lit(0, pl.Int64)
    taken = lines.select(
        *by,
        "from_day",
        "to_day",
        sched_low=pl.when(prn).then(zero).otherwise(pl.col("low").fill_null(0)),
        sched_high=pl.when(prn).then(zero).otherwise(high),
        prn_high=pl.when(prn).then(high).otherwise(zero),
        other_high=zero,
        unknown=pl.col("dose_unknown").cast(pl.Int64),
        sched_unknown=(~prn & pl.col("dose_unknown")).cast(pl.Int64),
        sched_uncertain=(~prn & pl.col("uncertain")).cast(pl.Int64),
        scheduled=(~prn).cast(pl.Int64),
        as_needed=prn.cast(pl.Int64),
        likely_high=pl.col("likely_high").fill_null(0),
        given=(pl.col("track") != "unknown").cast(pl.Int64),
        unconverted=(
            pl.col("unconverted").cast(pl.Int64) if "unconverted" in lines.columns else zero
        ),
    )
    more = other.select(
        *by, "from_day", "to_day",
        *(pl.col("high").alias(s) if s == "other_high" else zero.alias(s) for s in SUMS),
    )  # fmt: skip
    both = sweep(pl.concat([taken, more]), SUMS, by)
    return both.filter(pl.col("scheduled") + pl.col("as_needed") > 0).drop("covers")


def latest_orders(lines: pl.DataFrame) -> pl.DataFrame:
    """Site and prescriber of each patient's latest order: patient, site_id, prescriber_id."""
    ordered = lines.select("patient", "start", "row", "site_id", "prescriber_id").sort(
        "patient", "start", "row"
    )
    return ordered.unique("patient", keep="last", maintain_order=True).drop("start", "row")


def build(tables: Tables, as_of: dt.date) -> Timeline:
    """Work out one bucket. Raises nothing on odd data: what cannot be read becomes a flag."""
    people = people_of(tables, as_of)
    rows = classify(tables.prescriptions, people)
    supplied = tables.supplied.get("prescriptions")
    dosed = supplied is None or bool(supplied & {"dose_min", "sig", "quantity"})
    lines = _with_days(order_lines(rows, dose_supplied=dosed), rows)
    flags = [row_flags(rows), line_flags(lines)]
    standing = pl.col("raw_from") <= pl.col("raw_to")
    mapped = pl.col("ingredient").is_not_null()
    placed = place(lines.select(PLACED_BY).filter(mapped & standing & (pl.col("track") != "local")))
    own = ("start_day", "end_day", "run", "cut_strength", "cut_sig")
    days = placed.lines.select("line", "from_day", "to_day", *own)
    counted = lines.select("line").join(days, on="line", how="left", maintain_order="left")
    lines = lines.hstack(counted.drop("line")).with_columns(
        from_day=_local_days("from_day", "raw_from"), to_day=_local_days("to_day", "raw_to")
    )
    conditions = _conditions(tables, people)
    admissions, open_admissions = _admissions(tables, people)
    results, creatinines, lab_flags = kidney_results(tables, people)
    labs = lab_rows(tables, people)
    homes = latest_orders(lines)
    flags += [lab_flags, _implausible(lines, people)]
    if tables.patients is not None:
        taken = lines.select("patient", "from_day").filter(pl.col("from_day").is_not_null())
        flags.append(demographic_flags(people, taken))
    return Timeline(
        as_of=day_number(as_of), people=people, rows=rows, lines=lines,
        dosed=by_drug(lines.select(DOSED)), evidence=_evidence(lines), other=by_drug(placed.other),
        twice=placed.twice, conditions=conditions, admissions=admissions,
        open_admissions=open_admissions, labs_supplied=tables.labs is not None, labs=labs,
        weights=weight_steps(labs, people), results=results, creatinines=creatinines,
        tests_seen=tests_seen(labs, homes) if tables.tests_seen is None else tables.tests_seen,
        dialysis=dialysis_runs(conditions), homes=homes,
        flags=pl.concat([f.select(FLAG_COLUMNS) for f in flags]),
    )  # fmt: skip


def _evidence(lines: pl.DataFrame) -> ByDrug:
    """What a finding says of the orders behind it, with the days on which each may count."""
    placed = lines.filter(pl.col("raw_to").is_not_null() & pl.col("ingredient").is_not_null())
    until = pl.min_horizontal("raw_to", pl.col("cut_sig") - 1, "hard_to")
    return by_drug(
        placed.select(
            "patient", "ingredient", "track", "prescription_id", "source_ref", "how", "row",
            "prescriber_id", "site_id",
            begins=pl.min_horizontal("raw_from", "from_day"),
            ends=pl.max_horizontal(until, "to_day"),
            counted=pl.col("from_day").fill_null(pl.col("raw_from")),
        )
    )  # fmt: skip


def _local_days(counted: str, raw: str) -> pl.Expr:
    """Local lines take part in no lane: they stand on their raw days."""
    local = (pl.col("track") == "local") & (pl.col("raw_from") <= pl.col("raw_to"))
    return pl.when(local).then(pl.col(raw)).otherwise(pl.col(counted)).alias(counted)


def _with_days(lines: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """raw_from, raw_to (null: no length) after stop dates and explicit replacements.

    hard_to: the last day that these two allow, however much supply is left (null: no bound).
    """
    enders = (
        rows.filter((pl.col("row_class") == "used") & pl.col("replaces").is_not_null())
        .filter(pl.col("replaces").ne_missing(pl.col("prescription_id")))
        .group_by("patient", prescription_id=pl.col("replaces"))
        .agg(replaced_on=pl.col("start").min())
    )
    # A record may give several rows (a morning and an evening dose); all of them are replaced.
    ended = (
        rows.filter(pl.col("row_class") == "used")
        .join(enders, on=["patient", "prescription_id"])
        .group_by("patient", "source_ref")
        .agg(pl.col("replaced_on").min())
    )
    keys = ["patient", "source_ref"]
    which = lines.select(keys).join(ended, on=keys, how="left", maintain_order="left")
    joined = lines.hstack([which["replaced_on"]])
    natural = pl.col("start") + pl.col("length") - 1
    hard = pl.min_horizontal(pl.col("stop") - 1, pl.col("replaced_on") - 1)
    return joined.with_columns(
        raw_from=pl.col("start"),
        raw_to=pl.when(pl.col("length").is_not_null()).then(pl.min_horizontal(natural, hard)),
        hard_to=hard,
    )


def _conditions(tables: Tables, people: pl.DataFrame) -> pl.DataFrame | None:
    if tables.conditions is None:
        return None
    return tables.conditions.join(people.select("patient", "patient_id"), on="patient_id").select(
        "patient",
        name=pl.col("condition").str.strip_chars().str.to_lowercase(),
        from_day=day("start_date").fill_null(-FAR),
        to_day=day("end_date").fill_null(FAR),
    )


def _admissions(tables: Tables, people: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Disjoint admitted days up to each patient's last day, and those still open on it."""
    empty = pl.DataFrame(
        schema={"patient": pl.UInt32(), "from_day": pl.Int64(), "to_day": pl.Int64()}
    )
    if tables.admissions is None or tables.admissions.is_empty():
        return empty, empty
    stays = (
        tables.admissions.join(people.select("patient", "patient_id", "last_day"), on="patient_id")
        .select(
            "patient", "last_day", from_day=day("start_date"),
            to_day=pl.min_horizontal(day("end_date").fill_null(FAR), "last_day"),
        )
        .filter(pl.col("from_day") <= pl.col("to_day"))
    )  # fmt: skip
    merged = stretches(stays, ["patient"])
    ends = people.select("patient", "last_day")
    still = merged.join(ends, on="patient").filter(pl.col("to_day") >= pl.col("last_day"))
    return merged, still.drop("last_day")


def _implausible(lines: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """`implausible-dose`: the first day of every run above the drug's plausible maximum."""
    by_mouth = lines.filter(
        (pl.col("track") == "by mouth")
        & pl.col("implausible_above_ug").is_not_null()
        & pl.col("from_day").is_not_null()
    )
    most = by_mouth.select("ingredient", "implausible_above_ug").unique()
    steps = dose_steps(by_mouth, NO_OTHER, ["patient", "ingredient"]).join(most, on="ingredient")
    above = steps.filter(pl.col("likely_high") > pl.col("implausible_above_ug"))
    runs = stretches(above, ["patient", "ingredient"]).join(
        people.select("patient", "last_day"), on="patient"
    )
    return runs.filter(pl.col("from_day") <= pl.col("last_day")).select(
        "patient", day="from_day", flag=pl.lit("implausible-dose"), ref=pl.lit(None, pl.String),
        detail=pl.col("ingredient") + ": daily dose beyond the plausible range",
    )  # fmt: skip
