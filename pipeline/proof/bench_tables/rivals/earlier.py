"""Our learner of another checkout, as before a change: it runs in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from creditloom.models.fit.training_table import Labels
from creditloom.models.sample.arrays import Floats
from creditloom.storage.files.errors import DataError

SCRIPT = Path(__file__).with_name("earlier_run.py")
# Names of the files that both processes know.
TRAIN = "train.parquet"
TEST = "test.parquet"
LABEL = "label.npy"
PD = "pd.npy"
# Where a checkout has its learner: today, and before the rooms were a package.
MODULES = (Path("models") / "fit" / "learner.py", Path("models") / "anytable" / "learner.py")


def earlier_pd(train: pd.DataFrame, label: Labels, test: pd.DataFrame, checkout: Path) -> Floats:
    """Return the PDs of the learner in `checkout`, by its own params.yaml.

    Raises DataError where it fails, with the last line that it wrote.
    """
    has_learner = any((checkout / module).is_file() for module in MODULES)
    if not has_learner or not (checkout / "params.yaml").is_file():
        raise _failed(checkout, "no such files")
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name)
        train.to_parquet(folder / TRAIN)
        test.to_parquet(folder / TEST)
        np.save(folder / LABEL, label)
        done = subprocess.run(  # noqa: S603  the checkout is one that the user named
            [sys.executable, str(SCRIPT), str(folder)],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout.resolve()), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise _failed(checkout, "".join(done.stderr.strip().splitlines()[-1:]))
        return np.asarray(np.load(folder / PD, allow_pickle=False))


def _failed(checkout: Path, got: str) -> DataError:
    return DataError.of(
        "The earlier learner failed",
        where=checkout,
        expected=f"a checkout of creditloom with {MODULES[0]} and params.yaml",
        got=got,
        next_step="name a checkout of the commit to compare with: --earlier DIR",
    )
