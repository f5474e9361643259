"""From the words of the command line to a `Request`, checked before any export is read."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import platform
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screener.cli import clock
from screener.errors import UsageError

if TYPE_CHECKING:
    from screener.request import Chosen, Request
    from screener.rule.model import Rule
    from screener.rule.sites import SiteRules

ENGINES = ("local", "spark")
FAIL_ON = ("none", "info", "low", "moderate", "high", "critical")
RUNS_UNASKED = ("active", "pilot")


def tables_of(
    prescriptions: list[str] | None,
    patients: list[str] | None,
    labs: list[str] | None,
    conditions: list[str] | None,
    admissions: list[str] | None,
) -> dict[str, list[str]]:
    """Table -> its files, of the tables that were named one by one."""
    given = {
        "prescriptions": prescriptions,
        "patients": patients,
        "labs": labs,
        "conditions": conditions,
        "admissions": admissions,
    }
    return {name: paths for name, paths in given.items() if paths}


def request_for(
    exports: list[str],
    tables: Mapping[str, list[str]],
    *,
    rules: Path,
    out: Path,
    as_of: str | None,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    site_rules: Path | None = None,
    reviews: Iterable[Path] = (),
    engine: str = "local",
    configuration: Mapping[str, Any],
    **more: Any,
) -> Request:
    """Everything a run is told, checked as far as it can be without reading the exports."""
    if not exports and not tables and not more.get("incremental"):
        raise UsageError(
            "No export was given.", fix="Name files or a folder: screener run exports/"
        )
    if configuration["fail_on"] not in FAIL_ON:
        raise UsageError(f"--fail-on is one of {', '.join(FAIL_ON)}.")
    if engine not in ENGINES:
        raise UsageError(f"--engine is one of {', '.join(ENGINES)}.")
    if more.get("incremental") and engine != "local":
        raise UsageError("--incremental screens on this machine.", fix="Leave out --engine.")
    if engine == "spark":
        from screener.engines.spark import refuse_without_pyspark

        refuse_without_pyspark()
    if not 0 <= configuration["max_set_aside"] <= 100:
        raise UsageError("--max-set-aside is a percentage from 0 to 100.")
    if not 0 <= configuration.get("max_unmapped", 100.0) <= 100:
        raise UsageError("--max-unmapped is a percentage from 0 to 100.")
    compare = more.pop("compare", None)
    expect_sha256 = more.pop("expect_sha256", None)
    only, skip = sorted(set(only)), sorted(set(skip))
    day = day_of(as_of)

    from screener.history import open_history
    from screener.outputs.reviews import read_reviews
    from screener.request import Request
    from screener.rulebook.effective import load_site
    from screener.rulebook.library import read_library
    from screener.sources.expected import read_expected

    folder = read_library(rules)
    site = load_site(site_rules, folder) if site_rules else None
    rules_left_out(folder.rules, only, skip)
    configuration = {**configuration, "only": only, "skip": skip}
    if site is not None:
        configuration["site_rules"] = site.sha256
    if compare not in (None, "last"):
        configuration["compare"] = compare
    reviewed = read_reviews(reviews)
    if reviewed:
        configuration["reviews"] = sorted(file.sha256 for file in reviewed)
    return Request(
        exports=tuple(exports),
        tables=tables,
        out=out if engine == "local" else out.absolute(),  # executors have folders of their own
        engine=engine,
        rules_on=partial(chosen_on, library=folder.rules, site=site, only=only, skip=skip),
        rule_files={**folder.texts, **({f"sites/{site.file}": site.data} if site else {})},
        site=site,
        reviews=reviewed,
        past=None if compare is None else open_history(out, compare),
        today=clock.today(),
        now=clock.now,
        host=platform.node(),
        pid=str(os.getpid()),
        command=command_line(as_of, configuration),
        configuration=configuration,
        as_of=day,
        mapping=configuration["format"],
        encoding=configuration["encoding"],
        allow_empty=configuration["allow_empty"],
        expected_sites=frozenset(configuration["expected_sites"]),
        max_set_aside=configuration["max_set_aside"],
        expected_sha256=None if expect_sha256 is None else read_expected(expect_sha256),
        max_unmapped=configuration.get("max_unmapped", 100.0),
        fail_on=configuration["fail_on"],
        **more,
    )


def chosen_on(
    day: dt.date,
    *,
    library: tuple[Rule, ...],
    site: SiteRules | None,
    only: list[str],
    skip: list[str],
) -> Chosen:
    """The rules with the site's adjustments of that day, which run, and what each says."""
    from screener.request import Chosen
    from screener.rule.sites import adjustments_on, rules_on
    from screener.rulebook.read import sentence

    on_day = rules_on(library, site, day)
    left_out = rules_left_out(on_day, only, skip)
    changes = adjustments_on(site, day)
    return Chosen(
        as_of=day,
        library=on_day,
        asked=frozenset(rule.id for rule in on_day) - left_out.keys(),
        left_out=left_out,
        sentences={rule.id: sentence(rule) for rule in on_day},
        site_notes={
            rule.id: {
                "adjusted_in_lines": [one.mark.line for one in changes[rule.id]],
                "unadjusted_fingerprint": rule.fingerprint,
            }
            for rule in library
            if rule.id in changes
        },
    )


