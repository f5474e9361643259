"""Turns measured figures into the tables and the drawing of docs/performance.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from draw import drawing

DOCS = Path(__file__).resolve().parents[1] / "docs"
RESULTS = Path(__file__).resolve().parent / "results"
BEGIN, END = "<!-- measured: made by benchmarks/say.py -->", "<!-- end of measured -->"
WORDS = {
    "floor": "floor: polars, CSV to Parquet",
    "baclofen": "screener, baclofen rules",
    "library": "screener, whole library",
    "five": "screener, five rules",
    "duckdb": "the same five, DuckDB SQL",
    "duckdb-days": "five and all drugs' days, DuckDB SQL",
    "pandas": "the same five, pandas loop",
}


def table(figures: dict[str, Any]) -> str:
    """All tables of one measurement, as markdown."""
    parts = [machine_words(figures), figures.get("note", "")]
    for size, one in figures["sizes"].items():
        rounds = f"medians of {one['rounds']} rounds" if one["rounds"] > 1 else "one round"
        parts.append(f"### {int(size):,} orders, {rounds}\n\n" + work(one["rows"]))
        parts.append(stages(one["rows"]))
    if "start_up" in figures:
        parts.append("### Start-up\n\n" + start_up(figures["start_up"]))
    return "\n\n".join(part for part in parts if part)


def machine_words(figures: dict[str, Any]) -> str:
    """One sentence about where and how often."""
    m = figures["machine"]
    duckdb = f", DuckDB {m['duckdb']}" if "duckdb" in m else ""
    dirty = f" {figures['dirty']:.1%} of the rows dirty." if figures["dirty"] else ""
    options = " Options: `" + " ".join(figures["options"]) + "`." if figures["options"] else ""
    return (
        f"{m['cores']} cores ({m['processor']}), {m['memory_gb']} GB of memory, {m['system']}, "
        f"Python {m['python']}, polars {m['polars']}{duckdb}. "
        f"{dirty}{options}".strip()
    )


def work(rows: dict[str, Any]) -> str:
    """Wall, CPU, memory and the ratios to the floor."""
    lines = [
        "| work | wall s | CPU s | peak MB | wall / floor | CPU / floor | findings |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row, one in rows.items():
        ratios = [
            "1" if row == "floor" else "{:.2f} ({:.2f} to {:.2f})".format(*one[f"{name}_ratio"])
            for name in ("wall", "cpu")
        ]
        found = f"{one['findings']:,}" if "findings" in one else ""
        if "equal_findings" in one:
            found += ", all equal" if one["equal_findings"] else ", NOT equal"
        lines.append(
            f"| {WORDS[row]} | {one['wall']:.2f} | {one['cpu']:.2f} | {one['peak_mb']:.0f} "
            f"| {ratios[0]} | {ratios[1]} | {found} |"
        )
    return "\n".join(lines)


def stages(rows: dict[str, Any]) -> str:
    """Seconds of wall of every stage of our own runs."""
    ours = {row: one["stages"] for row, one in rows.items() if "stages" in one}
    if not ours:
        return ""
    names = list(dict.fromkeys(stage for one in ours.values() for stage in one))
    lines = ["| stage, wall s | " + " | ".join(WORDS[row] for row in ours) + " |"]
    lines.append("|---|" + "---:|" * len(ours))
    for stage in names:
        cells = " | ".join(f"{one.get(stage, 0.0):.2f}" for one in ours.values())
        lines.append(f"| {stage} | {cells} |")
    return "\n".join(lines)


def start_up(rows: dict[str, Any]) -> str:
    """The small jobs."""
    lines = ["| work | wall s | CPU s | peak MB |", "|---|---:|---:|---:|"]
    for name, one in rows.items():
        lines.append(f"| {name} | {one['wall']:.2f} | {one['cpu']:.2f} | {one['peak_mb']:.0f} |")
    return "\n".join(lines)


def together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Several measurements as one: a later one's sizes and start-up replace an earlier one's."""
    whole: dict[str, Any] = {**results[-1], "sizes": {}}
    for one in results:
        whole["sizes"].update(one["sizes"])
        whole["start_up"] = one.get("start_up", whole.get("start_up", {}))
    whole["sizes"] = dict(sorted(whole["sizes"].items(), key=lambda pair: int(pair[0])))
    return whole


def main() -> int:
    """Put the figures of benchmarks/results into docs/performance.md and draw its plot."""
    chosen = [Path(name) for name in sys.argv[1:]] or sorted(RESULTS.glob("*.json"))
    if not chosen:
        raise SystemExit(f"no figures in {RESULTS.name}/; measure first: make bench")
    figures = together([json.loads(path.read_text(encoding="utf-8")) for path in chosen])
    page = DOCS / "performance.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(figures)}\n{END}{after}", encoding="utf-8")
    (DOCS / "images" / "cost.svg").write_text(
        drawing({size: one["rows"] for size, one in figures["sizes"].items()}, WORDS),
        encoding="utf-8",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
