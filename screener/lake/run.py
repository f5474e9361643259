"""The line of a run in a lake: settle the rows, screen each bucket, check, add up.

The floors below do all of it, as in a run of one machine; Spark carries their tables, as blocks,
from task to task. docs/scale.md is the manual.
"""

from __future__ import annotations

import datetime as dt
import pickle
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from screener.engines import spark as engine
from screener.engines.executors import FAULT, Block
from screener.errors import RunBroke
from screener.intake.buckets import BUCKET_ROWS, buckets_for
from screener.lake.blocks import ASIDE, COUNTED, FACTS, FLAGS
from screener.lake.buckets import screen_held, settle_held, settle_rows
from screener.lake.columns import columns_of
from screener.lake.results import results
from screener.outputs.facts import BucketFacts, counted
from screener.rule.model import Rule

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class LakeRun:
    """What a run in a lake gives.

    tables: the frames of `screener.findings` by name, to be written where they shall stay; they
    are read from `folder`, which may be removed when that is done. rows: (table, what became of
    its rows) -> how many; read + added = kept + set_aside, and kept prescriptions by class.
    broke: rule id -> kind of failure, of rules that could not run on every patient (there they
    are `not_assessed`).
    """

    tables: Mapping[str, DataFrame]
    rows: Mapping[tuple[str, str], int]
    patients: int
    broke: Mapping[str, str]
    notices: tuple[str, ...]
    folder: str


def screen_spark(
    spark: SparkSession,
    tables: Mapping[str, DataFrame],
    rules: Iterable[Rule],
    as_of: dt.date,
    *,
    scratch: str,
    bucket_rows: int = BUCKET_ROWS,
) -> LakeRun:
    """Screen tables of a cluster with the bucket function, in its executors.

    tables: by the names of `screener.tables.TABLES`; the columns that they have there, typed or as
    text, with source_file and source_row. scratch: a folder of the cluster's storage, in which a
    new one is made. Every rule handed in runs. Raises InputRefused for tables that cannot be
    used, and RunBroke when the job or one of the run's own checks fails; then nothing is given.
    """
    asked = tuple(rules)
    chosen, supplied, notices = columns_of(tables)
    folder = f"{scratch.rstrip('/')}/screener-{secrets.token_hex(4)}"
    records = {name: engine.finished(frame.count) for name, frame in chosen.items()}
    buckets = buckets_for(max(records.values()), bucket_rows)
    blocks = [
        engine.blocks_of_rows(frame, partial(settle_rows, table=name, buckets=buckets))
        for name, frame in chosen.items()
    ]
    together = blocks[0]
    for more in blocks[1:]:
        together = together.unionAll(more)
    settled = f"{folder}/settled"
    engine.write_blocks(engine.blocks_of_buckets(together, buckets, settle_held), settled)
    rows, seen, full = _counts(engine.collected(_named(spark, settled, COUNTED, FAULT)), records)
    screen = partial(screen_held, rules=asked, as_of=as_of, supplied=supplied, seen=seen)
    held = _named(spark, settled, *chosen, FLAGS)
    screened = f"{folder}/screened"
    engine.write_blocks(engine.blocks_of_buckets(held, buckets, screen), screened)
    facts = _facts(engine.collected(_named(spark, screened, FACTS, FAULT)), rows, full)
    return LakeRun(
        tables=results(engine.read_blocks(spark, screened), _named(spark, settled, ASIDE)),
        rows=rows | _classes(facts),
        patients=sum(f.patients for f in facts),
        broke={rule: kind for f in facts for rule, kind in f.broke.items()},
        notices=notices,
        folder=folder,
    )


def _named(spark: SparkSession, folder: str, *names: str) -> DataFrame:
    listed = ", ".join(f"'{name}'" for name in names)
    return engine.read_blocks(spark, folder).where(f"name IN ({listed})")


def _counts(
    blocks: list[Block], records: Mapping[str, int]
) -> tuple[dict[tuple[str, str], int], frozenset[tuple[str, str]], set[int]]:
    """Rows by table and fate, the tests seen at each site, and the buckets that hold rows.

    Raises RunBroke unless Spark's own count of each table is the sum of the fates.
    """
    told = [pickle.loads(block.content) for block in blocks]
    rows: dict[tuple[str, str], int] = counted([counts for counts, _, _ in told])
    for table, expected in records.items():
        read, added, kept, aside = (
            rows.get((table, fate), 0) for fate in ("read", "added", "kept", ASIDE)
        )
        if not (read == expected and read + added == kept + aside):
            raise RunBroke(
                f"{expected} rows were counted and {read} read, {added} were added, {kept} kept "
                f"and {aside} set aside.",
                where=table,
                fix="If the table is being written, screen a version of it that stands still.",
            )
    full = {block.bucket for block, (_, _, holds) in zip(blocks, told, strict=True) if holds}
    return rows, frozenset().union(*(seen for _, seen, _ in told)), full


def _facts(
    blocks: list[Block], rows: Mapping[tuple[str, str], int], full: set[int]
) -> list[BucketFacts]:
    """What the buckets tell, in their order. Raises RunBroke unless every bucket that holds rows
    answered once, and every kept order has a class."""
    facts: list[BucketFacts] = [pickle.loads(block.content) for block in sorted(blocks)]
    classed = sum(_classes(facts).values())
    kept = rows.get(("prescriptions", "kept"), 0)
    if [f.bucket for f in facts] != sorted(full) or classed != kept:
        raise RunBroke(
            f"{kept} orders in {len(full)} buckets were kept, and {classed} in {len(facts)} "
            "screened.",
            fix="Nothing was given; run again.",
        )
    return facts


def _classes(facts: list[BucketFacts]) -> dict[tuple[str, str], int]:
    """("prescriptions", class) -> rows."""
    by_file = counted([f.row_classes for f in facts])
    classes: dict[tuple[str, str], int] = {}
    for (_, name), rows in by_file.items():
        classes["prescriptions", name] = classes.get(("prescriptions", name), 0) + rows
    return classes
