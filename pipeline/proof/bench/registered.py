"""A fresh process with a registered model: each application alone, through MLflow's `predict` and past it, in turns. Run by `latency`."""

from __future__ import annotations

import json
import sys

from creditloom.pipeline.proof.bench.first_decision import seconds


def main(model: str, applications: str) -> None:
    """Decide each application with its reasons both ways; print seconds as JSON."""
    import mlflow
    import pandas as pd

    loaded = mlflow.pyfunc.load_model(model)
    frame = pd.read_parquet(applications)
    ways = {"mlflow": loaded, "raw": loaded.get_raw_model()}
    for way in ways.values():
        seconds(way, frame.iloc[[0]])
    found = [
        {name: seconds(way, frame.iloc[[k]]) for name, way in ways.items()}
        for k in range(len(frame))
    ]
    sys.stdout.write(json.dumps({name: [row[name] for row in found] for name in ways}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
