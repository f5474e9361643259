"""`screener runs` and `screener diff`: the finished runs of an output folder, and two of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from screener.cli import clock, settings
from screener.cli.report import RunName
from screener.cli.run import Out, summary
from screener.cli.say import say, table
from screener.errors import UsageError

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Finished runs: list, show, prune."
)


@app.command("list", short_help="The finished runs of a folder.")
@settings.shared
def list_runs(out: Out = Path("reports")) -> int:
    """screener runs list

    The finished runs of a folder, oldest as-of date first.
    """
    from screener.outputs.run_folder import read_run, run_folders

    rows = []
    for folder in run_folders(out):
        run = read_run(folder)
        counts = run["counts"]
        complete = "complete" if run["complete"] else "INCOMPLETE"
        states = (run.get("compared") or {}).get("states") or {}
        first = not (run.get("compared") or {}).get("previous_run")
        moved = ["", ""] if first else [states["new"], states["no_longer_found"]]
        rows.append(
            (folder.name, complete, counts["patients"], counts["findings"], *moved,
             run["started_at"])
        )  # fmt: skip
    if not rows:
        say(f"No finished run in {out}.")
        return 0
    head = ("run", "", "patients", "findings", "new", "no longer found", "started")
    say(*table(head, rows))
    return 0


@app.command("show", short_help="What one run read, screened and found.")
@settings.shared
def show_run(run: RunName = "latest", out: Out = Path("reports")) -> int:
    """screener runs show latest

    What one run read, screened and found.
    """
    from screener.outputs.run_folder import find_run, read_run

    folder = find_run(out, run)
    content = read_run(folder)
    rows = [
        (
            f["file"],
            f["table"],
            f["records"],
            f["used"],
            f["excluded"] + f["duplicate"] + f["superseded"],
            f["set_aside"],
            f["blank"],
        )
        for f in content["inputs"]
    ]
    head = ("file", "table", "records", "used", "not used", "set aside", "blank")
    say(*summary(content, folder, already=False)[:-1], "", *table(head, rows), "")
    found = [(r["id"], r["version"], "ran" if r["ran"] else r["reason"]) for r in content["rules"]]
    say(*table(("rule", "version", ""), found), "", f"Report: {folder / 'report.html'}")
    return 0


@app.command("prune", short_help="Delete old runs' folders.")
@settings.shared
def prune(
    *,
    out: Out = Path("reports"),
    keep: Annotated[
        int | None,
        typer.Option("--keep", metavar="N", min=1, help="Keep the newest N.", show_default=False),
    ] = None,
    older_than: Annotated[
        int | None,
        typer.Option(
            "--older-than", metavar="DAYS", min=1, help="Delete what is older, by as-of date.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:  # fmt: skip
    """screener runs prune --keep 90

    Delete the folders of old runs; the history keeps their numbers.

    The newest complete run and the one that `latest` names always stay.
    """
    from screener.outputs import place
    from screener.outputs.publish import remove_run

    if (keep is None) == (older_than is None):
        raise UsageError("Say what is to be deleted.", fix="Give --keep N or --older-than DAYS.")
    with place.held(out, who=clock.who()):
        old = _old_runs(out, keep, older_than)
        if not old:
            say("Nothing to delete.")
            return 0
        say(*(folder.name for folder in old))
        if not yes and not typer.confirm(f"Delete these {len(old)} of {out}?"):
            say("Nothing was deleted.")
            return 0
        for folder in old:
            remove_run(folder)
    say(f"{len(old)} deleted.")
    return 0


def _old_runs(out: Path, keep: int | None, older_than: int | None) -> list[Path]:
    from screener.history import open_history
    from screener.outputs.run_folder import find_run, read_run, run_folders

    runs = [(read_run(folder), folder) for folder in run_folders(out)]
    runs.sort(key=lambda one: (one[0]["as_of"], one[0]["started_at"] or ""), reverse=True)
    complete = [folder for run, folder in runs if run["complete"]]
    safe = set(complete[:1])
    if (out / "latest").exists():
        safe.add(find_run(out, "latest"))
    if keep is not None:
        old = [folder for _, folder in runs[keep:]]
    else:
        first = (clock.today() - dt.timedelta(days=older_than or 0)).isoformat()
        old = [folder for run, folder in runs if run["as_of"] < first]
    if old and (past := open_history(out)).known() < len(runs) and past.trouble:
        raise UsageError(past.trouble[0], fix="Delete runs when their numbers are in the history.")
    named = {folder.resolve() for folder in safe}
    return sorted(folder for folder in old if folder.resolve() not in named)


@settings.shared
def diff(
    run_a: RunName,
    run_b: RunName = "latest",
    out: Out = Path("reports"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """screener diff RUN_A RUN_B

    What is new, worsened, continuing and no longer found in RUN_B, seen from RUN_A.
    """
    import json

    from screener.history import beside
    from screener.outputs.run_folder import find_run

    told = beside(find_run(out, run_a), find_run(out, run_b))
    if as_json:
        say(json.dumps(told, indent=1, ensure_ascii=False))
        return 0
    say(*_diff_lines(told))
    return 0


def _diff_lines(told: dict[str, Any]) -> list[str]:
    names = ("new", "worsened", "continuing", "not_compared", "no_longer_found")
    head = ("rule", "new", "worsened", "continuing", "not compared", "no longer found")
    rows = [(rule, *(one[name] for name in names)) for rule, one in told["by_rule"].items()]
    rows.append(("all", *(told["states"][name] for name in names)))
    lines = table(head, rows)
    lines += [f"Not compared: rule {one['rule']}, {one['why']}." for one in told["rules_not"]]
    return lines + [f"Not compared: site {one['site']}, {one['why']}." for one in told["sites_not"]]
