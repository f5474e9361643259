"""A published run, read back: finding it, its tables, and whether it is still what was written."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import polars as pl

from screener.errors import UsageError
from screener.outputs.laws import Law, findings_laws, outcome_law, row_laws, same_rows_law
from screener.outputs.parts import HELD, STREAMED
from screener.outputs.publish import LATEST, RUN_JSON, manifest
from screener.outputs.run_json import found_in, run_id
from screener.outputs.tables import height


def read_run(folder: Path) -> dict[str, Any]:
    """The content of a run's run.json. Raises UsageError when there is none to be read."""
    try:
        content = json.loads((folder / RUN_JSON).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "This is no folder of a finished run (run.json is missing or cannot be read).",
            where=str(folder),
            fix="`screener runs list` names the runs.",
        ) from error
    if not isinstance(content, dict) or "run_id" not in content:
        raise UsageError("run.json is not that of a finished run.", where=str(folder))
    return content


def find_run(out: Path, name: str) -> Path:
    """The folder of a run: a path, `latest`, a folder's name, or a run id. Raises UsageError."""
    if name == LATEST:
        pointer = out / LATEST
        if pointer.is_file():  # where links are not possible it is a file that holds the name
            return out / pointer.read_text(encoding="utf-8").strip()
        if pointer.is_dir():
            return pointer.resolve()
        raise UsageError(
            "There is no latest run.", where=str(out), fix="Run `screener run` first, or set --out."
        )
    for folder in (Path(name), out / name):
        if (folder / RUN_JSON).is_file():
            return folder
    matches = [p for p in run_folders(out) if p.name.endswith(f"-{name}")]
    if len(matches) == 1:
        return matches[0]
    raise UsageError(
        "No run has this name, run id or path.",
        where=name,
        fix=f"`screener runs list --out {out}` names the runs.",
    )


def run_folders(out: Path) -> list[Path]:
    """The folders of finished runs, by name (as-of date first)."""
    if not out.is_dir():
        return []
    folders = (p for p in out.iterdir() if p.is_dir() and not p.is_symlink())
    return sorted(p for p in folders if not p.name.startswith(".") and (p / RUN_JSON).is_file())


def table(folder: Path, name: str) -> pl.LazyFrame:
    """One table of a run, read lazily. Raises UsageError when its file is gone."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise UsageError("The run has lost a file.", where=f"{folder.name}/{path.name}")
    return pl.scan_parquet(path, glob=False)


def tables(folder: Path) -> dict[str, pl.LazyFrame]:
    """Every table of a run by name, read lazily. Raises UsageError when a file is gone."""
    return {name: table(folder, name) for name in HELD | STREAMED}


def verify(folder: Path) -> list[Law]:
    """Everything that must hold of a published run, each judged from the files alone."""
    run = read_run(folder)
    laws = [_files_law(folder, run), _private_law(folder), _identity_law(run)]
    if not laws[0].ok:
        return laws
    laws += row_laws(run["inputs"])
    outcomes, findings, pilot = (
        table(folder, name) for name in ("outcomes", "findings", "pilot_findings")
    )
    asked = [rule["id"] for rule in run["rules"] if rule["asked"]]
    laws.append(outcome_law(outcomes, asked, run["counts"]["patients"]))
    laws += findings_laws(findings, pilot, outcomes, _dangling(folder))
    laws.append(_counts_law(run, findings, pilot))
    csv = pl.scan_csv(folder / "findings.csv", glob=False, infer_schema=False)
    rows = {"findings.csv": (height(findings), height(csv))}
    for name in HELD | STREAMED:
        rows[name] = (run["files"][f"{name}.parquet"]["rows"], height(table(folder, name)))
    laws.append(same_rows_law(rows))
    return laws


def _files_law(folder: Path, run: dict[str, Any]) -> Law:
    written = run["files"]
    there = manifest(folder)
    changed = [
        f"{name} {'is missing' if name not in there else 'was changed'}"
        for name, facts in sorted(written.items())
        if there.get(name, {}).get("sha256") != facts["sha256"]
    ]
    changed += [f"{name} was added" for name in sorted(there.keys() - written.keys())]
    detail = "; ".join(changed) or f"files as written: {len(written)}"
    return Law("files are those of run.json", not changed, detail)


def _private_law(folder: Path) -> Law:
    everything = [folder, *folder.iterdir()]
    open_ = sorted(p.name for p in everything if stat.S_IMODE(p.stat().st_mode) & 0o077)
    detail = f"others can read {', '.join(open_)}" if open_ else "0600 and 0700"
    return Law("only this user can read it", not open_, detail)


def _identity_law(run: dict[str, Any]) -> Law:
    again = run_id(run)
    return Law("the run id fits inputs, rules and configuration", again == run["run_id"], again)


def _dangling(folder: Path) -> int:
    orders = table(folder, "orders").select("patient_id", "prescription_id")
    both = pl.concat([table(folder, "findings"), table(folder, "pilot_findings")])
    named = both.select("patient_id", prescription_id="prescription_ids")
    named = named.explode("prescription_id", empty_as_null=False).drop_nulls()
    return height(named.join(orders, on=["patient_id", "prescription_id"], how="anti"))


def _counts_law(run: dict[str, Any], findings: pl.LazyFrame, pilot: pl.LazyFrame) -> Law:
    counts = run["counts"]
    again = found_in(findings, pilot)
    waived = height(findings.filter(pl.col("state") == "waived"))
    ok = counts.get("waived", 0) == waived and all(counts[name] == n for name, n in again.items())
    return Law("run.json counts what the tables hold", ok, f"findings: {again['findings']}")
