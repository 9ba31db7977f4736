"""Decide by version 1 as a Spark function over a Parquet file and leave the answers as JSON.

Tests run it in a process without this repository.
"""

import json
import sys
from pathlib import Path

import mlflow
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, struct


def main(uri: str, matrix: str, out: str) -> None:
    """Decide `matrix` in four partitions, in order of id."""
    mlflow.set_tracking_uri(uri)
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
    }
    spark = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    decide = mlflow.pyfunc.spark_udf(
        spark, "models:/credit-decision/1", env_manager="local", params={"explain": "all"}
    )
    frame = spark.read.parquet(matrix).repartition(4)
    rows = (
        frame.select(decide(struct(*map(col, frame.columns))).alias("decision"))
        .select("decision.*")
        .orderBy("application_id")
        .collect()
    )
    Path(out).write_text(json.dumps([row.asDict(recursive=True) for row in rows]))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
