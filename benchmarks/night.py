"""Times a night that brings little news against a full run of all that there is, and holds the two
to the same files, byte for byte.

The last share of an export's orders is the news; the store holds the others. Prints seconds of wall
and CPU and the memory of the whole process tree of the store's first night, of the night and of the
full run. Asserts nothing about time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from make_orders import make
from measure import Timing, timed
from run import RULES, SCREENER, TABLES

KEEPS_NO_CLOCK = "run.json"


def divided(export: Path, folder: Path, share: float) -> tuple[list[Path], Path]:
    """The export's files without the last orders, and a file of those."""
    orders = export / "prescriptions.csv"
    with orders.open("rb") as file:
        records = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 24), b"")) - 1
    held_back = max(1, round(records * share))
    base, news = folder / "base", folder / "news"
    for place in (base, news):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    with (
        orders.open("rb") as file,
        (base / orders.name).open("wb") as older,
        (news / orders.name).open("wb") as newer,
    ):
        head = file.readline()
        older.write(head)
        newer.write(head)
        for number, line in enumerate(file):
            (older if number < records - held_back else newer).write(line)
    others = [export / f"{name}.csv" for name in TABLES if name != "prescriptions"]
    return [base / orders.name, *others], news / orders.name


def run(files: list[Path], out: Path, log: Path, *options: str) -> Timing:
    """One `screener run`, past the exit codes that are no failure."""
    command = [SCREENER, "run", *map(str, files), "--rules", str(RULES), "--out", str(out), "-q"]
    alike = ["--no-progress", "--compare", "none"]  # the two folders have different pasts
    timing = timed([*command, *alike, *options], log)
    if timing.code not in {0, 1, 3}:
        raise SystemExit(f"a run ended with exit code {timing.code}; see {log}")
    return timing


def written(out: Path) -> dict[str, str]:
    """Name -> hash of every file of the newest run but run.json."""
    told = json.loads((out / "latest" / KEEPS_NO_CLOCK).read_text(encoding="utf-8"))
    return {file: facts["sha256"] for file, facts in told["files"].items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=0.001, help="of the orders that are news")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark"))
    parser.add_argument("--results", type=Path, help="also write the figures here, as JSON")
    asked = parser.parse_args()
    export = make(asked.folder, asked.orders)
    folder = asked.folder / "night"
    files, news = divided(export, folder, asked.share)
    log = folder / "log.txt"
    for name in ("store", "full"):
        shutil.rmtree(folder / name, ignore_errors=True)
    took = {
        "first night": run(files, folder / "store", log, "--incremental"),
        "night": run([news], folder / "store", log, "--incremental"),
        "full run": run([*files, news], folder / "full", log),
    }
    night, full = written(folder / "store"), written(folder / "full")
    differ = sorted(
        name for name in night.keys() | full.keys() if night.get(name) != full.get(name)
    )
    for name, timing in took.items():
        line = f"{timing.wall:8.1f} s wall {timing.cpu:8.1f} s CPU {timing.peak_mb:7.0f} MB"
        print(f"{name:12} {line}")
    wall, cpu = (getattr(took["night"], n) / getattr(took["full run"], n) for n in ("wall", "cpu"))
    print(f"night / full run: {wall:.0%} of the wall time, {cpu:.0%} of the CPU")
    print(f"files that differ: {', '.join(differ) if differ else 'none'}")
    if asked.results:
        figures = {name: [t.wall, t.cpu, t.peak_mb] for name, t in took.items()}
        asked.results.write_text(
            json.dumps({"orders": asked.orders, "share": asked.share, **figures, "differ": differ})
        )
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
