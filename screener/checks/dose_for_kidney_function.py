"""dose_for_kidney_function: the dose is too high for the kidney function of the day.

The latest result on or before the day counts while it is good; recorded dialysis overrides it.
No result is never normal: it is not assessed, and flagged once. Values are compared unrounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.checks.conditions import kidney_steps
from screener.checks.histories import BY_DRUG
from screener.checks.pieces import in_unit, result, unit_words
from screener.checks.spec import Check, CheckResult, param
from screener.rule.values import DailyAmount, DrugSet
from screener.timeline import Timeline
from screener.timeline.days import birthday, day
from screener.timeline.runs import at_start, cut_at, edges_of
from screener.timeline.words import days_words, with_commas

CLOSE = 1  # a result so near to a bound is said to be near; laboratories print whole numbers


@dataclass(frozen=True, slots=True)
class Band:
    """One band: eGFR in mL/min/1.73 m2 (or clearance in mL/min), age in completed years, dose.

    With no dose bound, any dose breaks the rule. `or_on_dialysis` lets recorded dialysis count
    as this band, and dialysis overrides every result.
    """

    severity: str
    from_: float | None = None
    below: float | None = None
    above: float | None = None
    at_most: float | None = None
    or_on_dialysis: bool = False
    age_at_least: int | None = None
    age_below: int | None = None
    dose_at_least: DailyAmount | None = None
    dose_more_than: DailyAmount | None = None
    dose_less_than: DailyAmount | None = None


@dataclass(frozen=True, slots=True)
class DoseForKidneyFunction:
    """Parameters of `dose_for_kidney_function`."""

    of: DrugSet = param("drugs", "the drug whose dose depends on kidney function")
    bands: tuple[Band, ...] = param("bands", "kidney function, age and dose that break the rule")
    estimate: str = param(
        "choice",
        "which estimate",
        default="egfr_ckd_epi_2021",
        choices=("egfr_ckd_epi_2021", "creatinine_clearance"),
    )
    result_good_for: int = param("days", "how long a result counts", default=365)
    one_finding_per: str = param(
        "choice", "the set together, or each drug alone", default="set", choices=("set", "drug")
    )


def find(timeline: Timeline, params: DoseForKidneyFunction) -> CheckResult:
    """Days that break a band; value = eGFR (or clearance), severity = the band's."""
    by = BY_DRUG if params.one_finding_per == "drug" else ("patient",)
    steps = timeline.steps(params.of, by)
    if not timeline.labs_supplied and timeline.conditions is None:
        unknown = steps.with_columns(reason=pl.lit("labs-not-supplied"))
        return result(timeline, params.of, [], [unknown])
    days = _kidney_days(timeline, steps, params).with_columns(
        low="sched_low", high=pl.col("sched_high") + pl.col("prn_high"),
        doubt=~pl.col("on_dialysis") & pl.col("open_above").fill_null(value=False),
    )  # fmt: skip
    if params.one_finding_per == "drug":
        days = days.with_columns(subject="ingredient")
    unit = "mL/min" if params.estimate == "creatinine_clearance" else "mL/min/1.73 m2"
    pieces = pl.concat([_broken(days, band, unit) for band in params.bands], how="diagonal")
    none = "no-recent-kidney-test" if timeline.labs_supplied else "labs-not-supplied"
    reason = (
        pl.when(pl.col("on_dialysis") | pl.col("egfr").is_not_null())
        .then(_dose_needed(params.bands))
        .when(pl.col("tested").is_not_null()).then("reason")
        .otherwise(pl.lit(none))
    )  # fmt: skip
    unknown = days.with_columns(reason=reason).filter(pl.col("reason").is_not_null())
    untested = unknown.filter(pl.col("reason") == "no-recent-kidney-test").with_columns(
        flag=pl.lit("no-recent-kidney-test"),
        detail=pl.lit(f"no kidney result in the {params.result_good_for} days up to a covered day"),
    )
    return result(timeline, params.of, [pieces], [unknown], [untested])


def _kidney_days(
    timeline: Timeline, steps: pl.DataFrame, params: DoseForKidneyFunction
) -> pl.DataFrame:
    """Doses cut wherever a result, dialysis or a birthday of a band begins or ends.

    Adds egfr (or clearance), open_above, how, ref, tested, reason, on_dialysis, turns_<age>.
    """
    results = kidney_steps(timeline, params.estimate, params.result_good_for)
    ages = sorted({a for b in params.bands for a in (b.age_at_least, b.age_below) if a})
    people = timeline.people
    birthdays = [
        people.select("patient", day=day(birthday("birth_date", age))).drop_nulls() for age in ages
    ]
    edges = pl.concat([edges_of(results), edges_of(timeline.dialysis), *birthdays])
    cut = cut_at(steps, edges)
    known = at_start(cut, results, ["egfr", "open_above", "how", "ref", "tested", "reason"])
    known = at_start(known, timeline.dialysis.with_columns(on_dialysis=True), ["on_dialysis"])
    born = people.select("patient", *(
        day(birthday("birth_date", age)).alias(f"turns_{age}") for age in ages
    ))  # fmt: skip
    return known.with_columns(pl.col("on_dialysis").fill_null(value=False)).join(
        born, on="patient", how="left", maintain_order="left"
    )


