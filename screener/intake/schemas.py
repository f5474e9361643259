"""The canonical tables and the findings as pandera schemas, built from the intake's predicates.

pandera takes seconds to import, so it is imported inside functions. It looks at eager frames
only, and one environment variable can switch it off: `self_test` notices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from screener.errors import RunBroke
from screener.findings import Results
from screener.intake.predicates import Predicate, predicates, schema_and_required
from screener.tables import typed_schema

if TYPE_CHECKING:
    from pandera.api.polars.types import PolarsData
    from pandera.polars import DataFrameSchema


@cache
def schema_of(table: str) -> DataFrameSchema:
    """The pandera schema of a typed canonical table, or of `findings`."""
    import pandera.polars as pa

    schema, required = schema_and_required(table)
    return pa.DataFrameSchema(
        {name: pa.Column(dtype, nullable=name not in required) for name, dtype in schema.items()},
        checks=[pa.Check(_check(p), name=p.code, n_failure_cases=5) for p in predicates(table)],
        strict=True,
        ordered=True,
        name=table,
    )


def _check(predicate: Predicate) -> Callable[[PolarsData], pl.LazyFrame]:
    def holds(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(predicate.holds)

    return holds


def validate(table: str, frame: pl.DataFrame) -> None:
    """Raises RunBroke, naming the broken predicates, if a typed frame is not what it must be.

    Every bucket and what is found in it pass here, in the process that screens it.
    """
    _works_in_this_process()
    faults = faults_of(table, frame)
    if faults:
        raise RunBroke(
            f"rows of {table} were let through that break: {', '.join(faults)}.",
            fix="This is a fault of the program; please report it.",
        )


def validate_findings(results: Results) -> None:
    """The same for what was found in a bucket."""
    validate("findings", results.findings)
    validate("findings", results.pilot_findings)


def faults_of(table: str, frame: pl.DataFrame) -> list[str]:
    """The names of the checks that a frame fails; pandera's failure cases are not looked at."""
    from pandera.errors import SchemaError, SchemaErrors

    try:
        schema_of(table).validate(frame, lazy=True)
    except SchemaErrors as problem:
        return sorted({_name(error) for error in problem.schema_errors})
    except SchemaError as problem:
        return [_name(problem)]
    return []


def _name(error: object) -> str:
    check = getattr(getattr(error, "check", None), "name", None)
    reason = getattr(getattr(error, "reason_code", None), "name", "schema")
    return str(check or reason)


@cache
def _works_in_this_process() -> None:
    self_test()


def self_test() -> None:
    """Raises RunBroke unless a frame known to be bad is refused (pandera may be switched off)."""
    row = dict.fromkeys(typed_schema("admissions")) | {"source_file": "x.csv", "source_row": 0}
    bad = pl.DataFrame([row], schema=typed_schema("admissions"))
    if "source_row is counted from 1" not in faults_of("admissions", bad):
        raise RunBroke(
            "the validation does not work: a row known to be bad passed it.",
            fix="Take PANDERA_VALIDATION_ENABLED and _DEPTH out of the environment.",
        )
