"""Five rules in DuckDB SQL: reads an export's CSV, writes findings.csv.

Usage: EXPORT FINDINGS [DAYS]. The peer of `screener run` with the same five rules; five_rules.sql
is the work. With DAYS it works out the doses of every drug and day, and writes them to that Parquet
file, as a run does. Threads and memory are DuckDB's own choice.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb


def main(export: str, findings: str, days: str | None = None) -> None:
    """Run the SQL; the paths are its only inputs."""
    with duckdb.connect(":memory:") as database:
        database.execute("SET VARIABLE export = ?", [export])
        database.execute("SET VARIABLE every_drug = ?", [days is not None])
        database.execute(Path(__file__).with_name("five_rules.sql").read_text(encoding="utf-8"))
        database.sql("FROM findings").write_csv(findings)
        if days is not None:
            database.sql("FROM steps JOIN people USING (p)").write_parquet(days)


if __name__ == "__main__":
    main(*sys.argv[1:])
