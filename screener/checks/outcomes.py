"""How many patients of each site and prescriber had each outcome of each rule.

A patient belongs to the site and prescriber of the latest order that put them in scope; who is out
of scope, to those of the latest order of any drug.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from screener.checks import CHECKS
from screener.checks.judge import Judged
from screener.findings import OUTCOMES
from screener.rule.model import Rule
from screener.rule.values import DrugSet
from screener.timeline import Timeline

NAMES = ("clear", "flagged", "not_assessed", "out_of_scope")  # in the order of their names
CLEAR, FLAGGED, NOT_ASSESSED, OUT_OF_SCOPE = range(4)
WHERE = ["site_id", "prescriber_id"]

Numbers = NDArray[np.int64]


def outcomes_of(timeline: Timeline, judged: list[tuple[Rule, Judged]]) -> pl.DataFrame:
    """Rows of `findings.OUTCOMES`, rule by rule, each sorted by site, prescriber and outcome."""
    places = _places(timeline)
    counts = [_counted(timeline, places, rule, found) for rule, found in judged]
    counted = pl.DataFrame(
        {
            "rule": np.repeat(np.arange(len(counts)), [c.size for c in counts]),
            "cell": np.concatenate([*map(_cells, counts), np.empty(0, np.int64)]),
            "patients": np.concatenate([*(c.ravel() for c in counts), np.empty(0, np.int64)]),
            "in_scope": np.concatenate([*map(_in_scope, counts), np.empty(0, np.int64)]),
        }
    ).filter(pl.col("patients") > 0)
    rules = pl.Series([rule.id for rule, _ in judged], dtype=pl.String)
    where = places.names[pl.Series(counted["cell"] // len(NAMES))]
    return counted.select(
        rules[counted["rule"]].alias("rule_id"),
        where["site_id"],
        where["prescriber_id"],
        pl.Series(NAMES)[counted["cell"] % len(NAMES)].alias("outcome"),
        "patients",
        "in_scope",
    ).cast(OUTCOMES)  # type: ignore[arg-type]


def _counted(timeline: Timeline, places: _Places, rule: Rule, judged: Judged) -> Numbers:
    """Patients by place (rows) and outcome (columns, as in NAMES)."""
    outcome = np.full(timeline.people.height, OUT_OF_SCOPE)
    scope = _patients(judged.scope)
    outcome[scope] = CLEAR
    for frame, name in ((judged.unknown, NOT_ASSESSED), (judged.runs, FLAGGED)):
        marked = _patients(frame)
        outcome[marked[outcome[marked] != OUT_OF_SCOPE]] = name
    place = places.home.copy()
    if len(scope):
        latest = _latest(timeline, places, about(rule))
        place[latest[0]] = latest[1]
    cells = place * len(NAMES) + outcome
    return np.bincount(cells, minlength=places.names.height * len(NAMES)).reshape(-1, len(NAMES))


def about(rule: Rule) -> DrugSet:
    """The drugs that put a patient in the rule's scope."""
    sets = [CHECKS[use.check].drugs(use.params) for use in rule.flag_when.leading]
    return DrugSet(
        sets[0].text if sets else "",
        frozenset().union(*(s.ingredients for s in sets)),
        frozenset().union(*(s.tracks for s in sets)),
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Sites with prescribers, numbered in order; that of each patient's latest order; and of each
    order line: its patient, its place, and its turn among all lines by patient and start."""

    names: pl.DataFrame
    home: Numbers
    patient: Numbers
    place: Numbers
    turn: Numbers


def _places(timeline: Timeline) -> _Places:
    lines = timeline.lines.select("patient", "start", "row", pl.col(WHERE).fill_null(""))
    names = (
        pl.concat([lines.select(WHERE), pl.DataFrame({"site_id": [""], "prescriber_id": [""]})])
        .unique()
        .sort(WHERE)
        .with_row_index("place")
    )
    numbered = lines.join(names, on=WHERE, how="left", maintain_order="left")
    patient, start, row, place = (
        numbered[c].to_numpy().astype(np.int64) for c in ("patient", "start", "row", "place")
    )
    order = np.lexsort((row, start, patient))
    turn = np.empty_like(order)
    turn[order] = np.arange(len(order))
    nowhere = names.filter((pl.col("site_id") == "") & (pl.col("prescriber_id") == ""))["place"]
    home = np.full(timeline.people.height, nowhere.item(), np.int64)
    home[patient[order]] = place[order]  # the last one written is the latest
    return _Places(names.drop("place"), home, patient, place, turn)


def _latest(timeline: Timeline, places: _Places, drugs: DrugSet) -> tuple[Numbers, Numbers]:
    """Patients with an order of the set, each after any earlier order of theirs, and the place."""
    lines = timeline.dosed.of(drugs.ingredients)
    mine = lines.filter(pl.col("track").is_in(sorted(drugs.tracks)))["line"].to_numpy()
    ordered = mine[np.argsort(places.turn[mine])]
    return places.patient[ordered], places.place[ordered]


def _patients(frame: pl.DataFrame) -> Numbers:
    return frame["patient"].to_numpy().astype(np.int64)


def _cells(counts: Numbers) -> Numbers:
    return np.arange(counts.size)


def _in_scope(counts: Numbers) -> Numbers:
    """For each cell, the patients of its place who are in scope; 0 where they are out of it."""
    inside = np.repeat(counts[:, :OUT_OF_SCOPE].sum(axis=1), len(NAMES)).reshape(counts.shape)
    inside[:, OUT_OF_SCOPE] = 0
    return inside.ravel()
