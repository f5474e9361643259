"""From judged runs to rows of findings, outcomes and not_assessed: words, orders, identity."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import polars as pl

from screener.checks import CHECKS
from screener.checks.clauses import conditions_in
from screener.checks.grounds import grounds
from screener.checks.judge import Judged, alternatives_of
from screener.checks.pieces import subject_of
from screener.findings import FINDINGS, NOT_ASSESSED, finding_id
from screener.rule.model import SEVERITIES, Clause, Rule, Taking
from screener.rule.values import DrugSet
from screener.timeline import Timeline

RECENT = 30  # days for which an event stays active
ORDERS_SHOWN = 12  # derivations of orders written out in one finding
ON_DIALYSIS = "on dialysis"  # what the kidney check says instead of a value
PLACE = re.compile(r"\{(\w+)\}")


def findings_of(timeline: Timeline, rule: Rule, judged: Judged) -> pl.DataFrame:
    """Rows of `findings.FINDINGS` for one rule, sorted by patient, subject and date."""
    if judged.runs.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    runs = judged.runs.with_row_index("finding")
    people = timeline.people.select("patient", "patient_id", "last_day")
    runs = runs.join(people, on="patient", how="left", maintain_order="left", validate="m:1")
    runs = runs.join(_orders_behind(timeline, rule, runs), on="finding", how="left",
                     maintain_order="left")  # fmt: skip
    said = grounds(timeline, rule, runs)
    runs = runs.join(said, on="finding", how="left", maintain_order="left")
    near = pl.col("last_day") - RECENT
    active = (
        pl.when("event")
        .then(pl.col("to_day") >= near)
        .otherwise(pl.col("to_day") >= pl.col("last_day"))
    )
    runs = runs.with_columns(
        date=pl.from_epoch("from_day", time_unit="d"),
        end_date=pl.from_epoch("to_day", time_unit="d"),
        active=active,
        severity=pl.col("level").replace_strict(
            dict(enumerate(SEVERITIES)), return_dtype=pl.String
        ),
        certainty=pl.when("definite").then(pl.lit("definite")).otherwise(pl.lit("possible")),
        rule_id=pl.lit(rule.id),
        rule_version=pl.lit(rule.version),
        rule_fingerprint=pl.lit(rule.fingerprint),
        derivation=pl.concat_str(
            "how", "grounds", "orders_how", separator=" | ", ignore_nulls=True
        ),
        lab_refs=pl.concat_list("lab_ref", pl.col("ground_refs").fill_null([]))
        .list.drop_nulls()
        .list.unique(maintain_order=True),
        state=pl.lit("new"),
    ).with_columns(message=_message(rule))
    ids = [
        finding_id(patient, rule.id, subject, str(day))
        for patient, subject, day in runs.select("patient_id", "subject", "date").iter_rows()
    ]
    return runs.with_columns(finding_id=pl.Series(ids, dtype=pl.String)).select(
        pl.col(c).cast(t) for c, t in FINDINGS.items()
    )


def _orders_behind(timeline: Timeline, rule: Rule, runs: pl.DataFrame) -> pl.DataFrame:
    """Per finding: ids, references and derivations of its orders, and who ordered the first day."""
    roles = roles_of(rule)
    lines = timeline.evidence.of(roles["ingredient"].unique())
    met = (
        runs.select("finding", "patient", "subject", "from_day", "to_day", "look_from", "sources")
        .explode("sources")
        .join(lines, on="patient")
        .filter(
            (pl.col("begins") <= pl.col("to_day")) & (pl.col("ends") >= pl.col("look_from"))
        )
        .join(roles, left_on=["sources", "ingredient"], right_on=["source", "ingredient"])
        .filter(
            pl.col("tracks").list.contains(pl.col("track"))
            & ((pl.col("ingredient") == pl.col("subject"))
               | ~pl.col("by_subject")
               | ~pl.col("members").list.contains(pl.col("subject")))
        )
        .unique(["finding", "row", "ingredient"], keep="first", maintain_order=True)
        .sort("finding", "begins", "row")
    )  # fmt: skip
    started = pl.col("counted") <= pl.col("from_day")
    last = pl.when(started).then("counted").max().over("finding")
    met = met.with_columns(_first_day=(pl.col("counted") == last).fill_null(value=False))
    several = pl.col("ingredient").n_unique().over("finding") > 1
    named = pl.when(several).then(pl.col("ingredient") + " ").otherwise(pl.lit(""))
    words = pl.col("prescription_id") + ": " + named + pl.col("how")
    return (
        met.group_by("finding", maintain_order=True)
        .agg(
            prescription_ids=pl.col("prescription_id").unique(maintain_order=True),
            source_refs=pl.col("source_ref").unique(maintain_order=True),
            drugs=pl.col("ingredient").unique().sort().str.join(", "),
            orders_how=words.unique(maintain_order=True).head(ORDERS_SHOWN).str.join("; "),
            more=(words.n_unique().cast(pl.Int64) - ORDERS_SHOWN),
            prescriber_id=pl.col("prescriber_id").filter(pl.col("_first_day")).last(),
            site_id=pl.col("site_id").filter(pl.col("_first_day")).last(),
        )
        .with_columns(
            orders_how=pl.when(pl.col("more") > 0)
            .then(pl.col("orders_how") + "; and " + pl.col("more").cast(pl.String) + " more orders")
            .otherwise("orders_how")
        )
    )


ROLES = {
    "source": pl.Int64(), "ingredient": pl.String(), "tracks": pl.List(pl.String()),
    "by_subject": pl.Boolean(), "members": pl.List(pl.String()),
}  # fmt: skip


def roles_of(rule: Rule) -> pl.DataFrame:
    """Whose orders stand behind a finding, by alternative of the rule: source, ingredient, tracks.

    by_subject: only the finding's subject of `members`, if it is one of them.
    """
    return _roles(rule.flag_when)


@lru_cache(maxsize=1024)
def _roles(clause: Clause) -> pl.DataFrame:
    rows: list[tuple[int, str, list[str], bool, list[str]]] = []
    for source, part in enumerate(alternatives_of(clause)):
        leading = set(part.leading)
        for use in part.uses:
            check = CHECKS[use.check]
            sets = [(check.drugs(use.params), use in leading)]
            sets += [(partner, True) for partner in check.partners(use.params)]
            rows += [row for s, by_subject in sets for row in _role(source, s, by_subject)]
        for condition in conditions_in(part):
            if isinstance(condition, Taking):
                rows += _role(source, condition.drugs, by_subject=False)
    return pl.DataFrame(rows, schema=ROLES, orient="row")


def _role(
    source: int, drugs: DrugSet, by_subject: bool
) -> list[tuple[int, str, list[str], bool, list[str]]]:
    members, tracks = sorted(drugs.ingredients), sorted(drugs.tracks)
    return [(source, name, tracks, by_subject, members) for name in members]


def _message(rule: Rule) -> pl.Expr:
    """The rule's own sentence with its placeholders filled, or one made of what was found."""
    template = rule.message or "{title}{amount}, {span}."
    parts = []
    for i, text in enumerate(PLACE.split(template)):
        if i % 2 == 0:
            if text:
                parts.append(pl.lit(text))
        else:
            parts.append(PLACES[text](rule))
    return pl.concat_str(parts)


