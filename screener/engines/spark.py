"""The engine of a cluster: Spark calls the bucket function once per bucket, in its executors.

Only what Spark Connect has is used (DataFrames and mapInArrow; no SparkContext, no RDD), so a
classic session, a Connect session and a serverless one do the same. The executors need this
package in their own Python. docs/scale.md tells when this is worth it.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from screener import __version__
from screener.engines import executors
from screener.engines.executors import FAULT, Block, FromBucket, FromRows
from screener.errors import InputRefused, RunBroke, ScreenerError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

Done = TypeVar("Done")
TOLD = {kind.__name__: kind for kind in (InputRefused, UsageError)}  # all others are RunBroke
BLOCKS = "bucket int, name string, rows bigint, content binary"  # the fields of Block


def refuse_without_pyspark() -> None:
    """Raises UsageError where PySpark is not installed; imports nothing."""
    if importlib.util.find_spec("pyspark") is None:
        raise UsageError(
            "--engine spark needs PySpark, which is not installed.",
            fix="Install screener with its extra `spark`, or leave --engine out.",
        )


def open_session() -> SparkSession:
    """The session that Spark's own configuration asks for: the one that is there, SPARK_REMOTE,
    spark-defaults.conf or spark-submit; else this machine. Executors run PYSPARK_PYTHON, else the
    interpreter of this process. Raises UsageError without PySpark, RunBroke when none starts."""
    refuse_without_pyspark()
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("screener")
    if "SPARK_REMOTE" not in os.environ:  # a session of Spark Connect takes none of these
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.config("spark.log.level", "ERROR")
        builder = builder.config("spark.ui.showConsoleProgress", "false")
    try:
        return builder.getOrCreate()
    except Exception as error:
        raise RunBroke(
            f"Spark could not be started ({type(error).__name__}).",
            fix="Look at what Spark says above; it needs Java 17 and a master that answers.",
        ) from None


def each_bucket(
    buckets: int, work: Callable[[int], Done], spark: SparkSession | None = None
) -> Iterator[Done]:
    """`work(i)` of every bucket, in order, each a task of Spark. All are done before the first is
    given, so a job that fails gives none.

    `work` is pickled; what it writes and reads must lie where every executor sees it. Raises the
    ScreenerError that `work` raised, and RunBroke when the job did not finish.
    """
    session = open_session() if spark is None else spark
    numbers = session.range(0, buckets, 1, buckets)  # one number a partition
    done = numbers.mapInArrow(partial(executors.numbers_to_blocks, packed(work)), BLOCKS)
    blocks = sorted(collected(done))
    if [block.bucket for block in blocks] != list(range(buckets)):
        raise RunBroke(
            f"Spark answered for {len(blocks)} of {buckets} buckets.",
            fix="Nothing was published; run again.",
        )
    for block in blocks:
        yield pickle.loads(block.content)


def blocks_of_rows(frame: DataFrame, work: FromRows) -> DataFrame:
    """BLOCKS that `work` makes of a frame's rows (an Arrow table of some of them at a time)."""
    return frame.mapInArrow(partial(executors.rows_to_blocks, packed(work)), BLOCKS)


def blocks_of_buckets(blocks: DataFrame, buckets: int, work: FromBucket) -> DataFrame:
    """BLOCKS that `work` makes of each bucket's blocks, brought together first.

    What travels are whole blocks, not rows. Several buckets may meet in a partition and some
    partitions stay empty (Spark places by hash), so have more buckets than cores.
    """
    together = blocks.repartition(buckets, "bucket")
    return together.mapInArrow(partial(executors.buckets_to_blocks, packed(work)), BLOCKS)


def rows_of_blocks(
    blocks: DataFrame, work: Callable[[bytes], Any], schema: StructType
) -> DataFrame:
    """The rows (an Arrow table of `schema` a block) that `work` reads from BLOCKS."""
    return blocks.mapInArrow(partial(executors.blocks_to_rows, packed(work)), schema)


def write_blocks(blocks: DataFrame, folder: str) -> None:
    """Write BLOCKS into a new folder of the cluster's storage, by name; runs the job."""
    write = blocks.write.partitionBy("name").option("compression", "uncompressed")
    finished(lambda: write.parquet(folder))


def read_blocks(spark: SparkSession, folder: str) -> DataFrame:
    """The BLOCKS that `write_blocks` wrote."""
    return spark.read.schema(BLOCKS).parquet(folder).select(*Block._fields)


def packed(work: Callable[..., Any]) -> bytes:
    """A function as bytes; one that no module holds (of a notebook, say) goes with its code."""
    from pyspark import cloudpickle

    return pickle.dumps((__version__, cloudpickle.dumps(work)))


def collected(blocks: DataFrame) -> list[Block]:
    """Every block of a small frame of BLOCKS. Raises as `each_bucket`."""
    rows = finished(lambda: blocks.select(*Block._fields).collect())
    found = [Block(row[0], row[1], row[2], bytes(row[3])) for row in rows]
    refuse_faults(found)
    return found


def finished(action: Callable[[], Done]) -> Done:
    """What an action of Spark gives. Its own message may quote rows, so RunBroke says the kind."""
    try:
        return action()
    except ScreenerError:
        raise
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark.", "py4j.", "grpc")):
            raise
        if "No module named 'screener" in str(error) or executors.OTHER_VERSION in str(error):
            raise RunBroke(
                "The Python of Spark's executors has no screener of this version.",
                fix=f"Install screener {__version__} there; PYSPARK_PYTHON names that Python.",
            ) from None
        raise RunBroke(
            f"Spark gave the job up ({type(error).__name__}).",
            where="while screening",
            fix="Nothing was published; the logs of its executors tell which machine failed.",
        ) from None


def refuse_faults(blocks: Iterable[Block]) -> None:
    """Raises the failure that an executor told, of the lowest bucket when there are several."""
    for block in sorted(blocks):
        if block.name == FAULT:
            kind, message, where, fix = pickle.loads(block.content)
            raise TOLD.get(kind, RunBroke)(message, where=where, fix=fix)
