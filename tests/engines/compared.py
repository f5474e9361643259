"""Whether what Spark found is what a run of one machine found, row by row."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from screener.findings import SET_ASIDE
from screener.outputs.parts import HELD, STREAMED


def differences(found: Path, run: Path) -> dict[str, int]:
    """Table -> rows that one of the two folders has more often; {} when nothing differs.

    found: what `spark_job` wrote. run: a published run folder.
    """
    wrong = {}
    for name, schema in {**HELD, **STREAMED, "set_aside": SET_ASIDE}.items():
        ours = pl.read_parquet(found / f"{name}.parquet")
        theirs = (
            pl.read_csv(run / "set_aside.csv", schema=SET_ASIDE)
            if name == "set_aside"
            else pl.read_parquet(run / f"{name}.parquet")
        )
        both = [
            _told_apart(frame, schema).with_columns(_times=pl.lit(sign))
            for frame, sign in ((ours, 1), (theirs, -1))
        ]
        left_over = pl.concat(both).group_by(*schema).agg(pl.col("_times").sum())
        if odd := int(left_over["_times"].abs().sum()):
            wrong[name] = odd
    return wrong


def _told_apart(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Lists as text, so that rows can be grouped."""
    cells = [
        pl.col(name).list.join("|") if isinstance(dtype, pl.List) else pl.col(name).cast(dtype)
        for name, dtype in schema.items()
    ]
    return frame.select(cells).with_columns(pl.col(pl.String).fill_null(""))
