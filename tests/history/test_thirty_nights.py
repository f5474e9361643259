"""Thirty nights of an invented clinic: what the history says equals a recount in plain Python."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from screener.history import open_history
from screener.history.states import STATES
from screener.rulebook.library import load_library
from tests.history.nights import FIRST, Clinic, Recount, rows_of
from tests.incremental.clinic_of_nights import request, run

RULES = ("baclofen-max-dose", "baclofen-with-cns-depressant", "simvastatin-80mg",
         "citalopram-max-dose", "zolpidem-max-dose", "baclofen-stopped-abruptly")  # fmt: skip
DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
SEEN = {  # seed of a clinic -> what is rare there
    1: frozenset({"worsened"}),
    2: frozenset({"reopened", "not_compared", "no_longer_found"}),
}
FAILED, CHANGED, BACK, SILENT = 9, 14, 17, 20  # nights on which something else happens


def test_states_first_days_and_trends_are_those_of_a_recount(tmp_path: Path) -> None:
    """Thirty nights of two clinics, or as many as it takes until each had its states."""
    seen = Counter[str]()
    for seed, states in SEEN.items():
        seen += nights_of(tmp_path / str(seed), seed, frozenset() if DEEP else states)
    assert min(seen[name] for name in (*STATES, "no_longer_found")) > 0


def nights_of(tmp_path: Path, seed: int, until: frozenset[str]) -> Counter[str]:
    """How many findings had each state, after every night was compared with the recount."""
    library = load_library(Path("rules"))
    rules = tuple(rule for rule in library if rule.id in RULES)
    assert len(rules) > 3
    clinic, recount, seen = Clinic(seed), Recount(), Counter[str]()
    nights, new_by_week, by_rule = [], Counter[str](), []
    for night in range(30):
        clinic.day_passes(night)
        if night == FAILED:
            continue
        day = FIRST + dt.timedelta(days=night)
        tonight = rules
        if CHANGED <= night < BACK:  # one rule is another, one does not run
            changed = (replace(r, fingerprint=f"changed {r.fingerprint}") for r in rules[:2])
            tonight = (*changed, *rules[3:])
        without = "site 1" if night == SILENT else None
        files = clinic.write(tmp_path / f"exports-{night}", without_site=without)
        asked = request(files, tmp_path / "out", tonight, day, past=open_history(tmp_path / "out"))
        folder, _ = run(asked)
        states, gone = recount.night(folder)
        got = {row["finding_id"]: (row["state"], row["first_seen"])
               for row in rows_of(folder / "findings.csv")}  # fmt: skip
        assert got == states
        assert {
            row["finding_id"]: (row["rule_id"], row["first_seen"], row["last_seen"],
                                row["last_run_id"])
            for row in rows_of(folder / "no_longer_found.csv")
        } == gone  # fmt: skip
        told = json.loads((folder / "run.json").read_text())
        counted = Counter(state for state, _ in states.values()) + Counter(
            no_longer_found=len(gone)
        )
        assert {k: n for k, n in told["compared"]["states"].items() if n} == dict(counted)
        seen += counted
        nights.append((day.isoformat(), len(states)))
        trends = told["trends"]
        assert [(one["as_of"], one["findings"]) for one in trends["nights"]] == nights
        if len(nights) > 1:
            monday = (day - dt.timedelta(days=day.weekday())).isoformat()
            new_by_week[monday] += counted["new"]
        weeks = {one["week"]: one["new"] for one in trends["weeks"] if one["new"]}
        assert weeks == {week: n for week, n in new_by_week.items() if n}
        counts = Counter(row["rule_id"] for row in rows_of(folder / "findings.csv"))
        by_rule.append({r.id: counts[r.id] for r in tonight})
        for rule, series in trends["by_rule"].items():
            assert series == [one.get(rule) for one in by_rule[-14:]]
        if until and until <= {name for name, n in seen.items() if n}:
            break
    return seen
