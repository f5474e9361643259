"""The result tables of a run in a lake, as DataFrames that read their blocks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from screener.engines import spark as engine
from screener.findings import SET_ASIDE
from screener.lake.blocks import ASIDE, as_frame
from screener.outputs import parts

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType

SCHEMAS: dict[str, dict[str, pl.DataType]] = {**parts.HELD, **parts.STREAMED, ASIDE: SET_ASIDE}
JUDGED = "outcome IN ('flagged', 'clear', 'not_assessed')"


def results(screened: DataFrame, set_aside: DataFrame) -> dict[str, DataFrame]:
    """Every table of results by name; outcomes are added up over the buckets."""
    tables = {
        name: engine.rows_of_blocks(
            set_aside if name == ASIDE else screened.where(f"name = '{name}'"),
            partial(_rows, schema=schema),
            spark_schema(schema),
        )
        for name, schema in SCHEMAS.items()
    }
    return tables | {"outcomes": _added_up(tables["outcomes"])}


def _added_up(outcomes: DataFrame) -> DataFrame:
    """As `outputs.parts.all_outcomes`: sums, with `in_scope` made again from them."""
    keys = ["rule_id", "site_id", "prescriber_id"]
    added = outcomes.groupBy(*keys, "outcome").agg({"patients": "sum"})
    added = added.withColumnRenamed("sum(patients)", "patients")
    judged = added.where(JUDGED).groupBy(*keys).agg({"patients": "sum"})
    judged = judged.withColumnRenamed("sum(patients)", "judged")
    in_scope = f"CASE WHEN {JUDGED} THEN judged ELSE 0L END AS in_scope"
    return added.join(judged, keys, "left").selectExpr(*keys, "outcome", "patients", in_scope)


def _rows(content: bytes, *, schema: dict[str, pl.DataType]) -> pa.Table:
    import pyarrow as pa

    table = as_frame(content).to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.cast(pa.schema([(name, _arrow(dtype)) for name, dtype in schema.items()]))


def _arrow(dtype: pl.DataType) -> Any:
    """The Arrow type that Spark means: text and lists with 32-bit offsets."""
    import pyarrow as pa

    if isinstance(dtype, pl.List):
        return pa.list_(_arrow(dtype.inner))  # type: ignore[arg-type]
    plain = {
        pl.String: pa.string(),
        pl.Int32: pa.int32(),
        pl.Int64: pa.int64(),
        pl.Float64: pa.float64(),
        pl.Boolean: pa.bool_(),
        pl.Date: pa.date32(),
    }
    return plain[type(dtype)]


def spark_schema(schema: dict[str, pl.DataType]) -> StructType:
    """The columns of `screener.findings` as Spark's."""
    from pyspark.sql import types as t

    plain: dict[type[pl.DataType], DataType] = {
        pl.String: t.StringType(),
        pl.Int32: t.IntegerType(),
        pl.Int64: t.LongType(),
        pl.Float64: t.DoubleType(),
        pl.Boolean: t.BooleanType(),
        pl.Date: t.DateType(),
    }
    return t.StructType(
        [
            t.StructField(
                name,
                t.ArrayType(t.StringType()) if isinstance(dtype, pl.List) else plain[type(dtype)],
            )
            for name, dtype in schema.items()
        ]
    )
