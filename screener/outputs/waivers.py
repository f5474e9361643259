"""A site's changes in the results: which findings are waived, and what run.json says of it all.

Waived findings stay in every table; run.json names no patient of a waiver, only its line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from screener.outputs.facts import counted
from screener.outputs.tables import Table
from screener.rule.site_entries import Waiver
from screener.rule.sites import SiteRules

WAIVED = "waived"  # the state of a finding
COLUMNS = {
    "patient": "patient_id",
    "prescriber": "prescriber_id",
    "site": "site_id",
    "finding": "finding_id",
}


def waive(
    findings: pl.DataFrame, waivers: Iterable[Waiver], as_of: dt.date
) -> tuple[pl.DataFrame, dict[int, int]]:
    """Findings with the state of those waived, and waiver line -> how many it waives.

    A waiver fits a finding when its rule and all that it names are those of the finding; after
    its last day it fits none. A finding may be waived by several.
    """
    lasting = [one for one in waivers if as_of <= one.until]
    fits = pl.concat(
        [
            pl.DataFrame(schema={"finding_id": pl.String, "line": pl.Int64}),
            *(
                _fits(findings, [w for w in lasting if tuple(w.named) == named], named)
                for named in sorted({tuple(one.named) for one in lasting})
            ),
        ]
    )
    waived = fits.select("finding_id", _waived=pl.lit(value=True)).unique()
    marked = findings.join(waived, on="finding_id", how="left", maintain_order="left")
    state = pl.when("_waived").then(pl.lit(WAIVED)).otherwise("state")
    counts = dict(fits.group_by("line").len().iter_rows())
    return marked.with_columns(state=state).drop("_waived"), counts


def _fits(findings: pl.DataFrame, waivers: list[Waiver], named: tuple[str, ...]) -> pl.DataFrame:
    """finding_id, line: the findings of waivers that all name the same things."""
    columns = ["rule_id", *(COLUMNS[name] for name in named)]
    rows = [
        (rule, *(one.named[name] for name in named), one.line)
        for one in waivers
        for rule in dict.fromkeys(one.rules)
    ]
    schema = dict.fromkeys(columns, pl.String()) | {"line": pl.Int64()}
    wanted = pl.DataFrame(rows, schema=schema, orient="row")
    of_finding = findings.select(*dict.fromkeys((*columns, "finding_id")))
    return of_finding.join(wanted, on=columns).select("finding_id", "line")


def marking(
    site: SiteRules | None,
    as_of: dt.date,
    found: list[dict[int, int]],
    first: Callable[[pl.DataFrame], pl.DataFrame],
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """What marks the waived ones among some findings, after `first`, and adds to `found` what
    `waive` counts."""

    def mark(findings: pl.DataFrame) -> pl.DataFrame:
        findings = first(findings)
        if site is None:
            return findings
        marked, counts = waive(findings, site.waivers, as_of)
        found.append(counts)
        return marked

    return mark


def applied(
    site: SiteRules, run: Mapping[str, Any], found: Sequence[dict[int, int]]
) -> dict[str, Any]:
    """What run.json says of the site file, once `marking` has seen every finding."""
    as_of = dt.date.fromisoformat(run["as_of"])
    asked = [card["id"] for card in run["rules"] if card["asked"]]
    return site_card(site, as_of, asked, counted(list(found)))


def counts_of(run: Mapping[str, Any], findings: Table) -> dict[str, Any]:
    """How many findings are waived, and of each severity; nothing in a run without site file."""
    if "site_rules" not in run:
        return {}
    waived = findings.lazy().filter(pl.col("state") == WAIVED)
    by_severity = dict(waived.group_by("severity").len().sort("severity").collect().iter_rows())
    return {"waived": sum(by_severity.values()), "waived_by_severity": by_severity}


def site_card(
    site: SiteRules,
    as_of: dt.date,
    asked: Iterable[str],
    waived: Mapping[int, int] | None = None,
) -> dict[str, Any]:
    """What run.json says of the site file. `waived`: waiver line -> findings, once known."""
    ran = frozenset(asked)
    return {
        "site_rules": site.id,
        "title": site.title,
        "file": site.file,
        "sha256": site.sha256,
        "adjustments": [
            {
                "rule": one.rule,
                "parameter": one.parameter,
                "place": ".".join(one.place),
                "was": one.was,
                "now": one.now,
                "because": one.because,
                "by": one.by,
                "until": one.until.isoformat(),
                "line": one.mark.line,
                "state": "in force" if as_of <= one.until else "expired",
            }
            for one in site.adjustments
        ],
        "waivers": [_waiver_card(one, as_of, ran, waived) for one in site.waivers],
    }


def _waiver_card(
    one: Waiver, as_of: dt.date, ran: frozenset[str], waived: Mapping[int, int] | None
) -> dict[str, Any]:
    findings = None if waived is None else waived.get(one.line, 0)
    if as_of > one.until:
        state = "expired"
    elif not ran & set(one.rules):
        state = "rule not run"
    else:
        state = "unused" if findings == 0 else "in force"
    return {
        "rules": list(one.rules),
        "names": list(one.named),
        "reason": one.reason,
        "by": one.by,
        "until": one.until.isoformat(),
        "line": one.line,
        "hash": one.hash,
        "findings": findings,
        "state": state,
    }


def notices_of(run: Mapping[str, Any]) -> list[str]:
    """One sentence for each kind of thing in the site file that somebody should look at."""
    if "site_rules" not in run:
        return []
    card = run["site_rules"]
    file = card["file"]
    kinds = (
        ("adjustments", "expired", "is past its end and no longer counts",
         "are past their end and no longer count"),
        ("waivers", "expired", "is past its end and no longer counts",
         "are past their end and no longer count"),
        ("waivers", "unused", "waives nothing", "waive nothing"),
    )  # fmt: skip
    notices = []
    for key, state, one_does, many_do in kinds:
        lines = [str(one["line"]) for one in card[key] if one["state"] == state]
        if lines:
            what = f"1 {key[:-1]}" if len(lines) == 1 else f"{len(lines)} {key}"
            place = "line" if len(lines) == 1 else "lines"
            does = one_does if len(lines) == 1 else many_do
            notices.append(f"{what} of {file} {does} ({place} {', '.join(lines)}).")
    return notices
