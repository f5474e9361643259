"""The runs before as the report's trends: nights, weeks, and each rule's last counts.

Of several runs of one as-of date the one that was published last stands for the day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NIGHTS = 400
SHOWN_OF_RULE = 14
EPOCH = dt.date(1970, 1, 1)


def facts_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """What the history keeps of a run, from run.json: counts, rules, sites."""
    counts, compared = run["counts"], run.get("compared") or {}
    ran = {card["id"]: card["fingerprint"] for card in run["rules"] if card["ran"]}
    return {
        "run_id": run["run_id"],
        "as_of": run["as_of"],
        "complete": run["complete"],
        "patients": counts["patients"],
        "patients_with_findings": counts["patients_with_findings"],
        "findings": counts["findings"],
        "orders": counts["orders"],
        "coverage": {name: run["coverage"][name] for name in ("drugs_mapped", "doses_known")},
        "by_severity": counts["findings_by_severity"],
        "by_rule": counts["findings_by_rule"],
        "rules": ran,
        "sites": run["sites"],
        "inputs": _hash(sorted({file["table"] for file in run["inputs"]})),
        "new": (compared.get("states") or {}).get("new", 0),
        "new_by_severity": compared.get("new_by_severity") or {},
        "compared": compared.get("previous_run") is not None,
    }


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def trends(earlier: Sequence[Mapping[str, Any]], now: Mapping[str, Any]) -> dict[str, Any]:
    """What run.json says under `trends`. earlier: facts of the nights before, oldest first."""
    nights = [*earlier, now][-NIGHTS:]
    told = []
    for place, night in enumerate(nights):
        last = nights[place - 1] if place else night
        told.append(
            {name: night[name] for name in (
                "as_of", "run_id", "complete", "patients", "patients_with_findings", "findings",
                "by_severity",
            )}
            | {
                "rules_changed": night["rules"] != last["rules"],
                "inputs_changed": (night["inputs"], night["sites"])
                != (last["inputs"], last["sites"]),
            }
        )  # fmt: skip
    return {"nights": told, "weeks": weeks(nights), "by_rule": by_rule(nights)}


def weeks(nights: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """New findings of each week (from Monday), of nights that had one before to compare with."""
    found: dict[str, dict[str, Any]] = {}
    for night in nights:
        day = dt.date.fromisoformat(night["as_of"])
        monday = (day - dt.timedelta(days=day.weekday())).isoformat()
        week = found.setdefault(
            monday,
            {"week": monday, "nights": 0, "screened": 0, "new": 0, "new_critical_high": 0,
             "complete": True},
        )  # fmt: skip
        week["nights"] += 1
        week["screened"] = night["patients"]
        week["complete"] &= night["complete"] and night["compared"]
        if night["compared"]:
            new = night["new_by_severity"]
            week["new"] += night["new"]
            week["new_critical_high"] += new.get("critical", 0) + new.get("high", 0)
    return list(found.values())


def by_rule(nights: Sequence[Mapping[str, Any]]) -> dict[str, list[int | None]]:
    """Rule id -> findings of the last nights, null where the rule did not run."""
    last = nights[-SHOWN_OF_RULE:]
    return {
        rule: [night["by_rule"].get(rule, 0) if rule in night["rules"] else None for night in last]
        for rule in sorted(nights[-1]["rules"])
    }