def _days() -> pl.Expr:
    return pl.col("to_day") - pl.col("from_day") + 1


def _amount() -> pl.Expr:
    """ ": 90 mg/day (limit 80)", and the like; nothing where there is no number."""
    unit = pl.col("unit").fill_null("")
    value, limit = _figure("value"), _figure("limit")
    return (
        pl.when(pl.col("value").is_null())
        .then(pl.when(pl.col("how") == ON_DIALYSIS).then(pl.lit(f": {ON_DIALYSIS}"))
              .otherwise(pl.lit("")))
        .when(pl.col("unit") == "mL/min")
        .then(": creatinine clearance " + value + " " + unit + " (limit " + limit + ")")
        .when(pl.col("unit").str.starts_with("mL/min/"))
        .then(": eGFR " + value + " " + unit + " (below " + limit + ")")
        .when(pl.col("limit").is_null()).then(": " + value + " " + unit)
        .otherwise(": " + value + " " + unit + " (limit " + limit + ")")
    )  # fmt: skip


def _span() -> pl.Expr:
    first, last, days = _date("from_day"), _date("to_day"), _days()
    return (
        pl.when(days == 1).then("on " + first)
        .otherwise("for " + days.cast(pl.String) + " days (" + first + " to " + last + ")")
    )  # fmt: skip


def _title(rule: Rule) -> pl.Expr:
    """The title, with the subject where it does not say which drug the finding is about."""
    own = [CHECKS[use.check].drugs(use.params) for use in rule.flag_when.leading]
    partners = [s for use in rule.uses for s in CHECKS[use.check].partners(use.params)]
    whole = sorted({subject_of(s) for s in own} | {s.text for s in [*own, *partners]})
    named = pl.lit(rule.title) + ": " + pl.col("subject")
    if len({subject_of(s) for s in own}) > 1:
        return named
    return pl.when(pl.col("subject").is_in(whole)).then(pl.lit(rule.title)).otherwise(named)


def _date(column: str) -> pl.Expr:
    """14 Sep 2026."""
    return pl.from_epoch(column, time_unit="d").dt.strftime("%-d %b %Y")


def _figure(column: str) -> pl.Expr:
    """A number without trailing zeros: 80.01, 60, 0.125; a kidney function with one decimal."""
    kidney = pl.col("unit").str.starts_with("mL/min").fill_null(value=False)
    number = pl.when(kidney).then(pl.col(column).round(1)).otherwise(pl.col(column).round(3))
    return number.cast(pl.String).str.replace(r"\.0$", "").fill_null("")


PLACES: dict[str, Callable[[Rule], pl.Expr]] = {
    "subject": lambda _: pl.col("subject"),
    "drugs": lambda _: pl.col("drugs").fill_null(pl.col("subject")),
    "value": lambda _: _figure("value"),
    "limit": lambda _: _figure("limit"),
    "unit": lambda _: pl.col("unit").fill_null(""),
    "date": lambda _: _date("from_day"),
    "days": lambda _: _days().cast(pl.String),
    "severity": lambda _: pl.col("severity"),
    "title": _title,
    "amount": lambda _: _amount(),
    "span": lambda _: _span(),
}


def not_assessed_of(timeline: Timeline, rule: Rule, judged: Judged) -> pl.DataFrame:
    """Rows of `findings.NOT_ASSESSED` for one rule: patient, reason, first day."""
    return (
        judged.unknown.join(timeline.people.select("patient", "patient_id"), on="patient")
        .select(
            "patient_id",
            rule_id=pl.lit(rule.id),
            reason="reason",
            from_date=pl.from_epoch("from_day", time_unit="d"),
        )
        .select(pl.col(c).cast(t) for c, t in NOT_ASSESSED.items())
        .sort("patient_id", "reason")
    )


def stacked(frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Frames under one another, an empty one of the schema if there are none."""
    return pl.concat([pl.DataFrame(schema=schema), *frames])
