"""Measures a new process with a bundle: seconds to the first decision, then per application.

Table `latency` of `creditloom bench` runs it as a process of its own.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {"explain": "all"}


def main(bundle: str, applications: str) -> None:
    """Decide one application with its reasons, then all one by one; print the seconds as JSON.

    The third argument of the command line is the moment at which the process was started.
    """
    # Imported here, so that the time of the imports counts for the first decision.
    import pandas as pd

    from creditloom.decision.loader import _load_pyfunc

    model = _load_pyfunc(bundle)
    frame = pd.read_parquet(applications)
    model.predict(frame.iloc[[0]], PARAMS)
    cold = time.time() - float(sys.argv[3])
    warm = [seconds(model, frame.iloc[[k]]) for k in range(len(frame))]
    sys.stdout.write(json.dumps({"cold": cold, "warm": warm}) + "\n")


def seconds(model: Any, one: pd.DataFrame) -> float:
    """Return the seconds that the model, MLflow's or ours, takes for a frame."""
    start = time.perf_counter()
    model.predict(one, PARAMS)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:3])
