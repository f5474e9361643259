"""`screener runs`: the finished runs of an output folder."""

from __future__ import annotations

from pathlib import Path

import typer

from screener.cli import settings
from screener.cli.report import RunName
from screener.cli.run import Out, summary
from screener.cli.say import say, table

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Finished runs: list, show.")


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
        rows.append(
            (folder.name, complete, counts["patients"], counts["findings"], run["started_at"])
        )
    if not rows:
        say(f"No finished run in {out}.")
        return 0
    say(*table(("run", "", "patients", "findings", "started"), rows))
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
