"""Times `screener run` and its peers against the floor: polars rewriting the same orders file.

Each is a whole process; a round takes every row once, in turn (floor, run, floor, ...), so that all
see the same machine. Ratios are taken within a round, and medians over the rounds. Asserts nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
from make_orders import make
from measure import Timing, machine, timed
from say import table
from startup import many_rules

HERE = Path(__file__).resolve().parent
RULES = HERE.parent / "rules"
SCREENER = str(Path(sys.executable).parent / "screener")
FLOOR = (
    "import sys, polars as pl;"
    "pl.scan_csv(sys.argv[1], schema_overrides={'strength_value': pl.String})"
    ".sink_parquet(sys.argv[2])"
)
TABLES = ("prescriptions", "patients", "labs", "conditions")
FIVE = ("baclofen-max-dose", "baclofen-raised-too-fast", "baclofen-with-cns-depressant",
        "baclofen-renal-dose", "baclofen-stopped-abruptly")  # fmt: skip
ROWS = ("floor", "baclofen", "library", "five", "duckdb", "duckdb-days", "pandas")
PANDAS_UP_TO = 1_000_000  # orders: the loop over patients takes a minute for each million
PEERS = ("duckdb", "duckdb-days", "pandas")
ALIKE = ("patient_id", "rule_id", "subject", "date", "end_date", "severity")
GOOD = {0, 1, 3}


def command(row: str, export: Path, out: Path, options: list[str]) -> list[str]:
    """What a row runs; every one reads the export's CSV and writes into `out`."""
    files = [str(export / f"{table}.csv") for table in TABLES]
    if row == "floor":
        return [sys.executable, "-c", FLOOR, files[0], str(out / "floor.parquet")]
    if row in PEERS:
        peer = HERE / "peers" / f"five_rules_{row.partition('-')[0]}.py"
        written = [str(out / "findings.csv")]
        if row == "duckdb-days":
            written.append(str(out / "days.parquet"))
        return [peer_python(row), str(peer), str(export), *written]
    only = {
        "baclofen": [path.stem for path in sorted((RULES / "baclofen").glob("*.yaml"))],
        "five": list(FIVE),
        "library": [],
    }[row]
    chosen = [part for rule in only for part in ("--only", rule)]
    place = ["--rules", str(RULES), "--out", str(out / "reports"), "--force", "-q"]
    return [SCREENER, "run", *files, *place, *chosen, *options]


def peer_python(row: str) -> str:
    """pandas lives in an environment of its own (`make peers`): pandera would import it here."""
    own = HERE.parent / "build" / "peers" / "bin" / "python"
    return str(own) if row == "pandas" and own.exists() else sys.executable