def _matches(band: Band) -> pl.Expr:
    egfr = pl.col("egfr")
    inside = pl.lit(value=True)
    if band.from_ is not None:
        inside = inside & (egfr >= band.from_)
    if band.above is not None:
        inside = inside & (egfr > band.above)
    if band.below is not None:
        inside = inside & (egfr < band.below)
    if band.at_most is not None:
        inside = inside & (egfr <= band.at_most)
    kidney = pl.when(pl.col("on_dialysis")).then(band.or_on_dialysis).otherwise(inside)
    age = pl.lit(value=True)
    if band.age_at_least:
        age = age & (pl.col("from_day") >= pl.col(f"turns_{band.age_at_least}"))
    if band.age_below:
        age = age & (pl.col("from_day") < pl.col(f"turns_{band.age_below}")).fill_null(value=True)
    return (kidney & age).fill_null(value=False)


def _dose_breaks(band: Band, column: str) -> pl.Expr:
    dose = pl.col(column)
    if not (band.dose_at_least or band.dose_more_than or band.dose_less_than):
        return (dose > 0) | (pl.col("unknown") > 0) if column == "high" else dose > 0
    broken = dose > 0
    if band.dose_at_least:
        broken = broken & (dose >= band.dose_at_least.ug)
    if band.dose_more_than:
        broken = broken & (dose > band.dose_more_than.ug)
    if band.dose_less_than:
        broken = broken & (dose < band.dose_less_than.ug)
    return broken


def _broken(days: pl.DataFrame, band: Band, unit: str) -> pl.DataFrame:
    low, high = _dose_breaks(band, "low"), _dose_breaks(band, "high")
    definite = low & ~pl.col("doubt")
    words = pl.when(pl.col("on_dialysis")).then(pl.lit("on dialysis")).otherwise(pl.col("how"))
    tested = pl.from_epoch("tested", time_unit="d").dt.strftime("%-d %b %Y")
    return (
        days.filter(_matches(band) & (low | high))
        .with_columns(definite=definite)
        .with_columns(
            steps_down=pl.when(definite).then(0).otherwise(1),
            severity=pl.lit(band.severity),
            value=pl.when(~pl.col("on_dialysis")).then("egfr"),
            badness=-pl.when(pl.col("on_dialysis")).then(-1.0).otherwise("egfr"),
            limit=pl.lit(_bound(band), dtype=pl.Float64),
            unit=pl.lit(unit),
            lab_ref=pl.when(~pl.col("on_dialysis")).then("ref"),
            how=words
            + pl.when(pl.col("on_dialysis"))
            .then(pl.lit(""))
            .otherwise(
                ": "
                + pl.col("egfr").round(1).cast(pl.String)
                + " on "
                + tested
                + ", "
                + _before(pl.col("from_day") - pl.col("tested"))
            )
            + _dose_words(band),
        )
    )


def _before(days: pl.Expr) -> pl.Expr:
    return pl.when(days == 0).then(pl.lit("the same day")).otherwise(days_words(days) + " before")


def _dose_words(band: Band) -> pl.Expr:
    """The day's dose, where the band limits it: `, at 1800 mg/day (more than 1400 mg/day)`."""
    bounds = (
        ("at least", band.dose_at_least),
        ("more than", band.dose_more_than),
        ("less than", band.dose_less_than),
    )
    said = [(side, amount) for side, amount in bounds if amount is not None]
    if not said:
        return pl.lit("")
    dose = in_unit(pl.when("definite").then("low").otherwise("high"), said[0][1].text)
    number = with_commas(dose.round(3).cast(pl.String).str.replace(r"\.0$", ""))
    limits = " and ".join(f"{side} {amount.text}" for side, amount in said)
    return ", at " + number + f" {unit_words(said[0][1].text)} ({limits})"


def _bound(band: Band) -> float | None:
    """The bound that a message names: the upper one, else the lower one."""
    bounds = (band.below, band.at_most, band.above, band.from_)
    return next((bound for bound in bounds if bound is not None), None)


def _dose_needed(bands: tuple[Band, ...]) -> pl.Expr:
    """`dose-unknown` on days whose band needs a dose that cannot be read, and that no band breaks.

    The known part of the dose may rule a band out: 80 mg is not below 20 mg.
    """
    limited = [b for b in bands if b.dose_at_least or b.dose_more_than or b.dose_less_than]
    open_ = [
        _matches(b) & (pl.col("low") < b.dose_less_than.ug) if b.dose_less_than else _matches(b)
        for b in limited
    ]
    broken = [_matches(b) & (_dose_breaks(b, "low") | _dose_breaks(b, "high")) for b in bands]
    needs = (pl.col("unknown") > 0) & pl.any_horizontal(pl.lit(value=False), *open_)
    return pl.when(needs & ~pl.any_horizontal(*broken)).then(pl.lit("dose-unknown"))


CHECK = Check(
    "dose_for_kidney_function", DoseForKidneyFunction, find, lambda p: p.of,
    "a dose against kidney function",
)  # fmt: skip
