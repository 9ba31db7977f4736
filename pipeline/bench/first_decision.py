"""A fresh process: from its start to the first decision, then one application after the other. Run by `latency`."""

from __future__ import annotations

import json
import sys
import time


def main(bundle: str, applications: str) -> None:
    """Decide one application with its reasons as soon as can be, then each of the others alone; print seconds as JSON."""
    import pandas as pd

    from models.decision.loader import _load_pyfunc

    model = _load_pyfunc(bundle)
    frame = pd.read_parquet(applications)
    model.predict(frame.iloc[[0]], {"explain": "all"})
    cold = time.time() - float(sys.argv[3])
    warm = []
    for k in range(len(frame)):
        one = frame.iloc[[k]]
        start = time.perf_counter()
        model.predict(one, {"explain": "all"})
        warm.append(time.perf_counter() - start)
    sys.stdout.write(json.dumps({"cold": cold, "warm": warm}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
