"""Decide by version 1 as a Spark function in a session of a zone, from three columns of moments.

Tests run it in a process without this repository.
"""

import json
import sys
from pathlib import Path

import mlflow
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, date_format, struct

ISO = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"


def main(uri: str, matrix: str, out: str, zone: str) -> None:
    """Write the decision ids of each way, or the words of the refusal."""
    mlflow.set_tracking_uri(uri)
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": zone}
    spark = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    decide = mlflow.pyfunc.spark_udf(spark, "models:/credit-decision/1", env_manager="local")
    plain = spark.read.parquet(matrix)
    zoned = plain.withColumn("as_of", (col("micros") / 1e6).cast("timestamp"))
    frames = {
        "ntz": plain,
        "ltz": zoned,
        "text": zoned.withColumn("as_of", date_format("as_of", ISO)),
    }
    told = {}
    for way, frame in frames.items():
        names = [name for name in frame.columns if name != "micros"]
        try:
            rows = frame.select(decide(struct(*map(col, names))).alias("d")).select("d.*").collect()
            told[way] = [[row["decision_id"], row["refused_rule"]] for row in rows]
        except Exception as error:  # noqa: BLE001, any refusal is written down by its words
            told[way] = str(error)
    Path(out).write_text(json.dumps(told))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
