"""Results that stay until the next night: parts of every bucket, mended for some of its patients.

What the counts of a run say of patients who are screened again is taken off and put on anew, so
they are those of a run that screened everybody.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from screener.findings import KIDNEY, OUTCOMES, Results
from screener.outputs.facts import BucketFacts, counted
from screener.outputs.parts import HELD, STREAMED, part_path, typed_results, write_part

PAIRS = ("drugs_mapped", "not_a_drug", "doses_known", "kidney_tested", "dispensed")
COUNTS = ("row_classes", "unmapped", "unmapped_in", "no_drug_in")
COUNTED_BY = ["rule_id", "site_id", "prescriber_id", "outcome"]
BY_PATIENT = (*(table for table in HELD if table != "outcomes"), *STREAMED)


@dataclass(frozen=True, slots=True)
class Mending:
    """What is new of a bucket. again: patient_id of those who were screened again; now: what is
    found of them, and maybe of others of other buckets. kidney: rows of patients of whom nothing
    else changes, in the place of all that they had."""

    again: pl.Series
    now: Results
    kidney: pl.DataFrame


def mended(kept: Path, into: Path, bucket: int, mending: Mending) -> dict[str, int]:
    """Writes the parts of a bucket, but outcomes, from those in `kept`; gives the rows of each.

    Every other patient's rows are as they were, and the order is that of a bucket screened whole.
    """
    rows = {}
    mine = pl.col("patient_id").is_in(mending.again.implode())
    now = typed_results(mending.now)
    for table in BY_PATIENT:
        path, target = part_path(kept, table, bucket), part_path(into, table, bucket)
        new, replaced = now[table].filter(mine), mending.again
        if table == "kidney":
            moved = mending.kidney.select(KIDNEY.keys())
            new, replaced = pl.concat([new, moved]), pl.concat([replaced, moved["patient_id"]])
        if replaced.is_empty():
            _link(path, target)
            rows[table] = int(pl.scan_parquet(target, glob=False).select(pl.len()).collect().item())
            continue
        gone = pl.col("patient_id").is_in(replaced.unique().implode())
        others = pl.scan_parquet(path, glob=False).filter(~gone).collect()
        # each patient's rows come from one side, in their order there
        both = pl.concat([others, new]).sort("patient_id", maintain_order=True)
        write_part(table, both, target)
        rows[table] = both.height
    return rows


def _link(path: Path, target: Path) -> None:
    """The same part under another name: parts are never changed."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def recounted(
    kept: Path, into: Path, buckets: int, before: list[pl.DataFrame], now: list[pl.DataFrame]
) -> int:
    """Writes the outcomes of all buckets, without those of `before` and with those of `now`, as
    the part of the first; gives their rows. `in_scope` is made when the parts are put together."""
    shape = pl.DataFrame(schema=OUTCOMES)
    held = [pl.read_parquet(part_path(kept, "outcomes", b), glob=False) for b in range(buckets)]
    off = [one.with_columns(patients=-pl.col("patients")) for one in before]
    added = (
        pl.concat([shape, *(one.select(shape.columns) for one in (*held, *off, *now))])
        .group_by(COUNTED_BY)
        .agg(pl.col("patients").sum(), in_scope=pl.lit(0, pl.Int64))
        .filter(pl.col("patients") != 0)
        .select(shape.columns)
        .sort(COUNTED_BY)
    )
    for bucket in range(buckets):
        part = shape if bucket else added
        part.write_parquet(part_path(into, "outcomes", bucket), compression="lz4")
    return added.height


def total(facts: Sequence[BucketFacts], less: Sequence[BucketFacts] = ()) -> BucketFacts:
    """The facts of all buckets as those of one, without those of `less`. No site is taken off,
    since rows only come to a store."""
    pairs: dict[str, Any] = {
        name: tuple(
            sum(getattr(f, name)[i] for f in facts) - sum(getattr(f, name)[i] for f in less)
            for i in (0, 1)
        )
        for name in PAIRS
    }
    counts: dict[str, Any] = {}
    for name in COUNTS:
        off = [{key: -n for key, n in getattr(f, name).items()} for f in less]
        added = counted([*(getattr(f, name) for f in facts), *off])
        counts[name] = {key: n for key, n in added.items() if n}
    return BucketFacts(
        bucket=0,
        patients=sum(f.patients for f in facts) - sum(f.patients for f in less),
        sites=frozenset[str]().union(*(f.sites for f in facts)),
        rows=counted([f.rows for f in facts]),
        dangling=sum(f.dangling for f in facts) - sum(f.dangling for f in less),
        **pairs,
        **counts,
    )


def nothing(bucket: int) -> BucketFacts:
    """The facts of a bucket whose counts stand in those of another."""
    pairs: dict[str, Any] = dict.fromkeys(PAIRS, (0, 0))
    return BucketFacts(bucket, 0, frozenset(), {}, {}, 0, **pairs)


def facts_as_json(facts: BucketFacts) -> dict[str, Any]:
    """Facts as JSON can hold them."""
    plain: dict[str, Any] = {name: list(getattr(facts, name)) for name in PAIRS}
    return plain | {
        "bucket": facts.bucket,
        "patients": facts.patients,
        "sites": sorted(facts.sites),
        "row_classes": [[*key, n] for key, n in facts.row_classes.items()],
        "rows": facts.rows,
        "dangling": facts.dangling,
        "unmapped": facts.unmapped,
        "unmapped_in": facts.unmapped_in,
        "no_drug_in": facts.no_drug_in,
    }


def facts_from_json(plain: Mapping[str, Any]) -> BucketFacts:
    """The facts of `facts_as_json`, of buckets in which no rule broke."""
    pairs: dict[str, Any] = {name: tuple(plain[name]) for name in PAIRS}
    return BucketFacts(
        bucket=plain["bucket"],
        patients=plain["patients"],
        sites=frozenset(plain["sites"]),
        row_classes={(file, name): n for file, name, n in plain["row_classes"]},
        rows=dict(plain["rows"]),
        dangling=plain["dangling"],
        unmapped=dict(plain["unmapped"]),
        unmapped_in=dict(plain["unmapped_in"]),
        no_drug_in=dict(plain["no_drug_in"]),
        **pairs,
    )
