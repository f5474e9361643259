"""`screener run`: screen exports and publish the findings, the report and run.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from screener.cli import completion, failures, logs, settings
from screener.cli.request import FAIL_ON, request_for, sites_in, tables_of
from screener.cli.say import plural, say
from screener.cli.settings import option

if TYPE_CHECKING:
    from screener.request import Request

ANY = 100.0  # percent: no limit, and no part of the run id

Exports = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="EXPORT...", help="Files or folders: csv, tsv, parquet, ndjson, also .gz and .zst."
    ),
]
Format = Annotated[
    str, option("--format", metavar="NAME", help="The mapping that reads the exports.")
]
Prescriptions = Annotated[
    list[str] | None,
    option("--prescriptions", metavar="FILE", help="A file of prescriptions (repeatable)."),
]
Patients = Annotated[
    list[str] | None, option("--patients", metavar="FILE", help="A file of patients.")
]
Labs = Annotated[list[str] | None, option("--labs", metavar="FILE", help="A file of lab results.")]
Conditions = Annotated[
    list[str] | None, option("--conditions", metavar="FILE", help="A file of conditions.")
]
Admissions = Annotated[
    list[str] | None, option("--admissions", metavar="FILE", help="A file of admissions.")
]
Rules = Annotated[Path, option("--rules", metavar="FOLDER", help="The folder of the rules.")]
Out = Annotated[
    Path, option("--out", metavar="FOLDER", help="The folder in which runs are published.")
]
AsOf = Annotated[
    str | None,
    option("--as-of", metavar="DATE", help="Last day of the data, YYYY-MM-DD.", show_default=False),
]
Encoding = Annotated[
    str, option("--encoding", metavar="NAME", help="Encoding of text exports; never guessed.")
]
SiteRules = Annotated[
    Path | None,
    option(
        "--site-rules",
        metavar="FILE",
        help="The site's own adjustments and waivers.",
        show_default=False,
    ),
]
Reviews = Annotated[
    list[Path] | None,
    option(
        "--reviews",
        metavar="FILE",
        help="A review list that was filled in, or a folder of them (repeatable).",
    ),
]
Only = Annotated[
    list[str] | None,
    option(
        "--only",
        metavar="RULE",
        autocompletion=completion.rule_ids,
        help="Only this rule (repeatable).",
    ),
]
Skip = Annotated[
    list[str] | None,
    option(
        "--skip",
        metavar="RULE",
        autocompletion=completion.rule_ids,
        help="Not this rule (repeatable).",
    ),
]
AllowEmpty = Annotated[
    bool, option("--allow-empty", help="Accept an export that has a header and no row.")
]
MaxSetAside = Annotated[
    float,
    option(
        "--max-set-aside",
        metavar="PERCENT",
        help="Percent of a file's records that may be set aside.",
    ),
]
ExpectSha256 = Annotated[
    Path | None,
    option(
        "--expect-sha256",
        metavar="FILE",
        help="The exports' hashes as `sha256sum` writes them; another file is refused.",
        show_default=False,
    ),
]
MaxUnmapped = Annotated[
    float,
    option(
        "--max-unmapped",
        metavar="PERCENT",
        help="Percent of a file's drug orders whose drug no list may know; 100 = any.",
    ),
]


@settings.shared
def run(
    *,
    ctx: typer.Context,
    exports: Exports = None,
    mapping: Format = "native",
    prescriptions: Prescriptions = None,
    patients: Patients = None,
    labs: Labs = None,
    conditions: Conditions = None,
    admissions: Admissions = None,
    rules: Rules = Path("rules"),
    site_rules: SiteRules = None,
    reviews: Reviews = None,
    out: Out = Path("reports"),
    as_of: AsOf = None,
    only: Only = None,
    skip: Skip = None,
    fail_on: Annotated[
        str,
        option(
            "--fail-on",
            metavar="SEVERITY",
            help=f"Exit 1 on a finding this severe: {', '.join(FAIL_ON)}.",
        ),
    ] = "none",
    max_set_aside: MaxSetAside = 10.0,
    max_unmapped: MaxUnmapped = ANY,
    expect_sites: Annotated[
        Path | None,
        option(
            "--expect-sites",
            metavar="FILE",
            help="File of site ids, one a line.",
            show_default=False,
        ),
    ] = None,
    expect_sha256: ExpectSha256 = None,
    encoding: Encoding = "utf-8",
    allow_empty: AllowEmpty = False,
    force: Annotated[bool, option("--force", help="Make a finished run again.")] = False,
    jobs: Annotated[
        int | None,
        option(
            "--jobs", metavar="N", help="Worker processes; 1 = none.", min=1, show_default="by size"
        ),
    ] = None,
    incremental: Annotated[
        bool,
        option(
            "--incremental",
            help="The exports are news: add them to those of earlier nights (docs/incremental.md).",
        ),
    ] = False,
    engine: Annotated[
        str,
        option(
            "--engine",
            metavar="NAME",
            help="Who screens the buckets: local, or spark (docs/scale.md).",
        ),
    ] = "local",
    also: Annotated[
        str,
        option(
            "--also",
            metavar="FORMS",
            help="Write the run in other forms too, like fhir,prometheus (docs/exports.md).",
            show_default=False,
        ),
    ] = "",
    compare: Annotated[
        str,
        option(
            "--compare",
            metavar="RUN",
            help="What the findings are compared with: last, none, or the id of an earlier run.",
        ),
    ] = "last",
    show_config: Annotated[
        bool, typer.Option("--show-config", help="Print every setting and its source, and stop.")
    ] = False,
) -> int:
    """screener run exports/ --out reports

    Screen medication lists: findings, a report and run.json in a new folder of --out.

    The exit code is 0 also when there are findings; docs/auditor.md lists the others.
    """
    if show_config:
        say(*settings.lines_of_config(ctx))
        return 0
    forms = forms_of(also)
    tables = tables_of(prescriptions, patients, labs, conditions, admissions)
    request = request_for(
        exports or [],
        tables,
        rules=rules,
        site_rules=site_rules,
        reviews=reviews or [],
        out=out,
        as_of=as_of,
        only=only or [],
        skip=skip or [],
        configuration={
            "format": mapping,
            "encoding": encoding,
            "allow_empty": allow_empty,
            "fail_on": fail_on,
            "max_set_aside": max_set_aside,
            "expected_sites": sites_in(expect_sites),
            **({"max_unmapped": max_unmapped} if max_unmapped != ANY else {}),
        },
        force=force,
        jobs=jobs,
        engine=engine,
        incremental=incremental,
        compare=compare,
        expect_sha256=expect_sha256,
    )
    return screen_and_tell(request, forms)


def forms_of(also: str) -> list[str]:
    """The forms of `--also`. Raises UsageError."""
    from screener.cli.export import forms_in

    return forms_in(also) if also.strip() else []


def screen_and_tell(request: Request, forms: Iterable[str] = ()) -> int:
    """Screen, print the summary, and give the exit code; a failed run leaves its run.json.

    `forms`: in which the published run is written besides.
    """
    from screener.cli.export import write_form
    from screener.screen import screen

    with failures.left_behind(request, logs.current) as watch:
        done = screen(request, watch)
    for form in forms:
        write_form(request.out, done.folder, form)
    lines = summary(done.run, done.folder, already=done.already)
    say(*lines)
    trouble = request.past.trouble if request.past is not None else []
    for sentence in trouble:
        logs.current.noticed(sentence)
    code = 3 if trouble else int(done.run["exit_code"])
    logs.current.summary(
        f"finished with exit code {code}",
        {
            "exit_code": code,
            "run_id": done.run["run_id"],
            "as_of": done.run["as_of"],
            "complete": done.run["complete"],
            "already_there": done.already,
            "folder": str(done.folder),
            "counts": {k: v for k, v in done.run["counts"].items() if k != "data_flags"},
        },
    )
    return code


def since(compared: Mapping[str, Any] | None) -> list[str]:
    """The line of the summary about the run before; none for a first run."""
    if compared is None or compared["previous_run"] is None:
        return []
    states = compared["states"]
    told = [("new", "new"), ("worsened", "worsened"), ("reopened", "found again"),
            ("continuing", "continuing"), ("no_longer_found", "no longer found")]  # fmt: skip
    words = ", ".join(f"{states[name]:,} {word}" for name, word in told)
    aside = f", {states['not_compared']:,} not compared" if states["not_compared"] else ""
    day = compared["previous_as_of"]
    return [f"Since run {compared['previous_run']} of {day}: {words}{aside}."]


def summary(run: Mapping[str, Any], folder: Path, *, already: bool) -> list[str]:
    """The lines that a run prints on stdout; the last is the path of the report."""
    counts = run["counts"]
    by_severity = counts["findings_by_severity"]
    severities = [f"{by_severity.get(name, 0):,} {name}" for name in reversed(FAIL_ON[1:])]
    lines = [f"Run {run['run_id']}, data up to {run['as_of']} ({run['as_of_from']})."]
    if already:
        lines.append("This run was finished before; its files are as they were written.")
    lines += [f"INCOMPLETE: {reason}" for reason in run["incomplete_reasons"]]
    lines.append(
        f"{plural(counts['findings'], 'finding')} ({', '.join(severities)}) in "
        f"{counts['patients_with_findings']:,} of {plural(counts['patients'], 'patient')}."
    )
    lines += since(run.get("compared"))
    if counts["pilot_findings"]:
        lines.append(f"{plural(counts['pilot_findings'], 'finding')} of pilot rules stand apart.")
    if counts.get("waived"):
        lines.append(f"{plural(counts['waived'], 'finding')} of them waived: see the report.")
    asked = sum(rule["asked"] for rule in run["rules"])
    ran = sum(rule["ran"] for rule in run["rules"])
    lines.append(
        f"{ran} of {plural(asked, 'rule')} ran on {plural(counts['orders'], 'order')}; "
        f"{plural(counts['set_aside'], 'record')} set aside, "
        f"{plural(sum(counts['data_flags'].values()), 'data flag')}."
    )
    lines.append(f"Report: {folder / 'report.html'}")
    return lines
