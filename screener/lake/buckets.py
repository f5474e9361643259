"""What is done to a bucket inside an executor: rows settled, put in order, screened."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import polars as pl

from screener.checks.bucket import screen_bucket
from screener.engines.executors import Block
from screener.engines.sound import screen_soundly
from screener.errors import RunBroke
from screener.findings import DATA_FLAGS
from screener.intake import validate_findings
from screener.intake.buckets import bucket_of
from screener.intake.lake_rows import in_record_order, one_bucket, settled, tables_of
from screener.lake.blocks import ASIDE, COUNTED, FACTS, FLAGS, as_content, as_frame
from screener.outputs import laws, parts
from screener.outputs.facts import counted, facts_of
from screener.rule.model import Rule
from screener.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa


def settle_rows(rows: pa.Table, *, table: str, buckets: int) -> Iterator[Block]:
    """Blocks of some rows of a table: the kept ones and their flags by bucket of patient, those
    set aside, and the counts."""
    done = settled(table, cast(pl.DataFrame, pl.from_arrow(rows)))
    for name, frame in ((table, done.kept), (FLAGS, done.cell_flags)):
        if frame.is_empty():
            continue
        numbered = frame.with_columns(bucket_of(frame["patient_id"], buckets).alias("_bucket"))
        split = numbered.partition_by("_bucket", as_dict=True, include_key=False)
        for (number,), part in split.items():
            yield Block(int(str(number)), name, part.height, as_content(part))
    spread = int(rows["source_row"][0].as_py()) % buckets  # any bucket will do for what follows
    if done.set_aside.height:
        yield Block(spread, ASIDE, done.set_aside.height, as_content(done.set_aside))
    counts = {
        (table, "read"): done.read,
        (table, "added"): done.added,
        (table, "kept"): done.kept.height,
        (table, ASIDE): done.set_aside.height,
    }
    yield Block(spread, COUNTED, 0, pickle.dumps(counts))


def settle_held(number: int, held: dict[str, list[bytes]]) -> Iterator[Block]:
    """One block a table, one row a patient, and what the whole run must know: counts, the tests
    seen, and whether there is anything to screen."""
    counts = counted([pickle.loads(content) for content in held.pop(COUNTED, [])])
    frames = {name: [as_frame(content) for content in contents] for name, contents in held.items()}
    whole = {table: in_record_order(frames[table]) for table in TABLES if table in frames}
    whole, torn, seen = one_bucket(whole)
    whole[FLAGS] = pl.concat([*frames.get(FLAGS, []), torn])
    if ASIDE in frames:
        whole[ASIDE] = pl.concat(frames[ASIDE])
    for name, frame in whole.items():
        if frame.height:
            yield Block(number, name, frame.height, as_content(frame))
    yield Block(
        number, COUNTED, 0, pickle.dumps((counts, seen, bool(whole.keys() & TABLES.keys())))
    )


def screen_held(
    number: int,
    held: dict[str, list[bytes]],
    *,
    rules: tuple[Rule, ...],
    as_of: dt.date,
    supplied: dict[str, frozenset[str]],
    seen: frozenset[tuple[str, str]],
) -> Iterator[Block]:
    """One block of each result, and the facts. Raises RunBroke when a law does not hold."""
    frames = {name: as_frame(content) for name, (content,) in held.items()}
    tables = tables_of(frames, supplied, seen)
    found, broke = screen_soundly(screen_bucket, tables, rules, as_of)
    validate_findings(found)
    flags = frames.get(FLAGS, pl.DataFrame(schema=DATA_FLAGS))
    made = parts.typed_results(found) | {"data_flags": parts.flags_joined(found.data_flags, flags)}
    facts = facts_of(number, tables, found, {name: f.height for name, f in made.items()}, broke)
    for law in (
        laws.outcome_law(found.outcomes, [rule.id for rule in rules], facts.patients),
        *laws.findings_laws(found.findings, found.pilot_findings, found.outcomes, facts.dangling),
    ):
        if not law.ok:
            raise RunBroke(
                f"A check of the run itself does not hold: {law.name}: {law.detail}.",
                fix="Nothing was given; this is a fault of screener, please report it.",
            )
    for name, frame in made.items():
        if frame.height:
            yield Block(number, name, frame.height, as_content(frame))
    yield Block(number, FACTS, 0, pickle.dumps(facts))
