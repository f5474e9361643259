"""What a run asks of the runs before it; the history answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

# One row per finding of the run before that is not found again though it was looked for.
NO_LONGER_FOUND: dict[str, pl.DataType] = {
    "finding_id": pl.String(),
    "rule_id": pl.String(),
    "severity": pl.String(),
    "site_id": pl.String(),
    "first_seen": pl.Date(),
    "last_seen": pl.Date(),  # as-of date of the last run that had it
    "last_run_id": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One run beside the one before it.

    mark: findings with `state` and `first_seen`. told: given run.json so far and the written
    tables, what run.json says of it (`compared`, `previous_run`, `trends`), and rows of
    NO_LONGER_FOUND.
    """

    mark: Callable[[pl.DataFrame], pl.DataFrame]
    told: Callable[
        [Mapping[str, Any], Mapping[str, pl.LazyFrame]], tuple[dict[str, Any], pl.DataFrame]
    ]


class Past(Protocol):
    """The runs before, of one output folder.

    trouble: sentences about what is wrong with what is kept of them; such a run is published, and
    ends as incomplete.
    """

    @property
    def trouble(self) -> list[str]: ...

    def compare(
        self, run: Mapping[str, Any], ran: Mapping[str, str], sites: frozenset[str]
    ) -> Comparison:
        """ran: rule id -> fingerprint, of rules that ran whole. sites: those that sent orders."""
        ...

    def rules_of(self, ids: Collection[str]) -> dict[str, str]:
        """Finding id -> its rule, of those that some run found, also one whose folder is gone."""
        ...

    def keep(self, folder: Path) -> None:
        """Remember a run that was published."""
        ...


def without_past() -> Comparison:
    """Every finding is new, and the first that is known of it is this run's last day."""

    def told(
        run: Mapping[str, Any], held: Mapping[str, pl.LazyFrame]
    ) -> tuple[dict[str, Any], pl.DataFrame]:
        return {}, pl.DataFrame(schema=NO_LONGER_FOUND)

    return Comparison(mark=lambda findings: findings, told=told)
