"""`screener rules`: check rule files, run their stories, read them aloud, list and show them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from screener.cli import clock, logs, rules_impact, rules_write, settings
from screener.cli.request import day_of
from screener.cli.rules_coverage import tell_coverage
from screener.cli.run import Encoding, Format, Rules, SiteRules
from screener.cli.say import plural, say, table

if TYPE_CHECKING:
    import datetime as dt

    from screener.rule.load import RulesFolder
    from screener.rulebook.stories import Told

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Rules: check, test, read, list and show them.",
)
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[RULE]...", help="Rule ids; all without any.")
]
OneId = Annotated[str, typer.Argument(metavar="RULE", help="A rule id.")]
AsOf = Annotated[
    str | None,
    settings.option(
        "--as-of",
        metavar="DATE",
        help="The day on which review and end dates are judged; today when not given.",
        show_default=False,
    ),
]
All = Annotated[bool, settings.option("--all", help="Show the stories that came out right, too.")]
Coverage = Annotated[
    bool, settings.option("--coverage", help="Name the changes that no story would notice.")
]


Data = Annotated[
    list[str] | None,
    settings.option(
        "--data",
        metavar="EXPORT",
        help="Hold the lists against what this export orders (repeatable).",
        show_default=False,
    ),
]
Effective = Annotated[
    bool, settings.option("--effective", help="Each value, and where it comes from.")
]


@app.command("check", short_help="Every problem of every rule file at once.")
@settings.shared
def check(
    *,
    rules: Rules = Path("rules"),
    site_rules: SiteRules = None,
    as_of: AsOf = None,
    data: Data = None,
    mapping: Format = "native",
    encoding: Encoding = "utf-8",
) -> int:
    """screener rules check

    Read every rule and list file, and say every problem of all of them with its line and column.

    With --site-rules also a site's own file, and every rule as that file adjusts it.

    With --data also a table of drugs that an export orders and that look like members of a list.

    Exit code 0 when every file can be used (warnings or none), 2 when one cannot.
    """
    from screener.rulebook.library import read_library
    from screener.rulebook.linting import library_warnings
    from screener.rulebook.lock import lock_warnings

    day = day_of(as_of) or clock.today()
    folder = read_library(rules)
    locked = lock_warnings(rules, folder)
    for warning in (*library_warnings(folder, day), *locked):
        logs.current.noticed(warning)
    counts = f"{plural(len(folder.rules), 'rule')}, {plural(len(folder.lists), 'list')}"
    if site_rules is not None:
        counts += f", {_checked_site(site_rules, folder, day)}"
    say(f"{counts}: every file can be used.")
    if data:
        say(*_against_data(folder, data, mapping, encoding))
    return 0


def _checked_site(path: Path, folder: RulesFolder, day: dt.date) -> str:
    """Read a site file, say what has ended, and give what it holds in words."""
    from screener.rule.sites import expired
    from screener.rulebook.effective import load_site

    site = load_site(path, folder)
    for warning in (*site.warnings, *expired(site, day)):
        logs.current.noticed(warning)
    changes = plural(len(site.adjustments), "adjustment")
    return f"{changes} and {plural(len(site.waivers), 'waiver')} of {site.id}"


def _against_data(folder: RulesFolder, data: list[str], mapping: str, encoding: str) -> list[str]:
    """Drugs of an export that look like members of a list; names and counts, no patients."""
    from screener.intake import take_in
    from screener.rulebook.data_lint import COLUMNS, missing_members, seen_in
    from screener.sources import read_export

    with tempfile.TemporaryDirectory(prefix="screener-") as scratch:
        intake = take_in(
            data, read=read_export, mapping=mapping, encoding=encoding, scratch=Path(scratch)
        )
        for notice in intake.notices:
            logs.current.noticed(notice)
        rows = missing_members(folder, seen_in(intake))
    if not rows:
        return ["The export orders nothing that looks like a member missing from a list."]
    fix = "Put what belongs there into the list, and what does not under its `except`."
    return ["", *table(COLUMNS, rows), fix]


@app.command("test", short_help="Run the stories of the rules through the engine.")
@settings.shared
def run_stories(
    *,
    ids: Ids = None,
    rules: Rules = Path("rules"),
    everything: All = False,
    coverage: Coverage = False,
) -> int:
    """screener rules test baclofen-max-dose

    Run every story as an invented patient through the production engine: expected and got.

    With --coverage each number, comparison, list and guard is then changed, one at a time, and
    the changes are named that no story notices and the file does not explain.

    Exit code 0 when all come out as expected, 1 when one does not or a change goes unnoticed, 2
    when a file is wrong.
    """
    from screener.checks.bucket import screen_bucket
    from screener.rulebook.library import chosen, load_library
    from screener.rulebook.stories import tell

    asked = chosen(load_library(rules), ids or [])
    told = tell(asked, screen_bucket)
    wrong = [one for one in told if not one.passed]
    shown = told if everything else wrong
    if shown:
        say(*table(("", "rule", "story", "expected", "got"), _rows(shown)), "")
    for rule in asked:
        if not rule.stories:
            logs.current.noticed(f"{rule.id} has no story")
    right = len(told) - len(wrong)
    say(f"{right} of {len(told)} {'story' if len(told) == 1 else 'stories'} came out as expected.")
    for one in wrong:
        say(f"  {rules / one.story.where}: {one.story.story}")
    if wrong or not coverage:
        return 1 if wrong else 0
    return tell_coverage(asked, rules, everything=everything)


def _rows(told: tuple[Told, ...] | list[Told]) -> list[tuple[str, ...]]:
    """One line for each expectation and each thing that was got, side by side."""
    lines: list[tuple[str, ...]] = []
    for one in told:
        deep = max(len(one.expected), len(one.got))
        for at in range(deep):
            head = ("ok" if one.passed else "WRONG", one.rule_id, one.story.story)
            lines.append(
                (
                    *(head if at == 0 else ("", "", "")),
                    one.expected[at] if at < len(one.expected) else "",
                    one.got[at] if at < len(one.got) else "",
                )
            )
    return lines


@app.command("read", short_help="The rules as English sentences.")
@settings.shared
def read(*, ids: Ids = None, rules: Rules = Path("rules")) -> int:
    """screener rules read baclofen-max-dose

    What a rule says, in sentences made from its compiled form: read them against what you meant.
    """
    from screener.rulebook.library import chosen, load_library
    from screener.rulebook.read import sentence

    for rule in chosen(load_library(rules), ids or []):
        say(f"{rule.id}: {sentence(rule)}")
    return 0


@app.command("list", short_help="Every rule with its status and severity.")
@settings.shared
def list_rules(*, rules: Rules = Path("rules")) -> int:
    """screener rules list

    Every rule of the folder: id, status, severity, version, number of stories, title.
    """
    from screener.rulebook.library import load_library
    from screener.rulebook.listing import rows

    head = ("rule", "status", "severity", "version", "stories", "title")
    say(*table(head, rows(load_library(rules))))
    return 0


@app.command("show", short_help="One rule in full.")
@settings.shared
def show(
    *,
    rule: OneId,
    rules: Rules = Path("rules"),
    site_rules: SiteRules = None,
    effective: Effective = False,
    as_of: AsOf = None,
) -> int:
    """screener rules show baclofen-max-dose

    One rule in full: its sentence, why, evidence, owners, every drug of its lists, its stories.

    With --site-rules as the site adjusts it; with --effective where each of its values comes from.
    """
    from screener.rule.sites import rules_on
    from screener.rulebook.effective import effective_values, load_site, site_lines
    from screener.rulebook.library import chosen, read_library
    from screener.rulebook.listing import in_full
    from screener.rulebook.read import sentence

    day = day_of(as_of) or clock.today()
    folder = read_library(rules)
    (core,) = chosen(folder.rules, [rule])
    site = load_site(site_rules, folder) if site_rules else None
    (form,) = rules_on((core,), site, day)
    if not effective:
        say(*in_full(form))
        return 0
    where = f" for {site.title}" if site else ""
    say(f"{form.id}, version {form.version}{where} on {day.isoformat()}", sentence(form), "")
    say(*table(("value of", "", "comes from"), effective_values(folder, rule, site, day)))
    say(*site_lines(rule, site, day) if site else ())
    return 0


app.command("new", short_help="Write the file of a new rule.")(rules_write.new)
app.command("fmt", short_help="White space and key order; comments stay.")(rules_write.fmt)
app.command("lock", short_help="Write down versions and meanings.")(rules_write.lock)
app.command("docs", short_help="The rules as pages for a browser.")(rules_write.docs)
app.command("schema", short_help="The JSON Schema for editors.")(rules_write.schema)
app.command("impact", short_help="What a change of rules does to data.")(rules_impact.impact)
