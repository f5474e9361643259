"""`screener rules`: check rule files, run their stories, read them aloud, list and show them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from screener.cli import clock, logs, settings
from screener.cli.request import day_of
from screener.cli.run import Rules
from screener.cli.say import plural, say, table

if TYPE_CHECKING:
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
        help="The day on which review dates are judged; today when not given.",
        show_default=False,
    ),
]
All = Annotated[bool, settings.option("--all", help="Show the stories that came out right, too.")]


@app.command("check", short_help="Every problem of every rule file at once.")
@settings.shared
def check(*, rules: Rules = Path("rules"), as_of: AsOf = None) -> int:
    """screener rules check

    Read every rule and list file, and say every problem of all of them with its line and column.

    Exit code 0 when every file can be used (warnings or none), 2 when one cannot.
    """
    from screener.rule.load import lint
    from screener.rulebook.library import read_library

    day = day_of(as_of) or clock.today()
    folder = read_library(rules)
    for warning in (*folder.warnings, *lint(folder.rules, day)):
        logs.current.noticed(warning)
    counts = f"{plural(len(folder.rules), 'rule')}, {plural(len(folder.lists), 'list')}"
    say(f"{counts}: every file can be used.")
    return 0


@app.command("test", short_help="Run the stories of the rules through the engine.")
@settings.shared
def run_stories(*, ids: Ids = None, rules: Rules = Path("rules"), everything: All = False) -> int:
    """screener rules test baclofen-max-dose

    Run every story as an invented patient through the production engine: expected and got.

    Exit code 0 when all come out as expected, 1 when one does not, 2 when a file is wrong.
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
    return 1 if wrong else 0


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
def show(*, rule: OneId, rules: Rules = Path("rules")) -> int:
    """screener rules show baclofen-max-dose

    One rule in full: its sentence, why, evidence, owners, every drug of its lists, its stories.
    """
    from screener.rulebook.library import chosen, load_library
    from screener.rulebook.listing import in_full

    say(*in_full(chosen(load_library(rules), [rule])[0]))
    return 0
