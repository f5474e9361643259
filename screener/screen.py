"""The whole run, top to bottom: take in, screen each bucket, put together, check, write, publish.

Nothing here asks for today's date: the caller hands in the day, the clock's words and the rules.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from screener import __version__, night
from screener.checks import known_answers
from screener.checks.bucket import screen_bucket
from screener.engines import local, spark
from screener.engines.sound import screen_soundly
from screener.errors import InputRefused, RunBroke
from screener.intake import Intake, take_in, validate_findings
from screener.intake.take import without_folders
from screener.outputs import (
    earlier,
    laws,
    parts,
    place,
    publish,
    reviews,
    room,
    run_folder,
    run_json,
    unmapped,
    waivers,
    write,
)
from screener.outputs.facts import BucketFacts, counted, facts_of
from screener.request import Chosen, Request, Screened, Watch
from screener.rule.model import Rule
from screener.sources import read_export
from screener.sources.expected import checking
from screener.tables import TABLES
from screener.terminology import list_versions


def screen(request: Request, watch: Watch) -> Screened:
    """One run. Raises the errors of `screener.errors`; nothing is published when it does."""
    timings: dict[str, float] = {}
    started_at = request.now()
    who = {"host": request.host, "pid": request.pid, "started_at": started_at}
    with place.held(request.out, who=who) as died, place.scratch_folder(request.out) as scratch:
        watch.uses_scratch(scratch)
        _caution(request, died, watch)
        with _stage("read", timings, watch) as rows:
            tonight = _added_to_store(request, scratch, watch) if request.incremental else None
            intake = tonight.intake if tonight else _take_in(request, scratch, watch)
            rows.extend(file.records for file in intake.files if tonight is None)
            for notice in _notices(request, intake):
                watch.noticed(notice)
        as_of, as_of_from = _as_of(request, intake)
        chosen = request.rules_on(as_of)
        run = _identified(request, intake, chosen, as_of_from)
        watch.knows(run, intake.set_aside)
        if run["as_of"] > request.today.isoformat():
            watch.noticed(f"the data end on {run['as_of']}, which is after today")
        target = request.out / (request.folder_name or f"{run['as_of']}-{run['run_id']}")
        if target.exists() and not (request.force or request.incremental):
            return _already_there(request, target)
        with _stage("screen", timings, watch) as rows:
            facts = _screen_buckets(request, chosen, intake, scratch, watch, tonight=tonight)
            rows.extend(sum(fact.row_classes.values()) for fact in facts if tonight is None)
        with _stage("put together", timings, watch):
            waived: list[dict[int, int]] = []
            compared = _compared(request, run, chosen, facts)
            mark = waivers.marking(request.site, as_of, waived, compared.mark)
            ready = write.tables(
                scratch, intake.bucket_count, intake.cell_flags, intake.set_aside, mark
            )
            held = run_folder.tables(ready.folder)
            if request.site is not None:
                run["site_rules"] = waivers.applied(request.site, run, waived)
            run |= reviews.counted(request.reviews, request.out, held, request.past)
            for notice in (*waivers.notices_of(run), *reviews.notices_of(run)):
                watch.noticed(notice)
            run |= _described(request, run, intake, facts, held)
            for notice in _doubts(run, intake, facts):
                watch.noticed(notice)
            run |= _beside_earlier(compared, request, run, ready, watch)
        with _stage("check", timings, watch):
            run["checks"] = _checked(run, facts, held, write.read_back(ready, facts))
        with _stage("write", timings, watch):
            write.documents(ready, run, request.rule_files)
        with _stage("publish", timings, watch):
            write.run_json(ready, run | _clock(request, started_at, timings))
            publish.make_visible(ready.folder, target)
            if request.folder_name is None:
                publish.point_latest(request.out, target.name)
            if request.past is not None:
                request.past.keep(target)
        if tonight is not None:
            with _stage("keep", timings, watch):
                night.keep(tonight, chosen.rules, chosen.as_of, scratch / "parts", facts)
        return Screened(target, run_folder.read_run(target), already=False)


def _caution(request: Request, died: str | None, watch: Watch) -> None:
    """What there is to say of the output folder before an export is read. Raises UsageError."""
    if died is not None:
        watch.noticed(died)
    given = [*request.exports, *(path for paths in request.tables.values() for path in paths)]
    for caution in room.cautions(request.out, given):
        watch.noticed(caution)


@contextmanager
def _stage(name: str, timings: dict[str, float], watch: Watch) -> Iterator[list[int]]:
    """Gives a list for the numbers of rows that the stage worked through."""
    begin = time.perf_counter()
    watch.began(name)
    rows: list[int] = []
    yield rows
    timings[name] = round(time.perf_counter() - begin, 3)
    watch.ended(name, timings[name], sum(rows) if rows else None)


def _take_in(request: Request, scratch: Path, watch: Watch) -> Intake:
    folder = scratch / "intake"
    folder.mkdir(mode=0o700)
    return take_in(
        list(request.exports),
        read=checking(read_export, request.expected_sha256),
        mapping=request.mapping,
        tables={name: list(paths) for name, paths in request.tables.items()} or None,
        encoding=request.encoding,
        allow_empty=request.allow_empty,
        scratch=folder,
        progress=lambda what, done: watch.moved(f"read {what}", done, None),
    )


def _added_to_store(request: Request, scratch: Path, watch: Watch) -> night.Tonight:
    folder = scratch / "intake"
    folder.mkdir(mode=0o700)
    return night.begin(
        request.out,
        list(request.exports),
        mapping=request.mapping,
        tables={name: list(paths) for name, paths in request.tables.items()} or None,
        encoding=request.encoding,
        allow_empty=request.allow_empty,
        expected=request.expected_sha256,
        scratch=folder,
        progress=lambda what, done: watch.moved(f"read {what}", done, None),
        say=watch.noticed,
    )


def _identified(
    request: Request, intake: Intake, chosen: Chosen, as_of_from: str
) -> dict[str, Any]:
    """What is known before screening: all that makes the run id, and the id itself."""
    run: dict[str, Any] = {
        "version": __version__,
        "as_of": chosen.as_of.isoformat(),
        "as_of_from": as_of_from,
        "command": request.command,
        "configuration": dict(request.configuration),
        "inputs": run_json.inputs_of(intake.files, {}),
        "rules": [
            run_json.rule_card(
                rule,
                chosen.sentences.get(rule.id, ""),
                asked=rule.id in chosen.asked,
                reason=chosen.left_out.get(rule.id),
            )
            | dict(chosen.site_notes.get(rule.id, {}))
            for rule in chosen.library
        ],
        "lists": list_versions(),
        "previous_run": None,
    }
    if request.site is not None:
        run["site_rules"] = waivers.site_card(request.site, chosen.as_of, chosen.asked)
    return run | {"run_id": run_json.run_id(run)}


def _as_of(request: Request, intake: Intake) -> tuple[dt.date, str]:
    if request.as_of is not None:
        return request.as_of, "--as-of"
    if intake.latest_observation_end is not None:
        return intake.latest_observation_end, "latest observation_end"
    latest = intake.latest_date_not_after(request.today)
    if latest is None:
        aside = f"; {n} records were set aside" if (n := intake.set_aside.height) else ""
        raise InputRefused(
            f"No order or lab has a date up to today{aside}.", fix="Mend that, or give --as-of."
        )
    return latest, "latest date of an order or lab"


def _already_there(request: Request, target: Path) -> Screened:
    broken = [law for law in run_folder.verify(target) if not law.ok]
    if broken:
        raise RunBroke(
            f"This run was published before and is damaged: {broken[0].name}: {broken[0].detail}.",
            where=target.name,
            fix="Make it again with --force.",
        )
    if request.folder_name is None:
        publish.point_latest(request.out, target.name)
    return Screened(target, run_folder.read_run(target), already=True)


def _screen_buckets(
    request: Request,
    chosen: Chosen,
    intake: Intake,
    scratch: Path,
    watch: Watch,
    *,
    tonight: night.Tonight | None,
) -> list[BucketFacts]:
    into = scratch / "parts"
    into.mkdir(mode=0o700)
    rules, as_of = chosen.rules, chosen.as_of
    if tonight is not None:
        mended = night.screen_news(
            tonight, rules, as_of, into, jobs=request.jobs, say=watch.noticed
        )
        if mended is not None:
            return mended
    work = partial(one_bucket, intake=intake.rows_alone(), rules=rules, as_of=as_of, parts_in=into)
    facts = []
    for done in ENGINES[request.engine](request, intake.bucket_count, work):
        facts.append(done)
        watch.moved("screen", len(facts), intake.bucket_count)
    return facts


ENGINES: Mapping[str, Callable[..., Iterator[BucketFacts]]] = {
    "local": lambda request, buckets, work: local.each_bucket(buckets, work, request.jobs),
    "spark": lambda _, buckets, work: spark.each_bucket(buckets, work),
}


def one_bucket(
    bucket: int, *, intake: Intake, rules: tuple[Rule, ...], as_of: dt.date, parts_in: Path
) -> BucketFacts:
    """Screen one bucket and leave its tables in `parts_in`; runs in a worker process."""
    tables = intake.bucket(bucket)
    results, broke = screen_soundly(screen_bucket, tables, rules, as_of)
    validate_findings(results)
    rows = parts.write_parts(parts_in, bucket, results)
    return facts_of(bucket, tables, results, rows, broke)


def _described(
    request: Request,
    run: Mapping[str, Any],
    intake: Intake,
    facts: list[BucketFacts],
    held: Mapping[str, pl.LazyFrame],
) -> dict[str, Any]:
    """What is known after screening: counts, coverage, and whether anything is missing."""
    classes = counted([f.row_classes for f in facts])
    inputs = run_json.inputs_of(intake.files, classes)
    broke = run_json.broken_rules(facts)
    reasons = run_json.why_incomplete(
        facts, inputs, request.expected_sites, request.max_set_aside, request.max_unmapped
    )
    unknown = unmapped.unmapped_of(facts)
    described = {
        "complete": not reasons,
        "incomplete_reasons": reasons,
        "basis": run_json.basis_of(facts),
        "inputs": inputs,
        "counts": run_json.counts_of(
            facts, held["findings"], held["pilot_findings"], held["data_flags"], inputs
        )
        | waivers.counts_of(run, held["findings"]),
        "coverage": run_json.coverage_of(facts),
        "sites": sorted(frozenset[str]().union(*(f.sites for f in facts))),
        "unmapped": unknown,
        "rules": [
            card | {"ran": False, "reason": f"broke: {broke[card['id']]}"}
            if card["id"] in broke
            else card
            for card in run["rules"]
        ],
        "notices": [
            *_notices(request, intake),
            *_absent(intake),
            *_doubts({**run, "unmapped": unknown, "inputs": inputs}, intake, facts),
            *waivers.notices_of(run),
            *reviews.notices_of(run),
        ],
    }
    return described | {"exit_code": run_json.exit_code_of(described, request.fail_on)}


def _compared(
    request: Request, run: Mapping[str, Any], chosen: Chosen, facts: list[BucketFacts]
) -> earlier.Comparison:
    if request.past is None:
        return earlier.without_past()
    broke = run_json.broken_rules(facts)
    ran = {rule.id: rule.fingerprint for rule in chosen.rules if rule.id not in broke}
    return request.past.compare(run, ran, frozenset[str]().union(*(f.sites for f in facts)))


def _beside_earlier(
    compared: earlier.Comparison,
    request: Request,
    run: Mapping[str, Any],
    ready: write.Ready,
    watch: Watch,
) -> dict[str, Any]:
    told, gone = compared.told(run, run_folder.tables(ready.folder))
    write.no_longer_found(ready, gone)
    for oddity in told.get("continuity", ()):
        watch.noticed(oddity)
    trouble = request.past.trouble if request.past is not None else []
    return told | {"notices": [*run["notices"], *trouble, *told.get("continuity", ())]}


def _notices(request: Request, intake: Intake) -> list[str]:
    """What intake noticed, without the paths: where the exports lie must not change the report."""
    return list(without_folders(intake.notices, request.exports))


def _doubts(run: Mapping[str, Any], intake: Intake, facts: list[BucketFacts]) -> list[str]:
    """What may be wrong with patients and drugs that are taken as they are."""
    return [
        *intake.doubts_of_age(dt.date.fromisoformat(run["as_of"])),
        *unmapped.notices_of(run["unmapped"], facts, run["inputs"]),
    ]


def _absent(intake: Intake) -> list[str]:
    supplied = {file.table for file in intake.files}
    return [
        f"No {table} were supplied: rules that need them answer not assessed."
        for table in TABLES
        if table not in supplied
    ]


def _checked(
    run: Mapping[str, Any],
    facts: list[BucketFacts],
    held: Mapping[str, pl.LazyFrame],
    read_back: laws.Law,
) -> list[dict[str, Any]]:
    """The conservation laws of this run. Raises RunBroke when one does not hold."""
    asked = [card["id"] for card in run["rules"] if card["asked"]]
    found = laws.row_laws(run["inputs"])
    found.append(laws.outcome_law(held["outcomes"], asked, run["counts"]["patients"]))
    found += laws.findings_laws(
        held["findings"],
        held["pilot_findings"],
        held["outcomes"],
        sum(f.dangling for f in facts),
    )
    found.append(read_back)
    found.append(laws.Law("known orders give known findings", True, known_answers.ask()))
    for law in found:
        if not law.ok:
            raise RunBroke(
                f"A check of the run itself does not hold: {law.name}: {law.detail}.",
                fix="Nothing was published; this is a fault of screener, please report it.",
            )
    return [law.as_dict() for law in found]


def _clock(request: Request, started_at: str, timings: dict[str, float]) -> dict[str, Any]:
    if request.steady:
        return {"started_at": None, "ended_at": None, "host": None, "timings": {}}
    ended = request.now()
    return {"started_at": started_at, "ended_at": ended, "host": request.host, "timings": timings}
