"""A run beside the one before it: the state of each finding, and what is no longer found.

Compared only where both runs looked: rules of the same fingerprint that ran whole in both, and
sites that sent orders to both. A finding that was there before continues even where its rule
changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from screener.history.spans import named, numbered
from screener.outputs.earlier import NO_LONGER_FOUND
from screener.rule.model import SEVERITIES

STATES = ("new", "worsened", "continuing", "reopened", "not_compared")
GONE = "no_longer_found"
_RANKS = {name: place for place, name in enumerate(SEVERITIES)}


@dataclass(frozen=True, slots=True)
class Looked:
    """What one run looked at: rule id -> fingerprint of the rules that ran whole; its sites."""

    rules: Mapping[str, str]
    sites: frozenset[str]

    def at(self, rule: str, site: str) -> pl.Expr:
        """Of rows with these columns: whether the run asked that rule of that site. Orders without
        a site are looked at by every run."""
        here = pl.col(site).is_in([*self.sites, ""])
        return pl.col(rule).is_in(list(self.rules)) & here


@dataclass(frozen=True, slots=True)
class Before:
    """The run before: what it looked at, and SPANS of what stood after it and had ended by then."""

    run_id: str
    day: int
    looked: Looked
    stood: pl.DataFrame
    ended: pl.DataFrame


def compared(now: Looked, before: Looked) -> Looked:
    """What both looked at."""
    same = {rule: mark for rule, mark in now.rules.items() if before.rules.get(rule) == mark}
    return Looked(same, now.sites & before.sites)


def with_states(findings: pl.DataFrame, now: Looked, before: Before, day: int) -> pl.DataFrame:
    """Findings with `state` and `first_seen`.

    worsened: more severe than in the run before, or as severe and definite where it was possible.
    reopened: known earlier and not found by the run before.
    """
    keys = findings.select(
        finding=numbered(),
        severity=pl.col("severity").replace_strict(_RANKS, return_dtype=pl.Int64),
        definite=(pl.col("certainty") == "definite").cast(pl.Int64),
        rule="rule_id",
        site=pl.col("site_id").fill_null(""),
    )
    stood = before.stood.select("finding", was="severity", sure="definite", since="first_seen")
    ended = before.ended.select("finding", once="first_seen")
    rows = keys.join(stood, on="finding", how="left", maintain_order="left").join(
        ended, on="finding", how="left", maintain_order="left"
    )
    worse = (pl.col("severity") > pl.col("was")) | (
        (pl.col("severity") == pl.col("was")) & (pl.col("definite") > pl.col("sure"))
    )
    state = (
        pl.when(worse).then(pl.lit("worsened"))
        .when(pl.col("was").is_not_null()).then(pl.lit("continuing"))
        .when(~compared(now, before.looked).at("rule", "site")).then(pl.lit("not_compared"))
        .when(pl.col("once").is_not_null()).then(pl.lit("reopened"))
        .otherwise(pl.lit("new"))
    )  # fmt: skip
    told = rows.select(
        state=state,
        first_seen=pl.min_horizontal("since", "once", pl.lit(day)).cast(pl.Int32).cast(pl.Date),
    )
    return findings.with_columns(told["state"], told["first_seen"])


def no_longer_found(found: pl.Series, now: Looked, before: Before) -> pl.DataFrame:
    """NO_LONGER_FOUND, by rule and id. found: `numbered` ids of all findings of the run."""
    gone = before.stood.filter(
        compared(now, before.looked).at("rule", "site") & ~pl.col("finding").is_in(found.implode())
    )
    names = pl.Series(SEVERITIES, dtype=pl.String)
    rows = gone.select(
        named(gone["finding"]),
        rule_id="rule",
        severity=pl.lit(names).gather(pl.col("severity")) if gone.height else pl.lit(""),
        site_id=pl.when(pl.col("site") != "").then("site"),
        first_seen=pl.col("first_seen").cast(pl.Int32).cast(pl.Date),
        last_seen=pl.lit(before.day, pl.Int32).cast(pl.Date),
        last_run_id=pl.lit(before.run_id),
    )
    typed = rows.select(pl.col(name).cast(dtype) for name, dtype in NO_LONGER_FOUND.items())
    return typed.sort("rule_id", "finding_id")


def card(
    findings: pl.LazyFrame,
    gone: pl.DataFrame,
    asked: Looked,
    before: Before | None,
    why: str | None,
) -> dict[str, Any]:
    """What run.json says under `compared`; waived findings are in no state's count."""
    by = findings.group_by("rule_id", "state", "severity").len().collect()
    lost = gone.group_by("rule_id").len()
    by_rule: dict[str, dict[str, int]] = {}
    for rule, state, n in by.group_by("rule_id", "state").agg(pl.col("len").sum()).iter_rows():
        if state in STATES:
            by_rule.setdefault(rule, dict.fromkeys((*STATES, GONE), 0))[state] = n
    for rule, n in lost.iter_rows():
        by_rule.setdefault(rule, dict.fromkeys((*STATES, GONE), 0))[GONE] = n
    total = {name: sum(one[name] for one in by_rule.values()) for name in (*STATES, GONE)}
    new = by.filter(pl.col("state") == "new").group_by("severity").agg(pl.col("len").sum())
    new_by_severity = dict(new.iter_rows())
    both = compared(asked, before.looked) if before else Looked({}, frozenset())
    return {
        "previous_run": before.run_id if before else None,
        "previous_as_of": _date(before.day) if before else None,
        "why_not": why,
        "rules": sorted(both.rules),
        "rules_not": _rules_not(asked, before, both),
        "sites_not": _sites_not(asked, before),
        "states": total,
        "by_rule": dict(sorted(by_rule.items())),
        "new_by_severity": {name: new_by_severity.get(name, 0) for name in SEVERITIES},
    }


def _rules_not(now: Looked, before: Before | None, both: Looked) -> list[dict[str, str]]:
    if before is None:
        return []
    was = before.looked.rules
    whys = {rule: "changed" if rule in was else "did not run before" for rule in now.rules}
    whys |= {rule: "did not run now" for rule in was if rule not in now.rules}
    return [{"rule": r, "why": why} for r, why in sorted(whys.items()) if r not in both.rules]


def _sites_not(now: Looked, before: Before | None) -> list[dict[str, str]]:
    if before is None:
        return []
    was = before.looked.sites
    whys = dict.fromkeys(now.sites - was, "sent no order before")
    whys |= dict.fromkeys(was - now.sites, "sent no order now")
    return [{"site": site, "why": why} for site, why in sorted(whys.items())]


def _date(day: int) -> str:
    text: str = pl.select(pl.lit(day, pl.Int32).cast(pl.Date).cast(pl.String)).item()
    return text
