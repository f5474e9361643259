"""Text columns to typed ones, strictly: what is not plainly a number or a date is unreadable.

Nothing is guessed. A cell that cannot be read becomes null; whether its row stays is for
`predicates`, and what flag the cell raises is in CELL_FLAGS.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from screener.tables import DTYPES, TABLES, Column, Kind

NUMBER = r"^[0-9]{1,15}(?:\.[0-9]{1,15})?$"
WHOLE = r"^[0-9]{1,9}(?:\.0{1,6})?$"
DATE = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ](?:[01][0-9]|2[0-4]):[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]{1,9})?)?"
    r"(?: ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$"
)
SAMPLE = 1_000  # cells that tell whether a column repeats itself
FIRST_YEAR, LAST_YEAR = 1900, 2100
YES_NO = dict.fromkeys(("1", "true", "t", "yes", "y", "prn"), True) | dict.fromkeys(
    ("0", "false", "f", "no", "n"), False
)
SEXES = {"f": "F", "female": "F", "m": "M", "male": "M"}

# The flag of a cell that cannot be read while its row stays. A column that is not here is text,
# or required (its row is set aside).
CELL_FLAGS: dict[str, dict[str, str]] = {
    "prescriptions": {
        **dict.fromkeys(
            (
                "dose_min",
                "dose_max",
                "frequency_count",
                "frequency_period_days",
                "max_doses_per_day",
                "prn",
            ),
            "unreadable-sig",
        ),
        "days_supply": "unknown-supply",
        "quantity": "unknown-supply",
        "strength_per_value": "unit",
        "stop_date": "impossible-date",
        "dispensed": "unknown-status",
    },
    "patients": {
        "birth_date": "missing-demographics",
        "weight_kg": "weight",
        "height_cm": "weight",
        "observation_start": "impossible-date",
        "observation_end": "impossible-date",
        "death_date": "impossible-date",
    },
    "labs": {"value": "lab-unit"},
    "conditions": {"start_date": "impossible-date", "end_date": "impossible-date"},
    "admissions": {"end_date": "impossible-date"},
}


def typed(table: str, raw: pl.DataFrame, file: str) -> pl.DataFrame:
    """The canonical columns in their dtypes, with lineage; unreadable and missing cells null.

    raw: source_row i64 and canonical columns as String, any of them missing.
    """
    made = [_parsed(column, table, raw) for column in TABLES[table]]
    frame = raw.select(
        *made,
        pl.lit(file, dtype=pl.String).alias("source_file"),
        pl.col("source_row"),
    )
    if table != "prescriptions":
        return frame
    if frame["drug"].null_count():
        frame = frame.with_columns(pl.coalesce("drug", "drug_code").alias("drug"))
    if frame["prescription_id"].null_count():
        place = pl.concat_str(pl.lit(file + ":"), pl.col("source_row").cast(pl.String))
        frame = frame.with_columns(
            pl.coalesce("prescription_id", place).alias("prescription_id"),
        )
    return frame


def cell_flags(table: str, raw: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """`findings.DATA_FLAGS` rows for the cells of kept rows that could not be read.

    raw and frame are of equal height and order. A detail names the column, never the cell.
    """
    day = {"prescriptions": "start_date", "labs": "date"}.get(table)
    parts: list[pl.DataFrame] = []
    for name, flag in CELL_FLAGS[table].items():
        if name not in raw.columns or frame[name].null_count() == 0 or _is_blank(raw[name]):
            continue
        unreadable = raw[name].str.strip_chars().fill_null("").ne("") & frame[name].is_null()
        if not unreadable.any():
            continue
        parts.append(
            frame.filter(unreadable).select(
                "patient_id",
                flag=pl.lit(flag),
                date=pl.col(day) if day else pl.lit(None, dtype=pl.Date),
                ref=pl.concat_str("source_file", pl.lit(":"), pl.col("source_row")),
                detail=pl.lit(f"{name} cannot be read"),
            )
        )
    return pl.concat(parts) if parts else pl.DataFrame()


def _parsed(column: Column, table: str, raw: pl.DataFrame) -> pl.Expr | pl.Series:
    if column.name not in raw.columns or _is_blank(raw[column.name]):
        return pl.lit(None, dtype=DTYPES[column.kind]).alias(column.name)
    parse = _sex if (table, column.name) == ("patients", "sex") else PARSERS[column.kind]
    cells = raw[column.name]
    if _repeats_much(cells):
        return _each_text_once(cells, parse)
    return parse(pl.col(column.name))


def _is_blank(cells: pl.Series) -> bool:
    return not cells.str.len_bytes().max()


def _repeats_much(cells: pl.Series) -> bool:
    """Told by a sample through the whole column; it decides about the way, not the result."""
    if cells.len() < SAMPLE * 2:
        return False
    return cells.gather_every(cells.len() // SAMPLE).n_unique() * 2 < SAMPLE


def _each_text_once(cells: pl.Series, parse: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Reads the distinct texts and hands their values out to the rows."""
    texts = pl.Categories.random()
    coded = cells.cast(pl.Categorical(texts))  # the texts are gone when this series is
    distinct = texts.to_series().alias(cells.name).to_frame()
    values = distinct.select(parse(pl.col(cells.name))).to_series()
    return values.gather(coded.to_physical().rechunk()).alias(cells.name)


def _id(cell: pl.Expr) -> pl.Expr:
    """Byte by byte as exported; only spaces is missing."""
    return pl.when(cell.str.strip_chars() != "").then(cell)


def _text(cell: pl.Expr) -> pl.Expr:
    bare = cell.str.strip_chars()
    return pl.when(bare != "").then(bare)


def _number(cell: pl.Expr) -> pl.Expr:
    bare = cell.str.strip_chars()
    return pl.when(bare.str.contains(NUMBER)).then(bare).cast(pl.Float64, strict=False)


def _whole(cell: pl.Expr) -> pl.Expr:
    bare = cell.str.strip_chars()
    digits = pl.when(bare.str.contains(WHOLE)).then(bare.str.extract("^([0-9]+)", 1))
    return digits.cast(pl.Int32, strict=False)


def _date(cell: pl.Expr) -> pl.Expr:
    """The date as written; the time of day and the zone are cut off, not converted."""
    bare = cell.str.strip_chars()
    written = pl.when(bare.str.contains(DATE)).then(bare.str.head(10))
    day = written.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)


def _sex(cell: pl.Expr) -> pl.Expr:
    known = cell.str.strip_chars().str.to_lowercase()
    return known.replace_strict(SEXES, default=None, return_dtype=pl.String)


def _yes_no(cell: pl.Expr) -> pl.Expr:
    bare = cell.str.strip_chars().str.to_lowercase()
    return bare.replace_strict(YES_NO, default=None, return_dtype=pl.Boolean)


PARSERS: dict[Kind, Callable[[pl.Expr], pl.Expr]] = {
    "id": _id,
    "text": _text,
    "number": _number,
    "whole": _whole,
    "date": _date,
    "yes_no": _yes_no,
}
