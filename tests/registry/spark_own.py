"""Decide tables of a user's own by version 1 as a Spark function, and leave the answers as JSON.

Tests run it in a process without this repository.
"""

import json
import sys
from pathlib import Path

import mlflow
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, struct

TOLD = ("loan", "pd", "decision", "refused_rule", "refused_reason")


def main(uri: str, folder: str, out: str) -> None:
    """Decide each Parquet file of `folder` in two partitions, in order of its ids."""
    mlflow.set_tracking_uri(uri)
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC"}
    spark = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    decide = mlflow.pyfunc.spark_udf(spark, "models:/credit-decision/1", env_manager="local")
    told = {}
    for file in sorted(Path(folder).glob("*.parquet")):
        frame = spark.read.parquet(str(file)).repartition(2)
        answer = decide(struct(*map(col, frame.columns)))
        answers = frame.select("loan", answer.alias("d")).select("loan", "d.*")
        rows = answers.orderBy("loan").select(*TOLD).collect()
        told[file.stem] = [row.asDict() for row in rows]
    Path(out).write_text(json.dumps(told))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
