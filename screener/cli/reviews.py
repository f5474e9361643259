"""`screener reviews`: what reviewers wrote into review lists, counted, and drafts of waivers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from screener.cli import clock, settings
from screener.cli.run import Out
from screener.cli.say import plural, say, table
from screener.errors import UsageError

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Review lists that come back: show, waivers."
)
Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Review lists, .xlsx or .csv, or folders of them."),
]


@app.command("show", short_help="Confirmed of reviewed, rule by rule.")
@settings.shared
def show_reviews(files: Files, out: Out = Path("reports")) -> int:
    """screener reviews show review_list.xlsx

    Count what reviewers wrote, rule by rule, before a run is given the lists.
    """
    from screener.history import open_history
    from screener.outputs.reviews import judged, notices_of, read_reviews, rules_of

    read = read_reviews(files)
    reviews = judged(read, rules_of(read, out, past=open_history(out)))
    say(f"{reviews['used']:,} of {plural(reviews['rows'], 'row')} used.")
    say(*(f"Not used: {plural(n, 'row')}, {why}." for why, n in reviews["not_used"].items()))
    say(*notices_of({"reviews": reviews}))
    rows = [
        (rule, f"{n['confirmed']} of {n['reviewed']}", f"{_percent(n['interval'])}")
        for rule, n in reviews["by_rule"].items()
    ]
    if rows:
        say(*table(("rule", "confirmed", "95 % interval"), rows))
    return 0


def _percent(interval: list[float]) -> str:
    low, high = (round(100 * share) for share in interval)
    return f"{low} % to {high} %"


@app.command("waivers", short_help="A draft of waivers from review lists.")
@settings.shared
def draft_waivers(
    files: Files,
    out: Out = Path("reports"),
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome",
            metavar="WORD",
            help="Findings with this outcome (repeatable).",
            show_default="already known",
        ),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="How long they last.", min=1, max=365)
    ] = 365,
) -> int:
    """screener reviews waivers review_list.xlsx > waivers.yaml

    Write a draft of waivers for findings that the team accepts. Each needs a reason by hand: a
    draft with TODO in it is refused by --site-rules.
    """
    from screener.history import open_history
    from screener.outputs.reviews import OUTCOMES, draft_of_waivers, read_reviews, rules_of

    wanted = outcome or ["already known"]
    if unknown := sorted(set(wanted) - set(OUTCOMES)):
        raise UsageError(
            f"There is no outcome {unknown[0]}.", fix=f"Write one of {', '.join(OUTCOMES)}."
        )
    read = read_reviews(files)
    rules = rules_of(read, out, past=open_history(out))
    text, count = draft_of_waivers(read, rules, outcomes=wanted, today=clock.today(), days=days)
    if not count:
        raise UsageError(
            f"No reviewed finding is {' or '.join(wanted)}.",
            where=", ".join(str(path) for path in files),
            fix="`screener reviews show FILE` counts what the list holds.",
        )
    say(text.rstrip("\n"))
    return 0
