"""Choose the machines that a batch runs on: this one, or Spark's workers.

Both write the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from creditloom.storage.files.errors import DataError

if TYPE_CHECKING:
    from creditloom.serving.batch.deciding_model import DecidingModel
    from creditloom.serving.batch.job import Engine

EngineName = Literal["duckdb", "spark"]


def engine_name(given: str) -> EngineName:
    """Return the name of an engine; DataError for an unknown one."""
    if given not in ("duckdb", "spark"):
        raise DataError.of(
            "Unknown engine",
            where="--engine",
            expected="duckdb or spark",
            got=given,
            next_step="choose one of them",
        )
    return "spark" if given == "spark" else "duckdb"


def engine(name: EngineName, model: DecidingModel, options: dict[str, str], threads: int) -> Engine:
    """Return the function that makes the parts of a batch.

    Raises FeatureError where Spark is asked for and not installed.
    """
    # Imported here: only a batch on Spark needs pyspark and Java.
    if name == "spark":
        from creditloom.serving.batch.spark import on_spark

        return on_spark(model, options, threads)
    from creditloom.serving.batch.job import embedded

    return embedded(model.decide(options), threads)
