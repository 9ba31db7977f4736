"""Measures a registered MLflow model: seconds per application, called in two ways in turns.

One way is MLflow's `predict`, the other calls our model directly (`get_raw_model`). Table `latency`
of `creditloom bench` runs it as a process of its own.
"""

from __future__ import annotations

import json
import sys

from creditloom.pipeline.proof.bench.runs.first_decision import seconds


def main(model: str, applications: str) -> None:
    """Decide each application with its reasons both ways; print seconds as JSON."""
    import mlflow
    import pandas as pd

    loaded = mlflow.pyfunc.load_model(model)
    frame = pd.read_parquet(applications)
    ways = {"mlflow": loaded, "raw": loaded.get_raw_model()}
    # The first call of each way loads code and is slow, so it is not measured.
    for way in ways.values():
        seconds(way, frame.iloc[[0]])
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for row in range(len(frame)):
        for name, way in ways.items():
            measured[name].append(seconds(way, frame.iloc[[row]]))
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
