"""The orders whose answers are known are asked of every run, and another answer ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from screener.checks import known_answers
from screener.errors import RunBroke
from screener.findings import Results

CHANGES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "one is missing": lambda found: found.head(found.height - 1),
    "one stands twice": lambda found: pl.concat([found, found.head(1)]),
    "a day later": lambda found: found.with_columns(pl.col("date").dt.offset_by("1d")),
    "possible is definite": lambda found: found.with_columns(certainty=pl.lit("definite")),
    "another dose": lambda found: found.with_columns(value=pl.col("value") + 0.001),
    "nothing at all": lambda found: found.clear(),
}


def test_the_answers_are_those_of_the_real_screening() -> None:
    known_answers.ask()


@pytest.mark.parametrize("change", CHANGES)
def test_another_answer_breaks_the_run(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = known_answers.screen_bucket

    def otherwise(*arguments: Any) -> Results:
        results = real(*arguments)
        return Results(**{**_fields(results), "findings": CHANGES[change](results.findings)})

    monkeypatch.setattr(known_answers, "screen_bucket", otherwise)
    with pytest.raises(RunBroke, match="Screening does not work here"):
        known_answers.ask()


def _fields(results: Results) -> dict[str, Any]:
    return {name: getattr(results, name) for name in Results.__dataclass_fields__}