def once(row: str, export: Path, folder: Path, options: list[str]) -> dict[str, Any]:
    """One timing of one row: wall, cpu, peak_mb, and for our runs stages and counts."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    timing = timed(command(row, export, out, options), folder / "log.txt")
    if timing.code not in GOOD:
        raise SystemExit(f"{row} ended with exit code {timing.code}; see {folder / 'log.txt'}")
    took: dict[str, Any] = {"wall": timing.wall, "cpu": timing.cpu, "peak_mb": timing.peak_mb}
    for path in (out / "reports").glob("*/run.json"):
        told = json.loads(path.read_text(encoding="utf-8"))
        took["stages"] = told["timings"]
        took["findings"] = told["counts"]["findings"] + told["counts"]["pilot_findings"]
        if row == "five":
            took["digest"] = digest(pl.read_parquet(path.with_name("findings.parquet")))
    if row in PEERS:
        found = pl.read_csv(out / "findings.csv", infer_schema=False)
        took |= {"findings": found.height, "digest": digest(found)}
    shutil.rmtree(out)
    return took


def digest(found: pl.DataFrame) -> str:
    """A hash of what the peers must find as well: patient, rule, drug, days and severity."""
    alike = found.select(pl.col(name).cast(pl.String) for name in ALIKE).sort(ALIKE)
    return hashlib.sha256(alike.write_csv().encode()).hexdigest()


def rounds(
    rows: list[str], export: Path, folder: Path, asked: argparse.Namespace
) -> dict[str, Any]:
    """Medians of every row, with its ratios to the floor of the same round."""
    taken: dict[str, list[dict[str, Any]]] = {row: [] for row in rows}
    for path in export.glob("*.csv"):  # into the page cache, for all alike
        with path.open("rb") as file:
            while file.read(1 << 24):
                pass
    for number in range(asked.rounds):
        for row in rows:
            taken[row].append(once(row, export, folder, asked.run_options))
            last = taken[row][-1]
            print(f"  round {number + 1} {row}: {last['wall']:.1f} s", file=sys.stderr)
    said = {row: middle(taken[row], taken["floor"]) for row in rows}
    if "five" in taken:
        for peer in (row for row in PEERS if row in taken):
            equal = taken[peer][0]["digest"] == taken["five"][0]["digest"]
            said[peer]["equal_findings"] = equal
    return {"rounds": asked.rounds, "rows": said}


def middle(own: list[dict[str, Any]], floor: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of one row's rounds; a ratio also has its least and its most."""
    said: dict[str, Any] = {
        name: round(median(one[name] for one in own), 3) for name in ("wall", "cpu", "peak_mb")
    }
    for name in ("wall", "cpu"):
        ratios = sorted(a[name] / b[name] for a, b in zip(own, floor, strict=True))
        said[f"{name}_ratio"] = [round(r, 2) for r in (median(ratios), ratios[0], ratios[-1])]
    if "stages" in own[0]:
        said["stages"] = {
            stage: round(median(one["stages"].get(stage, 0.0) for one in own), 3)
            for stage in own[0]["stages"]
        }
    if "findings" in own[0]:
        said["findings"] = own[0]["findings"]
    return said


def start_up(folder: Path, rounds_: int) -> dict[str, Any]:
    """The rows whose time is mostly start-up: medians of wall, CPU and memory."""
    few = make(folder, 1_000)
    rules = many_rules(RULES, folder)
    out = folder / "out"
    jobs = {
        "screener --help": [SCREENER, "--help"],
        "1,000 orders, whole library": command("library", few, out, []),
        "500 rules, rules check": [SCREENER, "rules", "check", "-q", "--rules", str(rules)],
    }
    said: dict[str, Any] = {}
    for name, job in jobs.items():
        taken: list[Timing] = []
        for _ in range(rounds_):
            shutil.rmtree(out, ignore_errors=True)
            taken.append(timed(job, folder / "log.txt"))
            if taken[-1].code not in GOOD:
                raise SystemExit(f"{name} ended with exit code {taken[-1].code}")
        said[name] = {
            part: round(median(getattr(one, part) for one in taken), 3)
            for part in ("wall", "cpu", "peak_mb")
        }
    return said


def asked_for() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", default="1000000", help="one size or several: 1000000,10000000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {', '.join(ROWS)}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirty", type=float, default=0.0, help="share of dirty rows")
    parser.add_argument("--no-start-up", action="store_true", help="leave the small jobs out")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark"))
    parser.add_argument("--results", type=Path, help="also write the figures here, as JSON")
    parser.add_argument("--note", default="", help="a sentence about this measurement")
    parser.add_argument("run_options", nargs="*", help="after --, handed to `screener run`")
    return parser.parse_args()


def main() -> int:
    """Make the orders, time all rows in turn, print the tables."""
    asked = asked_for()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.txt").unlink(missing_ok=True)
    wanted = [row for row in ROWS if row in {"floor", *asked.rows.split(",")}]
    unknown = set(asked.rows.split(",")) - set(ROWS)
    if unknown:
        raise SystemExit(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    figures: dict[str, Any] = {"machine": machine(), "dirty": asked.dirty}
    figures |= {"options": asked.run_options, "note": asked.note}
    if not asked.no_start_up:
        figures["start_up"] = start_up(folder, asked.rounds)
    figures["sizes"] = {}
    for orders in (int(size) for size in asked.orders.split(",")):
        export = make(folder, orders, asked.seed, asked.dirty)
        rows = [row for row in wanted if row != "pandas" or orders <= PANDAS_UP_TO]
        figures["sizes"][str(orders)] = rounds(rows, export, folder, asked)
        if asked.results:  # after every size: a long night may be cut short
            asked.results.parent.mkdir(parents=True, exist_ok=True)
            asked.results.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
