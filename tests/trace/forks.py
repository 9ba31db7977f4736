"""The process of the workshop: reads requests, answers each from a fork of its own.

A request is a line of JSON: the situation, the file that is read wrongly ("" for none), and whether
kept machine code must not be used. The answer is a line with `outcome`, or with `error`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

# Loaded before the first fork. None of them starts threads by being loaded.
LIBRARIES = (
    "numpy", "pandas", "pyarrow.parquet", "lightgbm", "numba", "duckdb", "yaml", "pydantic",
    "scipy.special", "scipy.sparse.csgraph", "pytest", "typer", "rich.progress",
)  # fmt: skip


def main() -> None:
    """Answer until the requests end."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    with tempfile.TemporaryDirectory() as kept:
        os.environ["TRACE_WORLD"] = str(Path(kept) / "world")
        # numba reads it when it is loaded.
        os.environ["NUMBA_CACHE_DIR"] = str(Path(kept) / "numba")
        for name in LIBRARIES:
            import_module(name)
        for line in sys.stdin:
            print(_forked(json.loads(line), Path(kept) / "answer.json"), flush=True)


def _forked(request: dict[str, Any], answer: Path) -> str:
    """Return the answer of a child process; its own output goes to standard error."""
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)
        answer.write_text(json.dumps(_answered(request)), encoding="utf-8")
        # No clean-up of the parent's objects in the child.
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not answer.exists():
        return json.dumps({"error": f"the process ended with status {status}"})
    return answer.read_text(encoding="utf-8")


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    os.environ["TRACE_BROKEN"] = request["file"]
    if request["is_fresh"]:
        import numba

        numba.config.CACHE_DIR = tempfile.mkdtemp()
    try:
        return {"outcome": import_module("tests.trace.outcomes").outcome(request["change"])}
    except Exception:  # noqa: BLE001 - whatever a wrong reading raises is told, not swallowed
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    main()
