"""The orders behind findings: ids, references, arithmetic, and who ordered the first day."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from screener.checks import CHECKS
from screener.checks.clauses import conditions_in
from screener.checks.judge import alternatives_of
from screener.rule.model import Clause, Rule, Taking
from screener.rule.values import DrugSet
from screener.timeline import Timeline

ORDERS_SHOWN = 12  # derivations of orders written out in one finding
OF_LINE = ("prescription_id", "source_ref", "how", "prescriber_id", "site_id")


def orders_behind(timeline: Timeline, rules: list[Rule], runs: pl.DataFrame) -> pl.DataFrame:
    """Per finding: finding, prescription_ids, source_refs, drugs, orders_how, prescriber_id and
    site_id.

    runs: finding, rule (place in `rules`), patient, subject, from_day, to_day, look_from, sources.
    Texts are fetched last, for the orders that count.
    """
    asked_of = [(rules[at], pl.lit(at, pl.UInt32)) for at in runs["rule"].unique()]
    roles = pl.concat([roles_of(rule).with_columns(rule=at) for rule, at in asked_of])
    lines = timeline.evidence.of(roles["ingredient"].unique()).with_row_index("at")
    asked = runs.select("finding", "rule", "patient", "subject", "from_day", "to_day", "look_from",
                        source="sources").explode("source")  # fmt: skip
    met = (
        asked.join(lines.drop(OF_LINE), on="patient")
        .filter((pl.col("begins") <= pl.col("to_day")) & (pl.col("ends") >= pl.col("look_from")))
        .join(roles, on=["rule", "source", "ingredient"])
        .filter(
            pl.col("tracks").list.contains(pl.col("track"))
            & ((pl.col("ingredient") == pl.col("subject"))
               | ~pl.col("by_subject")
               | ~pl.col("members").list.contains(pl.col("subject")))
        )
        .select("finding", "row", "ingredient", "from_day", "begins", "counted", "at")
        .unique(["finding", "row", "ingredient"], keep="first", maintain_order=True)
        .sort("finding", "begins", "row")
    )  # fmt: skip
    met = met.hstack(lines.select(OF_LINE)[met["at"]])
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
