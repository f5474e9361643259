"""Counts reviews rule by rule: how many of the reviewed findings were confirmed, with an interval.

Every row ends in exactly one class: used, or not used for a reason. Only counts leave this module.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from screener.outputs import run_folder
from screener.outputs.earlier import Past
from screener.outputs.report.interval import wilson
from screener.outputs.reviews.files import Review, ReviewFile

OUTCOMES = ("confirmed", "not confirmed", "already known", "cannot tell")
BLANK = "no outcome yet"
UNKNOWN_WORD = "the outcome is none of the four words"
NO_ID = "the finding id is not one"
NOT_KNOWN = "no run of this folder has the finding"
AGAIN = "the finding was reviewed again later"
ROWS_SHOWN = 200  # of those not used, with their numbers
_FINDING_ID = re.compile(r"[0-9a-f]{16}")


def word_of(review: Review) -> str:
    """The outcome in small letters with single spaces; what it then is, it must be exactly."""
    return " ".join(review.outcome.lower().split())


def rules_of(
    files: Iterable[ReviewFile],
    out: Path,
    held: Mapping[str, pl.LazyFrame] | None = None,
    past: Past | None = None,
) -> dict[str, str]:
    """Finding id -> its rule, of the reviewed findings that this run (`held`) or one of the
    folder's finished runs has, the newest first; `past` knows those of runs that were pruned."""
    wanted = {
        review.finding_id
        for file in files
        for review in file.reviews
        if word_of(review) in OUTCOMES and _FINDING_ID.fullmatch(review.finding_id)
    }
    found: dict[str, str] = {}
    for tables in _tables_of_runs(out, held):
        missing = pl.Series(sorted(wanted - found.keys()), dtype=pl.String)
        if missing.is_empty():
            break
        with suppress(
            pl.exceptions.PolarsError, OSError
        ):  # an old run that is damaged says nothing
            for table in tables:
                rows = table.filter(pl.col("finding_id").is_in(missing.implode()))
                found |= dict(rows.select("finding_id", "rule_id").collect().iter_rows())
    gone = sorted(wanted - found.keys())
    return found | past.rules_of(gone) if past is not None and gone else found


def _tables_of_runs(
    out: Path, held: Mapping[str, pl.LazyFrame] | None
) -> Iterator[list[pl.LazyFrame]]:
    names = ("pilot_findings", "findings")
    if held is not None:
        yield [held[name] for name in names]
    for folder in reversed(run_folder.run_folders(out)):
        if all((folder / f"{name}.parquet").is_file() for name in names):
            yield [run_folder.table(folder, name) for name in names]


def judged(files: Sequence[ReviewFile], rules: Mapping[str, str]) -> dict[str, Any]:
    """What run.json says of the reviews. `rules`: finding id -> rule, as `rules_of` gives it.

    `reviewed` counts all four outcomes; `interval` is Wilson's 95 % interval of
    confirmed / reviewed, as shares. Of a finding that was reviewed again, the latest day counts;
    of the same day, what stands later.
    """
    latest, not_used = latest_of(files, rules)
    outcomes = Counter((rules[finding], word) for finding, (word, _) in latest.items())
    named = [entry for entry in not_used if entry["why"] != BLANK]
    named.sort(key=lambda entry: (entry["file"], entry["row"]))
    return {
        "files": [{"file": file.name, "sha256": file.sha256} for file in files],
        "rows": sum(len(file.reviews) for file in files),
        "used": len(latest),
        "not_used": dict(sorted(Counter(entry["why"] for entry in not_used).items())),
        "rows_not_used": named[:ROWS_SHOWN],
        "by_rule": {rule: _of_rule(rule, outcomes) for rule in sorted({r for r, _ in outcomes})},
    }


def latest_of(
    files: Sequence[ReviewFile], rules: Mapping[str, str]
) -> tuple[dict[str, tuple[str, Review]], list[dict[str, Any]]]:
    """Finding id -> the outcome that counts and its row; and file, row and why of all others."""
    not_used: list[dict[str, Any]] = []
    latest: dict[str, tuple[tuple[str, int], dict[str, Any], Review]] = {}
    for order, (file, review) in enumerate(_all(files)):
        mark = {"file": file.name, "row": review.row}
        reason = _why_not(review, word_of(review), rules)
        if reason is not None:
            not_used.append(mark | {"why": reason})
            continue
        key = (_day(review.reviewed_on), order)
        before = latest.get(review.finding_id)
        if before is not None:
            not_used.append((mark if before[0] > key else before[1]) | {"why": AGAIN})
        if before is None or before[0] < key:
            latest[review.finding_id] = (key, mark, review)
    used = {finding: (word_of(review), review) for finding, (_, _, review) in latest.items()}
    return used, not_used


def _all(files: Sequence[ReviewFile]) -> Iterator[tuple[ReviewFile, Review]]:
    for file in files:
        for review in file.reviews:
            yield file, review


def _why_not(review: Review, word: str, rules: Mapping[str, str]) -> str | None:
    if not word:
        return BLANK
    if word not in OUTCOMES:
        return UNKNOWN_WORD
    if not _FINDING_ID.fullmatch(review.finding_id):
        return NO_ID
    return None if review.finding_id in rules else NOT_KNOWN


def _day(text: str) -> str:
    """A date that sorts, "" for anything else: such a review counts as the oldest."""
    try:
        return dt.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""


def _of_rule(rule: str, counted: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    numbers = {word.replace(" ", "_"): counted.get((rule, word), 0) for word in OUTCOMES}
    reviewed = sum(numbers.values())
    low, high = wilson(numbers["confirmed"], reviewed)
    return numbers | {"reviewed": reviewed, "interval": [round(low, 6), round(high, 6)]}


def counted(
    files: Sequence[ReviewFile],
    out: Path,
    held: Mapping[str, pl.LazyFrame],
    past: Past | None = None,
) -> dict[str, Any]:
    """What run.json says of the reviews that a run was given, if any; `held`: its tables."""
    return {"reviews": judged(files, rules_of(files, out, held, past))} if files else {}


def notices_of(run: Mapping[str, Any]) -> list[str]:
    """A sentence for each reason why rows of review lists were not used, with their places."""
    said: list[str] = []
    reviews = run.get("reviews")
    if reviews is None:
        return said
    for why, count in reviews["not_used"].items():
        rows = [entry for entry in reviews["rows_not_used"] if entry["why"] == why]
        if not rows:
            continue
        places = ", ".join(f"{entry['file']} row {entry['row']}" for entry in rows[:5])
        more = f" and {count - 5} more" if count > 5 else ""
        one = "1 row" if count == 1 else f"{count} rows"
        said.append(f"Reviews: {one} not used, {why} ({places}{more}).")
    return said
