"""Who is screened again on a night, and the results of the last run mended for them.

Those patients come from all buckets and are screened some thousand at a time, since a screening of
few patients costs hardly less than one of many.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from screener.checks.bucket import screen_bucket
from screener.checks.when_due import due, standing
from screener.engines.sound import screen_soundly
from screener.findings import KIDNEY, Results
from screener.intake import Intake, validate_findings
from screener.intake import buckets as rows
from screener.intake.buckets import Buckets
from screener.intake.schemas import validate
from screener.intake.store import of_patients
from screener.outputs import kept
from screener.outputs.facts import BucketFacts, facts_of
from screener.outputs.parts import part_path
from screener.rule.model import Rule
from screener.tables import TABLES, Tables, empty_table, typed_schema

AT_ONCE = 2_500  # patients of one screening: several tasks, for several processes, on a large night
STANDING = "standing"  # the table of `when_due`, beside the results
ORDERED = ("patient_id", "ingredient", "start_date", "end_date", "counted_from", "counted_to")

Seen = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Before:
    """The last run: its rows, its last day, and what it found.

    sites: where other tests have been seen since, which changes what is said of their patients.
    """

    rows: Buckets
    as_of: dt.date
    supplied: Mapping[str, frozenset[str]]
    tests_seen: Seen
    results: Path
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """What is done on a night; again: bucket -> patient_id of those to be screened again.

    tasks: the buckets that are worked on together. parts_in: where the results go.
    """

    intake: Intake
    before: Before
    rules: tuple[Rule, ...]
    waits: dict[str, int]
    as_of: dt.date
    parts_in: Path
    again: Mapping[int, pl.Series]
    tasks: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """What a task says of the patients whom it screened: their counts before and now; rows of each
    table in the parts of its buckets. before and now are of `findings.OUTCOMES`."""

    facts_before: BucketFacts
    facts_now: BucketFacts
    before: pl.DataFrame
    now: pl.DataFrame
    rows: tuple[dict[str, int], ...]


def whom(
    intake: Intake, before: Before, touched: Mapping[int, pl.Series], as_of: dt.date
) -> tuple[dict[int, pl.Series], int]:
    """Who is screened again, by bucket, and how many patients the last run had: those with new
    rows, those not settled on their last day, those of a site where other tests were seen."""
    again, everyone = {}, 0
    for bucket in range(intake.bucket_count):
        stands = _stands(before, bucket)
        everyone += stands.height
        ids = [due(stands, before.as_of, as_of).filter("again")["patient_id"]]
        if bucket in touched:
            ids.append(touched[bucket])
        if before.sites:
            names = ("patient_id", "site_id")
            orders = rows.columns(intake.parts, "prescriptions", bucket, names)
            there = pl.col("site_id").fill_null("").is_in(before.sites)
            ids.append(orders.filter(there)["patient_id"])
        again[bucket] = pl.concat(ids).unique().sort()
    return again, everyone


def in_tasks(again: Mapping[int, pl.Series]) -> tuple[tuple[int, ...], ...]:
    """The buckets, in order, in groups that have some thousand patients to be screened."""
    tasks: list[tuple[int, ...]] = []
    held: tuple[int, ...] = ()
    for bucket, ids in again.items():
        if held and sum(again[one].len() for one in held) + ids.len() > AT_ONCE:
            tasks.append(held)
            held = ()
        held = (*held, bucket)
    return (*tasks, held) if held else tuple(tasks)


def one_task(number: int, *, work: Work) -> Mended | None:
    """Screen the patients of some buckets and mend the parts; None when a rule breaks on them."""
    buckets, before, intake = work.tasks[number], work.before, work.intake
    earlier = _tables(work, buckets, before.rows, before.supplied, before.tests_seen)
    tables = _tables(work, buckets, intake.parts, intake.supplied, intake.tests_seen)
    old, broke = screen_soundly(screen_bucket, earlier, work.rules, before.as_of)
    new, breaks = screen_soundly(screen_bucket, tables, work.rules, work.as_of)
    if broke or breaks:
        return None
    validate_findings(new)
    stands = standing(tables, new.orders, work.waits, work.as_of)
    kidney = _kidney(work, buckets)
    counts = []
    for bucket in buckets:
        ids = work.again[bucket]
        mine = pl.col("patient_id").is_in(ids.implode())
        others = _stands(before, bucket).filter(~mine)
        whole = pl.concat([others, stands.filter(mine)]).sort("patient_id")
        whole.write_parquet(part_path(work.parts_in, STANDING, bucket), compression="lz4")
        mending = kept.Mending(ids, new, kidney.get(bucket, pl.DataFrame(schema=KIDNEY)))
        counts.append(kept.mended(before.results, work.parts_in, bucket, mending))
    return Mended(
        facts_of(buckets[0], earlier, old, {}, {}),
        facts_of(buckets[0], tables, new, {}, {}),
        old.outcomes,
        new.outcomes,
        tuple(counts),
    )


def write_standing(
    intake: Intake, waits: dict[str, int], as_of: dt.date, parts_in: Path, buckets: int
) -> None:
    """Until when everything found in each bucket stands, after all of it was screened."""
    for bucket in range(buckets):
        path = part_path(parts_in, "orders", bucket)
        orders = pl.read_parquet(path, columns=list(ORDERED), glob=False)
        stands = standing(_few_columns(intake, bucket), orders, waits, as_of)
        stands.write_parquet(part_path(parts_in, STANDING, bucket), compression="lz4")


def _stands(before: Before, bucket: int) -> pl.DataFrame:
    return pl.read_parquet(part_path(before.results, STANDING, bucket), glob=False)


def _tables(
    work: Work,
    buckets: tuple[int, ...],
    held: Buckets,
    supplied: Mapping[str, frozenset[str]],
    seen: Seen,
) -> Tables:
    """The tables of all patients of a task."""
    return together([of_patients(held, b, work.again[b], supplied, seen) for b in buckets])


def together(parts: list[Tables]) -> Tables:
    """Tables of different patients as one; all have the same tables. Raises RunBroke when pandera
    finds a row in them that the intake should have set aside."""
    frames: dict[str, pl.DataFrame | None] = {}
    for table in TABLES:
        found = [getattr(part, table) for part in parts]
        if found[0] is None:
            frames[table] = None
            continue
        frames[table] = whole = pl.concat(found)
        validate(table, whole)
    orders = frames.pop("prescriptions")
    return Tables(
        prescriptions=empty_table("prescriptions") if orders is None else orders,
        **frames,
        supplied=parts[0].supplied,
        tests_seen=parts[0].tests_seen,
    )


def _kidney(work: Work, buckets: tuple[int, ...]) -> dict[int, pl.DataFrame]:
    """bucket -> the kidney rows of patients whose last result reaches further now, and of whom
    nothing else changes."""
    parts, intake = [], work.intake
    asked = {table: names for table, names in intake.supplied.items() if table != "prescriptions"}
    growing = {bucket: _growing(work, bucket) for bucket in buckets}
    for bucket, ids in growing.items():
        if ids.len():
            parts.append(of_patients(intake.parts, bucket, ids, asked, intake.tests_seen))
    if not parts:
        return {}
    tables = together(parts)
    everyone = pl.concat(list(growing.values()))
    patients = tables.patients if tables.patients is not None else empty_table("patients")
    # A person of whom there is no row is one of whom nothing is known.
    without = everyone.filter(~everyone.is_in(patients["patient_id"].implode()))
    stubs = pl.DataFrame({"patient_id": without}, schema={"patient_id": pl.String})
    known = pl.concat([patients, stubs], how="diagonal").select(list(typed_schema("patients")))
    alone = Tables(
        empty_table("prescriptions"), known, tables.labs, tables.conditions,
        supplied=tables.supplied, tests_seen=tables.tests_seen,
    )  # fmt: skip
    found: Results = screen_bucket(alone, (), work.as_of)
    return {
        bucket: found.kidney.filter(pl.col("patient_id").is_in(ids.implode()))
        for bucket, ids in growing.items()
    }


def _growing(work: Work, bucket: int) -> pl.Series:
    before = work.before
    moved = due(_stands(before, bucket), before.as_of, work.as_of)
    quiet = moved.filter(~pl.col("patient_id").is_in(work.again[bucket].implode()))
    path = part_path(before.results, "kidney", bucket)
    held = pl.read_parquet(path, columns=["patient_id", "to_date"], glob=False)
    day = pl.col("to_date").cast(pl.Int32).cast(pl.Int64)
    return (
        held.join(quiet, on="patient_id")
        .filter(day >= pl.col("last_before"))["patient_id"]
        .unique()
        .sort()
    )


def _few_columns(intake: Intake, bucket: int) -> Tables:
    """The tables of a bucket with the days that `standing` looks at."""
    names = {
        "prescriptions": ("patient_id", "start_date"),
        "patients": tuple(typed_schema("patients")),
        "labs": ("patient_id", "date"),
        "conditions": ("patient_id", "start_date"),
        "admissions": ("patient_id", "start_date", "end_date"),
    }
    have = {
        table: rows.columns(intake.parts, table, bucket, columns)
        for table, columns in names.items()
        if table in intake.supplied
    }
    return Tables(
        prescriptions=have.get("prescriptions", empty_table("prescriptions")),
        patients=have.get("patients"),
        labs=have.get("labs"),
        conditions=have.get("conditions"),
        admissions=have.get("admissions"),
    )


def counts_of(tasks: Iterator[Mended | None]) -> list[Mended] | None:
    """All tasks, or None as soon as a rule broke in one."""
    done: list[Mended] = []
    for task in tasks:
        if task is None:
            return None
        done.append(task)
    return done
