"""MEASUREMENT to laboratory tests, CONDITION_OCCURRENCE to conditions, inpatient VISIT_OCCURRENCE
to admissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import polars as pl

from screener.sources.loinc import LOINC, analytes_named
from screener.sources.omop_concepts import (
    COMPARATORS,
    Cdm,
    analyte_of_concept,
    concepts,
    inpatient_ids,
    units_of,
)
from screener.sources.omop_tables import CdmTable, made_of, with_columns
from screener.tables import RawBatch
from screener.terminology import condition_list_names, condition_names

MEASUREMENT = (
    "person_id", "measurement_concept_id", "measurement_date", "operator_concept_id",
    "value_as_number", "unit_concept_id", "measurement_source_value", "unit_source_value",
)  # fmt: skip
CONDITION = (
    "person_id", "condition_concept_id", "condition_start_date", "condition_end_date",
    "condition_source_value",
)  # fmt: skip
VISIT = ("person_id", "visit_concept_id", "visit_start_date", "visit_end_date")
Make = Callable[[pl.DataFrame], pl.DataFrame]


def labs(cdm: Cdm, one: CdmTable) -> Iterator[RawBatch]:
    """The laboratory tests that are known, by LOINC code or name; other measurements are left
    out."""
    known = concepts(cdm)
    named = known.select("concept_id", analyte=analyte_of_concept())
    analytes = dict(named.drop_nulls().iter_rows())
    units = units_of(cdm)

    def make(rows: pl.DataFrame) -> pl.DataFrame:
        code = pl.col("measurement_source_value")
        unit_id = pl.col("unit_concept_id")
        analyte = pl.coalesce(
            _looked_up("measurement_concept_id", analytes),
            code.replace_strict(LOINC, default=None, return_dtype=pl.String),
            analytes_named(pl.col("measurement_source_value")),
        )
        return rows.select(
            "source_row",
            patient_id="person_id",
            date="measurement_date",
            analyte=analyte,
            comparator=_looked_up("operator_concept_id", COMPARATORS),
            value="value_as_number",
            unit=pl.coalesce(
                unit_id.replace_strict(units, default=None, return_dtype=pl.String),
                "unit_source_value",
            ),
        ).drop_nulls("analyte")

    left = "measurements are no laboratory tests that are used"
    return _batches(one, MEASUREMENT, make, left)


def conditions(cdm: Cdm, one: CdmTable) -> Iterator[RawBatch]:
    """Conditions: of concept code, concept name and source value the first that a condition list
    knows, else the concept's name."""
    rows = concepts(cdm).select("concept_id", "concept_code", "concept_name")
    codes = dict(rows.select("concept_id", "concept_code").drop_nulls().iter_rows())
    names = dict(rows.select("concept_id", "concept_name").drop_nulls().iter_rows())

    def make(rows: pl.DataFrame) -> pl.DataFrame:
        source = pl.col("condition_source_value")
        code = _looked_up("condition_concept_id", codes)
        name = _looked_up("condition_concept_id", names)
        listed = [pl.when(_is_listed(text)).then(text) for text in (code, name, source)]
        return rows.select(
            "source_row",
            patient_id="person_id",
            condition=pl.coalesce(*listed, name, source),
            start_date="condition_start_date",
            end_date="condition_end_date",
        )

    return _batches(one, CONDITION, make, "")


def admissions(cdm: Cdm, one: CdmTable) -> Iterator[RawBatch]:
    """Stays in hospital; other visits are left out."""
    stays = sorted(inpatient_ids(cdm))

    def make(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.col("visit_concept_id").is_in(stays).fill_null(value=False)).select(
            "source_row",
            patient_id="person_id",
            start_date="visit_start_date",
            end_date="visit_end_date",
        )

    return _batches(one, VISIT, make, "visits are no stays in hospital")


def _batches(one: CdmTable, columns: tuple[str, ...], make: Make, why: str) -> Iterator[RawBatch]:
    left_out = 0
    for batch in one.read():
        rows = make(with_columns(batch.rows, columns))
        left_out += batch.rows.height - rows.height
        notices = [f"{one.name}: {left_out} {why}"] if left_out else []
        yield made_of(batch, rows, notices=notices)


def _looked_up(column: str, values: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(values, default=None, return_dtype=pl.String)


def _is_listed(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.to_lowercase().is_in(_listed_conditions())


@cache
def _listed_conditions() -> list[str]:
    lists = [condition_names(name) for name in condition_list_names()]
    return sorted({name for entries in lists if entries is not None for name in entries})
