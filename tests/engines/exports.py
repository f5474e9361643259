"""Exports for the tests of Spark: the sample clinic made untidier, as CSV and as a lake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from screener.tables import DTYPES, LINEAGE, TABLES

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
AS_OF = "2026-10-31"


def sample() -> dict[str, pl.DataFrame]:
    """The sample clinic as text; lines that are no CSV are left out."""
    tables = {}
    for table in TABLES:
        frame = pl.read_csv(SAMPLE / f"{table}.csv", infer_schema=False)
        if "site_id" in frame.columns:
            frame = frame.filter(pl.col("site_id").is_not_null())
        tables[table] = frame
    return tables


def untidy() -> dict[str, pl.DataFrame]:
    """The sample clinic with cells that cannot be read, rows to set aside, copies and quarrels."""
    tables = sample()
    orders = tables["prescriptions"]
    bad = [
        orders[row].with_columns(**{name: pl.lit(value)})
        for row, name, value in (
            (10, "dose_min", "-1"),
            (11, "dose_min", "a lot"),
            (12, "days_supply", "28.5"),
            (13, "start_date", "2026-02-30"),
            (14, "start_date", None),
            (15, "start_date", "1850-01-01"),
            (16, "patient_id", None),
            (17, "drug", "baclo\ufffdfen"),
            (18, "prescription_id", None),
            (19, "stop_date", "31/12/2026"),
            (20, "dispensed", "perhaps"),
            (21, "quantity", "1e3"),
        )
    ]
    tables["prescriptions"] = pl.concat([orders, *bad, orders[30], orders[30]])
    people = tables["patients"]
    other = people[0].with_columns(birth_date=pl.lit("1990-01-01"))
    tables["patients"] = pl.concat([people, other, people[1]])
    labs = tables["labs"]
    tables["labs"] = pl.concat([labs, labs[3].with_columns(value=pl.lit("high"))])
    return tables


def skewed(rows: int) -> dict[str, pl.DataFrame]:
    """The sample clinic with one patient who has `rows` orders."""
    tables = sample()
    orders = tables["prescriptions"]
    one = orders[0]["patient_id"].item()
    many = orders.sample(rows, with_replacement=True, seed=7).with_columns(
        patient_id=pl.lit(one),
        prescription_id=pl.format("RX-MANY-{}", pl.int_range(rows)),
        start_date=pl.date(2025, 5, 1)
        .dt.offset_by(pl.format("{}d", pl.int_range(rows) % 500))
        .cast(pl.String),
    )
    return tables | {"prescriptions": pl.concat([orders, many])}


def write_csv(tables: dict[str, pl.DataFrame], folder: Path) -> Path:
    """The tables as an export of CSV files."""
    folder.mkdir(parents=True)
    for table, frame in tables.items():
        frame.write_csv(folder / f"{table}.csv")
    return folder


def typed(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Every column of its own kind; what cannot be cast is not there."""
    kinds = {t: {c.name: DTYPES[c.kind] for c in TABLES[t]} for t in tables}
    return {
        table: frame.select(_cast(name, kinds[table][name]) for name in frame.columns)
        for table, frame in tables.items()
    }


def write_lake(tables: dict[str, pl.DataFrame], folder: Path) -> Path:
    """The tables as Parquet, with their lineage, in no order."""
    folder.mkdir(parents=True)
    for table, frame in tables.items():
        numbered = frame.with_columns(
            source_row=pl.int_range(1, pl.len() + 1).cast(LINEAGE["source_row"]),
            source_file=pl.lit(f"{table}.csv"),
        )
        numbered.sample(fraction=1, shuffle=True, seed=3).write_parquet(
            folder / f"{table}.parquet", row_group_size=700
        )
    return folder


def _cast(name: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    if isinstance(dtype, pl.Date):
        return cell.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Boolean):
        return cell.replace_strict({"yes": True, "no": False}, default=None)
    if isinstance(dtype, pl.Int32):
        return cell.cast(pl.Int64, strict=False)
    return cell.cast(dtype, strict=False)


def typed_and_wrong() -> dict[str, pl.DataFrame]:
    """The sample clinic with what a typed table can hold and no order may."""
    tables = sample()
    orders = tables["prescriptions"]
    wrong = [
        orders[10].with_columns(dose_min=pl.lit("-1")),
        orders[11].with_columns(start_date=pl.lit(dt.date(1850, 1, 1).isoformat())),
        orders[12].with_columns(days_supply=pl.lit("-3")),
        orders[13].with_columns(start_date=pl.lit(None, pl.String)),
        orders[14].with_columns(prescription_id=pl.lit(None, pl.String)),
    ]
    return tables | {"prescriptions": pl.concat([orders, *wrong])}
