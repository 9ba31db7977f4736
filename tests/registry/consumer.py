"""Decide by both versions through MLflow and leave the decisions beside.

Tests run it in a process without this repository.
"""

import json
import sys
from pathlib import Path

import mlflow
import pandas as pd


def main(uri: str, matrix: str, out: str) -> None:
    """Decide `matrix` with versions 1 and 2 in one process.

    Say which of our rooms got imported (none may).
    """
    mlflow.set_tracking_uri(uri)
    frame = pd.read_parquet(matrix)
    models = {
        version: mlflow.pyfunc.load_model(f"models:/credit-decision/{version}") for version in "12"
    }
    for version, model in models.items():
        decisions = model.predict(frame).to_dict("records")
        (Path(out) / f"{version}.json").write_text(json.dumps(decisions, default=str))
    ours = [name for name in sys.modules if name.partition(".")[0] == "creditloom"]
    (Path(out) / "modules.json").write_text(json.dumps(ours))


if __name__ == "__main__":
    main(*sys.argv[1:])