def day_of(text: str | None) -> dt.date | None:
    """A date of the command line. Raises UsageError."""
    if text is None:
        return None
    try:
        if len(text) != len("2026-10-31"):
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "--as-of is no date.", fix="Write it as YYYY-MM-DD, like 2026-10-31."
        ) from error


def sites_in(path: Path | None) -> list[str]:
    """The site ids of a file, one a line; blank lines and lines that begin with # do not count."""
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The file of expected sites cannot be read.",
            where=str(path),
            fix="Give a UTF-8 text file with one site id a line.",
        ) from error
    return sorted({s for line in lines if (s := line.strip()) and not s.startswith("#")})


def rules_left_out(library: Iterable[Rule], only: list[str], skip: list[str]) -> dict[str, str]:
    """Rule id -> why it is not screened. Raises UsageError for a rule that does not exist."""
    statuses = {rule.id: rule.status for rule in library}
    for name in [*only, *skip]:
        if name not in statuses:
            near = difflib.get_close_matches(name, statuses, n=1)
            raise UsageError(
                f"There is no rule {name}.",
                fix=f"Did you mean {near[0]}?" if near else "`screener rules list` names them.",
            )
    left_out = {}
    for rule, status in statuses.items():
        if rule in skip:
            left_out[rule] = "left out with --skip"
        elif only and rule not in only:
            left_out[rule] = "not named with --only"
        elif not only and status not in RUNS_UNASKED:
            told = "switched off" if status == "off" else status
            left_out[rule] = f"{told} in its rule file; it runs when asked for by name (--only)"
    return left_out


def command_line(as_of: str | None, configuration: Mapping[str, Any]) -> str:
    """The run as a command line without paths, the same for the same configuration."""
    words = ["screener run", f"--format {configuration['format']}"]
    if as_of:
        words.append(f"--as-of {as_of}")
    words += [f"--only {name}" for name in configuration["only"]]
    words += [f"--skip {name}" for name in configuration["skip"]]
    words.append(f"--fail-on {configuration['fail_on']}")
    words.append(f"--max-set-aside {configuration['max_set_aside']:g}")
    if "max_unmapped" in configuration:
        words.append(f"--max-unmapped {configuration['max_unmapped']:g}")
    if "site_rules" in configuration:
        words.append("--site-rules FILE")
    words += ["--reviews FILE"] * len(configuration.get("reviews", ()))
    if configuration["expected_sites"]:
        words.append("--expect-sites FILE")
    words.append(f"--encoding {configuration['encoding']}")
    if configuration["allow_empty"]:
        words.append("--allow-empty")
    return " ".join(words)
