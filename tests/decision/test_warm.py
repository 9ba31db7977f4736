"""A loaded model has compiled all that a decision needs: the first row waits as the others do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.decision import small

ROOT = Path(__file__).resolve().parents[2]
# Counts the versions that numba has compiled or loaded, before and after the first row.
COUNTING = """
import sys
from creditloom.decision.loader import _load_pyfunc
from creditloom.decision.score.contributions import block, column_loops, digest, row_sums
from tests.decision import small

def versions():
    parts = (block, column_loops, digest, row_sums)
    loops = {id(d): d for part in parts for d in vars(part).values() if hasattr(d, "signatures")}
    return sum(len(loop.signatures) for loop in loops.values())

model = _load_pyfunc(sys.argv[1])
before = versions()
model.predict(small.frame(3))
print(before, versions())
"""
# Tells whether LightGBM is loaded: before the first row, and after it.
LOADING = """
import sys
import pandas as pd
from creditloom.decision.decide import Decider

decider = Decider.load(sys.argv[1], threads=1)
before = "lightgbm" in sys.modules
decider.decide(pd.read_parquet(sys.argv[2]))
print(before, "lightgbm" in sys.modules)
"""


def test_lightgbm_is_loaded_for_the_first_check_and_not_before(tmp_path: Path) -> None:
    bundle = small.write_bundle(tmp_path / "bundle")
    rows = tmp_path / "rows.parquet"
    small.frame(3).to_parquet(rows)
    command = [sys.executable, "-c", LOADING, str(bundle), str(rows)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    assert run.stdout.split() == ["False", "True"]


def test_the_first_row_compiles_nothing(tmp_path: Path) -> None:
    """In a process of its own: here, other tests have compiled everything before."""
    bundle = small.write_bundle(tmp_path / "bundle")
    command = [sys.executable, "-c", COUNTING, str(bundle)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    before, after = map(int, run.stdout.split())
    assert 0 < before == after
