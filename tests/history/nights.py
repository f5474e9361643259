"""An invented clinic over many nights, and what its history should say, counted in plain Python."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from screener.rule.model import SEVERITIES

FIRST = dt.date(2026, 3, 2)
PRODUCTS = (
    ("baclofen", "20", 3), ("baclofen", "20", 5), ("simvastatin", "80", 1), ("citalopram", "40", 1),
    ("citalopram", "20", 3), ("zolpidem", "10", 1), ("lorazepam", "1", 2), ("metformin", "500", 2),
)  # fmt: skip
ORDER = (
    "prescription_id", "patient_id", "drug", "route", "form", "strength_value", "strength_unit",
    "strength_per_value", "strength_per_unit", "dose_min", "dose_unit", "frequency_count",
    "frequency_period_days", "start_date", "days_supply", "status", "stop_date", "site_id",
)  # fmt: skip


@dataclass
class Clinic:
    """Orders that come, are stopped, taken back and changed from night to night."""

    seed: int
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        for number in range(60):
            self._order(FIRST - dt.timedelta(days=self.chance.randrange(200)), f"S{number}")

    def _order(self, start: dt.date, name: str) -> None:
        patient = self.chance.randrange(30)
        drug, strength, times = self.chance.choice(PRODUCTS)
        self.orders[name] = {
            "prescription_id": name, "patient_id": f"P{patient:02}", "drug": drug,
            "route": "oral", "form": "tablet", "strength_value": strength, "strength_unit": "mg",
            "strength_per_value": 1, "strength_per_unit": "tablet", "dose_min": 1,
            "dose_unit": "tablet", "frequency_count": times, "frequency_period_days": 1,
            "start_date": start, "days_supply": self.chance.choice((7, 28, 56)),
            "status": "active", "stop_date": "", "site_id": f"site {patient % 3}",
        }  # fmt: skip

    def day_passes(self, night: int) -> None:
        """Some orders come; some are stopped, taken back or put back, or have another dose."""
        today = FIRST + dt.timedelta(days=night)
        for number in range(self.chance.randrange(7)):
            self._order(today, f"N{night}-{number}")
        for change in ("stop", "error", "error", "error", "dose", "dose"):
            order = self.orders[self.chance.choice(sorted(self.orders))]
            if self.chance.random() < 0.4:
                if change == "stop" and order["start_date"] < today:
                    order["stop_date"] = today
                elif change == "error":
                    wrong = order["status"] == "entered-in-error"
                    order["status"] = "active" if wrong else "entered-in-error"
                elif change == "dose":
                    order["frequency_count"] = self.chance.choice((1, 2, 4, 6))

    def write(self, folder: Path, *, without_site: str | None = None) -> list[Path]:
        """The full export of a night."""
        folder.mkdir(parents=True)
        rows = [one for one in self.orders.values() if one["site_id"] != without_site]
        born = ("patient_id", "birth_date", "sex")
        births = [
            dict(zip(born, (f"P{n:02}", f"{1935 + 2 * n}-07-01", "F"), strict=True))
            for n in range(30)
        ]
        for name, columns, content in (
            ("prescriptions", ORDER, rows), ("patients", born, births),
        ):  # fmt: skip
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(content)
        return sorted(folder.iterdir())


@dataclass
class Recount:
    """Every finding that is known, as each night left it; written without a look at the engine."""

    last: dict[str, dict[str, Any]] = field(default_factory=dict)  # stands
    once: dict[str, str] = field(default_factory=dict)  # known before, with the day first seen
    first: dict[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    sites: frozenset[str] = frozenset()
    run: tuple[str, str] | None = None

    def night(self, folder: Path) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, ...]]]:
        """finding id -> state, first seen; and of those no longer found: rule, first, last, run."""
        run = json.loads((folder / "run.json").read_text())
        rules = {card["id"]: card["fingerprint"] for card in run["rules"] if card["ran"]}
        sites = frozenset(run["sites"])
        day = run["as_of"]
        found = {row["finding_id"]: row for row in rows_of(folder / "findings.csv")}

        def both_looked(row: Mapping[str, Any]) -> bool:
            return (
                self.rules.get(row["rule_id"]) == rules.get(row["rule_id"]) is not None
                and row["site_id"] in self.sites & sites
            )

        states = {}
        for name, row in found.items():
            old = self.last.get(name)
            if self.run is None:
                states[name] = ("new", "")
                self.first[name] = day
                continue
            if old is not None:
                ranks = [SEVERITIES.index(one["severity"]) for one in (old, row)]
                surer = (old["certainty"], row["certainty"]) == ("possible", "definite")
                worse = ranks[1] > ranks[0] or (ranks[1] == ranks[0] and surer)
                state = "worsened" if worse else "continuing"
            elif not both_looked(row):
                state = "not_compared"
            else:
                state = "reopened" if name in self.once else "new"
            self.first.setdefault(name, day)
            states[name] = (state, self.first[name])
        gone = {}
        for name, row in list(self.last.items()):
            if name in found:
                continue
            if self.run is not None and both_looked(row):
                gone[name] = (row["rule_id"], self.first[name], self.run[1], self.run[0])
            if row["rule_id"] in rules and row["site_id"] in sites:
                self.once[name] = self.first[name]
                del self.last[name]
        self.last |= found
        for name in found:
            self.once.pop(name, None)
        self.rules, self.sites, self.run = rules, sites, (run["run_id"], day)
        return states, gone


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
