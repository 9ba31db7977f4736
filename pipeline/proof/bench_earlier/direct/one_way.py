"""Decide applications one by one when asked, as frames or as dicts, and tell what each took.

`one_decision` runs it as a process of its own, with the checkout to be measured on PYTHONPATH: so
it names nothing of this checkout but what an earlier one has too. Arguments: frame or dict, folder
of the bundle, file of applications, adverse or all. Each line of standard input, `FIRST END`, is
answered by a line of JSON: (CPU seconds of the thread, seconds) per application.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

FRAME = "frame"
DICT = "dict"


def main(way: str, bundle: str, applications: str, explain: str) -> None:
    """Decide as asked until standard input ends."""
    import pandas as pd

    rows = pd.read_parquet(applications)
    decide, sent = _frames(bundle, rows, explain) if way == FRAME else _dicts(bundle, rows, explain)
    for one in sent:
        # Once through, so that what is loaded or remembered at first is there.
        decide(one)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        first, end = map(int, line.split())
        sys.stdout.write(json.dumps([_seconds(decide, one) for one in sent[first:end]]) + "\n")
        sys.stdout.flush()


def _frames(bundle: str, rows: Any, explain: str) -> tuple[Callable[[Any], Any], list[Any]]:
    from creditloom.decision.loader import _load_pyfunc

    model = _load_pyfunc(bundle)
    params = {"explain": explain}
    return lambda one: model.predict(one, params), [rows.iloc[[k]] for k in range(len(rows))]


def _dicts(bundle: str, rows: Any, explain: str) -> tuple[Callable[[Any], Any], list[Any]]:
    from creditloom.serving.applicant.direct.scorer import DirectScorer

    scorer: Any = DirectScorer
    return scorer(bundle, explain=explain).decide, rows.to_dict("records")


def _seconds(decide: Callable[[Any], Any], one: Any) -> tuple[float, float]:
    start = time.perf_counter()
    busy = time.thread_time()
    decide(one)
    return time.thread_time() - busy, time.perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:5])
