"""What the batch job is compared with, in a process of its own: `alone` reads, predicts and writes, `today` is the script one would write.

Prints its wall seconds, its CPU seconds over all threads and its rows as JSON; imports are left out of both.
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

THREADS, BLOCK, TOP = 2, 65_536, 4


def alone(booster: lgb.Booster, source: Path, output: Path, names: list[str]) -> int:
    """Read, LightGBM's own predict, write: no decision, no reason, nothing checked."""
    rows = 0
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(
            output, pa.schema([("id", pa.int64()), ("margin", pa.float64())])
        ) as writer,
    ):
        for block in file.iter_batches(BLOCK, columns=["application_id", *names]):
            x = np.stack([block[name].to_numpy(zero_copy_only=False) for name in names], axis=1)
            margin = booster.predict(x, raw_score=True, num_threads=THREADS)
            writer.write_batch(
                pa.record_batch([block["application_id"], pa.array(margin)], writer.schema)
            )
            rows += len(x)
    return rows


def today(booster: lgb.Booster, source: Path, output: Path, names: list[str]) -> int:
    """pandas, predict, TreeExplainer, and the four strongest features of each row as its reasons."""
    frame = pd.read_parquet(source)
    x = frame[names]
    margin = booster.predict(x, raw_score=True, num_threads=THREADS)
    phi = pd.DataFrame(shap.TreeExplainer(booster).shap_values(x), columns=names)
    reasons = [
        [f"{name}: {x[name].iloc[k]:.2f}" for name in row.nlargest(TOP).index]
        for k, (_, row) in enumerate(phi.iterrows())
    ]
    pd.DataFrame(
        {"application_id": frame["application_id"], "margin": margin, "reasons": reasons}
    ).to_parquet(output)
    return len(frame)


def main(what: str, model: str, source: str, output: str) -> None:
    """Run one of them and say what it took."""
    booster = lgb.Booster(model_file=model)
    work = {"alone": alone, "today": today}[what]
    start, cpu = time.perf_counter(), time.process_time()
    rows = work(booster, Path(source), Path(output), booster.feature_name())
    told = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "rows": rows}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
