"""Runs one of the two scripts that table `job` compares with our batch job.

It is a process of its own. `alone` only reads, predicts and writes. `today` is a simple script with
reasons, as it is usually written today. Each prints JSON: its wall seconds, its CPU seconds over
all threads and its rows. The seconds leave out the imports.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shap

# Number of cores of the machine on which the figures in the documents were measured.
THREADS = 2
BLOCK = 65_536  # rows read at a time
TOP = 4  # features that the script names as reasons


def alone(booster: lgb.Booster, source: Path, output: Path, names: list[str]) -> int:
    """Read, predict with LightGBM, write; without decisions, reasons or checks. Return the rows."""
    schema = pa.schema([("id", pa.int64()), ("margin", pa.float64())])
    rows = 0
    with pq.ParquetFile(source) as file, pq.ParquetWriter(output, schema) as writer:
        for block in file.iter_batches(BLOCK, columns=["application_id", *names]):
            x = np.stack([block[name].to_numpy(zero_copy_only=False) for name in names], axis=1)
            margin = pa.array(booster.predict(x, raw_score=True, num_threads=THREADS))
            writer.write_batch(pa.record_batch([block["application_id"], margin], writer.schema))
            rows += len(x)
    return rows


def today(booster: lgb.Booster, source: Path, output: Path, names: list[str]) -> int:
    """Read with pandas, predict, and write the four strongest features of each row as reasons.

    The features are ranked by shap.TreeExplainer. Return the rows.
    """
    frame = pd.read_parquet(source)
    x = frame[names]
    margin = booster.predict(x, raw_score=True, num_threads=THREADS)
    phi = pd.DataFrame(shap.TreeExplainer(booster).shap_values(x), columns=names)
    reasons = []
    for place, (_, row) in enumerate(phi.iterrows()):
        strongest = row.nlargest(TOP).index
        reasons.append([f"{name}: {x[name].iloc[place]:.2f}" for name in strongest])
    columns = {"application_id": frame["application_id"], "margin": margin, "reasons": reasons}
    pd.DataFrame(columns).to_parquet(output)
    return len(frame)


def main(what: str, model: str, source: str, output: str) -> None:
    """Run the script `what` and print its seconds and rows."""
    booster = lgb.Booster(model_file=model)
    work = {"alone": alone, "today": today}[what]
    start = time.perf_counter()
    cpu = time.process_time()
    rows = work(booster, Path(source), Path(output), booster.feature_name())
    seconds = time.perf_counter() - start
    figures = {"seconds": seconds, "cpu": time.process_time() - cpu, "rows": rows}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
